"""JSON text in SQL: constants and columns glued with few copies, and the SQL half of each scalar."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import sqlalchemy as sa

SqlText = Any  # a ColumnElement[str]; SQLAlchemy's operators are typed Any at the ends that matter
Piece = Any  # str (constant text), SqlText, or a tuple of pieces

UTC: SqlText = sa.literal_column("'UTC'")
HEX: SqlText = sa.literal_column("'hex'")
UTF8: SqlText = sa.literal_column("'UTF8'")
BROKEN_SQL = sa.literal_column(r"E'\x01'", sa.Text)
_ISO: SqlText = sa.literal_column("""'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'""")


def constant(value: str) -> SqlText:
    return sa.literal_column("'" + value.replace("'", "''") + "'", sa.Text)


NULL = constant("null")


def text(column: Any) -> SqlText:
    return sa.cast(column, sa.Text)


def glue(*pieces: Piece) -> SqlText:
    """One text from many. Neighbouring constants are merged; a balanced tree of textcat copies a long child log(n) times."""
    flat: list[Any] = []

    def take(piece: Piece) -> None:
        if isinstance(piece, tuple):
            for inner in piece:
                take(inner)
        elif isinstance(piece, str) and flat and isinstance(flat[-1], str):
            flat[-1] += piece
        else:
            flat.append(piece)

    take(pieces)
    return _tree(flat)


def _tree(items: list[Any]) -> SqlText:
    if len(items) == 1:
        return constant(items[0]) if isinstance(items[0], str) else items[0]
    half = len(items) // 2
    return sa.func.textcat(_tree(items[:half]), _tree(items[half:]))


def braces(pairs: Iterable[tuple[str, Piece]]) -> tuple[Piece, ...]:
    """A JSON object; `{}` when every field was skipped. Keys are GraphQL names, so they need no escape."""
    pieces: list[Piece] = []
    for key, piece in pairs:
        pieces += [("," if pieces else "{") + f'"{key}":', piece]
    return (*pieces, "}") if pieces else ("{}",)


def or_null(piece: Piece) -> SqlText:
    return sa.func.coalesce(glue(piece), NULL)


def or_broken(piece: Piece) -> SqlText:
    return sa.func.coalesce(glue(piece), BROKEN_SQL)


def quoted(column: Any) -> Piece:
    return '"', text(column), '"'


def string(column: Any) -> Piece:
    return text(sa.func.to_json(text(column)))


def key_text(prefix: str, column: Any) -> Piece:
    return f'"{prefix}_', sa.func.encode(sa.func.uuid_send(column), HEX), '"'


def _amount(column: Any) -> Piece:
    return quoted(sa.func.round(column, sa.func.greatest(sa.literal_column("2"), sa.func.min_scale(column))))


def _moment(column: Any) -> Piece:
    return '"', sa.func.to_char(sa.func.timezone(UTC, column), _ISO), '"'


def _decimal(column: Any) -> Piece:
    return quoted(sa.func.trim_scale(column))


# GraphQL scalar -> SQL text of its JSON value. The Python half is the scalar's serializer (scalars.py).
SCALAR_SQL: Mapping[str, Callable[[Any], Piece]] = {
    "String": string,
    "Int": text,
    "Boolean": text,
    "Amount": _amount,
    "Decimal": _decimal,
    "DateTime": _moment,
    "Date": quoted,
    "BigInt": quoted,
    "JSON": text,
}
