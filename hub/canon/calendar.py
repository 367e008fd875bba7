"""When a place hands over to carriers next: its cut-off, its working days, its holidays, its time zone; and when so many of somebody's
business hours will have passed. Pure.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

LAST = time(23, 59)
AHEAD = 366  # days that are looked at: a place that never works hands over in a year


@dataclass(frozen=True, slots=True, kw_only=True)
class Hours:
    """When somebody works: from `opens` to `closes` (local time, in this order) of working days (ISO weekdays, at least one)."""

    zone: ZoneInfo
    opens: time
    closes: time
    work_days: frozenset[int]
    closed_on: frozenset[date] = frozenset()

    def after(self, now: datetime, span: timedelta) -> datetime:
        """When `span` of these hours has passed, in the zone of `now`. Where a year of days does not hold it, the clock alone counts."""
        day, left = now.astimezone(self.zone).date(), span
        for _ in range(AHEAD):
            if day.isoweekday() in self.work_days and day not in self.closed_on:
                begin = max(datetime.combine(day, self.opens, self.zone), now).astimezone(UTC)
                room = datetime.combine(day, self.closes, self.zone).astimezone(UTC) - begin
                if left <= room:
                    return (begin + left).astimezone(now.tzinfo)
                left -= max(room, timedelta())
            day += timedelta(days=1)
        return now + span


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
