"""A place prepared for many demands of the same terms: what can be told from the destination alone is told once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from hub.routing.filters import OF_THE_DEMAND, OF_THE_PLACE, Check, Setting, keeps, matters
from hub.routing.model import ZERO, Candidate, Offer, Place, Terms
from hub.routing.rules import Filter, Policy, Rules

KG = Decimal(1000)
CENT = Decimal("0.0001")


@dataclass(frozen=True, slots=True)
class Priced:
    """An offer with the parts of its score that do not depend on what is in the parcel, their sum, and weighted costs of a further
    parcel and of a kilogram.
    """

    offer: Offer | None
    limited: bool  # by weight, or not usable at all
    most_kg: Decimal  # of one parcel
    parts: Mapping[str, Decimal]
    score: Decimal
    per_parcel: Decimal
    per_kg: Decimal
    arrives: datetime


@dataclass(frozen=True, slots=True)
class Prospect:
    """`checks`: filters that need the demand, in order; `out`: excluded whatever is asked, unless a check excludes it before."""

    place: Place
    checks: tuple[tuple[Filter, Check], ...]
    out: Candidate | None
    priced: tuple[Priced, ...]
    tax: Decimal  # weighted cost of one currency unit of goods
    method: str


def prepare(terms: Terms, place: Place, rules: Rules, relaxed: frozenset[str]) -> Prospect:
    """The place under these terms, without the filters in `relaxed`."""
    policies = [p for p in rules.policies if p.when.holds(terms, place)]
    skipped = relaxed.union(*(p.skip for p in policies))
    level = rules.levels.get(terms.level) if terms.level else None
    offers = tuple(o for o in place.offers if level is None or keeps(o, level)) if terms.method != "PICKUP" else ()
    setting = Setting(terms, place, offers, level)
    checks: list[tuple[Filter, Check]] = []
    out: Candidate | None = None
    for rule in (*rules.filters, *(f for p in policies for f in p.filters)):
        if rule.id in skipped or (rule.only and place.code not in rule.only) or not rule.when.holds(terms, place):
            continue
        if rule.id in OF_THE_DEMAND:
            if matters(rule, setting):
                checks.append((rule, OF_THE_DEMAND[rule.id]))
            continue
        why = OF_THE_PLACE[rule.id](setting, rule)
        if why:
            out = excluded(place, rule.id, why)
            break
    return Prospect(
        place=place,
        checks=tuple(checks),
        out=out,
        priced=tuple(_priced(setting, o, rules, policies) for o in offers or (None,)) if out is None else (),
        tax=rules.weight("tax") * rules.tax_percent(place.region, terms.region) / 100,
        method=next((p.method for p in policies if p.method and terms.method == "SHIP"), terms.method),
    )


def excluded(place: Place, by: str, why: str) -> Candidate:
    return Candidate(node_id=place.node_id, code=place.code, feasible=False, excluded_by=by, reason=why)


def _priced(setting: Setting, offer: Offer | None, rules: Rules, policies: list[Policy]) -> Priced:
    place, terms = setting.place, setting.terms
    shipped = terms.method != "PICKUP"
    load = Decimal(place.open_fulfillments * 100) / place.capacity_per_day if place.capacity_per_day else ZERO
    parts = {
        "cost": rules.weight("cost") * (offer.cost if offer else ZERO),
        "day": rules.weight("day") * (offer.days if offer else 0),
        "wait_day": rules.weight("wait_day") * place.waits if shipped else ZERO,
        "load": (rules.weight("load") * load).quantize(CENT),
        "co2e_kg": (rules.weight("co2e_kg") * (offer.co2e_g if offer else 0) / KG).quantize(CENT),
        "leave_region": rules.weight("leave_region") * (shipped and place.region != terms.region),
        "leave_country": rules.weight("leave_country") * (shipped and place.country != terms.country),
        **{f"policy_{p.id}": p.add for p in policies},
    }
    return Priced(
        offer=offer,
        limited=offer is not None and (offer.max_weight_g is not None or offer.unusable is not None),
        most_kg=Decimal((offer.max_weight_g if offer else None) or 0) / KG,
        parts={k: v for k, v in parts.items() if v},
        score=sum(parts.values(), ZERO),
        per_parcel=parts["cost"],
        per_kg=rules.weight("cost") * (offer.cost_per_kg if offer else ZERO),
        arrives=place.ships_at + timedelta(days=offer.days if offer else 0),
    )
