"""Routing rules as data: which nodes are excluded and why, what a choice costs, who comes first. Tables, never programs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import time
from decimal import Decimal
from typing import Any, ClassVar

from hub.kit.errors import HubError
from hub.routing.model import Place, Terms

FILTERS = (
    "active",
    "avoid",
    "capacity",
    "channel",
    "country",
    "hazmat",
    "hours",
    "kind",
    "lane",
    "level",
    "pickup",
    "regions",
    "same_region",
    "size",
    "stock",
    "weight",
    "whole_order",
)
WEIGHTS = (
    "cost",
    "day",
    "wait_day",
    "late_day",
    "split",
    "load",
    "co2e_kg",
    "leave_region",
    "leave_country",
    "scarcity",
    "tax",
)
CONDITIONS = ("method", "level", "channel", "country", "region", "tag", "kind", "node")
PRIORITIES = ("backorder", "vip", "level", "promise", "placed")
METHODS = ("SHIP", "PICKUP", "SHIP_FROM_STORE", "DROP_SHIP", "TRANSFER")


class BadRules(HubError):
    """The routing rules cannot be used: {faults}"""

    code: ClassVar[str] = "RULES_INVALID"


@dataclass(frozen=True, slots=True)
class When:
    """Holds where every named word of the demand or the place is one of the given values; without words it always holds."""

    words: Mapping[str, frozenset[str]] = field(default_factory=dict)

    def holds(self, terms: Terms, place: Place) -> bool:
        return all(_has(terms, place, word) & values for word, values in self.words.items())


def _has(terms: Terms, place: Place, word: str) -> frozenset[str]:
    if word == "tag":
        return terms.tags
    value = {"kind": place.kind, "node": place.code}.get(word) or getattr(terms, word, None)
    return frozenset({value} if value else ())


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """Excludes a node. `values`: what its id takes (kinds, UFs, channels, nodes); `only`: nodes it speaks of, empty for all;
    `most`: a limit (millimetres of `size`); `spans`: local hours in which the node takes orders.
    """

    id: str
    values: tuple[str, ...] = ()
    only: tuple[str, ...] = ()
    most: int | None = None
    spans: tuple[tuple[time, time], ...] = ()
    when: When = field(default_factory=When)


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """How pickup, ship-from-store, drop-ship or same-day differ: filters added and skipped, what it costs more, the method it makes of SHIP."""

    id: str
    when: When
    filters: tuple[Filter, ...] = ()
    skip: frozenset[str] = frozenset()
    add: Decimal = Decimal(0)
    method: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Level:
    """What a service level asks of an offer. `services` empty: any; `today`: handed over on the day of the decision."""

    services: frozenset[str] = frozenset()
    most_days: int | None = None
    today: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """`score`: weights in `currency` by name. `version`: first 16 hex digits of the file's SHA-256. `cut_offs`: node code -> "HH:MM".
    `tax`: (from UF, to UF) -> percent of the goods' value, '*' is any. `relax`: sets of filters to leave out, one after the other,
    when the demand cannot be placed whole. `priorities`: the order in which demands of one batch are decided.
    """

    name: str
    version: str
    file: str
    text: str
    currency: str
    rates: Mapping[str, Decimal]
    filters: tuple[Filter, ...]
    score: Mapping[str, Decimal]
    most_nodes: int
    fallback: str
    cut_offs: Mapping[str, str]
    cases: tuple[Any, ...] = ()
    case_places: Mapping[str, Any] = field(default_factory=dict)
    relax: tuple[tuple[str, ...], ...] = ()
    policies: tuple[Policy, ...] = ()
    levels: Mapping[str, Level] = field(default_factory=dict)
    tax: Mapping[tuple[str, str], Decimal] = field(default_factory=dict)
    priorities: tuple[str, ...] = ()
    vip_tags: frozenset[str] = frozenset()
    tags: frozenset[str] = frozenset()  # all that some condition speaks of

    def weight(self, name: str) -> Decimal:
        return self.score.get(name, Decimal(0))

    def rate(self, currency: str) -> Decimal:
        """One unit of that currency in ours; zero where the rules do not say."""
        return Decimal(1) if currency == self.currency else self.rates.get(currency, Decimal(0))

    def tax_percent(self, here: str, there: str) -> Decimal:
        """The most exact row that speaks of this way; none: nothing."""
        for key in ((here, there), (here, "*"), ("*", there), ("*", "*")):
            if key in self.tax:
                return self.tax[key]
        return Decimal(0)
