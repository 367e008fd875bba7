"""A planned fulfillment is owed to the node's WMS as a pick order; a cancelled one is taken back there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from hub import catalog, inventory, network, orders, outbox
from hub.canon.codec import dump
from hub.canon.commands import CancelPick, OutwardCommand, PickLine, ReleasePick, RequestPick
from hub.canon.order import Address
from hub.flows.joint import notes_of
from hub.flows.pick_document import as_documents
from hub.flows.reactor import Deps, Flow
from hub.kit.db import Tx
from hub.kit.ids import public_id
from hub.ledger import Fact


async def answer(tx: Tx, facts: Sequence[Fact], deps: Deps) -> None:
    places = await network.load(tx)
    chosen = await _choose_lots(tx, facts)
    planned = [f for f in facts if f.type == "fulfillment.planned" and _wms(places, f)]
    owed = await _pick_orders(tx, planned, places, chosen)
    for f in facts:
        if not _wms(places, f):
            continue
        ref = public_id("ful", f.subject_id)
        code = places.nodes[UUID(f.data["node_id"])].code
        if f.type == "fulfillment.cancel_asked":
            owed.append(_delivery(f, places, CancelPick(pick_order=ref, node=code, reason=f.data["reason"])))
        elif f.type == "fulfillment.dispatched":
            key = (await _access_key(tx, f)) if places.nodes[UUID(f.data["node_id"])].brazilian else None
            if key:
                owed.append(_delivery(f, places, ReleasePick(pick_order=ref, node=code, access_key=key)))
    await outbox.owe(tx, await as_documents(tx, owed, deps))


async def _choose_lots(tx: Tx, facts: Sequence[Fact]) -> inventory.Chosen:
    """Planned units get their lots, first expired first; what a split took away is free before."""
    less = {
        (f.subject_id, x[1]): Decimal(x[2]) for f in facts if f.type == "fulfillment.split" for x in f.data["lines"]
    }
    if less:
        await inventory.give_up(tx, less)
    planned = [f for f in facts if f.type == "fulfillment.planned"]
    wanted = [
        (f.subject_id, node, x[1], Decimal(x[2]))
        for f in planned
        for node in (UUID(f.data["node_id"]),)
        for x in f.data["lines"]
    ]
    return await inventory.choose(tx, wanted, tx.now.date())


async def _access_key(tx: Tx, f: Fact) -> str | None:

    notes = await notes_of(tx, [f.subject_id])
    note = notes.get(f.subject_id)
    return note["access_key"] if note else None


def _wms(places: network.Network, f: Fact) -> UUID | None:
    node = places.nodes.get(UUID(f.data["node_id"]))
    return node.wms_connection_id if node else None


async def _pick_orders(
    tx: Tx, planned: Sequence[Fact], places: network.Network, chosen: inventory.Chosen
) -> list[outbox.Delivery]:
    if not planned:
        return []
    ids = {UUID(f.data["order_id"]) for f in planned}
    heads, lines = await orders.heads(tx, ids), await orders.lines(tx, ids)
    known = await catalog.find(tx, {x[1] for f in planned for x in f.data["lines"]})
    by_line = {r["line_id"]: r for rows in lines.values() for r in rows}
    lots: dict[UUID, dict[str, list[tuple[str, Decimal]]]] = {f.subject_id: {} for f in planned}
    for (owner, sku), units in chosen.items():
        lots.setdefault(owner, {})[sku] = list(units)
    found = []
    for f in planned:
        head = heads[UUID(f.data["order_id"])]
        node = places.nodes[UUID(f.data["node_id"])]
        command = RequestPick(
            pick_order=public_id("ful", f.subject_id),
            order=head["number"],
            node=node.code,
            version=1,
            ship_by=datetime.fromisoformat(f.data["ship_by"]),
            service=f.data["service"],
            ship_to=ship_to(head),
            lines=tuple(_line(by_line[UUID(x[0])], x, known, lots[f.subject_id]) for x in f.data["lines"]),
            notes=head["note"],
        )
        found.append(_delivery(f, places, command))
    return found


def _line(
    row: Any, share: Sequence[str], known: Mapping[str, catalog.Product], lots: dict[str, list[tuple[str, Decimal]]]
) -> PickLine:
    product = known.get(row["sku"])
    return PickLine(
        line=str(row["line_no"]),
        sku=row["sku"],
        title=row["title"],
        quantity=Decimal(share[2]),
        gtin=product.gtin if product else None,
        lots=_taken(lots.get(row["sku"], []), Decimal(share[2])),
    )


def _taken(lots: list[tuple[str, Decimal]], units: Decimal) -> tuple[tuple[str, Decimal], ...]:
    """The first of these lots, as many units as one line asks for; they are gone for the next line of the SKU."""
    found: list[tuple[str, Decimal]] = []
    while lots and units > 0:
        lot, n = lots.pop(0)
        part = min(n, units)
        units -= part
        found.append((lot, part))
        if part < n:
            lots.insert(0, (lot, n - part))
    return tuple(found)


def ship_to(head: Any) -> Address | None:
    """The address that an order head holds; None where it has none (pickup)."""
    if not head["ship_country"]:
        return None
    names = [f.name for f in fields(Address) if f.name != "country"]
    return Address(**{n: head[f"ship_{n}"] or None for n in names}, country=head["ship_country"])


def _delivery(f: Fact, places: network.Network, command: OutwardCommand) -> outbox.Delivery:
    connection = places.nodes[UUID(f.data["node_id"])].wms_connection_id
    if connection is None:
        raise ValueError("a node without a WMS is asked for nothing")
    return outbox.Delivery(
        destination=f"{connection.hex}:outbound",
        kind=type(command).__name__,
        subject_kind="fulfillment",
        subject_id=f.subject_id,
        payload=dump(command),
        causation_id=f.event_id,
        correlation_id=f.correlation_id,
        ordering_key=f.subject_id.hex,
        dedupe_key=f"{type(command).__name__}:{f.event_id.hex}",
    )


FLOW = Flow(
    "pick",
    frozenset({"fulfillment.planned", "fulfillment.split", "fulfillment.cancel_asked", "fulfillment.dispatched"}),
    answer,
)
