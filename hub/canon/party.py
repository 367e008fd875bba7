"""The parties and days of a partner's canonical document as an order keeps them, be it the order or its change."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, time
from typing import Any

from hub.canon.order import Address

DAY_ENDS = time(23, 59, 59)
DATES = frozenset(
    {"deliver_by", "ship_by", "cancel_after"}
)  # of the kinds that documents name, those that an order keeps


def address_of(party: Any) -> Address | None:
    """Whom the party names as contact is the recipient, else the company."""
    if not isinstance(party, Mapping):
        return None
    street, _, rest = str(party.get("street") or "").partition("\n")
    return Address(
        country=party.get("country") or "US",
        name=next((x["name"] for x in party.get("contacts") or () if x.get("name")), party.get("name")),
        company=party.get("name"),
        street=street or None,
        complement=rest.replace("\n", ", ") or None,
        city=party.get("city"),
        region=party.get("region"),
        postal_code=party.get("postal_code"),
        phone=contact_of(party, "TE"),
    )


def contact_of(party: Mapping[str, Any], scheme: str) -> str | None:
    """The first number or address of a scheme: TE telephone, EM e-mail."""
    for row in party.get("contacts") or ():
        for end in ("", "_2", "_3"):
            if row.get(f"scheme{end}") == scheme:
                return str(row.get(f"address{end}") or "") or None
    return None


def deliver_by(dates: Mapping[str, Any]) -> datetime | None:
    return at_day(dates.get("deliver_by"), DAY_ENDS)


def ship_by(dates: Mapping[str, Any]) -> datetime | None:
    """Without a day to ship by, the one after which the order is void."""
    return at_day(dates.get("ship_by") or dates.get("cancel_after"), DAY_ENDS)


def at_day(day: Any, clock: time) -> datetime | None:
    """An ISO date at an hour of UTC: partners say days, not hours."""
    return (
        datetime.combine(datetime.fromisoformat(day).date(), clock, tzinfo=UTC)
        if isinstance(day, str) and day
        else None
    )
