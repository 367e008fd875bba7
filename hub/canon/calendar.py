"""When a place hands over to carriers next: its cut-off, its working days, its holidays, its time zone. Pure."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

LAST = time(23, 59)
AHEAD = 366  # days that are looked at: a place that never works hands over in a year


def hand_over(
    now: datetime, zone: ZoneInfo, cut_off: time | None, work_days: Collection[int], closed_on: Collection[date]
) -> datetime:
    """The first cut-off (local time; none: the day's end) of a working day that is not yet past, in the zone of `now`.
    `work_days`: ISO weekdays.
    """
    local, at = now.astimezone(zone), cut_off or LAST
    day = local.date() if local.time() <= at else local.date() + timedelta(days=1)
    for _ in range(AHEAD):
        if day.isoweekday() in work_days and day not in closed_on:
            break
        day += timedelta(days=1)
    return datetime.combine(day, at, zone).astimezone(now.tzinfo)


def waits(now: datetime, hands_over: datetime, zone: ZoneInfo) -> int:
    """Days from the place's today to the day on which it hands over."""
    return (hands_over.astimezone(zone).date() - now.astimezone(zone).date()).days
