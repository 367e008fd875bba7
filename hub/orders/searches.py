"""Searches that people keep: the filter and order of a list, under a name, their own or shared."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Any, ClassVar
from uuid import UUID

from hub.kit.db import Tx
from hub.kit.errors import HubError
from hub.kit.ids import new_id
from hub.kit.sqlfile import statements

SQL = statements(__file__, "orders.sql")
LONGEST = 120


class SearchList(StrEnum):
    """Lists of which a search can be kept, by their root fields in the API."""

    ORDERS = "orders"
    FULFILLMENTS = "fulfillments"
    HOLDS = "holds"
    INCIDENTS = "incidents"
    STOCK_LEVELS = "stockLevels"
    STOCK_MOVEMENTS = "stockMovements"
    FISCAL_DOCUMENTS = "fiscalDocuments"
    DELIVERIES = "deliveries"
    INBOUND_MESSAGES = "inboundMessages"


class BadSearch(HubError):
    """This search cannot be kept: {reason}"""

    code: ClassVar[str] = "BAD_SEARCH"


async def save_search(tx: Tx, name: str, about: SearchList, query: Mapping[str, Any], *, shared: bool = False) -> UUID:
    """Keep or replace the actor's search of that name. `query`: `where` and `orderBy` as the list takes them."""
    if not name.strip() or len(name) > LONGEST:
        raise BadSearch(reason=f"a name has 1 to {LONGEST} characters")
    if set(query) - {"where", "orderBy"}:
        raise BadSearch(reason="a search has where and orderBy, nothing else")
    found: UUID = await tx.conn.fetchval(
        SQL["save_search"], new_id(), tx.actor, name.strip(), about.value, dict(query), shared, tx.now
    )
    return found


async def drop_searches(tx: Tx, searches: Sequence[UUID]) -> list[UUID]:
    """Forget the actor's own ones among these; returns them."""
    return [r["search_id"] for r in await tx.conn.fetch(SQL["drop_searches"], list(searches), tx.actor)]


async def searches(tx: Tx, about: SearchList | None = None) -> list[Any]:
    """The actor's own and the shared ones, by list and name."""
    return list(await tx.conn.fetch(SQL["searches"], tx.actor, about))
