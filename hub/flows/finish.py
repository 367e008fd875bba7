"""A delivered fulfillment is completed when the channel's return window is over."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from hub import connections, orders, timers
from hub.flows.reactor import Deps, Flow
from hub.kit.db import Tx
from hub.ledger import Fact

DAYS = 7  # the withdrawal period of a Brazilian consumer (CDC art. 49); an account's `return_days` says another


async def answer(tx: Tx, facts: Sequence[Fact], deps: Deps) -> None:
    heads = await orders.heads(tx, {UUID(f.data["order_id"]) for f in facts})
    configs = {c.connection_id: c.config for c in await connections.of_tenant(tx)}
    due = []
    for f in facts:
        account = configs.get(heads[UUID(f.data["order_id"])]["connection_id"], {})
        due.append(
            timers.Timer(
                kind="complete_fulfillment",
                subject_kind="fulfillment",
                subject_id=f.subject_id,
                at=tx.now + timedelta(days=int(account.get("return_days", DAYS))),
                dedupe_key=f.subject_id.hex,
                correlation_id=f.correlation_id,
                causation_id=f.event_id,
            )
        )
    await timers.set_timers(tx, due)


FLOW = Flow("finish", frozenset({"fulfillment.delivered"}), answer)
