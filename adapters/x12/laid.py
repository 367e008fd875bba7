"""A written tree judged where it lies: usage, maxima and elements of every segment in one walk that also lays the segments in order. Says only
whether all of it fits; what is wrong is found, with its place, by reading the segments as if they had been received.

One function a loop, generated from the structure; values enter by `repr` only.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from adapters.x12.checkers import Check
from adapters.x12.structure import NO_LIMIT, Plan, Ring, Spot

# lay(instance, out, bad, component separator, repetition separator): `out` takes each segment, `bad` what the checkers find
Lay = Callable[[list[Any], Callable[[list[str]], None], list[Any], str, str], bool]


def compile_lay(plan: Plan) -> Lay:
    maker = _Maker(plan.checks)
    name = maker.ring(plan.root)
    exec(compile("\n".join(maker.lines), "<guide laid>", "exec"), maker.names)  # noqa: S102 - source made here, foreign text enters as repr only
    for table, functions in maker.tables.items():
        maker.names[table] = {code: maker.names[f] for code, f in functions.items()}
    lay: Lay = maker.names[name]
    return lay


class _Maker:
    def __init__(self, checks: Mapping[str, Check]) -> None:
        self.names: dict[str, Any] = {f"check_{seg}": check for seg, check in checks.items()}
        self.lines: list[str] = []
        self.tables: dict[str, dict[str, str]] = {}  # of a loop with variants: HL code -> function
        self.count = 0

    def ring(self, ring: Ring) -> str:
        self.count += 1
        name = f"lay_{self.count}"
        slots = ", ".join(f"s{k}" for k in range(ring.size))
        lines = [f"def {name}(i, out, bad, comp, rep):", f" {slots}, = i", " fits = True"]
        for k, node in enumerate(ring.of):
            body = self.leaf(node, ring, f"s{k}") if isinstance(node, Spot) else self.loop(node, f"s{k}")
            lines += [f" if s{k} is not None:", *body]
            if (node.leaf.use if isinstance(node, Spot) else node.loop.use if node.loop else "O") == "M":
                lines.append(" else: fits = False")
        self.lines += [*lines, " return fits"]
        return name

    def leaf(self, spot: Spot, ring: Ring, slot: str) -> list[str]:
        check = f"check_{spot.leaf.seg}"
        if spot.slot == 0 and ring.depth > 0:
            return [f"  {check}({slot}, bad, comp, rep)", f"  out({slot})"]
        limit = 0 if spot.leaf.use == "N" else spot.leaf.max or NO_LIMIT
        return [*_within(slot, limit), f"  for e in {slot}:", f"   {check}(e, bad, comp, rep)", "   out(e)"]

    def loop(self, ring: Ring, slot: str) -> list[str]:
        use, most, by = (ring.loop.use, ring.loop.max, ring.loop.by) if ring.loop is not None else ("O", 0, 0)
        lines = [*_within(slot, 0 if use == "N" else most or NO_LIMIT), f"  for x in {slot}:"]
        if not by:
            if ring.size == 1:
                return [*lines, "   e, = x", f"   check_{ring.opener}(e, bad, comp, rep)", "   out(e)"]
            return [*lines, f"   if not {self.ring(ring)}(x, out, bad, comp, rep): fits = False"]
        table = f"variants_{self.count}_{slot}"
        self.tables[table] = {code: self.ring(twin) for code, twin in ring.variants.items()}
        return [
            *lines,
            f"   code = x[0][{by}] if len(x[0]) > {by} else ''",
            f"   if code == '' or code not in {table}: code, fits = '', False",
            f"   if not {table}[code](x, out, bad, comp, rep): fits = False",
        ]


def _within(slot: str, limit: int) -> list[str]:
    return [] if limit == NO_LIMIT else [f"  if len({slot}) > {limit}: fits = False"]
