"""Which rows belong to a storefront (its channel), a portal visitor (one order) and a partner (one connection)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import sqlalchemy as sa

from hub.connections.queries import v_exchange
from hub.network.queries import v_location
from hub.orders.queries import v_order
from schema.plan.bind import Predicate, Rows, Scope

_ONE: Any = sa.literal_column("1")


def _order_of(test: Callable[[Any], Predicate]) -> Predicate:
    order = v_order.alias()
    return sa.exists(sa.select(_ONE).select_from(order).where(test(order)))


def _own(order: Any, role: str, scope: Scope) -> Any:
    if role == "STOREFRONT":
        return order.c.channel == scope("channel")
    if role == "PARTNER":
        return order.c.connection_id == scope("connection_id")
    return order.c.order_id == scope("order_id") if role == "PORTAL" else None


def orders(row: Any, role: str, scope: Scope) -> Predicate | None:
    """Orders themselves."""
    return _own(row, role, scope)


def by_order(column: str = "order_id") -> Rows:
    """Rows that name their order."""

    def rows(row: Any, role: str, scope: Scope) -> Predicate | None:
        if role == "PORTAL":
            return row.c[column] == scope("order_id")
        if role not in ("STOREFRONT", "PARTNER"):
            return None
        return _order_of(lambda o: sa.and_(o.c.order_id == row.c[column], _own(o, role, scope)))

    return rows


def by_customer(row: Any, role: str, scope: Scope) -> Predicate | None:
    """Parties that bought in one of the caller's orders."""
    if role not in ("STOREFRONT", "PORTAL", "PARTNER"):
        return None
    return _order_of(lambda o: sa.and_(o.c.customer_id == row.c.party_id, _own(o, role, scope)))


def by_location(row: Any, role: str, scope: Scope) -> Predicate | None:
    """Stock of the places that a partner runs."""
    if role != "PARTNER":
        return None
    place = v_location.alias()
    mine = place.c.wms_connection_id == scope("connection_id")
    return sa.exists(sa.select(_ONE).select_from(place).where(place.c.location_id == row.c.location_id, mine))


def by_connection(row: Any, role: str, scope: Scope) -> Predicate | None:
    """Rows of the partner's own connection."""
    return row.c.connection_id == scope("connection_id") if role == "PARTNER" else None


def by_exchange(row: Any, role: str, scope: Scope) -> Predicate | None:
    """Sets of the partner's own interchanges."""
    if role != "PARTNER":
        return None
    exchange = v_exchange.alias()
    own = exchange.c.connection_id == scope("connection_id")
    return sa.exists(sa.select(_ONE).select_from(exchange).where(exchange.c.exchange_id == row.c.exchange_id, own))


def by_destination(row: Any, role: str, scope: Scope) -> Predicate | None:
    """Deliveries to the partner's own connection: destinations are the connection's id in hex, a colon and the port."""
    if role != "PARTNER":
        return None
    own = scope("destination")
    return sa.and_(
        row.c.destination >= own + sa.literal_column("':'"), row.c.destination < own + sa.literal_column("';'")
    )


def by_owner(row: Any, role: str, scope: Scope) -> Predicate | None:
    """What the caller keeps, and what others share."""
    return sa.or_(row.c.shared, row.c.owner == scope("actor"))


def inherited(row: Any, role: str, scope: Scope) -> Predicate | None:
    """Parts that are reached through their owner only, which has been narrowed already."""
    return sa.literal_column("true", sa.Boolean)
