"""Decide which nodes ship an order: exclude with a reason, score with its parts, assign. Pure: the same question gives the same answer."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from uuid import UUID

from hub.routing.assign import Choice, assign
from hub.routing.model import ZERO, Candidate, Decision, Demand, Offer, Place, Share, Stock
from hub.routing.rules import Filter, Rules

KG = Decimal(1000)


def decide(demand: Demand, places: Sequence[Place], stock: Stock, rules: Rules) -> Decision:
    """The nodes for each line, why each was chosen or not, and what could not be placed."""
    wanted: dict[str, Decimal] = {}
    for line in demand.lines:
        wanted[line.sku] = wanted.get(line.sku, ZERO) + line.quantity
    candidates = [_candidate(demand, p, wanted, stock, rules) for p in places]
    weights = {line.sku: Decimal(line.weight_g or 0) / KG for line in demand.lines}
    choices = [
        Choice(
            node_id=c.node_id,
            fixed=c.score or ZERO,
            has={s: _has(demand, stock, c.node_id, s) for s in wanted},
            unit_cost={s: c.offer.cost_per_kg * weights[s] * rules.weight("cost") if c.offer else ZERO for s in wanted},
        )
        for c in candidates
        if c.feasible
    ]
    found = assign(wanted, choices, split=rules.weight("split"), most=rules.most_nodes)
    units = {node: dict(per) for node, per in found.units.items()}
    if rules.fallback == "hold" and _short(wanted, units):
        units = {}
    shares, unplaced = _spread(demand, units)
    return Decision(
        order_id=demand.order_id,
        candidates=tuple(candidates),
        shares=tuple(shares),
        unplaced=tuple(unplaced),
        score=found.score if units else ZERO,
        exact=found.exact,
    )


def _short(wanted: Mapping[str, Decimal], units: Mapping[UUID, Mapping[str, Decimal]]) -> bool:
    return any(sum((per.get(s, ZERO) for per in units.values()), ZERO) < n for s, n in wanted.items())


def _has(demand: Demand, stock: Stock, node_id: UUID, sku: str) -> Decimal:
    if (node_id, sku) in demand.avoid:
        return ZERO
    return max(ZERO, stock.get((node_id, sku), ZERO))


def _spread(
    demand: Demand, units: dict[UUID, dict[str, Decimal]]
) -> tuple[list[Share], list[tuple[UUID, str, Decimal]]]:
    """Units by node and SKU given to the lines that asked for them, in line order."""
    shares: list[Share] = []
    unplaced: list[tuple[UUID, str, Decimal]] = []
    for line in demand.lines:
        left = line.quantity
        for node_id, per in units.items():
            part = min(left, per.get(line.sku, ZERO))
            if part > 0:
                per[line.sku] -= part
                left -= part
                shares.append(Share(node_id=node_id, line_id=line.line_id, sku=line.sku, quantity=part))
        if left > 0:
            unplaced.append((line.line_id, line.sku, left))
    return shares, unplaced


def _candidate(demand: Demand, place: Place, wanted: Mapping[str, Decimal], stock: Stock, rules: Rules) -> Candidate:
    offers = _offers(demand, place)
    for rule in rules.filters:
        if rule.only and place.code not in rule.only:
            continue
        why = EXCLUDE[rule.id](_Question(demand, place, rule, offers, wanted, stock))
        if why:
            return Candidate(node_id=place.node_id, code=place.code, feasible=False, excluded_by=rule.id, reason=why)
    scored = [_score(demand, place, offer, wanted, stock, rules) for offer in offers] or [
        _score(demand, place, None, wanted, stock, rules)
    ]
    parts, offer, arrives = min(scored, key=lambda s: sum(s[0].values()))
    return Candidate(
        node_id=place.node_id,
        code=place.code,
        feasible=True,
        score=sum(parts.values(), ZERO),
        parts=parts,
        offer=offer,
        ships_at=place.ships_at,
        arrives_at=arrives,
    )


def _offers(demand: Demand, place: Place) -> tuple[Offer, ...]:
    if demand.method == "PICKUP":
        return ()
    grams = sum((Decimal(x.weight_g or 0) * x.quantity for x in demand.lines), ZERO)
    return tuple(o for o in place.offers if o.max_weight_g is None or grams <= o.max_weight_g)


def _score(
    demand: Demand, place: Place, offer: Offer | None, wanted: Mapping[str, Decimal], stock: Stock, rules: Rules
) -> tuple[dict[str, Decimal], Offer | None, datetime]:
    arrives = place.ships_at + timedelta(days=offer.days if offer else 0)
    late = max(timedelta(0), arrives - demand.promised_by).days if demand.promised_by else 0
    if demand.promised_by and arrives > demand.promised_by:
        late = max(1, late)
    load = Decimal(place.open_fulfillments * 100) / place.capacity_per_day if place.capacity_per_day else ZERO
    taken = [n / have for s, n in wanted.items() if (have := _has(demand, stock, place.node_id, s)) > 0]
    parts = {
        "cost": rules.weight("cost") * (offer.cost if offer else ZERO),
        "day": rules.weight("day") * (offer.days if offer else 0),
        "late_day": rules.weight("late_day") * late,
        "load": (rules.weight("load") * load).quantize(Decimal("0.0001")),
        "co2e_kg": (rules.weight("co2e_kg") * (offer.co2e_g if offer else 0) / KG).quantize(Decimal("0.0001")),
        "leave_region": rules.weight("leave_region") * (place.region != demand.region),
        "leave_country": rules.weight("leave_country") * (place.country != demand.country),
        "scarcity": (rules.weight("scarcity") * min(Decimal(1), max(taken, default=ZERO))).quantize(Decimal("0.0001")),
    }
    return {k: v for k, v in parts.items() if v}, offer, arrives


@dataclass(frozen=True, slots=True)
class _Question:
    """What a filter looks at."""

    demand: Demand
    place: Place
    rule: Filter
    offers: tuple[Offer, ...]
    wanted: Mapping[str, Decimal]
    stock: Stock


def _by_stock(q: _Question) -> str | None:
    lacking = [s for s in q.wanted if _has(q.demand, q.stock, q.place.node_id, s) <= 0]
    return f"has none of {', '.join(sorted(lacking))}" if len(lacking) == len(q.wanted) else None


def _by_capacity(q: _Question) -> str | None:
    limit, busy = q.place.capacity_per_day, q.place.open_fulfillments
    return f"has {busy} of {limit} a day open" if limit is not None and busy >= limit else None


def _by_country(q: _Question) -> str | None:
    here, there = q.place.country, q.demand.country
    return None if here == there or here in q.rule.values else f"is in {here}, the order goes to {there}"


def _by_lane(q: _Question) -> str | None:
    if q.offers or q.demand.method == "PICKUP":
        return None
    return f"has no lane to {q.demand.country} {q.demand.region}".rstrip()


def _by_pickup(q: _Question) -> str | None:
    chosen = q.demand.method != "PICKUP" or q.place.node_id == q.demand.pickup_node_id
    return None if chosen else "is not where the customer collects"


def _by_hazmat(q: _Question) -> str | None:
    refused = any(x.hazmat for x in q.demand.lines) and q.place.code not in q.rule.values
    return "may not ship dangerous goods" if refused else None


# filter id -> why it excludes the place, or None
EXCLUDE: Mapping[str, Callable[[_Question], str | None]] = {
    "active": lambda q: None if q.place.active else "is closed",
    "avoid": lambda q: "has just refused it" if (q.place.node_id, "") in q.demand.avoid else None,
    "capacity": _by_capacity,
    "channel": lambda q: None if q.demand.channel in q.rule.values else f"does not serve {q.demand.channel}",
    "country": _by_country,
    "hazmat": _by_hazmat,
    "kind": lambda q: None if q.place.kind in q.rule.values else f"is a {q.place.kind}",
    "lane": _by_lane,
    "pickup": _by_pickup,
    "regions": lambda q: None if q.demand.region in q.rule.values else f"does not serve {q.demand.region}",
    "stock": _by_stock,
    "weight": lambda q: None if q.offers or not q.place.offers else "no lane takes this weight",
}
