"""The filters: why a place may not ship. Some can be told from the destination alone, the others need the demand and the stock."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID

from hub.routing.model import ZERO, Demand, Offer, Place, Terms
from hub.routing.rules import Filter, Level

Why = str | None


@dataclass(frozen=True, slots=True)
class Setting:
    """A place under terms. `all_offers`: every offer that reaches the destination; `offers`: those that keep the service level.
    `level`: None also for one that the rules do not know.
    """

    terms: Terms
    place: Place
    offers: Sequence[Offer]
    level: Level | None


@dataclass(slots=True)
class Asked:
    """One demand at work, with its sums. `has`: units that the place at hand can give, in the order of `wanted`."""

    demand: Demand
    wanted: Mapping[str, Decimal]
    amounts: Sequence[Decimal]
    heaviest_g: int
    longest_mm: int
    busy: Mapping[UUID, int]
    has: Sequence[Decimal] = ()


def _active(s: Setting, rule: Filter) -> Why:
    return None if s.place.active else "is closed"


def _channel(s: Setting, rule: Filter) -> Why:
    return None if s.terms.channel in rule.values else f"does not serve {s.terms.channel}"


def _kind(s: Setting, rule: Filter) -> Why:
    return None if s.place.kind in rule.values else f"is a {s.place.kind}"


def _regions(s: Setting, rule: Filter) -> Why:
    return None if s.terms.region in rule.values else f"does not serve {s.terms.region}"


def _country(s: Setting, rule: Filter) -> Why:
    here, there = s.place.country, s.terms.country
    return None if here == there or here in rule.values else f"is in {here}, the order goes to {there}"


def _lane(s: Setting, rule: Filter) -> Why:
    if s.terms.method == "PICKUP" or any(o.unusable is None for o in s.place.offers):
        return None
    if s.place.offers:
        return f"has a lane that cannot be used: {s.place.offers[0].unusable}"
    return f"has no lane to {s.terms.country} {s.terms.region}".rstrip()


def _hazmat(s: Setting, rule: Filter) -> Why:
    return "may not ship dangerous goods" if s.terms.hazmat and s.place.code not in rule.values else None


def _level(s: Setting, rule: Filter) -> Why:
    if s.terms.level is None or s.terms.method == "PICKUP":
        return None
    if s.level is None:
        return f"nobody said what the service level {s.terms.level} means"
    if s.level.today and s.place.waits:
        return "ships no more today"
    there = f"{s.terms.country} {s.terms.region}".rstrip()
    return None if s.offers else f"has no {s.terms.level} service to {there}"


def _hours(s: Setting, rule: Filter) -> Why:
    if any(start <= s.place.here < end for start, end in rule.spans):
        return None
    return f"takes orders {', '.join(rule.values)}, it is {s.place.here:%H:%M} there"


def _same_region(s: Setting, rule: Filter) -> Why:
    if s.place.region == s.terms.region or s.place.region in rule.values:
        return None
    return f"is in {s.place.region}, the order goes to {s.terms.region}"


# filter id -> why the place is excluded whatever is asked, or None
OF_THE_PLACE: Mapping[str, Callable[[Setting, Filter], Why]] = {
    "active": _active,
    "channel": _channel,
    "country": _country,
    "hazmat": _hazmat,
    "hours": _hours,
    "kind": _kind,
    "lane": _lane,
    "level": _level,
    "regions": _regions,
    "same_region": _same_region,
}


def _stock(q: Asked, place: Place, rule: Filter) -> Why:
    for n in q.has:
        if n:
            return None
    return f"has none of {', '.join(sorted(q.wanted))}"


def _whole_order(q: Asked, place: Place, rule: Filter) -> Why:
    lacking = sorted(sku for sku, n, has in zip(q.wanted, q.amounts, q.has, strict=True) if has < n)
    return f"has not enough of {', '.join(lacking)}" if lacking else None


def _capacity(q: Asked, place: Place, rule: Filter) -> Why:
    if place.capacity_per_day is None:
        return None
    busy = place.open_fulfillments + q.busy.get(place.node_id, 0)
    return f"has {busy} of {place.capacity_per_day} a day open" if busy >= place.capacity_per_day else None


def _avoid(q: Asked, place: Place, rule: Filter) -> Why:
    return "has just refused it" if q.demand.avoid and (place.node_id, "") in q.demand.avoid else None


def _pickup(q: Asked, place: Place, rule: Filter) -> Why:
    chosen = q.demand.method != "PICKUP" or place.node_id == q.demand.pickup_node_id
    return None if chosen else "is not where the customer collects"


def _weight(q: Asked, place: Place, rule: Filter) -> Why:
    for offer in place.offers:
        if carries(offer, q.heaviest_g):
            return None
    return f"no lane takes a piece of {q.heaviest_g} g"


def _size(q: Asked, place: Place, rule: Filter) -> Why:
    most = rule.most or 0
    return f"takes {most} mm, a piece has {q.longest_mm} mm" if q.longest_mm > most else None


Check = Callable[[Asked, Place, Filter], Why]

# filter id -> why this demand excludes the place, or None
OF_THE_DEMAND: Mapping[str, Check] = {
    "avoid": _avoid,
    "capacity": _capacity,
    "pickup": _pickup,
    "size": _size,
    "stock": _stock,
    "weight": _weight,
    "whole_order": _whole_order,
}


def matters(rule: Filter, s: Setting) -> bool:
    """This filter can exclude the place for some demand of these terms."""
    if rule.id == "pickup":
        return s.terms.method == "PICKUP"
    if rule.id == "capacity":
        return s.place.capacity_per_day is not None
    if rule.id == "weight":
        return (
            s.terms.method != "PICKUP"
            and bool(s.place.offers)
            and all(o.max_weight_g is not None for o in s.place.offers)
        )
    return True


def carries(offer: Offer, heaviest_g: int) -> bool:
    """A shipment may be several parcels; a single piece must fit one."""
    return offer.max_weight_g is None or heaviest_g <= offer.max_weight_g


def keeps(offer: Offer, level: Level) -> bool:
    """This offer is of that service level."""
    named = not level.services or offer.service in level.services
    return named and (level.most_days is None or offer.days <= level.most_days)


def total(numbers: Sequence[Decimal]) -> Decimal:
    return sum(numbers, ZERO)
