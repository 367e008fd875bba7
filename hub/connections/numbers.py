"""Control numbers of interchanges, groups and sets: 1 to 999999999, then 1 again; without a gap, because they are taken in the sending transaction."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal
from uuid import UUID

from hub.kit.db import Tx
from hub.kit.errors import HubError
from hub.kit.sqlfile import statements

SQL = statements(__file__, "connections.sql")
LAST = 999_999_999
Usage = Literal["T", "P"]  # ISA15: test and production count apart
Level = Literal["isa", "gs", "st"]


class BadControlNumber(HubError):
    """A control number is between 1 and 999999999, not {number}."""

    code: ClassVar[str] = "BAD_CONTROL_NUMBER"


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """`wrapped`: 999999999 was given, after which comes 1; the caller writes the fact."""

    numbers: tuple[int, ...]
    wrapped: bool


async def take(tx: Tx, connection_id: UUID, ours: str, usage: Usage, level: Level, n: int = 1) -> Taken:
    """The next `n` numbers of that counter. Others wait until this unit ends; if it is rolled back the numbers are free again."""
    if not 1 <= n <= LAST:
        raise BadControlNumber(number=n)
    after = int(await tx.conn.fetchval(SQL["take"], tx.tenant, connection_id, ours, usage, level, n))
    numbers = tuple((after - 2 - back) % LAST + 1 for back in reversed(range(n)))
    return Taken(numbers=numbers, wrapped=LAST in numbers)


async def set_next(tx: Tx, connection_id: UUID, ours: str, usage: Usage, level: Level, number: int) -> None:
    """The number given next: a partner moved here from another system goes on where that one stopped."""
    if not 1 <= number <= LAST:
        raise BadControlNumber(number=number)
    await tx.conn.execute(SQL["set_next"], tx.tenant, connection_id, ours, usage, level, number)
