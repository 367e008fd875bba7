"""Which nodes ship which units: the cheapest set of nodes that places as much as can be placed. Exact by branch and bound; the best
found, no worse than greedy, when the bound on steps is reached.

A node costs its score once, a further node the split penalty, a unit its own cost at that node. Splitting one line over nodes is allowed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from heapq import nsmallest
from uuid import UUID

ZERO = Decimal(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """A node that may take part. `has`: SKU -> units it can give; `unit_cost`: SKU -> cost of one unit there. Costs are never below zero."""

    node_id: UUID
    fixed: Decimal
    has: Mapping[str, Decimal]
    unit_cost: Mapping[str, Decimal]


@dataclass(frozen=True, slots=True)
class Assignment:
    units: Mapping[UUID, Mapping[str, Decimal]]  # node -> SKU -> units
    score: Decimal
    exact: bool


def best_alone(
    whole: Sequence[tuple[Decimal, int]], fixed: Sequence[Decimal], split: Decimal
) -> tuple[Decimal, int] | None:
    """(score, place) of the cheapest node that has everything, if no two nodes together can be cheaper; None: they may be.
    `whole`: (score with its units, place) of those that have everything; `fixed`: of all nodes.
    """
    if not whole:
        return None
    best = min(whole)
    if len(fixed) == 1:
        return best
    one, other = nsmallest(2, fixed)
    return best if best[0] <= one + other + split else None


def assign(
    wanted: Mapping[str, Decimal], choices: Sequence[Choice], *, split: Decimal, most: int, steps: int = 4_000
) -> Assignment:
    """The best assignment with at most `most` nodes. Units that no node has stay unassigned; the most possible are placed."""
    nodes = [_Node(c, wanted) for c in choices]
    ordered = sorted((n for n in nodes if any(n.has)), key=lambda n: (n.choice.fixed, str(n.choice.node_id)))
    if not ordered or most < 1:
        return Assignment({}, ZERO, exact=True)
    search = _Search(wanted, ordered, split, most, steps)
    search.judge(search.greedy())
    search.descend([], [ZERO] * len(wanted), ZERO, 0)
    return search.answer()


class _Node:
    """A choice with its units and unit costs in the order of the wanted SKUs."""

    __slots__ = ("choice", "costs", "fixed", "has")

    def __init__(self, choice: Choice, wanted: Mapping[str, Decimal]) -> None:
        self.choice, self.fixed = choice, choice.fixed
        self.has = [max(ZERO, min(n, choice.has.get(sku, ZERO))) for sku, n in wanted.items()]
        self.costs = [choice.unit_cost.get(sku, ZERO) for sku in wanted]


class _Search:
    def __init__(
        self, wanted: Mapping[str, Decimal], ordered: Sequence[_Node], split: Decimal, most: int, steps: int
    ) -> None:
        self.skus, self.amounts = list(wanted), list(wanted.values())
        self.ordered, self.split, self.most, self.steps = ordered, split, most, steps
        self.rest = self._rests()
        self.target = sum(map(min, self.amounts, self.rest[0]), ZERO)
        self.floor = self._unit_floor()
        self.best: list[_Node] = []
        self.best_score = ZERO
        self.best_placed = Decimal(-1)

    def _rests(self) -> list[list[Decimal]]:
        """For each place in the order: what the nodes from there on have, SKU by SKU."""
        rests = [[ZERO] * len(self.amounts)]
        for node in reversed(self.ordered):
            rests.append([a + b for a, b in zip(rests[-1], node.has, strict=True)])
        rests.reverse()
        return rests

    def _unit_floor(self) -> Decimal:
        """The least that the units cost when all that is possible is placed."""
        found = ZERO
        for i, amount in enumerate(self.amounts):
            costs = [n.costs[i] for n in self.ordered if n.has[i]]
            found += min(costs, default=ZERO) * min(amount, self.rest[0][i])
        return found

    def descend(self, chosen: list[_Node], covered: list[Decimal], fixed: Decimal, start: int) -> None:
        """Every set of nodes, cheapest first, as long as it can still beat the best: place more, or as much for less."""
        for i in range(start, len(self.ordered)):
            if self.steps <= 0:
                return
            node = self.ordered[i]
            reach = sum((min(n, c + r) for n, c, r in zip(self.amounts, covered, self.rest[i], strict=True)), ZERO)
            if reach < self.best_placed:
                return
            least = fixed + node.fixed + self.split * len(chosen)
            if self.best_placed >= self.target:
                least += self.floor
            if reach == self.best_placed and least >= self.best_score:
                return
            self.steps -= 1
            now = [*chosen, node]
            had = [c + h for c, h in zip(covered, node.has, strict=True)]
            self.judge(now, had)
            if len(now) < self.most:
                self.descend(now, had, fixed + node.fixed, i + 1)

    def judge(self, chosen: list[_Node], covered: list[Decimal] | None = None) -> None:
        """Keep this set if it is better than the best so far."""
        had = covered or [sum((n.has[i] for n in chosen), ZERO) for i in range(len(self.amounts))]
        placed = sum(map(min, self.amounts, had), ZERO)
        if placed < self.best_placed:
            return
        units = self._fill(chosen)
        used = [n for n, given in zip(chosen, units, strict=True) if any(given)]
        score = sum((n.fixed for n in used), ZERO) + self.split * max(0, len(used) - 1)
        for node, given in zip(chosen, units, strict=True):
            score += sum((c * n for c, n in zip(node.costs, given, strict=True) if n), ZERO)
        if placed > self.best_placed or score < self.best_score:
            self.best, self.best_score, self.best_placed = used, score, placed

    def _fill(self, chosen: Sequence[_Node]) -> list[list[Decimal]]:
        """Units by node and SKU: each SKU from the cheapest of the chosen nodes on; the best for a given set, as SKUs do not compete."""
        units = [[ZERO] * len(self.amounts) for _ in chosen]
        for i, amount in enumerate(self.amounts):
            left = amount
            for n in sorted(range(len(chosen)), key=lambda n: (chosen[n].costs[i], -chosen[n].has[i], n)):
                part = min(left, chosen[n].has[i])
                units[n][i] = part
                left -= part
                if not left:
                    break
        return units

    def greedy(self) -> list[_Node]:
        """Again and again the node that places most of what is left, the cheaper one first."""
        left, chosen, rest = list(self.amounts), list[_Node](), list(self.ordered)
        while rest and len(chosen) < self.most and any(left):
            best = max(rest, key=lambda n: (sum(map(min, left, n.has), ZERO), -n.fixed))
            if not any(map(min, left, best.has)):
                break
            chosen.append(best)
            rest.remove(best)
            left = [n - min(n, h) for n, h in zip(left, best.has, strict=True)]
        return chosen

    def answer(self) -> Assignment:
        found: dict[UUID, dict[str, Decimal]] = {}
        for node, given in zip(self.best, self._fill(self.best), strict=True):
            units = {sku: n for sku, n in zip(self.skus, given, strict=True) if n}
            if units:
                found[node.choice.node_id] = units
        return Assignment(found, self.best_score, exact=self.steps > 0)
