"""How long a partner may take to acknowledge, and in which hours that time runs: `ack_within` and `calendar` of a profile."""

from __future__ import annotations

import re
from datetime import date, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from adapters.x12.guide import Faults, unknown_keys
from adapters.x12.yamltext import Items, Tree
from hub.canon.calendar import Hours

_SPAN = re.compile(r"([0-9]{1,5})([mhd]?)")
_MINUTES = {"": 1, "m": 1, "h": 60, "d": 1440}
_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_CLOCK = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])")
_WEEK, _OPENS, _CLOSES = "mon tue wed thu fri", "08:00", "18:00"


def waits_of(tree: Tree, faults: Faults) -> dict[str, timedelta | None]:
    """Minutes, or with `m`, `h` or `d` behind; `none`: nothing is waited for. With a calendar a day is 24 of its hours."""
    held = tree.get("ack_within")
    if held is not None and not isinstance(held, Tree):
        faults.at(tree, "ack_within", "is written as {set: time}: {856: 60, 810: 24h}")
    found: dict[str, timedelta | None] = {}
    for set_id, told in held.items() if isinstance(held, Tree) else ():
        span = _SPAN.fullmatch(told) if isinstance(told, str) else None
        if told == "none":
            found[set_id] = None
        elif span is None or int(span[1]) == 0 or not isinstance(held, Tree):
            faults.at(tree, "ack_within", f"{set_id}: {told!r} is no time: 90, 90m, 4h, 2d or none")
        else:
            found[set_id] = timedelta(minutes=int(span[1]) * _MINUTES[span[2]])
    return found


def calendar_of(tree: Tree, faults: Faults) -> Hours | None:
    """`{zone: America/Chicago, days: mon tue wed thu fri, from: "08:00", to: "17:00", closed: ["2026-12-25"]}`; None where there is none."""
    held = tree.get("calendar")
    if held is None:
        return None
    if not isinstance(held, Tree):
        faults.at(tree, "calendar", "is written as {zone, days, from, to, closed}")
        return None
    unknown_keys(held, {"zone", "days", "from", "to", "closed"}, faults)
    names = str(held.get("days", _WEEK)).lower().split()
    days = frozenset(_DAYS.index(name) + 1 for name in names if name in _DAYS)
    if not days or len(days) != len(names):
        faults.at(held, "days", f"are some of {' '.join(_DAYS)}, each once")
    opens, closes = _clock(held, "from", _OPENS, faults), _clock(held, "to", _CLOSES, faults)
    if opens >= closes:
        faults.at(held, "to", f"{closes:%H:%M} is not after {opens:%H:%M}")
    zone = _zone(held, faults)
    return Hours(zone=zone, opens=opens, closes=closes, work_days=days, closed_on=_closed(held, faults))


def _zone(held: Tree, faults: Faults) -> ZoneInfo:
    name = str(held.get("zone", "UTC"))
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        faults.at(held, "zone", f"{name[:60]!r} is no time zone: America/Chicago, UTC")
        return ZoneInfo("UTC")


def _clock(held: Tree, key: str, default: str, faults: Faults) -> time:
    found = _CLOCK.fullmatch(str(held.get(key, default)))
    if found is None:
        faults.at(held, key, f"{held.get(key)!r} is no time of the day: 08:00")
        return time.fromisoformat(default)
    return time(int(found[1]), int(found[2]))


def _closed(held: Tree, faults: Faults) -> frozenset[date]:
    rows: Any = held.get("closed") or ()
    found = set()
    for row in rows if isinstance(rows, Items) else (rows,) if rows else ():
        try:
            found.add(date.fromisoformat(str(row)))
        except ValueError:
            faults.at(held, "closed", f"{str(row)[:40]!r} is no day: 2026-12-25")
    return frozenset(found)
