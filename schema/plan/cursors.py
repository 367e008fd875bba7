"""Cursors of lists: base64url of `SORT~value~id`. Not signed: they hold only values that the caller may filter by."""

from __future__ import annotations

import base64
import binascii
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from schema.errors import BadCursor, BadValue
from schema.plan.arguments import clean
from schema.plan.pieces import HEX, UTF8, glue, text
from schema.plan.pieces import UTC as IN_UTC


def cursor_of(sort: str, value: Any, row_id: UUID) -> str:
    """Full precision: milliseconds would skip rows of one millisecond."""
    if isinstance(value, datetime):
        value = value.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S.%f").rstrip("0").rstrip(".")
    return base64.b64encode(f"{sort}~{value}~{row_id.hex}".encode(), b"-_").decode().rstrip("=")


def read_cursor(cursor: Any, sort: str, kind: type) -> tuple[Any, UUID]:
    """(sort value, row id) of a cursor of that sort, else `BadCursor`."""
    given = str(cursor)
    try:
        raw = base64.b64decode(given + "=" * (-len(given) % 4), b"-_", validate=True).decode()
        head, _, rest = raw.partition("~")
        value, _, row_id = rest.rpartition("~")
        if head == sort:
            return _typed(value, kind), UUID(row_id)
    except (ValueError, OverflowError, binascii.Error, BadValue):
        pass
    raise BadCursor


def _typed(value: str, kind: type) -> Any:
    if kind is datetime:
        return datetime.fromisoformat(value).replace(tzinfo=UTC)
    if kind is date:
        return date.fromisoformat(value)
    if kind is int:
        number = int(value)
        if abs(number) >= 1 << 63:
            raise ValueError(value)
        return number
    return clean(value)


def cursor_sql(sort: str, column: Any, row_id: Any) -> Any:
    value = sa.func.timezone(IN_UTC, column) if column.type.python_type is datetime else column
    raw = glue(f"{sort}~", text(value), "~", sa.func.encode(sa.func.uuid_send(row_id), HEX))
    encoded = sa.func.encode(sa.func.convert_to(raw, UTF8), sa.literal_column("'base64'"))
    return sa.func.translate(encoded, sa.literal_column(r"E'+/=\n'"), sa.literal_column("'-_'"))
