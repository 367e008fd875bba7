"""A guide's YAML tree made into facts. Every fault is collected with file, line, key and reason; then the guide is refused once."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from adapters.x12.codelists import table_of
from adapters.x12.errors import RULES
from adapters.x12.model import CodeTable, Composite, Element, ElementUse, Guide, Leaf, Loop, Note, SegmentSpec, leaves
from adapters.x12.yamltext import BadGuide, Fault, Items, Tree

_KIND = re.compile(r"AN|ID|DT|TM|R|B|N\d")
_NOTE = re.compile(r"([PRCEL])((?:\d\d){2,})")
_SEGMENT = re.compile(r"[A-Z][A-Z0-9]{1,2}")
_USES = {"M", "O", "C", "N"}
_TOP = {"guide", "elements", "composites", "segments", "structure", "map", "checks", "require", "tolerate", "overlay"}
_HEAD = {"set", "version", "group", "title", "document", "extends"}
_PLACE = re.compile(r"[A-Z][A-Z0-9]{1,2}(\.[0-9]{2})?")


@dataclass(slots=True)
class Faults:
    """Collects; `at(tree, key, reason)` knows the place."""

    found: list[Fault] = field(default_factory=list)

    def at(self, tree: Tree, key: str, reason: str) -> None:
        self.found.append(Fault(*tree.where(key), key, reason))

    def on(self, items: Items, key: str, reason: str) -> None:
        self.found.append(Fault(items.file, items.line, key, reason))

    def settle(self) -> None:
        if self.found:
            raise BadGuide(self.found)


def number(text: Any, low: int = 0) -> int | None:
    """A count as text, or None where it is no such number."""
    return int(text) if isinstance(text, str) and text.isascii() and text.isdigit() and int(text) >= low else None


def unknown_keys(tree: Tree, allowed: set[str], faults: Faults) -> None:
    for key in tree:
        if key not in allowed:
            faults.at(tree, key, f"unknown key, known are {', '.join(sorted(allowed))}")


def tolerated(tree: Tree, faults: Faults) -> frozenset[str]:
    """`tolerate` of a profile or overlay: errors of the catalogue that a partner may make, or `code:PLACE` (`too_long:PO1.04`). What breaks the
    envelope or loses content cannot be tolerated.
    """
    held = tree.get("tolerate")
    if held is not None and not isinstance(held, Items):
        faults.at(tree, "tolerate", "is a list of codes: [too_long, code_invalid:PO1.03]")
    rows = [str(x) for x in held] if isinstance(held, Items) else []
    for row in rows:
        code, _, place = row.partition(":")
        rule = RULES.get(code)
        if rule is None:
            faults.at(tree, "tolerate", f"there is no error {code!r}")
        elif not rule.tolerable:
            faults.at(tree, "tolerate", f"{code!r} cannot be tolerated")
        elif place and not _PLACE.fullmatch(place):
            faults.at(tree, "tolerate", f"{place!r} is no place such as PO1.03")
    return frozenset(rows)


class Dictionary:
    """The elements and composites of one version; a guide may differ from it."""

    def __init__(self, elements: Tree, composites: Tree, faults: Faults) -> None:
        self.faults = faults
        self.elements: dict[str, Element] = {}
        self.composites: dict[str, Composite] = {}
        for key, row in elements.items():
            self._element(elements, key, row)
        for key, row in composites.items():
            self._composite(composites, key, row)

    def _element(self, tree: Tree, key: str, row: Any) -> None:
        words = row.split(None, 3) if isinstance(row, str) else []
        kind, low, high = (*words[:3], "", "", "")[:3]
        least, most = number(low, 1), number(high, 1)
        if not _KIND.fullmatch(kind) or least is None or most is None or least > most:
            self.faults.at(tree, key, "an element is written as type, shortest, longest, name: AN 1 30 reference")
            return
        name = words[3] if len(words) > 3 else self.elements[key].name if key in self.elements else f"element {key}"
        self.elements[key] = Element(number=key, kind=kind, low=least, high=most, name=name)

    def _composite(self, tree: Tree, key: str, row: Any) -> None:
        if not isinstance(row, Tree) or not isinstance(row.get("of"), Items):
            self.faults.at(tree, key, "a composite is written as {name: ..., of: [elements]}")
            return
        parts = tuple(use for part in row["of"] if (use := self.use(row, "of", part, {})) is not None)
        self.composites[key] = Composite(number=key, name=row.get("name", f"composite {key}"), parts=parts)

    def use(self, tree: Tree, key: str, row: Any, tables: Mapping[str, CodeTable]) -> ElementUse | None:
        """`353 M` or `{e: "353", use: M, codes: [...]}`."""
        if isinstance(row, str):
            words = row.split()
            row = Tree(*tree.where(key))
            row.update(zip(("e", "use"), words, strict=False))
        if not isinstance(row, Tree):
            self.faults.at(tree, key, "an element is written as `number usage` or {e: number, use: usage}")
            return None
        unknown_keys(row, {"e", "use", "codes", "repeat", "cut", "name", "overlay"}, self.faults)
        numbered = str(row.get("e", ""))
        element = self.elements.get(numbered) or self.composites.get(numbered)
        if element is None:
            self.faults.at(row, "e", f"unknown element number {numbered!r}")
            return None
        use = row.get("use", "O")
        repeat = number(row.get("repeat", "1"))
        if use not in _USES:
            self.faults.at(row, "use", f"usage {use!r} is none of M, O, C, N")
        if repeat is None:
            self.faults.at(row, "repeat", "must be a number")
        return ElementUse(
            element=element,
            use=use if use in _USES else "O",
            codes=self._codes(row, tables),
            repeat=repeat if repeat is not None else 1,
            cut=row.get("cut") == "true",
            overlay="overlay" in row,
            name=row.get("name", element.name),
        )

    def _codes(self, row: Tree, tables: Mapping[str, CodeTable]) -> frozenset[str] | None:
        codes = row.get("codes")
        if codes is None:
            return None
        if isinstance(codes, Items) and all(isinstance(code, str) for code in codes):
            return frozenset(codes)
        if isinstance(codes, str) and codes in tables:
            return frozenset(tables[codes].words)
        self.faults.at(row, "codes", f"there is no code list {codes!r}")
        return None


def build_guide(tree: Tree, codes: Mapping[str, Tree], known: frozenset[str]) -> Guide:
    """`tree` is the whole guide: dictionary, segments of the version, extensions and overlays merged. Raises `BadGuide`."""
    faults = Faults()
    unknown_keys(tree, _TOP, faults)
    head = _tree(tree, "guide", faults)
    unknown_keys(head, _HEAD, faults)
    for key in ("set", "version", "group", "document"):
        if not isinstance(head.get(key), str) or not head[key]:
            faults.at(head, key, "must be given as text")
    tables = {name: table_of(name, raw, faults) for name, raw in codes.items()}
    dictionary = Dictionary(_tree(tree, "elements", faults), _tree(tree, "composites", faults), faults)
    segments = _segments(_tree(tree, "segments", faults), dictionary, tables, faults)
    structure = tuple(_nodes(tree.get("structure"), tree, "structure", segments, faults))
    used = {leaf.seg for leaf in leaves(structure)}
    guide = Guide(
        set=head.get("set", ""),
        version=head.get("version", ""),
        group=head.get("group", ""),
        title=head.get("title", ""),
        document=head.get("document", ""),
        segments={name: spec for name, spec in segments.items() if name in used},
        known=known | frozenset(segments),
        structure=structure,
        map=_tree(tree, "map", faults),
        checks=tuple(_rows(tree, "checks", faults)),
        require=tuple(_rows(tree, "require", faults)),
        tolerate=tolerated(tree, faults),
        tables=tables,
        file=tree.file,
    )
    faults.settle()
    return guide


def _tree(tree: Tree, key: str, faults: Faults) -> Tree:
    value = tree.get(key)
    if isinstance(value, Tree):
        return value
    if value not in (None, ""):
        faults.at(tree, key, "must be a mapping")
    return Tree(*tree.where(key))


def _rows(tree: Tree, key: str, faults: Faults) -> list[Tree]:
    rows = tree.get(key) or []
    good = [row for row in rows if isinstance(row, Tree)] if isinstance(rows, list) else []
    if not isinstance(rows, list) or len(good) != len(rows):
        faults.at(tree, key, "must be a list of mappings")
    return good


def _segments(
    tree: Tree, dictionary: Dictionary, tables: Mapping[str, CodeTable], faults: Faults
) -> dict[str, SegmentSpec]:
    specs: dict[str, SegmentSpec] = {}
    for name, row in tree.items():
        if not _SEGMENT.fullmatch(name) or not isinstance(row, Tree):
            faults.at(tree, name, "a segment is written as ID: {of: [elements]}")
            continue
        unknown_keys(row, {"of", "notes", "pairs", "name"}, faults)
        of = row.get("of")
        uses = [dictionary.use(row, "of", part, tables) for part in of] if isinstance(of, Items) else []
        pairs = _pairs(row, uses, dictionary, tables, faults)
        if not uses:
            faults.at(row, "of", "a segment needs its elements")
        specs[name] = SegmentSpec(
            id=name,
            name=row.get("name", name),
            of=tuple(use for use in uses if use is not None),
            notes=_notes(row, len(uses), faults),
            pairs=pairs,
        )
    return specs


def _pairs(
    row: Tree, uses: list[ElementUse | None], dictionary: Dictionary, tables: Mapping[str, CodeTable], faults: Faults
) -> tuple[int, int] | None:
    """Appends the pairs' elements to `uses`."""
    pairs = row.get("pairs")
    if pairs is None:
        return None
    if not isinstance(pairs, Tree) or not isinstance(pairs.get("of"), Items) or len(pairs["of"]) != 2:
        faults.at(row, "pairs", "written as {from: 6, to: 25, of: [qualifier, value]}")
        return None
    first, last = number(pairs.get("from"), 1), number(pairs.get("to"), 2)
    if first is None or last is None or first != len(uses) + 1 or (last - first) % 2 != 1:
        faults.at(row, "pairs", "pairs follow the last element and come by twos")
        return None
    for position in range(first, last + 1):
        part = pairs["of"][(position - first) % 2]
        uses.append(dictionary.use(pairs, "of", part if isinstance(part, Tree) or " " in part else f"{part} O", tables))
    uses.extend(dictionary.use(pairs, "then", part, tables) for part in pairs.get("then") or ())
    return first, last


def _notes(row: Tree, count: int, faults: Faults) -> tuple[Note, ...]:
    notes = []
    for text in row.get("notes") or ():
        found = _NOTE.fullmatch(text) if isinstance(text, str) else None
        at = tuple(int(found[2][i : i + 2]) for i in range(0, len(found[2]), 2)) if found else ()
        if not found or max(at) > count or min(at) < 1:
            faults.at(row, "notes", f"{text!r} is no note over the {count} elements: P, R, C, E or L and positions")
            continue
        notes.append(Note(kind=found[1], at=at))
    return tuple(notes)


def _nodes(rows: Any, tree: Tree, key: str, segments: Mapping[str, SegmentSpec], faults: Faults) -> list[Leaf | Loop]:
    if not isinstance(rows, Items) or not rows:
        faults.at(tree, key, "must be a list of {seg: ...} and {loop: ..., of: [...]}")
        return []
    nodes: list[Leaf | Loop] = []
    for row in rows:
        if not isinstance(row, Tree) or ("seg" in row) == ("loop" in row):
            faults.on(rows, key, "each entry is {seg: ID, ...} or {loop: NAME, ..., of: [...]}")
            continue
        unknown_keys(row, {"seg", "loop", "use", "max", "of", "by", "variants", "overlay"}, faults)
        use, most = row.get("use", "O"), number(row.get("max", "1"))
        if use not in _USES:
            faults.at(row, "use", f"usage {use!r} is none of M, O, C, N")
            use = "O"
        if most is None:
            faults.at(row, "max", "must be a number, 0 for no limit")
            most = 0
        if "seg" in row:
            if row["seg"] not in segments:
                faults.at(row, "seg", f"the segment {row['seg']!r} is not described under segments")
            nodes.append(Leaf(seg=row["seg"], use=use, max=most, overlay="overlay" in row))
        else:
            loop = _loop(row, use, most, segments, faults)
            nodes.extend([loop] if loop else [])
    return nodes


def _loop(row: Tree, use: Any, most: int, segments: Mapping[str, SegmentSpec], faults: Faults) -> Loop | None:
    variants: dict[str, tuple[Leaf | Loop, ...]] = {}
    by = 0
    if "by" in row:
        place = row["by"].rsplit(".", 1)
        by = number(place[-1], 1) or 0
        bodies = row.get("variants")
        if not by or not isinstance(bodies, Tree):
            faults.at(row, "by", "written as SEG.nn with variants: {CODE: [...]}")
            return None
        of: list[Leaf | Loop] = [Leaf(seg=place[0], use="M", max=1)]
        for code, body in bodies.items():
            variants[code] = tuple(_nodes(body, bodies, code, segments, faults)) if body else ()
    else:
        of = _nodes(row.get("of"), row, "of", segments, faults)
    if not of or not isinstance(of[0], Leaf):
        faults.at(row, "of", "the first entry of a loop is the segment that opens it")
        return None
    return Loop(name=row["loop"], use=use, max=most, of=tuple(of), by=by, variants=variants, overlay="overlay" in row)
