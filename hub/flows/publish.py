"""What left is told to the channel that ordered it: tracking, and in Brazil the note's key."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any
from uuid import UUID

from hub import connections, orders, outbox
from hub.canon.codec import dump
from hub.canon.commands import ConfirmShipment, ShippedLine
from hub.flows.joint import notes_of
from hub.flows.reactor import Deps, Flow
from hub.kit.db import Tx
from hub.ledger import Fact


async def answer(tx: Tx, facts: Sequence[Fact], deps: Deps) -> None:
    ids = {UUID(f.data["order_id"]) for f in facts}
    heads, lines = await orders.heads(tx, ids), await orders.lines(tx, ids)
    adapters = {c.connection_id: c.adapter for c in await connections.of_tenant(tx) if c.state != "PAUSED"}
    notes = await notes_of(tx, [f.subject_id for f in facts])
    told = _told(facts, lines)
    owed = []
    for f in facts:
        head = heads[UUID(f.data["order_id"])]
        connection = head["connection_id"]
        if connection is None or "ConfirmShipment" not in deps.accepts.get(adapters.get(connection, ""), frozenset()):
            continue
        known = [(line, n) for line, n in told[f.subject_id] if not line.startswith(orders.OURS)]
        if not known:
            continue
        note = notes.get(f.subject_id)
        command = ConfirmShipment(
            order=head["external_id"],
            shipment=f.data["shipment_id"],
            lines=tuple(ShippedLine(line=line, quantity=n) for line, n in known),
            carrier=f.data["carrier"],
            tracking=f.data["tracking"],
            access_key=note["access_key"] if note else None,
        )
        owed.append(
            outbox.Delivery(
                destination=f"{connection.hex}:outbound",
                kind="ConfirmShipment",
                subject_kind="fulfillment",
                subject_id=f.subject_id,
                payload=dump(command),
                causation_id=f.event_id,
                correlation_id=f.correlation_id,
                ordering_key=head["order_id"].hex,
                dedupe_key=f"ConfirmShipment:{f.subject_id.hex}",
            )
        )
    await outbox.owe(tx, owed)


def _told(facts: Sequence[Fact], lines: Mapping[UUID, Sequence[Any]]) -> dict[UUID, list[tuple[str, Decimal]]]:
    """Fulfillment -> what left, in the lines that the channel knows; nothing where only a part of a kit has left."""
    found: dict[UUID, list[tuple[str, Decimal]]] = {}
    for order_id, rows in lines.items():
        mine = [f for f in facts if UUID(f.data["order_id"]) == order_id]
        shipments = [{UUID(x[0]): Decimal(x[2]) for x in f.data["lines"]} for f in mine]
        found |= {f.subject_id: x for f, x in zip(mine, orders.shipped_as_sold(rows, shipments), strict=True)}
    return found


FLOW = Flow("publish", frozenset({"fulfillment.dispatched"}), answer)
