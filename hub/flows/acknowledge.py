"""A partner's order that is approved is answered with an 855: each line as the partner named it, with what we accept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from hub import connections, orders, outbox
from hub.canon.codec import dump
from hub.canon.commands import WriteDocument
from hub.flows.reactor import Deps, Flow
from hub.kit.db import Tx
from hub.kit.money import plain
from hub.ledger import Fact


async def answer(tx: Tx, facts: Sequence[Fact], deps: Deps) -> None:
    ours = [f for f in facts if f.data.get("connection_id")]
    if not ours:
        return
    accounts = {c.connection_id: c for c in await connections.of_tenant(tx)}
    partners = [
        f
        for f in ours
        if "WriteDocument" in deps.accepts.get(accounts[UUID(f.data["connection_id"])].adapter, frozenset())
    ]
    if not partners:
        return
    ids = [f.subject_id for f in partners]
    heads, lines = await orders.heads(tx, ids), await orders.lines(tx, ids)
    await outbox.owe(tx, [_owed(f, heads[f.subject_id], lines[f.subject_id]) for f in partners])


def _owed(f: Fact, head: Any, lines: Sequence[Any]) -> outbox.Delivery:
    command = WriteDocument(kind="order_response", number=head["number"], data=response(head, lines))
    return outbox.Delivery(
        destination=f"{UUID(f.data['connection_id']).hex}:outbound",
        kind="WriteDocument",
        subject_kind="order",
        subject_id=f.subject_id,
        payload=dump(command),
        causation_id=f.event_id,
        correlation_id=f.correlation_id,
        ordering_key=f.subject_id.hex,
        dedupe_key=f"order_response:{f.event_id.hex}",
    )


def response(head: Any, lines: Sequence[Any]) -> Mapping[str, Any]:
    """The canonical 855 of an order: accepted as it stands, cancelled parts rejected; rejected where nothing is left."""
    lines = orders.sold(lines)
    answered = [_line(x) for x in lines]
    whole = all(x["cancelled"] == 0 for x in lines)
    gone = all(x["cancelled"] == x["ordered"] for x in lines)
    return {
        "purpose": "original",
        "answer": "accepted_with_detail" if whole else "rejected" if gone else "accepted_with_changes",
        "external_id": head["number"],
        "placed_on": head["placed_at"].date().isoformat(),
        "number": head["order_id"].hex[:22],
        "date": head["updated_at"].date().isoformat(),
        "lines": answered,
    }


def _line(row: Any) -> dict[str, Any]:
    partner = row["partner"] or {}
    accepted, rejected = row["ordered"] - row["cancelled"], row["cancelled"]
    answers = (
        [{"status": "accepted", "quantity": plain(accepted), "unit": partner.get("unit", "EA")}] if accepted else []
    )
    if rejected:
        answers.append({"status": "rejected", "quantity": plain(rejected), "unit": partner.get("unit", "EA")})
    return {
        "line_ref": partner.get("line_ref", str(row["line_no"])),
        "ordered": plain(row["ordered"]),
        "unit": partner.get("unit", "EA"),
        "price": plain(row["unit_price"]),
        "ids": partner.get("ids") or {"sku": row["sku"]},
        "answers": answers,
    }


FLOW = Flow("acknowledge", frozenset({"order.approved"}), answer)
