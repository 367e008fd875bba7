"""A set's structure as a table: for every leaf, which segment may follow, where it goes and what was skipped. Ambiguity is refused."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from adapters.x12.checkers import Check
from adapters.x12.model import Guide, Leaf, Loop


@dataclass(slots=True, eq=False, repr=False)
class Spot:
    """A leaf in its place. `slot`: where its segments lie in the loop instance, slot 0 holds the opener itself."""

    leaf: Leaf
    ring: Ring
    slot: int
    table: dict[str, Hop] = field(default_factory=dict)
    end: tuple[Missing, ...] = ()


@dataclass(slots=True, eq=False, repr=False)
class Ring:
    """A loop in its place (one ring per HL variant). `depth`: 0 is the set itself; `slot`: its place in the parent's instance."""

    name: str
    loop: Loop | None
    parent: Ring | None
    depth: int
    slot: int
    of: list[Spot | Ring] = field(default_factory=list)
    variants: dict[str, Ring] = field(default_factory=dict)
    twin_of: Ring | None = None  # the ring whose variant this is

    @property
    def size(self) -> int:
        return len(self.of)

    def find(self, seg: str, nth: int = 1) -> Spot | Ring | None:
        """The leaf, or the loop opened by it, directly in this loop; the `nth` of those with this id."""
        found = [node for node in self.of if (node.leaf.seg if isinstance(node, Spot) else node.opener) == seg]
        return found[nth - 1] if 0 < nth <= len(found) else None

    @property
    def opener(self) -> str:
        first = self.of[0]
        return first.leaf.seg if isinstance(first, Spot) else first.opener


class Missing(NamedTuple):
    segment: str
    overlay: bool


class Notice(NamedTuple):
    """What a hop must say or decide: mandatory segments skipped, a segment of usage N, the variant by an element's value."""

    missing: tuple[Missing, ...]
    unexpected: bool
    by: int
    variants: Mapping[str, Hop]


class Hop(NamedTuple):
    """Where a segment goes. `size` > 0: it opens a loop of so many slots in the instance at `depth`."""

    check: Check
    table: dict[str, Hop]
    depth: int
    slot: int
    limit: int
    size: int
    notice: Notice | None
    spot: Spot

    def __repr__(self) -> str:
        """Tables lead to one another for ever; a hop is named by its segment."""
        return f"Hop({self.spot.leaf.seg})"


@dataclass(frozen=True, slots=True, repr=False)
class Plan:
    """A compiled structure. `sure`: what is written in the order of the structure is read in the same places."""

    root: Ring
    start: dict[str, Hop]
    end_at_start: tuple[Missing, ...]
    deepest: int
    checks: Mapping[str, Check]
    sure: bool


Refuse = Callable[[str], None]
NO_LIMIT = 1 << 60


def compile_structure(guide: Guide, checks: Mapping[str, Check], refuse: Refuse) -> Plan:
    """`refuse(reason)` is called for each ambiguity."""
    root = Ring("", None, None, 0, -1)
    _fill(root, guide.structure)
    rings: list[Ring] = []
    _collect(root, rings)
    for ring in rings:
        _ambiguous(ring, refuse)
    spots = [node for ring in rings for node in ring.of if isinstance(node, Spot)]
    sure = True
    for spot in spots:
        reach = _reach(spot.ring, spot.ring.of.index(spot))
        sure = sure and reach.sure
        spot.end = reach.missing
        spot.table.update(_hops(reach, checks))
    begin = _reach(root, -1)
    start = _hops(begin, checks)
    return Plan(root, start, begin.missing, max(ring.depth for ring in rings) + 1, checks, sure and begin.sure)


def _fill(ring: Ring, nodes: tuple[Leaf | Loop, ...]) -> None:
    for node in nodes:
        if isinstance(node, Leaf):
            ring.of.append(Spot(node, ring, len(ring.of)))
            continue
        child = Ring(node.name, node, ring, ring.depth + 1, len(ring.of))
        ring.of.append(child)
        _fill(child, node.of)
        for code, body in node.variants.items():
            child.variants[code] = _variant(child, node.of + body)
        if node.variants:
            child.variants[""] = _variant(child, node.of + _anything(node))


def _variant(ring: Ring, nodes: tuple[Leaf | Loop, ...]) -> Ring:
    twin = Ring(ring.name, ring.loop, ring.parent, ring.depth, ring.slot, twin_of=ring)
    _fill(twin, nodes)
    return twin


def _anything(loop: Loop) -> tuple[Leaf | Loop, ...]:
    """The body after an unknown code: whatever any variant allows, all optional and without limit."""
    found: dict[str, Leaf | Loop] = {}
    for body in loop.variants.values():
        for node in body:
            if node.opener not in found:
                found[node.opener] = (
                    Leaf(seg=node.seg, use="O", max=0)
                    if isinstance(node, Leaf)
                    else Loop(name=node.name, use="O", max=0, of=node.of, by=node.by, variants=node.variants)
                )
    return tuple(found.values())


def _collect(ring: Ring, rings: list[Ring]) -> None:
    rings.append(ring)
    for node in [*ring.of, *ring.variants.values()]:
        if isinstance(node, Ring):
            _collect(node, rings)


def _ambiguous(ring: Ring, refuse: Refuse) -> None:
    """Two siblings of one opening segment with nothing mandatory between can't be told apart."""
    near: set[str] = set()
    for node in ring.of:
        seg = node.leaf.seg if isinstance(node, Spot) else node.opener
        use = node.leaf.use if isinstance(node, Spot) else (node.loop.use if node.loop else "O")
        if seg in near:
            refuse(f"{seg} stands twice in {ring.name or 'the set'} with nothing mandatory between")
        if use == "M":
            near.clear()
        near.add(seg)


class _Reach(NamedTuple):
    """`sure`: a segment written for a later node is never taken for a nearer one, because something mandatory stands between."""

    found: dict[str, tuple[Spot | Ring, tuple[Missing, ...]]]
    missing: tuple[Missing, ...]
    sure: bool


def _reach(ring: Ring, index: int) -> _Reach:
    """What may follow the node at `index` of `ring`: itself, later siblings, then outward. The nearest wins."""
    found: dict[str, tuple[Spot | Ring, tuple[Missing, ...]]] = {}
    missing: tuple[Missing, ...] = ()
    at: Ring | None = ring
    current: Spot | Ring | None = ring.of[index] if index >= 0 else None
    sure = True
    while at is not None:
        if current is not None and not (isinstance(current, Spot) and current.slot == 0 and at.depth):
            nearest = found.setdefault(_seg(current), (current, missing))
            sure = sure and (nearest[0] is current or nearest[1] != missing)
        for node in at.of[index + 1 :]:
            nearest = found.setdefault(_seg(node), (node, missing))
            sure = sure and (nearest[0] is node or nearest[1] != missing)
            use = node.leaf.use if isinstance(node, Spot) else node.loop.use if node.loop else "O"
            if use == "M":
                overlay = node.leaf.overlay if isinstance(node, Spot) else bool(node.loop and node.loop.overlay)
                missing = (*missing, Missing(_seg(node), overlay))
        if at.depth and at.opener == "LS" and not (isinstance(current, Spot) and current.leaf.seg == "LE"):
            sure = False
            break  # bounded: only LE leads out
        current = at.twin_of or at
        at = current.parent
        index = at.of.index(current) if at is not None else -1
    return _Reach(found, missing, sure)


def _seg(node: Spot | Ring) -> str:
    return node.leaf.seg if isinstance(node, Spot) else node.opener


def _hops(reach: _Reach, checks: Mapping[str, Check]) -> dict[str, Hop]:
    table: dict[str, Hop] = {}
    for seg, (node, missing) in reach.found.items():
        if isinstance(node, Spot):
            table[seg] = _hop(node, missing, checks[seg], {}, 0)
        elif node.variants:
            hops = {code: _opening(twin, missing, checks[seg]) for code, twin in node.variants.items()}
            table[seg] = hops[""]._replace(notice=Notice((), False, node.loop.by if node.loop else 0, hops))
        else:
            table[seg] = _opening(node, missing, checks[seg])
    return table


def _opening(ring: Ring, missing: tuple[Missing, ...], check: Check) -> Hop:
    first: Any = ring.of[0]
    unexpected = ring.loop is not None and ring.loop.use == "N"
    notice = Notice(missing, unexpected, 0, {}) if missing or unexpected else None
    limit = (ring.loop.max if ring.loop else 0) or NO_LIMIT
    return Hop(check, first.table, ring.depth - 1, ring.slot, limit, ring.size, notice, first)


def _hop(spot: Spot, missing: tuple[Missing, ...], check: Check, variants: Mapping[str, Hop], by: int) -> Hop:
    unexpected = spot.leaf.use == "N"
    notice = Notice(missing, unexpected, by, variants) if missing or unexpected else None
    return Hop(check, spot.table, spot.ring.depth, spot.slot, spot.leaf.max or NO_LIMIT, 0, notice, spot)
