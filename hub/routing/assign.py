"""Which nodes ship which units: the cheapest set of nodes that places as much as can be placed. Exact by branch and bound; greedy when the bound on steps is reached.

A node costs its score once, a further node the split penalty, a unit its own cost at that node. Splitting one line over nodes is allowed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID

ZERO = Decimal(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """A node that may take part. `has`: SKU -> units it can give; `unit_cost`: SKU -> cost of one unit there."""

    node_id: UUID
    fixed: Decimal
    has: Mapping[str, Decimal]
    unit_cost: Mapping[str, Decimal]


@dataclass(frozen=True, slots=True)
class Assignment:
    units: Mapping[UUID, Mapping[str, Decimal]]  # node -> SKU -> units
    score: Decimal
    exact: bool


def assign(
    wanted: Mapping[str, Decimal], choices: Sequence[Choice], *, split: Decimal, most: int, steps: int = 20_000
) -> Assignment:
    """The best assignment with at most `most` nodes. Units that no node has stay unassigned; the most possible are placed."""
    ordered = sorted((c for c in choices if any(c.has.values())), key=lambda c: (c.fixed, str(c.node_id)))
    if not ordered:
        return Assignment({}, ZERO, exact=True)
    target = _placeable(wanted, ordered, most)
    search = _Search(wanted, ordered, split, most, steps, target)
    search.seed(_greedy(wanted, ordered, most))
    for size in range(1, min(most, len(ordered)) + 1):
        floor = sum((c.fixed for c in ordered[:size]), ZERO) + split * (size - 1)
        if search.best is not None and floor >= search.best_score:
            break
        search.descend([], 0, size, ZERO)
    return search.answer()


def _placeable(wanted: Mapping[str, Decimal], choices: Sequence[Choice], most: int) -> Decimal | None:
    """Units that all nodes together can place; None when the limit on nodes may not allow that many."""
    if len(choices) > most:
        return None
    return sum((min(n, sum((c.has.get(sku, ZERO) for c in choices), ZERO)) for sku, n in wanted.items()), ZERO)


class _Search:
    def __init__(
        self,
        wanted: Mapping[str, Decimal],
        ordered: Sequence[Choice],
        split: Decimal,
        most: int,
        steps: int,
        target: Decimal | None,
    ) -> None:
        self.wanted, self.ordered, self.split, self.most, self.steps = wanted, ordered, split, most, steps
        self.target = target
        self.best: tuple[Choice, ...] | None = None
        self.best_score = ZERO
        self.best_placed = ZERO

    def seed(self, chosen: Sequence[Choice]) -> None:
        self._judge(chosen)

    def descend(self, chosen: list[Choice], start: int, size: int, fixed: Decimal) -> None:
        """Every set of `size` nodes, cheapest first, as long as it can still beat the best that places as much."""
        if len(chosen) == size:
            self._judge(chosen)
            return
        missing = size - len(chosen)
        for i in range(start, len(self.ordered) - missing + 1):
            self.steps -= 1
            if self.steps < 0:
                return
            floor = fixed + self.ordered[i].fixed * missing + self.split * (size - 1)
            if self._full() and floor >= self.best_score:
                return
            self.descend([*chosen, self.ordered[i]], i + 1, size, fixed + self.ordered[i].fixed)

    def _full(self) -> bool:
        return self.target is not None and self.best is not None and self.best_placed >= self.target

    def _judge(self, chosen: Sequence[Choice]) -> None:
        units = _fill(self.wanted, chosen)
        used = [c for c in chosen if units.get(c.node_id)]
        placed = sum((n for per in units.values() for n in per.values()), ZERO)
        score = sum((c.fixed for c in used), ZERO) + self.split * max(0, len(used) - 1)
        score += sum((c.unit_cost.get(sku, ZERO) * n for c in used for sku, n in units[c.node_id].items()), ZERO)
        if self.best is None or placed > self.best_placed or (placed == self.best_placed and score < self.best_score):
            self.best, self.best_score, self.best_placed = tuple(used), score, placed

    def answer(self) -> Assignment:
        return Assignment(_fill(self.wanted, self.best or ()), self.best_score, exact=self.steps >= 0)


def _fill(wanted: Mapping[str, Decimal], chosen: Sequence[Choice]) -> dict[UUID, dict[str, Decimal]]:
    """Each SKU from the cheapest of the chosen nodes on; optimal for a given set, because SKUs do not compete."""
    units: dict[UUID, dict[str, Decimal]] = {}
    for sku, amount in wanted.items():
        left = amount
        for c in sorted(chosen, key=lambda c: (c.unit_cost.get(sku, ZERO), -min(c.has.get(sku, ZERO), left), c.fixed)):
            part = min(left, c.has.get(sku, ZERO))
            if part > 0:
                units.setdefault(c.node_id, {})[sku] = part
                left -= part
    return units


def _greedy(wanted: Mapping[str, Decimal], ordered: Sequence[Choice], most: int) -> list[Choice]:
    """Again and again the node that places most of what is left, the cheaper one first."""
    left, chosen, rest = dict(wanted), list[Choice](), list(ordered)
    while rest and len(chosen) < most and any(left.values()):
        best = max(rest, key=lambda c: (sum((min(n, c.has.get(s, ZERO)) for s, n in left.items()), ZERO), -c.fixed))
        gain = {s: min(n, best.has.get(s, ZERO)) for s, n in left.items()}
        if not any(gain.values()):
            break
        chosen.append(best)
        rest.remove(best)
        left = {s: n - gain[s] for s, n in left.items()}
    return chosen
