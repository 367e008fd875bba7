"""The scalars: how each is read from JSON (strictly) and printed by the executor; the SQL half is in `pieces`."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any, NewType

import orjson
import strawberry
from graphql import GraphQLError
from strawberry.types.scalar import ScalarDefinition

from hub.kit.bounds import PLACES, WHOLE
from hub.kit.clock import rfc3339
from hub.kit.money import amount_text, plain

Timestamp = NewType("Timestamp", datetime)
Day = NewType("Day", date)
Quantity = NewType("Quantity", Decimal)
Amount = NewType("Amount", Decimal)
BigInt = NewType("BigInt", int)
Json = NewType("Json", object)

_NUMBER = re.compile(rf"-?[0-9]{{1,{WHOLE}}}(\.[0-9]{{1,{PLACES}}})?\Z")
_MOMENT = re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d(:\d\d(\.\d{1,9})?)?([Zz]|[+-]\d\d:\d\d)\Z")


def _refused(name: str, value: object, form: str) -> GraphQLError:
    shown = str(value)[:60]
    return GraphQLError(f"{name} cannot be {shown!r}: {form}.", extensions={"code": "BAD_VALUE"})


def _number(name: str) -> Any:
    def read(value: object) -> Decimal:
        if not isinstance(value, str) or not _NUMBER.match(value):
            raise _refused(name, value, f"a string of at most {WHOLE} digits and {PLACES} decimals, such as '19.90'")
        try:
            return Decimal(value)
        except InvalidOperation as error:  # pragma: no cover - the pattern admits none
            raise _refused(name, value, "a decimal number as a string") from error

    return read


def read_moment(value: object) -> datetime:
    """RFC 3339 with an offset; anything else is refused."""
    if not isinstance(value, str) or not _MOMENT.match(value):
        raise _refused("DateTime", value, "RFC 3339 with an offset, such as 2026-11-20T22:39:07.469Z")
    try:
        found = datetime.fromisoformat(value.upper()).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise _refused("DateTime", value, "a moment that exists") from error
    if not 1900 <= found.year <= 9999:
        raise _refused("DateTime", value, "a year from 1900 to 9999")
    return found


def read_day(value: object) -> date:
    """A day of the calendar as YYYY-MM-DD; anything else is refused."""
    try:
        if isinstance(value, str) and len(value) == 10:
            return date.fromisoformat(value)
    except ValueError:
        pass
    raise _refused("Date", value, "YYYY-MM-DD")


def _read_big(value: object) -> int:
    if not isinstance(value, str) or not re.fullmatch(r"-?[0-9]{1,18}", value):
        raise _refused("BigInt", value, "a string of digits")
    return int(value)


def _as_json(value: object) -> orjson.Fragment:
    """What the database holds as text goes out unchanged."""
    return orjson.Fragment(value) if isinstance(value, str) else orjson.Fragment(orjson.dumps(value))


SCALARS: dict[object, ScalarDefinition] = {
    Timestamp: strawberry.scalar(
        name="DateTime",
        serialize=rfc3339,
        parse_value=read_moment,
        description="RFC 3339, UTC, milliseconds: 2026-11-20T22:39:07.469Z",
    ),
    Day: strawberry.scalar(
        name="Date", serialize=lambda v: v.isoformat(), parse_value=read_day, description="2026-11-20"
    ),
    Quantity: strawberry.scalar(
        name="Decimal",
        serialize=plain,
        parse_value=_number("Decimal"),
        description="A string in plain notation without trailing zeros: quantities, rates, coordinates.",
    ),
    Amount: strawberry.scalar(
        name="Amount",
        serialize=amount_text,
        parse_value=_number("Amount"),
        description="A string with at least two decimals: money.",
    ),
    BigInt: strawberry.scalar(name="BigInt", serialize=str, parse_value=_read_big, description="A string of digits."),
    Json: strawberry.scalar(
        name="JSON",
        serialize=_as_json,
        parse_value=lambda v: v,
        description="What the database holds, bytes unchanged.",
    ),
}
