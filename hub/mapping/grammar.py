"""The grammar of expressions: text to a small tree. Knows no function and no document."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

_TOKEN = re.compile(
    r"""(?P<space>\ +)|(?P<text>'(?:[^']|'')*')|(?P<number>-?\d+(?![\w.]))|(?P<or>\?\?)|(?P<name>[^\W\d_][\w-]*|`[^`]+`)"""
    r"""|(?P<mark>[()\[\],.=$^@])""",
    re.VERBOSE,
)
_WORDS: dict[str, bool | None] = {"true": True, "false": False, "null": None}
_DEPTH = 40

Value = str | int | bool | None


@dataclass(frozen=True, slots=True)
class Literal:
    value: Value


@dataclass(frozen=True, slots=True)
class Selector:
    """`[]` (all), `[0]` (index) or `[key=literal]` (where)."""

    kind: str
    index: int = 0
    key: str = ""
    value: Value = None


@dataclass(frozen=True, slots=True)
class Step:
    key: str
    selectors: tuple[Selector, ...] = ()


@dataclass(frozen=True, slots=True)
class Path:
    """`anchor`: `` (the current object), `$` (root), `^` (parent of the $each) or `@` (envelope)."""

    anchor: str
    steps: tuple[Step, ...]

    @property
    def plain(self) -> bool:
        return all(not step.selectors for step in self.steps)


@dataclass(frozen=True, slots=True)
class Call:
    name: str
    args: tuple[Expr, ...]


@dataclass(frozen=True, slots=True)
class First:
    """`a ?? b`: the first that is not null."""

    options: tuple[Expr, ...]


Expr = Literal | Path | Call | First


class BadExpression(ValueError):
    """The text is no expression; the message says where."""


def parse(text: str) -> Expr:
    """The tree of one expression. Raises `BadExpression`."""
    parser = _Parser(text)
    found = parser.expr(0)
    parser.end()
    return found


def parse_path(text: str) -> Path:
    """As `parse`, for places that take a path only."""
    found = parse(text)
    if not isinstance(found, Path):
        raise BadExpression(f"expected a path, not {text!r}")
    return found


class _Parser:
    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens = list(self._tokens(text))
        self.at = 0

    @staticmethod
    def _tokens(text: str) -> Iterator[tuple[str, str]]:
        at = 0
        while at < len(text):
            found = _TOKEN.match(text, at)
            if not found:
                raise BadExpression(f"cannot read {text[at : at + 12]!r} in {text!r}")
            at = found.end()
            kind = str(found.lastgroup)
            if kind != "space":
                yield (found.group() if kind == "mark" else kind), found.group()

    def peek(self, ahead: int = 0) -> str:
        return self.tokens[self.at + ahead][0] if self.at + ahead < len(self.tokens) else "end"

    def take(self, kind: str) -> str:
        if self.peek() != kind:
            seen = self.tokens[self.at][1] if self.at < len(self.tokens) else "the end"
            raise BadExpression(f"expected {kind} and found {seen} in {self.text!r}")
        self.at += 1
        return self.tokens[self.at - 1][1]

    def end(self) -> None:
        if self.peek() != "end":
            raise BadExpression(f"{self.tokens[self.at][1]!r} is too much in {self.text!r}")

    def expr(self, depth: int) -> Expr:
        if depth > _DEPTH:
            raise BadExpression(f"nested more than {_DEPTH} deep")
        options = [self.term(depth)]
        while self.peek() == "or":
            self.take("or")
            options.append(self.term(depth))
        return options[0] if len(options) == 1 else First(tuple(options))

    def term(self, depth: int) -> Expr:
        kind = self.peek()
        if kind in ("text", "number"):
            return Literal(self.literal())
        if kind == "name" and self.peek(1) == "(":
            return self.call(depth)
        if kind == "name" and self.tokens[self.at][1] in _WORDS and self.peek(1) not in (".", "["):
            return Literal(self.literal())
        return self.path()

    def literal(self) -> Value:
        kind = self.peek()
        if kind == "text":
            return self.take("text")[1:-1].replace("''", "'")
        if kind == "number":
            return int(self.take("number"))
        word = self.take("name")
        if word not in _WORDS:
            raise BadExpression(f"expected a literal, not {word} in {self.text!r}")
        return _WORDS[word]

    def call(self, depth: int) -> Call:
        name = self.take("name")
        self.take("(")
        args: list[Expr] = []
        while self.peek() != ")":
            args.append(self.expr(depth + 1))
            if self.peek() != ")":
                self.take(",")
        self.take(")")
        return Call(name, tuple(args))

    def path(self) -> Path:
        anchor = ""
        if self.peek() in ("$", "^"):
            anchor = self.take(self.peek())
            self.take(".")
        elif self.peek() == "@":
            anchor = self.take("@")
        steps = [self.step()]
        while self.peek() == ".":
            self.take(".")
            steps.append(self.step())
        return Path(anchor, tuple(steps))

    def step(self) -> Step:
        key = self.take("name").strip("`")
        selectors: list[Selector] = []
        while self.peek() == "[":
            selectors.append(self.selector())
        return Step(key, tuple(selectors))

    def selector(self) -> Selector:
        self.take("[")
        if self.peek() == "]":
            found = Selector("all")
        elif self.peek() == "number":
            index = int(self.take("number"))
            if index < 0:
                raise BadExpression(f"an index counts from 0 in {self.text!r}")
            found = Selector("index", index=index)
        else:
            key = self.take("name").strip("`")
            self.take("=")
            found = Selector("where", key=key, value=self.literal())
        self.take("]")
        return found
