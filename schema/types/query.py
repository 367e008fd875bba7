"""The query type: the root fields of all rooms, and those of none."""

from __future__ import annotations

from typing import Any

import strawberry
from strawberry.tools import create_type
from strawberry.types import Info

from hub.kit.ids import public_id
from schema.errors import LimitExceeded
from schema.plan.bind import AnyNode
from schema.plan.reference import any_node
from schema.types import (
    amendments,
    authorities,
    catalog,
    connections,
    exchanges,
    fiscal,
    fulfillment,
    guides,
    incidents,
    incoming,
    inventory,
    invoice_parts,
    ledger,
    network,
    notices,
    orders,
    queues,
    routing,
    searches,
)
from schema.types.enums import Role
from schema.types.parts import Node


@strawberry.type
class Principal:
    tenant: str
    role: Role
    scopes: list[str]
    order_id: strawberry.ID | None


async def _node(info: Info, id: strawberry.ID) -> Node | None:  # noqa: A002 - the contract's word
    found: Node | None = await any_node(info, id)
    return found


async def _nodes(info: Info, ids: list[strawberry.ID]) -> list[Node | None]:
    if len(ids) > 100:
        raise LimitExceeded(limit="ids", allowed=100)
    return [await any_node(info, i) for i in ids]


def _me(info: Info) -> Principal:
    me = info.context["principal"]
    return Principal(
        tenant=str(me.tenant),
        role=Role(me.role),
        scopes=sorted(me.scopes),
        order_id=strawberry.ID(public_id("ord", me.order_id)) if me.order_id else None,
    )


_OWN: dict[str, Any] = {
    "node": strawberry.field(resolver=_node, metadata={"bind": AnyNode()}),
    "nodes": strawberry.field(resolver=_nodes, description="At most 100."),
    "me": strawberry.field(resolver=_me),
}
ROOTS: dict[str, Any] = dict(_OWN)
for room in (
    orders,
    amendments,
    searches,
    fulfillment,
    network,
    catalog,
    inventory,
    fiscal,
    invoice_parts,
    authorities,
    guides,
    incoming,
    incidents,
    notices,
    ledger,
    queues,
    connections,
    exchanges,
    routing,
):
    ROOTS |= room.ROOTS

for name, field in ROOTS.items():
    field.python_name = name
Query = create_type("Query", list(ROOTS.values()))
