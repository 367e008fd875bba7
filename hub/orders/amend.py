"""Write amendments: as asked, while a node's answer is awaited, or applied. Set-wise, inside the caller's unit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from hub.canon.codec import dump, load
from hub.canon.order import Address, DraftLine
from hub.canon.states import FulfillmentMethod, LineKind
from hub.kit.db import Tx
from hub.kit.ids import new_id
from hub.kit.sqlfile import statements
from hub.ledger import Cause, append, fact
from hub.orders.amendment import OURS, Amendment, NewLine, Planned
from hub.orders.capture import PLACE, address_columns
from hub.orders.commands import SQL as ORDERS
from hub.orders.kits import Kits, components

SQL = statements(__file__, "amend.sql")


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One planned amendment with the rows that it was planned from. `kits`: of those among its new lines."""

    ask: Amendment
    planned: Planned
    head: Any
    lines: Sequence[Any]
    products: Mapping[str, UUID]
    kits: Kits = field(default_factory=dict)


async def note(tx: Tx, steps: Sequence[tuple[UUID, Step, str]]) -> None:
    """Keep (amendment, step, state); a fact `order.amendment_asked` for each that waits."""
    for amendment_id, step, state in steps:
        if state == "WAITING":
            said = {"amendment_id": amendment_id, "reason": step.ask.reason, "waits_for": step.planned.stop}
            append(tx, [fact(tx, "order.amendment_asked", "order", step.ask.order_id, said, step.ask.cause)])
    await tx.conn.execute(SQL["note_amendments"], [_row(tx, *each) for each in steps])


def _row(tx: Tx, amendment_id: UUID, step: Step, state: str) -> dict[str, Any]:
    return {
        "tenant_id": tx.tenant,
        "amendment_id": amendment_id,
        "order_id": step.ask.order_id,
        "state": state,
        "reason": step.ask.reason,
        "asked_by": tx.actor,
        "asked_at": tx.now,
        "settled_at": None if state == "WAITING" else tx.now,
        "asked": _kept(step),
        "changes": list(step.planned.changes),
        "total_before": step.head["total"],
        "total_after": step.head["total"] + step.planned.total,
        "currency": step.head["currency"],
        "waits_for": list(step.planned.stop),
    }


async def apply(tx: Tx, steps: Sequence[tuple[UUID, Step]]) -> None:
    """Change lines, totals, address, method and promise; a fact `order.amended` each, enough to replay."""
    changed = [c for _, s in steps for c in s.planned.lines]
    if changed:
        columns = [
            [getattr(c, n) if n != "total" else c.gross - c.discount for c in changed]
            for n in ("line_id", "ordered", "cancelled", "total", "discount", "tax")
        ]
        await tx.conn.execute(SQL["amend_lines"], *columns)
    rows = {i: _new_lines(tx, s) for i, s in steps}
    if added := [r for found in rows.values() for r in found]:
        await tx.conn.execute(SQL["add_lines"], added)
    await tx.conn.execute(
        SQL["amend_heads"],
        [s.ask.order_id for _, s in steps],
        [s.planned.goods for _, s in steps],
        [s.planned.discount for _, s in steps],
        [s.planned.tax for _, s in steps],
        [s.planned.total for _, s in steps],
        [s.ask.method.value if s.ask.method else None for _, s in steps],
        [s.ask.pickup_node_id for _, s in steps],
        [s.ask.promised_by for _, s in steps],
        [s.ask.ship_by for _, s in steps],
        tx.now,
    )
    for _, s in steps:
        if s.ask.ship_to is not None:
            columns = list(address_columns(s.ask.ship_to).values())
            await tx.conn.execute(ORDERS["readdress"], s.ask.order_id, *columns, tx.now)
    append(tx, [_amended(tx, i, s, rows[i]) for i, s in steps])


def _amended(tx: Tx, amendment_id: UUID, step: Step, added: Sequence[Mapping[str, Any]]) -> Any:
    """Without personal data: that the address changed, not to what."""
    said = {
        "amendment_id": amendment_id,
        "origin": step.ask.origin,
        "reason": step.ask.reason,
        "lines": [[c.line_id, c.ordered, c.cancelled] for c in step.planned.lines],
        "added": [[x["line_id"], x["sku"], x["ordered"], x["unit_price"]] for x in added],
        "changes": [c for c in step.planned.changes if c["kind"] != "address"],
        "address": step.ask.ship_to is not None,
        "method": step.ask.method,
        "total": step.head["total"] + step.planned.total,
    }
    return fact(tx, "order.amended", "order", step.ask.order_id, said, step.ask.cause)


def _new_lines(tx: Tx, step: Step) -> list[dict[str, Any]]:
    """Rows of the new lines, and after them those of their kits' components."""
    last = max((x["line_no"] for x in step.lines), default=0)
    asked = [
        DraftLine(
            external_id=new.external_id or f"{OURS}{last + n}",
            sku=new.sku,
            quantity=new.quantity,
            unit_price=new.unit_price,
            title=new.title,
            discount=new.discount,
            kind=LineKind.KIT if new.sku in step.kits else LineKind.GOODS,
        )
        for n, new in enumerate(step.ask.add, 1)
    ]
    rows = [_new_line(tx, step, last + n, x) for n, x in enumerate(asked, 1)]
    for line, parent in [(x, r) for x, r in zip(asked, rows, strict=True) if x.sku in step.kits]:
        for part in components(replace(line, kind=LineKind.GOODS), step.kits[line.sku]):
            rows.append({**_new_line(tx, step, last + len(rows) + 1, part), "kit_parent": parent["line_id"]})
    return rows


def _new_line(tx: Tx, step: Step, number: int, line: DraftLine) -> dict[str, Any]:
    gross = line.gross if line.gross is not None else line.unit_price * line.quantity
    zeros = dict.fromkeys(("cancelled", "reserved", "picked", "packed", "shipped", "delivered", "returned", "tax"), 0)
    return {
        **zeros,
        "tenant_id": tx.tenant,
        "line_id": new_id(),
        "order_id": step.ask.order_id,
        "line_no": number,
        "external_id": line.external_id,
        "sku": line.sku,
        "product_id": step.products.get(line.sku),
        "title": line.title or line.sku,
        "kind": line.kind.value,
        "fulfilled_by": "MERCHANT",
        "currency": step.head["currency"],
        "unit_price": line.unit_price,
        "discount": line.discount,
        "total": gross - line.discount,
        "ordered": line.quantity,
    }


async def waiting_amendments(tx: Tx, orders: Sequence[UUID]) -> dict[UUID, Any]:
    """Order -> the amendment that waits for a node's answer, locked."""
    return {r["order_id"]: r for r in await tx.conn.fetch(SQL["waiting_amendments"], sorted(set(orders)))}


async def waited(tx: Tx, amendments: Sequence[UUID]) -> dict[UUID, Any]:
    """Those of these amendments that waited for a node before they were settled, with what was asked."""
    return {r["amendment_id"]: r for r in await tx.conn.fetch(SQL["waited"], list(amendments))}


async def unheard(tx: Tx, orders: Sequence[UUID]) -> dict[UUID, dict[str, set[Decimal]]]:
    """Order -> line -> units it held before amendments of ours: what a channel that has not heard of them still says."""
    found: dict[UUID, dict[str, set[Decimal]]] = {}
    for r in await tx.conn.fetch(SQL["unheard"], sorted(set(orders))):
        for external_id, units in r["before"].items():
            found.setdefault(r["order_id"], {}).setdefault(external_id, set()).add(Decimal(units))
    return found


async def stood(tx: Tx, orders: Sequence[UUID]) -> dict[UUID, list[Mapping[str, Any]]]:
    """Order -> the `ship_*` columns that it had before amendments of ours: what a channel that has not heard of them still says."""
    found: dict[UUID, list[Mapping[str, Any]]] = {}
    for r in await tx.conn.fetch(SQL["stood"], sorted(set(orders))):
        found.setdefault(r["order_id"], []).append(r["stood"])
    return found


async def settle(tx: Tx, ended: Sequence[tuple[UUID, str, str | None]]) -> None:
    """(amendment, APPLIED or REFUSED, note)"""
    if ended:
        await tx.conn.execute(SQL["settle_amendments"], *map(list, zip(*ended, strict=True)), tx.now)


async def revision_applied(tx: Tx, order_id: UUID, revision: str) -> None:
    """A revision that came with other lines stands after all, as an amendment."""
    await tx.conn.execute(SQL["settle_revision"], order_id, revision)


def _kept(step: Step) -> dict[str, Any]:
    """The ask as JSON, without order and cause, to be asked again when the node has answered. `before`: what its lines held until then;
    `stood`: where its goods went, if they are to go elsewhere.
    """
    ask = step.ask
    before = {x["external_id"]: x["ordered"] - x["cancelled"] for x in step.lines if x["line_id"] in ask.quantities}
    return {
        "origin": ask.origin,
        "before": {k: str(v) for k, v in before.items()},
        "add": [dump(n) for n in ask.add],
        "quantities": {str(k): str(v) for k, v in ask.quantities.items()},
        "ship_to": dump(ask.ship_to) if ask.ship_to else None,
        "stood": {n: step.head[n] for n in PLACE} if ask.ship_to else None,
        "method": ask.method,
        "pickup_node_id": ask.pickup_node_id,
        "promised_by": ask.promised_by.isoformat() if ask.promised_by else None,
        "ship_by": ask.ship_by.isoformat() if ask.ship_by else None,
        "total": None if ask.total is None else str(ask.total),
        "document": ask.document,
    }


def asked_again(row: Any, cause: Cause) -> Amendment:
    """The amendment that was kept, to be planned anew."""
    kept = row["asked"]
    return Amendment(
        order_id=row["order_id"],
        reason=row["reason"],
        cause=cause,
        add=tuple(load(NewLine, n) for n in kept["add"]),
        quantities={UUID(k): Decimal(v) for k, v in kept["quantities"].items()},
        ship_to=load(Address, kept["ship_to"]) if kept["ship_to"] else None,
        method=FulfillmentMethod(kept["method"]) if kept["method"] else None,
        pickup_node_id=UUID(kept["pickup_node_id"]) if kept["pickup_node_id"] else None,
        promised_by=datetime.fromisoformat(kept["promised_by"]) if kept["promised_by"] else None,
        ship_by=datetime.fromisoformat(kept["ship_by"]) if kept["ship_by"] else None,
        total=None if kept["total"] is None else Decimal(kept["total"]),
        origin=kept["origin"],
        document=kept.get("document"),
    )
