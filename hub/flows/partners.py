"""Which orders came from partners that take documents, and how a document for one of them is owed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

from hub import connections, outbox
from hub.canon.codec import dump
from hub.canon.commands import WriteDocument
from hub.flows.prices import agreement
from hub.flows.reactor import Deps
from hub.kit.db import Tx
from hub.kit.money import plain
from hub.ledger import Fact


async def trading(tx: Tx, deps: Deps) -> frozenset[UUID]:
    """Connections that take documents and are not paused."""
    found = await connections.of_tenant(tx)
    takes = {name for name, kinds in deps.accepts.items() if "WriteDocument" in kinds}
    return frozenset(c.connection_id for c in found if c.adapter in takes and c.state != "PAUSED")


async def gets(tx: Tx, deps: Deps, connection: UUID, kind: str) -> bool:
    """Whether the partner at this connection has agreed to get such documents."""
    account = next((c for c in await connections.of_tenant(tx) if c.connection_id == connection), None)
    return account is not None and kind in agreement(account, deps).documents


def owed(
    f: Fact,
    connection: UUID,
    kind: str,
    number: str,
    data: Mapping[str, Any],
    subject: tuple[str, UUID],
    *,
    order: UUID | None = None,
) -> outbox.Delivery:
    """One document for each fact and kind. Those about one order leave in the order of its facts; those about none, one after the other."""
    return outbox.Delivery(
        destination=f"{connection.hex}:outbound",
        kind="WriteDocument",
        subject_kind=subject[0],
        subject_id=subject[1],
        payload=dump(WriteDocument(kind=kind, number=number, data=data)),
        causation_id=f.event_id,
        correlation_id=f.correlation_id,
        ordering_key=order.hex if order is not None else "documents",
        dedupe_key=f"{kind}:{f.event_id.hex}:{subject[1].hex}",
    )


def echoed(row: Any) -> dict[str, Any]:
    """What the partner called a line: line_ref, unit, price and ids as they came, ours where they said nothing."""
    said = row["partner"] or {}
    return {
        "line_ref": said.get("line_ref") or str(row["line_no"]),
        "unit": said.get("unit", "EA"),
        "price": said.get("price", plain(row["unit_price"])),
        "ids": said.get("ids") or {"sku": row["sku"]},
    }


def by_external(rows: Iterable[Any]) -> dict[str, Any]:
    return {r["external_id"]: r for r in rows}
