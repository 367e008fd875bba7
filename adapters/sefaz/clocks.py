"""Moments on the clock of a UF, as documents state them: numeric offset, whole seconds."""

from __future__ import annotations

from datetime import date, datetime, timedelta, timezone
from functools import lru_cache

from adapters.sefaz.tables import table


def local(now: datetime, uf: str) -> datetime:
    """The moment on the clock of the UF."""
    return now.astimezone(_zone(now.date(), uf)).replace(microsecond=0)


@lru_cache(maxsize=256)
def _zone(day: date, uf: str) -> timezone:
    offset = table("uf_clocks").find(day, uf=uf).text("offset")
    shift = timedelta(hours=int(offset[1:3]), minutes=int(offset[4:6]))
    return timezone(-shift if offset[0] == "-" else shift)
