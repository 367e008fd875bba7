"""The facts of one order with what caused each, so that a test can walk a chain back to the bytes that began it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from hub import ledger, orders
from hub.cli.story.stage import Stage


@dataclass(frozen=True, slots=True)
class Trace:
    """`facts` in ledger order; `messages` and `deliveries` by id, at work or done."""

    order_id: UUID
    facts: list[Any]
    messages: dict[UUID, Any]
    deliveries: dict[UUID, Any]

    def of(self, type_: str) -> list[Any]:
        return [f for f in self.facts if f["type"] == type_]

    def one(self, type_: str) -> Any:
        [found] = self.of(type_)
        return found

    def way(self, fact: Any) -> list[str]:
        """Types from that fact back to the message or delivery that began it, which comes last as its topic or kind."""
        known = {f["event_id"]: f for f in self.facts}
        way = []
        while True:
            way.append(fact["type"])
            cause = fact["causation_id"]
            if cause not in known:
                break
            fact = known[cause]
        if cause in self.messages:
            return [*way, self.messages[cause]["topic"]]
        if cause in self.deliveries:
            return [*way, self.deliveries[cause]["kind"]]
        return [*way, str(cause)]

    def owed(self, kind: str) -> list[Any]:
        return [d for d in self.deliveries.values() if d["kind"] == kind]


async def trace(stage: Stage, number: str) -> Trace:
    """Everything of the order, its fulfillments and its notes."""
    async with stage.hub.db.unit(tenant=stage.company.tenant, actor="test") as tx:
        order_id = await orders.find(tx, number)
        assert order_id is not None
        subjects = [
            order_id,
            *[
                r[0]
                for r in await tx.conn.fetch("SELECT fulfillment_id FROM fulfillments WHERE order_id = $1", order_id)
            ],
            *[
                r[0]
                for r in await tx.conn.fetch(
                    "SELECT fiscal_document_id FROM fiscal_documents WHERE order_id = $1", order_id
                )
            ],
        ]
        facts = await ledger.story(tx, subjects)
        messages = await tx.conn.fetch("SELECT * FROM v_inbound_message")
        deliveries = await tx.conn.fetch(DELIVERIES)
    return Trace(
        order_id=order_id,
        facts=facts,
        messages={r["message_id"]: r for r in messages},
        deliveries={r["delivery_id"]: r for r in deliveries},
    )


DELIVERIES = """SELECT delivery_id, kind, subject_id, causation_id, 'LIVE' AS outcome FROM outbox
UNION ALL SELECT delivery_id, kind, subject_id, causation_id, outcome FROM outbox_done"""
