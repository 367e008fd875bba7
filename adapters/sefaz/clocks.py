"""Moments on the clock of a UF, as documents state them: numeric offset, whole seconds."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

from adapters.sefaz.tables import table


def local(now: datetime, uf: str) -> datetime:
    """The moment on the clock of the UF."""
    offset = table("uf_clocks").find(now.date(), uf=uf).text("offset")
    shift = timedelta(hours=int(offset[1:3]), minutes=int(offset[4:6]))
    return now.astimezone(timezone(-shift if offset[0] == "-" else shift)).replace(microsecond=0)
