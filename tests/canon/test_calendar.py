"""So many business hours later."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.canon.calendar import Hours

CHICAGO = Hours(
    zone=ZoneInfo("America/Chicago"),
    opens=time(8),
    closes=time(17),
    work_days=frozenset({1, 2, 3, 4, 5}),
    closed_on=frozenset({date(2026, 11, 26)}),
)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("now", "hours", "due"),
    [
        ("2026-11-18T15:00", 1, "2026-11-18T16:00"),  # a Wednesday at 9
        ("2026-11-18T12:00", 1, "2026-11-18T15:00"),  # before they open
        ("2026-11-18T22:30", 1, "2026-11-19T14:30"),  # half of it before they close
        ("2026-11-20T23:30", 2, "2026-11-23T16:00"),  # a Friday after hours
        ("2026-11-25T22:00", 2, "2026-11-27T15:00"),  # Thanksgiving
        ("2026-11-18T14:00", 9, "2026-11-18T23:00"),  # the whole day
        ("2026-03-06T22:00", 2, "2026-03-09T14:00"),  # the clocks go forward meanwhile
        ("2026-11-18T15:00", 24, "2026-11-20T21:00"),
    ],
)
def test_only_open_hours_count(now: str, hours: int, due: str) -> None:
    assert CHICAGO.after(at(now), timedelta(hours=hours)) == at(due)


@given(st.integers(0, 480_000), st.integers(1, 5000), st.integers(1, 5000))
def test_one_span_after_another_is_both_together(minute: int, first: int, second: int) -> None:
    now = at("2026-01-01T00:00") + timedelta(minutes=minute)
    one, two = timedelta(minutes=first), timedelta(minutes=second)
    due = CHICAGO.after(now, one + two)
    assert CHICAGO.after(CHICAGO.after(now, one), two) == due
    local = due.astimezone(CHICAGO.zone)
    assert CHICAGO.opens <= local.time() <= CHICAGO.closes
    assert due - now >= one + two


def test_who_never_works_has_the_clock() -> None:
    never = Hours(zone=ZoneInfo("UTC"), opens=time(8), closes=time(9), work_days=frozenset())
    assert never.after(at("2026-11-18T15:00"), timedelta(hours=2)) == at("2026-11-18T17:00")
