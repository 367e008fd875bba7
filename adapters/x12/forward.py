"""A guide's map as a function from a scanned set to the canonical document, generated once; no field is looked up by name at run time."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from adapters.x12.checkers import DATES
from adapters.x12.levels import nest
from adapters.x12.model import CodeTable
from adapters.x12.places import EachRule, FieldRule, PairsRule, Place, Rule, TreeRule
from adapters.x12.structure import Ring


@dataclass(slots=True)
class Context:
    """What a map may ask beside the set. `missed` collects (table, segment, element, value) of unknown codes; `twice` repeated keys."""

    comp: str
    rep: str
    profile: Mapping[str, str]
    missed: list[tuple[str, str, int, str]] = field(default_factory=list)
    twice: list[tuple[str, int, str]] = field(default_factory=list)


Read = Callable[[list[Any], int, Context], dict[str, Any]]


class NotIso(ValueError):
    """A value that its type cannot take; quarantines the set."""


def to_date(text: str) -> str:
    iso = DATES[text]
    if not iso:
        raise NotIso(text)
    return iso


def to_time(text: str) -> str:
    """HHMM, HHMMSS, HHMMSSDD as clock time."""
    clock = ":".join(text[i : i + 2] for i in range(0, min(len(text), 6), 2))
    return clock + ("." + text[6:] if len(text) > 6 else "")


def to_cents(text: str) -> Decimal:
    return Decimal(text).scaleb(-2)


_CONVERT = {
    "text": "{}",
    "date": "to_date({})",
    "time": "to_time({})",
    "quantity": "Decimal({})",
    "price": "Decimal({})",
    "decimal": "Decimal({})",
    "money2": "to_cents({})",
    "int": "int({})",
}


def compile_forward(rules: tuple[Rule, ...], root: Ring) -> Read:
    maker = _Maker()
    maker.function("read_set", rules, root)
    exec(compile("\n".join(maker.lines), "<guide map>", "exec"), maker.names)  # noqa: S102 - source made here, foreign text enters as repr only
    read: Read = maker.names["read_set"]
    return read


class _Maker:
    """Writes the source. Each loop of the map is one function `(instance, position, context) -> dict`."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.names: dict[str, Any] = {
            "Decimal": Decimal,
            "to_date": to_date,
            "to_time": to_time,
            "to_cents": to_cents,
            "nest": nest,
        }
        self.count = 0

    def name(self, value: Any, prefix: str = "t") -> str:
        self.count += 1
        self.names[f"{prefix}{self.count}"] = value
        return f"{prefix}{self.count}"

    def function(self, name: str, rules: tuple[Rule, ...], ring: Ring) -> None:
        body = _Body(self, ring)
        for rule in rules:
            if isinstance(rule, EachRule):
                body.each(rule)
            elif isinstance(rule, TreeRule):
                body.tree(rule)
            else:
                body.plain(rule)
        lines = body.written()
        self.lines += [f"def {name}(i, position, c):", " d = {}", *lines, *body.closing(), " return d"]

    def sub(self, rules: tuple[Rule, ...], ring: Ring) -> str:
        self.count += 1
        name = f"read_{self.count}"
        self.function(name, rules, ring)
        return name


class _Body:
    """The statements of one function. A segment is fetched once, and everything that it may give stands under one test of its presence."""

    def __init__(self, maker: _Maker, ring: Ring) -> None:
        self.maker, self.ring = maker, ring
        self.lines: list[str] = []
        self.blocks: dict[tuple[Any, ...], tuple[Place, list[FieldRule | PairsRule]]] = {}
        self.nested: dict[tuple[str, ...], str] = {}

    def target(self, key: tuple[str, ...]) -> str:
        """An expression to which a value can be assigned."""
        if len(key) == 1:
            return f"d[{key[0]!r}]"
        if key[:-1] not in self.nested:
            self.nested[key[:-1]] = f"d{len(self.nested) + 1}"
        return f"{self.nested[key[:-1]]}[{key[-1]!r}]"

    def opening(self) -> list[str]:
        return [f" {name} = {{}}" for name in self.nested.values()]

    def closing(self) -> list[str]:
        lines: list[str] = []
        for key, name in self.nested.items():
            owner = "d" + "".join(f".setdefault({part!r}, {{}})" for part in key[:-1])
            lines.append(f" if {name}: {owner}.setdefault({key[-1]!r}, {{}}).update({name})")
        return lines

    def plain(self, rule: FieldRule | PairsRule) -> None:
        """Lay a field or pairs into the block of its segment."""
        place = rule.place
        if isinstance(rule, FieldRule) and (place.many or place.last > place.first):
            self.joined(rule)
            return
        key = (place.node.slot, place.qualifier)
        self.blocks.setdefault(key, (place, []))[1].append(rule)

    def written(self) -> list[str]:
        """All blocks, then what stands outside of them."""
        lines: list[str] = []
        for (slot, qualifier), (place, rules) in self.blocks.items():
            if slot == 0 and self.ring.depth and qualifier is None:
                lines += [" e = i[0]", " n = len(e)", *self.inside(rules, " ")]
                continue
            found = "h[0][0]" if isinstance(place.node, Ring) else "h[0]"
            lines += [f" h = {self.held(place)}", " e = ()", " if h:"]
            if qualifier is None:
                lines.append(f"  e = {found}")
            else:
                at, code = qualifier
                each = "for x in h:" if not isinstance(place.node, Ring) else "for y in h:"
                lines += [f"  {each}", *(["   x = y[0]"] if isinstance(place.node, Ring) else [])]
                lines += [f"   if len(x) > {at} and x[{at}] == {code!r}:", "    e = x", "    break"]
            lines += [" if e:", "  n = len(e)", *self.inside(rules, "  ")]
            absent = [rule for rule in rules if isinstance(rule, FieldRule) and rule.otherwise is not None]
            if absent:
                lines += [
                    " else:",
                    "  pass",
                    *(line for rule in absent for line in self.default(rule, "  ", "if True")),
                ]
        return [*self.opening(), *lines, *self.lines]

    def held(self, place: Place) -> str:
        return "(i[0],)" if place.node.slot == 0 and self.ring.depth else f"i[{place.node.slot}]"

    def inside(self, rules: list[FieldRule | PairsRule], pad: str) -> list[str]:
        """Fields by position, each inside the test of the one before: a short segment ends the work."""
        lines: list[str] = []
        loose = [r for r in rules if isinstance(r, PairsRule) or r.otherwise is not None]
        for each in loose:
            lines += self.field(each, pad) if isinstance(each, FieldRule) else self.pairs(each, pad)
        inner, last = pad, 0
        firm = [r for r in rules if isinstance(r, FieldRule) and r.otherwise is None]
        for rule in sorted(firm, key=lambda r: r.place.first):
            if rule.place.first != last:
                lines.append(f"{inner}if n > {rule.place.first}:")
                inner += " "
                last = rule.place.first
            if _whole(rule):
                lines += [f"{inner}v = e[{last}]", *self.store(rule, inner)]
            else:
                lines += self.field(rule, inner)
        return lines

    def segments(self, place: Place) -> str:
        """An expression for all segments at a place, in file order."""
        if isinstance(place.node, Ring):
            return f"[x[0] for x in i[{place.node.slot}] or ()]"
        return f"({self.held(place)} or ())"

    def field(self, rule: FieldRule, pad: str) -> list[str]:
        place = rule.place
        lines = [f"{pad}v = e[{place.first}] if n > {place.first} else ''"]
        if place.component:
            part = place.component
            lines.append(f"{pad}v = (v.split(c.comp) + [''] * {part})[{part - 1}] if c.comp else v")
        if place.repeated:
            lines.append(f"{pad}v = v.split(c.rep) if c.rep and v else [v] if v else []")
        lines += self.store(rule, pad)
        return lines + (self.default(rule, pad, "else") if rule.otherwise is not None else [])

    def store(self, rule: FieldRule, pad: str) -> list[str]:
        """Assign `v`, converted."""
        target = self.target(rule.key)
        if rule.table is None:
            convert = _CONVERT[rule.type]
            value = f"[{convert.format('x')} for x in v]" if rule.place.repeated else convert.format("v")
            return [f"{pad}if v: {target} = {value}"]
        table, odd = self.maker.name(rule.table.words), self.maker.name(_odd(rule.table))
        named = rule.table.name if rule.table.name != "table" else rule.key[-1]
        spare = self.target((*rule.key[:-1], f"{rule.key[-1]}_code"))
        return [
            f"{pad}if v:",
            f"{pad} w = {table}.get(v)",
            f"{pad} if w is None: c.missed.append(({named!r}, {rule.place.seg!r}, {rule.place.first}, v))",
            f"{pad} else:",
            f"{pad}  {target} = w",
            f"{pad}  if v in {odd}: {spare} = v",
        ]

    def default(self, rule: FieldRule, pad: str, word: str) -> list[str]:
        """What stands in for an absent value. `word`: `else` after a test of `v`, or a test that holds."""
        target, otherwise = self.target(rule.key), rule.otherwise or ""
        if otherwise.startswith("profile."):
            name = otherwise.removeprefix("profile.")
            test = "elif" if word == "else" else "if"
            return [f"{pad}{test} {name!r} in c.profile: {target} = c.profile[{name!r}]"]
        if otherwise == "position":
            return [f"{pad}{word}: {target} = str(position)"]
        convert = _CONVERT[rule.type] if rule.table is None else "{}"
        return [f"{pad}{word}: {target} = {convert.format(repr(otherwise))}"]

    def joined(self, rule: FieldRule) -> None:
        place = rule.place
        test = ""
        if place.qualifier is not None:
            at, code = place.qualifier
            test = f" if len(s) > {at} and s[{at}] == {code!r}"
        values = f"x for s in {self.segments(place)}{test} for x in s[{place.first}:{place.last + 1}] if x"
        self.lines += [
            f" if {self.held(place)}:",
            f"  v = {rule.join!r}.join({values})",
            f"  if v: {self.target(rule.key)} = v",
        ]

    def pairs(self, rule: PairsRule, pad: str) -> list[str]:
        table, odd = self.maker.name(rule.table.words), self.maker.name(_odd(rule.table))
        target, codes = self.target(rule.key), self.target((*rule.key[:-1], f"{rule.key[-1]}_codes"))
        lines = [
            "p = {}",
            "o = m = None",
            f"for j in range({rule.place.first}, min(n, {rule.last + 1}) - 1, 2):",
            " v = e[j + 1]",
            " if v:",
            "  q = e[j]",
            f"  w = {table}.get(q)",
            "  if w is None or w in p: o = {**(o or {}), q: v}",
            "  else:",
            "   p[w] = v",
            f"   if q in {odd}: m = {{**(m or {{}}), w: q}}",
            f"if o: p[{rule.rest!r}] = o",
            f"if p: {target} = p",
            f"if m: {codes} = m",
        ]
        return [pad + line for line in lines]

    def each(self, rule: EachRule) -> None:
        slot, loop = rule.place.node.slot, isinstance(rule.place.node, Ring)
        target = self.target(rule.key)
        self.lines += [f" h = i[{slot}]", " if h:"]
        if rule.value is not None:
            self.values(rule, target)
            return
        sub = self.maker.sub(rule.rules, rule.ring)
        instances = "h" if loop else "[[x] for x in h]"
        if rule.place.qualifier is not None:
            at, code = rule.place.qualifier
            instances = f"[x for x in {instances} if len(x[0]) > {at} and x[0][{at}] == {code!r}]"
        if rule.by is None:
            self.lines += [f"  l = [{sub}(x, k, c) for k, x in enumerate({instances}, 1)]", f"  if l: {target} = l"]
            return
        self.keyed(rule, f"for k, x in enumerate({instances}, 1):", f"{sub}(x, k, c)", target)

    def tree(self, rule: TreeRule) -> None:
        readers = ", ".join(
            f"{code!r}: ({name!r}, {self.maker.sub(rules, ring)})" for code, name, rules, ring in rule.levels
        )
        self.lines.append(f" if i[{rule.place.node.slot}]: nest(i[{rule.place.node.slot}], {{{readers}}}, c, d)")

    def values(self, rule: EachRule, target: str) -> None:
        """A dictionary of single values: references, dates. `x[0]` is the segment."""
        value = rule.value
        if value is None:
            return
        source = "[x[0] for x in h]" if isinstance(rule.place.node, Ring) else "h"
        at = value.place.first
        read = f"({_CONVERT[value.type].format(f'x[{at}]')} if len(x) > {at} and x[{at}] else None)"
        if rule.by is None:
            self.lines += [f"  l = [v for x in {source} if (v := {read}) is not None]", f"  if l: {target} = l"]
            return
        self.keyed(rule, f"for x in {source}:", read, target, plain=True)

    def keyed(self, rule: EachRule, loop: str, entry: str, target: str, *, plain: bool = False) -> None:
        by = rule.by
        if by is None or by.table is None:
            return
        table, odd = self.maker.name(by.table.words), self.maker.name(_odd(by.table))
        at, seg = by.place.first, by.place.seg
        s = "x" if plain else "x[0]"
        other = "{'code': q, 'value': v}" if plain else "{'code': q, **v}"
        remember = "m = {**(m or {}), w: q}" if plain else "v['code'] = q"
        lines = [
            "p = {}",
            "o = m = None",
            loop,
            f" q = {s}[{at}] if len({s}) > {at} else ''",
            f" v = {entry}",
            *([" if v is None: continue"] if plain else []),
            f" w = {table}.get(q)",
            f" if w is None: o = [*(o or ()), {other}]",
            " elif w in p:",
            f"  o = [*(o or ()), {other}]",
            f"  c.twice.append(({seg!r}, {at}, q))",
            " else:",
            "  p[w] = v",
            f"  if q in {odd}: {remember}",
            "if o: p['other'] = o",
            f"if p: {target} = p",
        ]
        if plain:
            lines.append(f"if m: {self.target((*rule.key[:-1], rule.key[-1] + '_codes'))} = m")
        self.lines += ["  " + line for line in lines]


def _whole(rule: FieldRule) -> bool:
    """Takes the element as it is, so that its presence is known from the test around it."""
    return not rule.place.component and not rule.place.repeated


def _odd(table: CodeTable) -> frozenset[str]:
    """Codes that are not the one we would write for their word."""
    return frozenset(code for code, word in table.words.items() if table.back.get(word) != code)
