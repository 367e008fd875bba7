"""The part of PromQL that our dashboards and alerts use, parsed: what it reads, and with which labels. Refuses what it does not know."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

TOKEN = re.compile(
    r"""\s*(?:(\d+(?:\.\d+)?)|([A-Za-z_:][\w:]*)|("(?:[^"\\]|\\.)*")|(=~|!~|!=|==|>=|<=|[-+*/><=(){}\[\],]))"""
)
AGGREGATES = {"sum", "max", "min", "avg", "count", "topk"}
RATES = {"rate", "increase"}
FUNCTIONS = {"histogram_quantile": 2}
OPERATORS = ("+", "-", "*", "/", ">", "<", ">=", "<=", "==", "!=")


class NotPromQL(ValueError):
    """The expression cannot be read."""


@dataclass(slots=True)
class Read:
    """`series`: (name, labels matched on it). `grouped`: labels that survive an aggregation, with the names below it."""

    series: list[tuple[str, frozenset[str]]] = field(default_factory=list)
    grouped: list[tuple[frozenset[str], frozenset[str]]] = field(default_factory=list)


class _Parser:
    def __init__(self, text: str) -> None:
        self.tokens: list[str] = []
        at = 0
        text = text.strip()
        while at < len(text):
            found = TOKEN.match(text, at)
            if not found:
                raise NotPromQL(text[at:])
            self.tokens.append(next(g for g in found.groups() if g is not None))
            at = found.end()
        self.at = 0
        self.read = Read()

    def peek(self) -> str:
        return self.tokens[self.at] if self.at < len(self.tokens) else ""

    def next(self, wanted: str | None = None) -> str:
        token = self.peek()
        if not token or (wanted is not None and token != wanted):
            raise NotPromQL(f"{wanted or 'something'} wanted, {token!r} found")
        self.at += 1
        return token

    def expression(self) -> None:
        self.operand()
        while self.peek() in OPERATORS:
            self.next()
            self.operand()

    def operand(self) -> None:
        token = self.next()
        if token == "(":
            self.expression()
            self.next(")")
        elif token in AGGREGATES:
            self.aggregate(token)
        elif token in RATES:
            self.next("(")
            self.selector(self.next())
            self.next("[")
            if not (self.next().isdigit() and self.next() in ("s", "m", "h", "d")):
                raise NotPromQL("a range wanted")
            self.next("]")
            self.next(")")
        elif token in FUNCTIONS:
            self.arguments(FUNCTIONS[token])
        elif re.fullmatch(r"[a-z_:][\w:]*", token):
            self.selector(token)
        elif not re.fullmatch(r"\d+(\.\d+)?", token):
            raise NotPromQL(token)

    def aggregate(self, name: str) -> None:
        labels: frozenset[str] = frozenset()
        if self.peek() == "by":
            self.next()
            labels = self.labels()
        before = len(self.read.series)
        self.arguments(2 if name == "topk" else 1)
        self.read.grouped.append((labels, frozenset(n for n, _ in self.read.series[before:])))

    def arguments(self, count: int) -> None:
        self.next("(")
        for n in range(count):
            if n:
                self.next(",")
            self.expression()
        self.next(")")

    def labels(self) -> frozenset[str]:
        self.next("(")
        found = [self.next()]
        while self.peek() == ",":
            self.next()
            found.append(self.next())
        self.next(")")
        return frozenset(found)

    def selector(self, name: str) -> None:
        matched: set[str] = set()
        if self.peek() == "{":
            self.next()
            while self.peek() != "}":
                matched.add(self.next())
                if self.next() not in ("=", "!=", "=~", "!~") or not self.next().startswith('"'):
                    raise NotPromQL("a matcher wanted")
                if self.peek() == ",":
                    self.next()
            self.next("}")
        self.read.series.append((name, frozenset(matched)))


def parsed(text: str) -> Read:
    """What the expression reads, or `NotPromQL`."""
    parser = _Parser(text)
    parser.expression()
    if parser.peek():
        raise NotPromQL(f"{parser.peek()!r} at the end")
    return parser.read
