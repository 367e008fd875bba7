"""Places of a set as a guide's map names them (`REF[01=DP].02`, `N3[*].01-02`), and the rules that a map is made of. Parsed, not run."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from adapters.x12.codelists import table_of
from adapters.x12.guide import Faults, unknown_keys
from adapters.x12.measures import MEASURES
from adapters.x12.model import CodeTable, Guide, SegmentSpec
from adapters.x12.structure import Plan, Ring, Spot
from adapters.x12.yamltext import Tree

_PLACE = re.compile(
    r"([A-Z][A-Z0-9]{1,2})(?:#(\d))?(?:\[(?:(\*)|(\d\d)=([^\]]+))\])?(?:\.(\d\d)(?:-(\d\d)|-(\d))?(\*)?)?"
)
_DERIVED = re.compile(r"(count|sum|cents|measure)\(([a-z_]+(?:\.[a-z_]+)?)\)")
TYPES = {"text", "date", "time", "quantity", "price", "decimal", "money2", "int"}
_FIELD = {"at", "type", "table", "else", "write", "join", "rest"}
_EACH = {"each", "key", "value", "map", "rest", "write"}
_PAIRS = {"pairs", "table", "rest"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """`node` is the leaf, or the loop it opens, directly in the loop of the context. `many`: all occurrences; `last` > `first`: a range."""

    text: str
    seg: str
    node: Spot | Ring
    first: int = 0
    last: int = 0
    component: int = 0
    qualifier: tuple[int, str] | None = None
    many: bool = False
    repeated: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldRule:
    """One canonical field. `otherwise`: `position`, `profile.NAME` or a literal; `constants` are written beside it."""

    key: tuple[str, ...]
    place: Place
    type: str = "text"
    table: CodeTable | None = None
    otherwise: str | None = None
    constants: tuple[tuple[Place, str], ...] = ()
    join: str = "\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class EachRule:
    """A list (no `by`) or a dictionary by the word of a qualifier; `value` in place of `rules` where an entry is one value."""

    key: tuple[str, ...]
    place: Place
    ring: Ring
    rules: tuple[Rule, ...]
    by: FieldRule | None = None
    value: FieldRule | None = None
    constants: tuple[tuple[Place, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PairsRule:
    """Qualifier and value pairs from an element to the end of the declared pairs, as a dictionary by word."""

    key: tuple[str, ...]
    place: Place
    table: CodeTable
    rest: str
    last: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TreeRule:
    """HL: each level's code with the name of its list, its rules and the loop that they read."""

    key: tuple[str, ...]
    place: Place
    levels: tuple[tuple[str, str, tuple[Rule, ...], Ring], ...]


Rule = FieldRule | EachRule | PairsRule | TreeRule


class Resolver:
    """Reads the places of one guide. Every fault is collected with its line."""

    def __init__(self, guide: Guide, plan: Plan, faults: Faults) -> None:
        self.guide, self.plan, self.faults = guide, plan, faults

    def place(self, tree: Tree, key: str, text: Any, ring: Ring) -> Place | None:
        found = _PLACE.fullmatch(text) if isinstance(text, str) else None
        if found is None:
            self.faults.at(tree, key, f"{text!r} is no place: SEG.nn, SEG[nn=CODE].nn, SEG[*].nn-nn")
            return None
        seg, nth, many, at, code, first, last, component, repeated = found.groups()
        node = ring.find(seg, int(nth or 1))
        spec = self.guide.segments.get(seg)
        if node is None or spec is None:
            inside = f"the loop {ring.name}" if ring.depth else "the set"
            self.faults.at(tree, key, f"{text}: {seg} cannot be reached directly in {inside}")
            return None
        place = Place(
            text=text,
            seg=seg,
            node=node,
            first=int(first or 0),
            last=int(last or first or 0),
            component=int(component or 0),
            qualifier=(int(at), code) if at else None,
            many=bool(many),
            repeated=bool(repeated),
        )
        return place if self._within(tree, key, place, spec) else None

    def _within(self, tree: Tree, key: str, place: Place, spec: SegmentSpec) -> bool:
        if max(place.first, place.last) > len(spec.of):
            self.faults.at(tree, key, f"{place.text}: {place.seg} has {len(spec.of)} elements")
            return False
        if place.qualifier is not None:
            at, code = place.qualifier
            codes = spec.of[at - 1].codes if 0 < at <= len(spec.of) else frozenset()
            if codes is not None and code not in codes:
                self.faults.at(tree, key, f"{place.text}: {code} is not among the codes of {place.seg}{at:02d}")
                return False
        return True

    def _element(self, tree: Tree, key: str, text: Any, ring: Ring) -> Place | None:
        """A place that names an element: a segment alone has no value."""
        place = self.place(tree, key, text, ring)
        if place is not None and not place.first:
            self.faults.at(tree, key, f"{text}: names no element of {place.seg}")
            return None
        return place

    def table(self, tree: Tree, raw: Any) -> CodeTable | None:
        if isinstance(raw, Tree):
            return table_of("table", raw, self.faults)
        if isinstance(raw, str) and raw in self.guide.tables:
            return self.guide.tables[raw]
        self.faults.at(tree, "table", f"there is no code list {raw!r}")
        return None

    def rules(self, tree: Tree, ring: Ring) -> tuple[Rule, ...]:
        out: list[Rule] = []
        for key, row in tree.items():
            path = tuple(key.split("."))
            rule = self._rule(tree, key, path, row, ring) if key != "write" else None
            if rule is not None:
                out.append(rule)
        return tuple(out)

    def _rule(self, tree: Tree, key: str, path: tuple[str, ...], row: Any, ring: Ring) -> Rule | None:
        if isinstance(row, str):
            place = self._element(tree, key, row, ring)
            return FieldRule(key=path, place=place) if place else None
        if isinstance(row, Tree) and "at" in row:
            return self.field(row, path, ring)
        if isinstance(row, Tree) and "each" in row:
            return self._each(row, path, ring)
        if isinstance(row, Tree) and "pairs" in row:
            return self._pairs(row, path, ring)
        if isinstance(row, Tree) and "tree" in row:
            return self._tree(row, path, ring)
        self.faults.at(tree, key, "a field is a place, {at: ...}, {each: ...} or {pairs: ...}")
        return None

    def field(self, row: Tree, path: tuple[str, ...], ring: Ring) -> FieldRule | None:
        unknown_keys(row, _FIELD, self.faults)
        place = self._element(row, "at", row.get("at"), ring)
        kind = row.get("type", "text")
        if kind not in TYPES:
            self.faults.at(row, "type", f"{kind!r} is none of {', '.join(sorted(TYPES))}")
        for key in ("else", "join"):
            if key in row and not isinstance(row[key], str):
                self.faults.at(row, key, "must be text")
                return None
        table = self.table(row, row["table"]) if "table" in row else None
        constants = self.constants(row, ring)
        if place is None:
            return None
        return FieldRule(
            key=path,
            place=place,
            type=kind,
            table=table,
            otherwise=row.get("else"),
            constants=constants,
            join=row.get("join", "\n"),
        )

    def constants(self, row: Tree, ring: Ring) -> tuple[tuple[Place, str], ...]:
        found: list[tuple[Place, str]] = []
        written = row.get("write")
        if not isinstance(written, Tree):
            return ()
        for text, value in written.items():
            place = self.place(written, text, text, ring)
            if not isinstance(value, str):
                self.faults.at(written, text, "a constant is text")
            elif place:
                found.append((place, value))
        return tuple(found)

    def derived(self, tree: Tree, ring: Ring) -> dict[str, tuple[str, str]]:
        """`write:` of the whole map: place -> ("else", literal), ("count", list), ("sum", list.field), ("measure" or "cents", name)."""
        written = tree.get("write")
        found: dict[str, tuple[str, str]] = {}
        for text, value in written.items() if isinstance(written, Tree) else ():
            if not isinstance(written, Tree) or self.place(written, text, text, ring) is None:
                continue
            call = _DERIVED.fullmatch(value) if isinstance(value, str) else None
            if call is not None and (call[1] in ("count", "sum") or call[2] in MEASURES):
                found[text] = (call[1], call[2])
            elif isinstance(value, Tree) and isinstance(value.get("else"), str):
                found[text] = ("else", value["else"])
            else:
                self.faults.at(
                    written, text, "count(list), sum(list.field), measure(name), cents(name) or {else: text}"
                )
        return found

    def _each(self, row: Tree, path: tuple[str, ...], ring: Ring) -> EachRule | None:
        unknown_keys(row, _EACH, self.faults)
        place = self.place(row, "each", row.get("each"), ring)
        if place is None:
            return None
        inner = place.node if isinstance(place.node, Ring) else _alone(place.node)
        by = row.get("key")
        value = row.get("value")
        keyed = self.field(by, ("code",), inner) if isinstance(by, Tree) else None
        if keyed is not None and keyed.table is None:
            self.faults.at(row, "key", "needs a table")
            keyed = None
        valued: FieldRule | None = None
        if value is not None:
            read = self._rule(row, "value", ("value",), value, inner)
            valued = read if isinstance(read, FieldRule) else None
        body = row.get("map")
        rules = self.rules(body, inner) if isinstance(body, Tree) else ()
        if not rules and valued is None:
            self.faults.at(row, "map", "an each needs a map, or a value")
        return EachRule(
            key=path, place=place, ring=inner, rules=rules, by=keyed, value=valued, constants=self.constants(row, inner)
        )

    def _tree(self, row: Tree, path: tuple[str, ...], ring: Ring) -> TreeRule | None:
        unknown_keys(row, {"tree", "levels"}, self.faults)
        place = self.place(row, "tree", row.get("tree"), ring)
        levels = row.get("levels")
        if place is None or not isinstance(place.node, Ring) or not place.node.variants or not isinstance(levels, Tree):
            self.faults.at(
                row, "tree", "written as {tree: HL, levels: {CODE: {as: name, map: ...}}} over a loop with variants"
            )
            return None
        found: list[tuple[str, str, tuple[Rule, ...], Ring]] = []
        for code, level in levels.items():
            inner = place.node.variants.get(code)
            if inner is None or not isinstance(level, Tree) or not isinstance(level.get("as"), str):
                self.faults.at(levels, code, "a level is one of the loop's variants, written as {as: name, map: ...}")
                continue
            unknown_keys(level, {"as", "map"}, self.faults)
            body = level.get("map")
            found.append((code, level["as"], self.rules(body, inner) if isinstance(body, Tree) else (), inner))
        return TreeRule(key=path, place=place, levels=tuple(found))

    def _pairs(self, row: Tree, path: tuple[str, ...], ring: Ring) -> PairsRule | None:
        unknown_keys(row, _PAIRS, self.faults)
        place = self.place(row, "pairs", row.get("pairs"), ring)
        table = self.table(row, row.get("table"))
        if place is None or table is None:
            return None
        spec = self.guide.segments[place.seg]
        return PairsRule(
            key=path,
            place=place,
            table=table,
            rest=row.get("rest", "other"),
            last=spec.pairs[1] if spec.pairs else len(spec.of),
        )


def _alone(spot: Spot) -> Ring:
    """A segment that is no loop, seen as the loop of itself."""
    ring = Ring(spot.leaf.seg, None, spot.ring, spot.ring.depth + 1, spot.slot)
    ring.of.append(Spot(spot.leaf, ring, 0))
    return ring
