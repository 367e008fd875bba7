"""Decide which nodes ship an order: exclude with a reason, score with its parts, assign. Pure: the same question gives the same answer."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from decimal import ROUND_CEILING, Decimal
from uuid import UUID

from hub.routing.assign import Choice, assign, best_alone
from hub.routing.filters import Asked, carries, total
from hub.routing.model import ZERO, Candidate, Decision, Demand, Place, Quote, Share, Stock, Terms
from hub.routing.prospects import CENT, KG, Priced, Prospect, excluded, prepare
from hub.routing.rules import Rules

ONE = Decimal(1)
DAY = timedelta(days=1)
NOTHING: Mapping[UUID, int] = {}
NO_QUOTE = Quote(None, None, 0)
NO_TAGS: frozenset[str] = frozenset()
Serving = Callable[[str, str], Sequence[Place]]


def decide(demand: Demand, places: Sequence[Place], stock: Stock, rules: Rules) -> Decision:
    """The nodes for each line, why each was chosen or not, and what could not be placed."""
    return Board(rules, lambda _country, _region: places).decide(demand, stock)


class Board:
    """The network under one set of rules at one moment, for many demands. `serving`: places with their offers to (country, region)."""

    def __init__(self, rules: Rules, serving: Serving) -> None:
        self.rules, self._serving = rules, serving
        self._prepared: dict[tuple[Terms, frozenset[str]], tuple[Prospect, ...]] = {}
        self.split = rules.weight("split")
        self.scarcity = rules.weight("scarcity")
        self.late = rules.weight("late_day")

    def decide(self, demand: Demand, stock: Stock, busy: Mapping[UUID, int] = NOTHING) -> Decision:
        """`busy`: fulfillments given to nodes since the places were read. Filters of `relax` are left out only when they must be."""
        decision = self._decide(demand, stock, busy, NO_TAGS)
        for step in self.rules.relax:
            if not decision.unplaced:
                break
            decision = min(
                decision,
                self._decide(demand, stock, busy, frozenset(step)),
                key=lambda d: sum(x[2] for x in d.unplaced),
            )
        if decision.unplaced and self.rules.fallback == "hold":
            unplaced = tuple((x.line_id, x.sku, x.quantity) for x in demand.lines)
            return Decision(
                order_id=demand.order_id,
                candidates=decision.candidates,
                shares=(),
                unplaced=unplaced,
                score=ZERO,
                exact=decision.exact,
                relaxed=decision.relaxed,
            )
        return decision

    def _decide(self, demand: Demand, stock: Stock, busy: Mapping[UUID, int], relaxed: frozenset[str]) -> Decision:
        work = _Work(demand, stock, busy, self)
        for prospect in self._prospects(demand, relaxed):
            work.consider(prospect)
        return work.decision(relaxed)

    def _prospects(self, demand: Demand, relaxed: frozenset[str]) -> tuple[Prospect, ...]:
        tags = demand.tags & self.rules.tags if self.rules.tags else NO_TAGS
        hazmat = any(x.hazmat for x in demand.lines)
        terms = Terms(demand.country, demand.region, demand.method, demand.channel, demand.level, hazmat, tags)
        found = self._prepared.get((terms, relaxed))
        if found is None:
            places = self._serving(demand.country, demand.region)
            found = tuple(prepare(terms, p, self.rules, relaxed) for p in places)
            self._prepared[terms, relaxed] = found
        return found


class _Work:
    """One demand at work: sums, then candidate by candidate, then the assignment."""

    def __init__(self, demand: Demand, stock: Stock, busy: Mapping[UUID, int], board: Board) -> None:
        self.demand, self.stock, self.board = demand, stock, board
        wanted: dict[str, Decimal] = {}
        kilos: dict[str, Decimal] = {}
        values: dict[str, Decimal] = {}
        for line in demand.lines:
            wanted[line.sku] = wanted.get(line.sku, ZERO) + line.quantity
            kilos[line.sku] = Decimal(line.weight_g or 0) / KG
            values[line.sku] = line.unit_value
        self.wanted, self.kilos, self.values = wanted, list(kilos.values()), list(values.values())
        self.amounts = list(wanted.values())
        self.kg = total([k * n for k, n in zip(self.kilos, self.amounts, strict=True)])
        self.value = total([v * n for v, n in zip(self.values, self.amounts, strict=True)])
        heaviest = max((x.weight_g or 0 for x in demand.lines), default=0)
        longest = max((x.longest_mm or 0 for x in demand.lines), default=0)
        self.asked = Asked(demand, wanted, self.amounts, heaviest, longest, busy)
        self.stocked: list[Decimal] = []  # of the place at hand: what there is, also beyond what is wanted
        self.candidates: list[Candidate] = []
        self.fixed: list[Decimal] = []  # of the feasible candidates, as are the next ones
        self.live: list[tuple[Candidate, Prospect, Priced, list[Decimal]]] = []

    def consider(self, prospect: Prospect) -> None:
        place, asked = prospect.place, self.asked
        asked.has = has = self._has(place.node_id)
        for rule, check in prospect.checks:
            why = check(asked, place, rule)
            if why:
                self.candidates.append(excluded(place, rule.id, why))
                return
        if prospect.out is not None:
            self.candidates.append(prospect.out)
        else:
            self._feasible(prospect, has)

    def _has(self, node_id: UUID) -> list[Decimal]:
        """Units of each wanted SKU that the node can give, never more than wanted."""
        get = self.stock.get
        found = [get((node_id, sku), ZERO) for sku in self.wanted]
        if self.demand.avoid:
            avoid = self.demand.avoid
            found = [ZERO if (node_id, sku) in avoid else n for sku, n in zip(self.wanted, found, strict=True)]
        self.stocked = found
        return [n if h >= n else max(h, ZERO) for h, n in zip(found, self.amounts, strict=True)]

    def _feasible(self, prospect: Prospect, has: list[Decimal]) -> None:
        place = prospect.place
        whole = has == self.amounts
        kg = self.kg if whole else total([k * h for k, h in zip(self.kilos, has, strict=True)])
        quotes, priced, best, late = self._choose(prospect, kg)
        if priced is None or best.score is None:
            self.candidates.append(excluded(place, "weight", f"no lane takes a piece of {self.asked.heaviest_g} g"))
            return
        parts = dict(priced.parts)
        score = best.score
        if best.parcels > 1:
            parts["parcels"] = priced.per_parcel * (best.parcels - 1)
        if late:
            parts["late_day"] = late
        if self.board.scarcity:
            parts["scarcity"] = scarcity = self._scarcity(has)
            score += scarcity
        fixed = score
        if priced.per_kg and kg:
            parts["per_kg"] = weighed = priced.per_kg * kg
            fixed -= weighed
        if prospect.tax:
            value = self.value if whole else total([v * h for v, h in zip(self.values, has, strict=True)])
            parts["tax"] = prospect.tax * value
            score += parts["tax"]
        candidate = Candidate(
            node_id=place.node_id,
            code=place.code,
            feasible=True,
            score=score,
            parts=parts,
            offer=priced.offer,
            quotes=quotes,
            method=prospect.method,
            ships_at=place.ships_at,
            arrives_at=priced.arrives,
        )
        self.candidates.append(candidate)
        self.fixed.append(fixed)
        self.live.append((candidate, prospect, priced, has))

    def _choose(self, prospect: Prospect, kg: Decimal) -> tuple[tuple[Quote, ...], Priced | None, Quote, Decimal]:
        """Every offer with its score for that weight; the cheapest one, and what lateness costs in it."""
        promised, heaviest = self.demand.promised_by, self.asked.heaviest_g
        quotes: list[Quote] = []
        chosen: Priced | None = None
        best, best_score, best_late = NO_QUOTE, ZERO, ZERO
        for priced in prospect.priced:
            offer, count, late = priced.offer, 1, ZERO
            score = priced.score + priced.per_kg * kg
            if priced.limited and offer is not None:
                if offer.unusable or not carries(offer, heaviest):
                    quotes.append(Quote(offer, None, 0, offer.unusable or f"takes {offer.max_weight_g} g"))
                    continue
                if kg > priced.most_kg > ZERO:
                    count = int((kg / priced.most_kg).to_integral_value(ROUND_CEILING))
                    score += priced.per_parcel * (count - 1)
            if promised is not None and priced.arrives > promised:
                late = self.board.late * -((promised - priced.arrives) // DAY)  # begun days
                score += late
            quote = Quote(offer, score, count)
            quotes.append(quote)
            if chosen is None or score < best_score:
                chosen, best, best_score, best_late = priced, quote, score, late
        return tuple(quotes), chosen, best, best_late

    def _scarcity(self, has: list[Decimal]) -> Decimal:
        """How near to nothing the node would be left: the largest part of a SKU's stock that would be taken."""
        part = max([n / have for n, have in zip(has, self.stocked, strict=True) if n])
        return (self.board.scarcity * part).quantize(CENT) if part < ONE else self.board.scarcity

    def decision(self, relaxed: frozenset[str]) -> Decision:
        units, score, exact = self._assigned()
        shares, unplaced = self._spread(units)
        return Decision(
            order_id=self.demand.order_id,
            candidates=tuple(self.candidates),
            shares=tuple(shares),
            unplaced=tuple(unplaced),
            score=score,
            exact=exact,
            relaxed=tuple(sorted(relaxed)),
            offers=self._offers(units),
        )

    def _assigned(self) -> tuple[dict[UUID, list[Decimal]], Decimal, bool]:
        whole = [(c.score or ZERO, n) for n, (c, _, _, has) in enumerate(self.live) if has == self.amounts]
        alone = best_alone(whole, self.fixed, self.board.split)
        if alone is not None:
            score, n = alone
            return {self.live[n][0].node_id: self.live[n][3]}, score, True
        choices = [
            Choice(
                node_id=c.node_id,
                fixed=self.fixed[n],
                has=dict(zip(self.wanted, has, strict=True)),
                unit_cost={
                    s: priced.per_kg * k + prospect.tax * v
                    for s, k, v in zip(self.wanted, self.kilos, self.values, strict=True)
                },
            )
            for n, (c, prospect, priced, has) in enumerate(self.live)
        ]
        found = assign(self.wanted, choices, split=self.board.split, most=self.board.rules.most_nodes)
        units = {i: [per.get(s, ZERO) for s in self.wanted] for i, per in found.units.items()}
        return units, found.score, found.exact

    def _offers(self, units: Mapping[UUID, list[Decimal]]) -> dict[UUID, Quote]:
        """The offer for each node's share: that of its candidate when it ships all, else chosen by what it ships."""
        found: dict[UUID, Quote] = {}
        for candidate, prospect, priced, has in self.live:
            share = units.get(candidate.node_id)
            if share is None or priced.offer is None:
                continue
            if share == has:
                found[candidate.node_id] = next(q for q in candidate.quotes if q.offer is priced.offer)
            else:
                kg = total([k * n for k, n in zip(self.kilos, share, strict=True)])
                found[candidate.node_id] = self._choose(prospect, kg)[2]
        return found

    def _spread(self, units: Mapping[UUID, list[Decimal]]) -> tuple[list[Share], list[tuple[UUID, str, Decimal]]]:
        """Units by node and SKU given to the lines that asked for them, in line order."""
        left = [(node_id, dict(zip(self.wanted, given, strict=True))) for node_id, given in units.items()]
        shares: list[Share] = []
        unplaced: list[tuple[UUID, str, Decimal]] = []
        for line in self.demand.lines:
            missing = line.quantity
            for node_id, per in left:
                part = min(missing, per[line.sku])
                if part > 0:
                    per[line.sku] -= part
                    missing -= part
                    shares.append(Share(node_id=node_id, line_id=line.line_id, sku=line.sku, quantity=part))
            if missing > 0:
                unplaced.append((line.line_id, line.sku, missing))
        return shares, unplaced


def in_order(demands: Sequence[Demand], rules: Rules) -> list[Demand]:
    """Demands that compete for the same stock, the first one first, by the rules' priorities; equal ones keep their order."""
    levels = {name: n for n, name in enumerate(rules.levels)}

    def rank(d: Demand) -> tuple[float, ...]:
        keys = {
            "backorder": float(not d.backorder),
            "vip": float(not d.vip),
            "level": float(levels.get(d.level or "", len(levels))),
            "promise": d.promised_by.timestamp() if d.promised_by else float("inf"),
            "placed": d.placed_at.timestamp(),
        }
        return tuple(keys[name] for name in rules.priorities)

    return sorted(demands, key=rank)
