"""Until when an authorized note may be cancelled or corrected, and a number be given up: rows of `event_windows`. Pure; asked before sending."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import ClassVar

from hub.fiscal.tables import FiscalTables, Row
from hub.kit.errors import HubError


class WindowClosed(HubError):
    """It is too late to {what} this note: {region} took it until {until}. Issue a return note instead."""

    code: ClassVar[str] = "WINDOW_CLOSED"


class NotOffered(HubError):
    """A note of model {model} of {region} has no {what}."""

    code: ClassVar[str] = "EVENT_NOT_OFFERED"


def check_window(
    tables: FiscalTables, what: str, *, model: int, region: str, authorized_at: datetime, now: datetime
) -> bool:
    """Whether it is within the late part of the window (cancellations that the UF registers as 155). Raises `WindowClosed`, `NotOffered`.
    `what`: cancel, substitute, correct.
    """
    row = _row(tables, what, model, region, authorized_at.date())
    until = authorized_at + _hours(row, "hours")
    if now <= until:
        return False
    if now <= authorized_at + _hours(row, "late_hours"):
        return True
    raise WindowClosed(what=what, region=region, until=until.isoformat(timespec="minutes"))


def check_void(tables: FiscalTables, *, model: int, region: str, taken_on: date, today: date) -> None:
    """Raises `WindowClosed` after that day of the month that follows the one in which the number was taken."""
    row = _row(tables, "void", model, region, taken_on)
    year, month = (taken_on.year + 1, 1) if taken_on.month == 12 else (taken_on.year, taken_on.month + 1)
    last = date(year, month, int(row.number("day")))
    if today > last:
        raise WindowClosed(what="void", region=region, until=last.isoformat())


def _row(tables: FiscalTables, what: str, model: int, region: str, day: date) -> Row:
    row = tables["event_windows"].get(day, event=what, model=str(model), uf=region)
    if row is None:
        raise NotOffered(what=what, model=model, region=region)
    return row


def _hours(row: Row, column: str) -> timedelta:
    hours = row.values.get(column)
    return timedelta(hours=float(hours)) if isinstance(hours, Decimal) else timedelta()
