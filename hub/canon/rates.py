"""What carriers are asked for and answer about prices ahead of time; the words are part of `hub.canon.commands`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from hub.canon.order import Address


@dataclass(frozen=True, slots=True, kw_only=True)
class QuotedRate:
    """What a carrier's service costs from a node to a country or one region of it (`region` ''), as a lane of a rate table says it."""

    carrier: str
    service: str
    country: str
    region: str
    cost: Decimal
    currency: str
    days: int
    cost_per_kg: Decimal = Decimal(0)
    co2e_g: int = 0
    max_weight_g: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RatesQuoted:
    """The answer to `QuoteRates`: it counts before the rate table until `valid_until`."""

    node: str
    rates: tuple[QuotedRate, ...]
    valid_until: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class QuoteRates:
    """Ask a carrier what a parcel of that weight costs from our node to each destination, (country, region)."""

    node: str
    origin: Address
    destinations: tuple[tuple[str, str], ...]
    weight_g: int
