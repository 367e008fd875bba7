"""What leaves for a partner's order is announced with an 856 and invoiced with an 810, in the transaction of the dispatch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any
from uuid import UUID

from hub import fulfillment, orders, outbox
from hub.flows.partners import by_external, echoed, owed, trading
from hub.flows.reactor import Deps, Flow
from hub.kit.db import Tx
from hub.kit.money import plain
from hub.ledger import Fact

Units = Sequence[tuple[str, Decimal]]  # (the partner's line id, units)


async def answer(tx: Tx, facts: Sequence[Fact], deps: Deps) -> None:
    partners = await trading(tx, deps)
    if not partners:
        return
    ids = {UUID(f.data["order_id"]) for f in facts}
    heads = {i: h for i, h in (await orders.heads(tx, ids)).items() if h["connection_id"] in partners}
    mine = [f for f in facts if UUID(f.data["order_id"]) in heads]
    if not mine:
        return
    lines = await orders.lines(tx, list(heads))
    packages = await fulfillment.packages(tx, [UUID(f.data["shipment_id"]) for f in mine])
    documents: list[outbox.Delivery] = []
    for order_id, head in heads.items():
        own = [f for f in mine if UUID(f.data["order_id"]) == order_id]
        left = [{UUID(x[0]): Decimal(x[2]) for x in f.data["lines"]} for f in own]
        for f, units in zip(own, orders.shipped_as_sold(lines[order_id], left), strict=True):
            if units:
                packed = packages.get(UUID(f.data["shipment_id"]), [])
                documents += _documents(tx, f, head, lines[order_id], units, packed)
    await outbox.owe(tx, documents)


def _documents(
    tx: Tx, f: Fact, head: Any, lines: Sequence[Any], units: Units, packages: Sequence[Any]
) -> list[outbox.Delivery]:
    known, subject = by_external(lines), ("fulfillment", f.subject_id)
    day, clock = tx.now.date().isoformat(), tx.now.strftime("%H:%M")
    number = document_number(UUID(f.data["shipment_id"]))
    shipment = _shipment(f, head, [_item(known[x], n) for x, n in units], known, packages)
    notice = {
        "purpose": "original",
        "shipment_id": number,
        "shipped_on": day,
        "shipped_at": clock,
        "hierarchy": "0001" if "packages" in shipment["orders"][0] else "0004",
        "shipments": [shipment],
    }
    bill = {
        "date": day,
        "number": number,
        "placed_on": head["placed_at"].date().isoformat(),
        "external_id": head["number"],
        "currency": head["currency"],
        "lines": [_billed(known[x], n) for x, n in units],
    }
    connection = head["connection_id"]
    return [
        owed(f, connection, "ship_notice", number, notice, subject, order=head["order_id"]),
        owed(f, connection, "invoice", number, bill, subject, order=head["order_id"]),
    ]


def document_number(shipment: UUID) -> str:
    """Of a shipment's notice and invoice: 16 characters, the random part of its id."""
    return shipment.hex[-16:].upper()


def _shipment(
    f: Fact, head: Any, items: Sequence[Mapping[str, Any]], known: Mapping[str, Any], packages: Sequence[Any]
) -> dict[str, Any]:
    routing = {"scheme": "2", "carrier": str(f.data["carrier"])[:17]} if f.data["carrier"] else None
    tracking = f.data["tracking"]
    return {
        **({"routing": [routing]} if routing else {}),
        **({"references": {"tracking": tracking}} if tracking else {}),
        "dates": {"shipped": f.at.date().isoformat()},
        "parties": {"ship_to": _ship_to(head)},
        "orders": [
            {
                "external_id": head["number"],
                "placed_on": head["placed_at"].date().isoformat(),
                **_content(items, known, packages, tracking),
            }
        ],
    }


def _ship_to(head: Any) -> dict[str, Any]:
    told = {
        "name": head["ship_company"] or head["ship_name"],
        "street": head["ship_street"],
        "city": head["ship_city"],
        "region": head["ship_region"],
        "postal_code": head["ship_postal_code"],
        "country": head["ship_country"],
    }
    return {k: v for k, v in told.items() if v}


def _content(
    items: Sequence[Mapping[str, Any]], known: Mapping[str, Any], packages: Sequence[Any], tracking: str | None
) -> dict[str, Any]:
    """Packages as they were packed, where every unit lies in one of them; else all in one; what bears no mark is told by line alone."""
    by_line = {str(r["line_id"]): r for r in known.values()}
    contents = [
        [
            (by_line[str(x["line_id"])], Decimal(str(x["quantity"])))
            for x in p["content"] or ()
            if str(x["line_id"]) in by_line
        ]
        for p in packages
    ]
    said = sum((n for c in contents for _, n in c), Decimal(0))
    whole = said == sum((Decimal(i["shipped"]) for i in items), Decimal(0))
    if packages and whole and all(p["sscc"] for p in packages):
        full = [(p, c) for p, c in zip(packages, contents, strict=True) if c]
        return {"packages": [{**_mark("GM", p["sscc"]), "lines": [_item(r, n) for r, n in c]} for p, c in full]}
    if len(packages) == 1 and packages[0]["sscc"]:
        return {"packages": [{**_mark("GM", packages[0]["sscc"]), "lines": list(items)}]}
    if tracking:
        return {"packages": [{**_mark("CP", tracking), "lines": list(items)}]}
    return {"lines": list(items)}


def _mark(kind: str, value: str) -> dict[str, Any]:
    """`GM` an SSCC, `CP` the carrier's number of the package."""
    return {"marks": [{"kind": kind, "value": value}]}


def _item(row: Any, shipped: Decimal) -> dict[str, Any]:
    said = echoed(row)
    return {
        "line_ref": said["line_ref"],
        "ids": said["ids"],
        "shipped": plain(shipped),
        "unit": said["unit"],
        "ordered": plain(row["ordered"]),
        "ordered_unit": said["unit"],
    }


def _billed(row: Any, units: Decimal) -> dict[str, Any]:
    said = echoed(row)
    return {**said, "invoiced": plain(units)}


FLOW = Flow("ship_notice", frozenset({"fulfillment.dispatched"}), answer)
