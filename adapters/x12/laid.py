"""A written tree judged where it lies: usage, maxima and elements of every segment in one walk that also lays the segments in order. Says only
whether all of it fits; what is wrong is found, with its place, by reading the segments as if they had been received.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from adapters.x12.checkers import Check
from adapters.x12.structure import NO_LIMIT, Plan, Ring, Spot


class Slot(NamedTuple):
    """`inner`: the slots of a loop by HL code, "" for a loop without variants; None: a leaf."""

    check: Check
    opener: bool
    mandatory: bool
    limit: int
    by: int
    inner: Mapping[str, tuple[Slot, ...]] | None


def slots_of(plan: Plan) -> tuple[Slot, ...]:
    return _slots(plan.root, plan.checks)


def _slots(ring: Ring, checks: Mapping[str, Check]) -> tuple[Slot, ...]:
    return tuple(_slot(node, ring, checks) for node in ring.of)


def _slot(node: Spot | Ring, ring: Ring, checks: Mapping[str, Check]) -> Slot:
    if isinstance(node, Spot):
        leaf = node.leaf
        limit = 0 if leaf.use == "N" else leaf.max or NO_LIMIT
        opener = node.slot == 0 and ring.depth > 0
        return Slot(checks[leaf.seg], opener, leaf.use == "M", limit, 0, None)
    loop = node.loop
    use, most = (loop.use, loop.max) if loop is not None else ("O", 0)
    inner = {code: _slots(twin, checks) for code, twin in node.variants.items()} or {"": _slots(node, checks)}
    by = loop.by if loop is not None else 0
    return Slot(checks[node.opener], False, use == "M", 0 if use == "N" else most or NO_LIMIT, by, inner)


def lay(
    slots: tuple[Slot, ...], instance: list[Any], out: list[list[str]], bad: list[Any], marks: tuple[str, str]
) -> bool:
    """`out` gets the segments, `bad` what the checkers find. `marks`: component and repetition separator."""
    fits = True
    comp, rep = marks
    for slot, held in zip(slots, instance, strict=True):
        if held is None:
            if slot.mandatory:
                fits = False
            continue
        check, opener, _, limit, by, inner = slot
        if inner is not None:
            fits = fits and len(held) <= limit
            if by:
                for child in held:
                    code = child[0][by] if len(child[0]) > by else ""
                    body = inner.get(code)
                    fits = lay(body or inner[""], child, out, bad, marks) and body is not None and code != "" and fits
            else:
                own = inner[""]
                for child in held:
                    fits = lay(own, child, out, bad, marks) and fits
        elif opener:
            check(held, bad, comp, rep)
            out.append(held)
        else:
            fits = fits and len(held) <= limit
            for e in held:
                check(e, bad, comp, rep)
                out.append(e)
    return fits
