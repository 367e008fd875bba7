"""The accountants' month: every authorized note as nfeProc in a zip, with a list that explains each number. Streamed; nothing is kept in memory."""

from __future__ import annotations

import csv
import io
import re
import zipfile
from collections.abc import AsyncIterator, Mapping
from datetime import datetime
from typing import Any, ClassVar
from zoneinfo import ZoneInfo

from hub.canon.processed import processed
from hub.kit.db import Database, Tx
from hub.kit.errors import HubError
from hub.kit.sqlfile import statements

SQL = statements(__file__, "fiscal.sql")
CLOCK = ZoneInfo("America/Sao_Paulo")  # in which a fiscal month begins and ends
PAGE = 200  # notes read at once
COLUMNS = (
    "issuer",
    "model",
    "series",
    "number",
    "key",
    "state",
    "protocol",
    "code",
    "message",
    "issued_at",
    "total",
    "file",
)
_MONTH = re.compile(r"([0-9]{4})-(0[1-9]|1[0-2])", re.ASCII)
_LEADS = ("=", "+", "-", "@", "\t", "\r")  # a spreadsheet would take these for a formula


class BadMonth(HubError):
    """{month} is no month: write it as 2026-11."""

    code: ClassVar[str] = "BAD_MONTH"


class _Sink(io.RawIOBase):
    """What the zip has written since it was last asked. Cannot be sought, so that sizes follow their entries."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        self._parts.append(bytes(data))
        return len(data)

    def taken(self) -> bytes:
        parts, self._parts = self._parts, []
        return b"".join(parts)


def bounds(month: str) -> tuple[datetime, datetime]:
    """First moment of the month and of the next, by the clock of Brasília."""
    found = _MONTH.fullmatch(month)
    if found is None:
        raise BadMonth(month=month)
    year, number = int(found[1]), int(found[2])
    start = datetime(year, number, 1, tzinfo=CLOCK)
    end = datetime(year + number // 12, number % 12 + 1, 1, tzinfo=CLOCK)
    return start, end


async def month_size(tx: Tx, month: str, *, environment: int = 1) -> int:
    """How many numbers the month has. Raises `BadMonth`."""
    start, end = bounds(month)
    return int(await tx.conn.fetchval(SQL["month_size"], start, end, environment))


async def export_month(db: Database, tenant: int, month: str, *, environment: int = 1) -> AsyncIterator[bytes]:
    """The zip, piece by piece: `<issuer>/<model>/<key>-procNFe.xml` for what was authorized (also when cancelled later), `index.csv` for
    every number of the month.
    """
    start, end = bounds(month)
    sink, listing = _Sink(), io.StringIO(newline="")
    table = csv.writer(listing)
    table.writerow(COLUMNS)
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED) as archive:
        last: tuple[str, int, int, int] = ("", 0, 0, 0)
        while True:
            async with db.unit(tenant=tenant, actor="export") as tx:
                rows = await tx.conn.fetch(SQL["month"], start, end, environment, *last, PAGE)
            for row in rows:
                name = _entry(archive, each := dict(row.items()))
                table.writerow([_cell(x) for x in _line(each, name)])
                if piece := sink.taken():
                    yield piece
            if len(rows) < PAGE:
                break
            tail = rows[-1]
            last = (tail["issuer_tax_id"], tail["model"], tail["series"], tail["number"])
        archive.writestr(_info("index.csv", start), listing.getvalue())
    yield sink.taken()


def _entry(archive: zipfile.ZipFile, row: Mapping[str, Any]) -> str:
    """The name under which the document was added; empty when there is nothing to hand over."""
    if row["signed_xml"] is None or row["protocol_xml"] is None or row["state"] not in {"AUTHORIZED", "CANCELLED"}:
        return ""
    name = f"{row['issuer_tax_id']}/{row['model']}/{row['access_key']}-procNFe.xml"
    archive.writestr(_info(name, row["issued_at"]), processed(row["signed_xml"], row["protocol_xml"]))
    return name


def _info(name: str, at: datetime) -> zipfile.ZipInfo:
    """An entry dated by its document, so that the same month gives the same bytes."""
    local = at.astimezone(CLOCK)
    info = zipfile.ZipInfo(name, (local.year, local.month, local.day, local.hour, local.minute, local.second))
    info.compress_type = zipfile.ZIP_DEFLATED
    return info


def _line(row: Mapping[str, Any], name: str) -> list[Any]:
    names = ("issuer_tax_id", "model", "series", "number", "access_key", "state", "protocol")
    said = [
        row["authority_code"],
        row["authority_message"],
        row["issued_at"].astimezone(CLOCK).isoformat(),
        row["total"],
    ]
    return [*(row[n] for n in names), *said, name]


def _cell(value: Any) -> str:
    text = "" if value is None else str(value)
    return f"'{text}" if text.startswith(_LEADS) else text
