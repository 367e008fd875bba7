"""A guide's map run from right to left: the canonical document becomes the tree of segments that the reader would have made of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from adapters.x12.levels import unnest
from adapters.x12.outward import (
    NOTHING,
    Outward,
    cents_text,
    code_text,
    entries,
    number_text,
    put_pairs,
    split_text,
    total_text,
)
from adapters.x12.places import EachRule, FieldRule, PairsRule, Place, Rule, TreeRule
from adapters.x12.structure import Ring

Put = Callable[[Mapping[str, Any], int, Outward], list[Any]]
Derived = Mapping[str, tuple[str, str]]  # "BEG.02" -> ("else", "SA") | ("count", "lines") | ("sum", "lines.ordered")


def compile_backward(rules: tuple[Rule, ...], root: Ring, derived: Derived) -> Put:
    maker = _Maker()
    maker.function("put_set", rules, root, derived, ())
    exec(compile("\n".join(maker.lines), "<guide map>", "exec"), maker.names)  # noqa: S102 - source made here, foreign text enters as repr only
    put: Put = maker.names["put_set"]
    return put


class _Maker:
    """Writes one function `(document, position, outward) -> instance` for each loop of the map."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.count = 0
        self.names: dict[str, Any] = {
            "Decimal": Decimal,
            "number": number_text,
            "cents": cents_text,
            "code": code_text,
            "NOTHING": NOTHING,
            "total": total_text,
            "put_pairs": put_pairs,
            "split": split_text,
            "entries": entries,
            "unnest": unnest,
        }

    def name(self, value: Any) -> str:
        self.count += 1
        self.names[f"t{self.count}"] = value
        return f"t{self.count}"

    def function(
        self, name: str, rules: tuple[Rule, ...], ring: Ring, derived: Derived, constants: tuple[tuple[Place, str], ...]
    ) -> None:
        body = _Body(self, ring)
        for rule in rules:
            if isinstance(rule, FieldRule):
                body.field(rule)
            elif isinstance(rule, PairsRule):
                body.pairs(rule)
        for place, text in constants:
            body.constant(place, text)
        for text, source in derived.items():
            body.derived(text, source)
        lines = body.templates_source()
        for rule in rules:
            if isinstance(rule, EachRule):
                lines += body.each(rule)
            elif isinstance(rule, TreeRule):
                lines += body.tree(rule)
        head = [f"def {name}(d, position, c):", f" i = [None] * {ring.size}"]
        self.lines += [*head, *lines, " return i"]


@dataclass(slots=True)
class _Template:
    """One segment to be: element -> expression; `tests` are those of which one makes it be written."""

    place: Place
    parts: dict[int, str] = field(default_factory=dict)
    tests: list[str] = field(default_factory=list)
    values: dict[int, str] = field(default_factory=dict)
    keys: set[str] | None = field(default_factory=set)  # None: written for another reason than a key's presence
    pairs: list[tuple[int, str]] = field(default_factory=list)
    many: tuple[FieldRule, str] | None = None


class _Body:
    def __init__(self, maker: _Maker, ring: Ring) -> None:
        self.maker, self.ring = maker, ring
        self.templates: dict[tuple[Any, ...], _Template] = {}

    def template(self, place: Place, *, many: bool = False) -> _Template:
        key = (place.node.slot, place.qualifier, many)
        if key not in self.templates:
            self.templates[key] = _Template(place)
            if place.qualifier is not None:
                self.templates[key].parts[place.qualifier[0]] = repr(place.qualifier[1])
        return self.templates[key]

    def constant(self, place: Place, text: str) -> None:
        template = self.template(place)
        before = template.parts.get(place.first)
        template.parts[place.first] = f"({before} or {text!r})" if before else repr(text)
        if place.first in template.values:  # the constant alone is no reason to write the segment
            own = f"e[{place.first}]"
            template.tests = [template.values[place.first] if t == own else t for t in template.tests]

    def field(self, rule: FieldRule) -> None:
        place = rule.place
        value = _get(rule.key)
        if place.many or place.last > place.first:
            self.template(place, many=True).many = (rule, value)
            return
        template = self.template(place)
        text, weak = self.expression(rule, value), ""
        if rule.otherwise is not None and rule.otherwise.startswith("profile."):
            weak = f"{value} not in (None, c.profile.get({rule.otherwise[8:]!r}))"
        elif rule.otherwise == "position":
            text = f"({text} or str(position))"
        if place.component:
            before = template.parts.get(place.first, "")
            template.parts[place.first] = (
                f"({before} + (c.comp * {place.component - 1 - before.count('c.comp')}) + {text})"
                if before
                else f"({text} and c.comp * {place.component - 1} + {text})"
            )
        else:
            template.parts[place.first] = text
        if rule.otherwise == "position":
            template.keys = None
        elif template.keys is not None:
            template.keys.add(rule.key[0])
        template.values[place.first] = f"{value} not in (None, '')"
        template.tests.append(weak or f"e[{place.first}]")
        for at, constant in rule.constants:
            self.constant(at, constant)

    def expression(self, rule: FieldRule, value: str) -> str:
        place = repr(rule.place.text)
        if rule.table is not None:
            back = self.maker.name(rule.table.back)
            spare = _get((*rule.key[:-1], f"{rule.key[-1]}_code"))
            other = f"code({back}, v, None, c, ({place}, {rule.table.name!r}))"
            return f"('' if (v := {value}) is None else {spare} or {back}.get(v) or {other})"
        if rule.place.repeated:
            return f"c.rep.join({value} or ())"
        return {
            "text": f"({value} or '')",
            "date": f"({value} or '').replace('-', '')",
            "time": f"({value} or '').replace(':', '').replace('.', '')",
            "money2": f"('' if (v := {value}) is None else cents(v, c, {place}))",
        }.get(rule.type, f"('' if (v := {value}) is None else v if v.__class__ is str else number(v))")

    def pairs(self, rule: PairsRule) -> None:
        codes = _get((*rule.key[:-1], f"{rule.key[-1]}_codes"))
        spec = self.maker.name(rule)
        call = f"put_pairs(e, {spec}, {_get(rule.key)}, {codes}, c)"
        template = self.template(rule.place)
        template.pairs.append((rule.place.first, call))
        if template.keys is not None:
            template.keys.add(rule.key[0])

    def derived(self, text: str, source: tuple[str, str]) -> None:
        seg, at = text.split(".")
        node = self.ring.find(seg)
        if node is None:
            return
        template = self.template(Place(text=text, seg=seg, node=node, first=int(at)))
        kind, value = source
        if kind == "else":
            before = template.parts.get(int(at))
            template.parts[int(at)] = f"({before} or {value!r})" if before else repr(value)
            return
        first, _, rest = value.partition(".")
        template.keys = None
        own = {
            "count": f"str(len({_get((first,))} or ()))",
            "sum": f"total({_get((first,))}, {rest!r})",
            "measure": f"number(c.measure({value!r}, d))",
            "cents": f"cents(c.measure({value!r}, d), c, {text!r})",
        }[kind]
        before = template.parts.get(int(at))
        template.parts[int(at)] = f"({before} or {own})" if before else own
        template.tests.append(f"e[{int(at)}]")

    def templates_source(self) -> list[str]:
        lines: list[str] = []
        for template in self.templates.values():
            lines += self.written(template)
        return lines

    def written(self, template: _Template) -> list[str]:
        seg = template.place.seg
        if template.many is not None:
            rule, value = template.many
            start, last = rule.place.first, rule.place.last
            qualifier = dict(template.parts)
            head = [qualifier.get(k, "''") for k in range(1, start)]
            wide = last - start + 1
            return [
                *_given(rule, value),
                f"  for x in split(v, {rule.join!r}, {wide}):",
                f"   e = [{', '.join([repr(seg), *head])}, *x]",
                *self.lay(template.place, "   "),
            ]
        most = max(template.parts, default=0)
        elements = [template.parts.get(k, "''") for k in range(1, most + 1)]
        pad = " "
        lines: list[str] = []
        opener = template.place.node.slot == 0 and self.ring.depth > 0
        if template.keys is not None and not opener:  # one look at the document's own keys spares the rest
            lines.append(f" if {self.has(sorted(template.keys))}:")
            pad = "  "
        lines.append(f"{pad}e = [{', '.join([repr(seg), *elements])}]")
        tests = list(dict.fromkeys(template.tests))
        for start, call in template.pairs:
            room = [f"{pad}e += {[''] * (start - 1 - most)!r}"] if start - 1 > most else []
            lines += [*room, f"{pad}filled = {call}"]
            tests.append("filled")
        if opener:
            return [*lines, " while not e[-1]: e.pop()", " i[0] = e"]
        test = f"{pad}if {' or '.join(tests) or 'True'}:"
        return [*lines, test, f"{pad} while not e[-1]: e.pop()", *self.lay(template.place, f"{pad} ")]

    def has(self, keys: list[str]) -> str:
        """Whether the document has one of these keys."""
        if len(keys) <= 3:  # faster than a set, as long as there are few
            return " or ".join(f"{key!r} in d" for key in keys)
        return f"not {self.maker.name(frozenset(keys))}.isdisjoint(d)"

    def lay(self, place: Place, pad: str) -> list[str]:
        slot = place.node.slot
        item = _instance("e", place.node) if isinstance(place.node, Ring) else "e"
        return [f"{pad}if i[{slot}] is None: i[{slot}] = [{item}]", f"{pad}else: i[{slot}].append({item})"]

    def each(self, rule: EachRule) -> list[str]:
        value = _get(rule.key)
        slot = rule.place.node.slot
        keep = f"i[{slot}] = l if i[{slot}] is None else i[{slot}] + l"
        if rule.value is not None:
            return self.values(rule, value, keep)
        self.maker.count += 1
        name = f"put_{self.maker.count}"
        self.maker.function(name, rule.rules, rule.ring, {}, rule.constants)
        loop = isinstance(rule.place.node, Ring)
        unwrap = "" if loop else "[0]"
        if rule.by is None:
            lines = [*_given(rule, value), f"  l = [{name}(x, k, c){unwrap} for k, x in enumerate(v, 1)]"]
            if not loop:
                lines.append("  l = [e for e in l if len(e) > 1]")
            return [*lines, f"  if l: {keep}"]
        back = self.maker.name(rule.by.table.back if rule.by.table else {})
        at = rule.by.place.first
        return [
            *_given(rule, value),
            "  l = []",
            f"  for q, x in entries(v, None, {back}, c, {rule.by.place.text!r}):",
            f"   y = {name}(x, 1, c)",
            f"   if y[0] is None: y[0] = [{rule.by.place.seg!r}]",
            f"   y[0] += [''] * ({at} + 1 - len(y[0]))",
            f"   y[0][{at}] = q",
            f"   l.append(y{unwrap})",
            f"  if l: {keep}",
        ]

    def tree(self, rule: TreeRule) -> list[str]:
        putters: list[str] = []
        for code, name, rules, ring in rule.levels:
            self.maker.count += 1
            own = f"put_{self.maker.count}"
            self.maker.function(own, rules, ring, {}, ())
            putters.append(f"{code!r}: ({name!r}, {own})")
        slot = rule.place.node.slot
        return [f" i[{slot}] = unnest(d, {{{', '.join(putters)}}}, c) or None"]

    def values(self, rule: EachRule, value: str, keep: str) -> list[str]:
        held = rule.value
        if held is None:
            return []
        inner = FieldRule(key=("value",), place=held.place, type=held.type)
        text = self.expression(inner, "x")
        seg, at = held.place.seg, held.place.first
        loop = isinstance(rule.place.node, Ring)
        wrap = _instance("e", rule.ring) if loop else "e"
        if rule.by is None:
            head = ", ".join([repr(seg), *["''"] * (at - 1)])
            return [
                *_given(rule, value),
                f"  l = [[{head}, {text}] for x in v]",
                f"  l = [{wrap} for e in l]",
                f"  if l: {keep}",
            ]
        back = self.maker.name(rule.by.table.back if rule.by.table else {})
        codes = _get((*rule.key[:-1], f"{rule.key[-1]}_codes"))
        by = rule.by.place.first
        parts = ["''"] * (max(at, by) + 1)
        parts[0], parts[by], parts[at] = repr(seg), "q", text
        made = f"[{', '.join(parts)}]"
        return [
            *_given(rule, value),
            "  l = []",
            f"  for q, x in entries(v, {codes}, {back}, c, {rule.by.place.text!r}):",
            "   if isinstance(x, dict): x = x.get('value')",
            f"   l.append({_instance(made, rule.ring) if loop else made})",
            f"  if l: {keep}",
        ]


def _instance(opener: str, ring: Ring) -> str:
    """A loop with nothing in it but its opener."""
    return f"[{', '.join([opener, *['None'] * (ring.size - 1)])}]"


def _given(rule: FieldRule | EachRule, value: str) -> list[str]:
    """The document mostly lacks what may be there."""
    return [f" if {rule.key[0]!r} in d and (v := {value}):"]


def _get(key: tuple[str, ...]) -> str:
    text = "d"
    for part in key[:-1]:
        text = f"({text}.get({part!r}) or NOTHING)"
    return f"{text}.get({key[-1]!r})"
