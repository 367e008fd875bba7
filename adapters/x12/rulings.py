"""Levels 3 and 4: balances (`checks`) and what a partner requires beyond the standard (`require`), compiled to functions over a scanned set."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any

from adapters.x12.errors import Finding
from adapters.x12.guide import unknown_keys
from adapters.x12.measures import MEASURES
from adapters.x12.model import Guide
from adapters.x12.structure import Plan, Ring
from adapters.x12.yamltext import Items, Tree

if TYPE_CHECKING:
    from adapters.x12.places import Place, Resolver

Doc = Mapping[str, Any]
Known = dict[str, Decimal | None]  # measures of the whole document that were taken already
Measure = Callable[[list[Any], Doc, Known], Decimal | None]
Row = Callable[[list[Any], Doc, Known], Finding | None]
Ruling = Callable[[list[Any], Doc, Known], list[Finding]]
_CALL = re.compile(r"([a-z_]+)\(([^()]*)\)")
_EQUALS = re.compile(r"(.+?)\s*=\s*(\S+)")


def compile_rulings(guide: Guide, plan: Plan, resolver: Resolver) -> Ruling:
    """Findings `check_failed` (quarantine), `check_differs` (note) and `require_failed`."""
    rows = [_check(row, plan, resolver) for row in guide.checks]
    rows += [_require(row, plan, resolver) for row in guide.require]

    def rule(tree: list[Any], doc: Doc, known: Known) -> list[Finding]:
        return [found for row in rows if (found := row(tree, doc, known)) is not None]

    return rule


def segments_at(place: Place, tree: list[Any]) -> list[list[str]]:
    """All segments of a place directly in the set."""
    held = tree[place.node.slot] or ()
    found = [x[0] for x in held] if isinstance(place.node, Ring) else list(held)
    if place.qualifier is not None:
        at, code = place.qualifier
        found = [e for e in found if len(e) > at and e[at] == code]
    return found


def values_at(place: Place, tree: list[Any]) -> list[str]:
    return [e[place.first] if len(e) > place.first else "" for e in segments_at(place, tree)]


def _measure(row: Tree, key: str, text: Any, plan: Plan, resolver: Resolver) -> Measure:
    call = _CALL.fullmatch(text) if isinstance(text, str) else None
    name, inside = (call[1], call[2].strip()) if call else ("value", text)
    if name in MEASURES and (not inside or inside == "document"):
        return _whole(name)
    if name not in ("value", "count", "sum", "cents"):
        resolver.faults.at(
            row, key, f"{name} is no function of checks: count, sum, cents, {', '.join(sorted(MEASURES))}"
        )
        return lambda _tree, _doc, _known: None
    if isinstance(inside, str) and inside[:1].islower():
        first, _, rest = inside.partition(".")
        if name == "count":
            return lambda _tree, doc, _known: Decimal(len(doc.get(first) or ()))
        return lambda _tree, doc, _known: sum(
            (Decimal(str(x[rest])) for x in doc.get(first) or () if rest in x), Decimal(0)
        )
    place = resolver.place(row, key, inside, plan.root)
    if place is None:
        return lambda _tree, _doc, _known: None
    if name == "count":
        return lambda tree, _doc, _known: Decimal(len(segments_at(place, tree)))
    if name == "sum":
        return lambda tree, _doc, _known: sum((Decimal(v) for v in values_at(place, tree) if v), Decimal(0))
    scale = -2 if name == "cents" else 0
    return lambda tree, _doc, _known: next((Decimal(v).scaleb(scale) for v in values_at(place, tree) if v), None)


def _whole(name: str) -> Measure:
    def measured(_tree: list[Any], doc: Doc, known: Known) -> Decimal | None:
        if name not in known:
            known[name] = MEASURES[name](doc)
        return known[name]

    return measured


def _check(row: Tree, plan: Plan, resolver: Resolver) -> Row:
    unknown_keys(row, {"code", "when", "equal", "else"}, resolver.faults)
    sides = row.get("equal")
    if not isinstance(sides, Items) or len(sides) != 2:
        resolver.faults.at(row, "equal", "two measures are compared: [CTT.01, count(PO1)]")
        return lambda _tree, _doc, _known: None
    if row.get("else") not in ("quarantine", "note"):
        resolver.faults.at(row, "else", "quarantine or note")
    left, right = (_measure(row, "equal", side, plan, resolver) for side in sides)
    applies = _condition(row, plan, resolver)
    code = "check_failed" if row.get("else") == "quarantine" else "check_differs"
    label = row.get("code", "check")
    place = sides[0] if isinstance(sides[0], str) else ""
    segment = place[:3].rstrip(".") if place[:1].isupper() else None

    def check(tree: list[Any], doc: Doc, known: Known) -> Finding | None:
        if not applies(tree):
            return None
        try:
            told, counted = left(tree, doc, known), right(tree, doc, known)
        except InvalidOperation:
            return None  # said already by the element's own check
        if told is None or counted is None or told == counted:
            return None
        words = f"{label}: {sides[0]} is {told:f}, {sides[1]} is {counted:f}"
        return Finding(code, segment, None, None, f"{told:f}", expected=words)

    return check


def _condition(row: Tree, plan: Plan, resolver: Resolver) -> Callable[[list[Any]], bool]:
    """`when: CTT.01` (there) or `when: BEG.02 = SA`."""
    text = row.get("when")
    if text is None:
        return lambda _tree: True
    equal = _EQUALS.fullmatch(text) if isinstance(text, str) and "[" not in text else None
    place = resolver.place(row, "when", equal[1] if equal else text, plan.root)
    if place is None:
        return lambda _tree: False
    if equal is not None:
        wanted = equal[2]
        return lambda tree: wanted in values_at(place, tree)
    if not place.first:
        return lambda tree: bool(segments_at(place, tree))
    return lambda tree: any(values_at(place, tree))


def _require(row: Tree, plan: Plan, resolver: Resolver) -> Row:
    unknown_keys(row, {"at", "when"}, resolver.faults)
    place = resolver.place(row, "at", row.get("at"), plan.root)
    applies = _condition(row, plan, resolver)
    if place is None:
        return lambda _tree, _doc, _known: None

    def require(tree: list[Any], _doc: Doc, _known: Known) -> Finding | None:
        there = any(values_at(place, tree)) if place.first else bool(segments_at(place, tree))
        if there or not applies(tree):
            return None
        return Finding("require_failed", place.seg, None, place.first or None, expected=place.text)

    return require
