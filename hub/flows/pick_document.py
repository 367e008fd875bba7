"""A node whose WMS trades by documents gets its pick orders as a 940, with a number short enough to come back in the 945."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any
from uuid import UUID

from hub import connections, fulfillment, outbox
from hub.canon.codec import dump, load
from hub.canon.commands import CancelPick, FulfillmentReported, RequestPick, WriteDocument
from hub.canon.order import Address
from hub.flows.partners import trading
from hub.flows.reactor import Deps
from hub.flows.source import Source
from hub.kit.db import Tx
from hub.kit.ids import public_id
from hub.kit.money import plain

REFERENCE = "pick_order"
LONGEST = 22  # of W0502 and W0602


async def as_documents(tx: Tx, deliveries: Sequence[outbox.Delivery], deps: Deps) -> list[outbox.Delivery]:
    """What is owed to a node that trades by documents becomes one; a release says nothing there. The rest as it is."""
    partners = await trading(tx, deps)
    found: list[outbox.Delivery] = []
    for d in deliveries:
        connection = UUID(d.destination.partition(":")[0])
        if connection not in partners:
            found.append(d)
        elif d.kind == "RequestPick":
            found.append(await _asked(tx, d, connection))
        elif d.kind == "CancelPick":
            found.append(await _taken_back(tx, d, connection))
    return found


async def _asked(tx: Tx, d: outbox.Delivery, connection: UUID) -> outbox.Delivery:
    command = load(RequestPick, d.payload)
    number = f"{command.order[: LONGEST - 8]}-{d.subject_id.hex[-7:].upper()}"
    ref = connections.ForeignRef(subject_id=d.subject_id, connection_id=connection, name=REFERENCE, value=number)
    await connections.learn(tx, [ref])
    lines = [(x.line, x.sku, x.quantity, x.title) for x in command.lines]
    return _written(d, number, {**_document(number, command.order, command.node, lines), **_head(command)})


async def _taken_back(tx: Tx, d: outbox.Delivery, connection: UUID) -> outbox.Delivery:
    command = load(CancelPick, d.payload)
    learnt = (await connections.read(tx, connection, [d.subject_id])).get(d.subject_id, {})
    number = learnt.get(REFERENCE, d.subject_id.hex[:LONGEST])
    rows = (await fulfillment.lines(tx, [d.subject_id]))[d.subject_id]
    lines = [(str(x["line_no"]), x["sku"], x["assigned"], "") for x in rows]
    return _written(d, number, {**_document(number, number, command.node, lines), "status": "cancel"})


def _written(d: outbox.Delivery, number: str, data: Mapping[str, Any]) -> outbox.Delivery:
    document = WriteDocument(kind="pick_order", number=number, data=data)
    return replace(d, kind="WriteDocument", payload=dump(document))


def _document(number: str, order: str, node: str, lines: Sequence[tuple[str, str, Decimal, str]]) -> dict[str, Any]:
    """One group; each line carries our reference, which comes back in the 945."""
    return {
        "status": "new",
        "number": number,
        "external_id": order[:LONGEST],
        "parties": {"ship_from": {"name": node, "scheme": "92", "id": node}},
        "groups": [
            {
                "number": "1",
                "lines": [
                    {
                        "ordered": plain(units),
                        "unit": "EA",
                        "scheme": "VN",
                        "id": sku,
                        "references": {"line": line},
                        **({"descriptions": [title[:45]]} if title else {}),
                    }
                    for line, sku, units, title in lines
                ],
            }
        ],
    }


def _head(command: RequestPick) -> dict[str, Any]:
    told: dict[str, Any] = {}
    if command.ship_by is not None:
        told["dates"] = {"ship_by": command.ship_by.date().isoformat()}
    if command.notes:
        told["notes"] = [{"kind": "WHI", "text": command.notes[:80]}]
    if command.ship_to is not None:
        node = {"name": command.node, "scheme": "92", "id": command.node}
        told["parties"] = {"ship_from": node, "ship_to": _party(command.ship_to)}
    return told


def _party(address: Address) -> dict[str, Any]:
    street = " ".join(x for x in (address.street, address.number) if x)
    told = {
        "name": address.company or address.name or "-",
        "street": street,
        "city": address.city,
        "region": address.region,
        "postal_code": (address.postal_code or "").replace("-", ""),
        "country": address.country,
    }
    return {k: v for k, v in told.items() if v}


async def known_by_us(
    tx: Tx, reports: Sequence[tuple[FulfillmentReported, Source]]
) -> list[tuple[FulfillmentReported, Source]]:
    """Reports that name a pick order by the number of its document, named by our id instead; the others as they are."""
    found: list[tuple[FulfillmentReported, Source]] = []
    for said, source in reports:
        if said.pick_order.startswith("ful_"):
            found.append((said, source))
            continue
        ours = await connections.find(tx, source.connection_id, REFERENCE, [said.pick_order])
        known = ours.get(said.pick_order)
        found.append((replace(said, pick_order=public_id("ful", known)) if known else said, source))
    return found
