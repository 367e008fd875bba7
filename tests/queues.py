"""Small makers of queue rows for tests."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any
from uuid import UUID, uuid4

from hub import outbox
from hub.kit.db import Database
from hub.kit.ids import new_id
from hub.kit.lease import Leased, Queue, claim, due
from hub.outbox import Delivery


def delivery(destination: str = "wms:out", **given: Any) -> Delivery:
    """A pick order owed to that destination, with what is given in place of the ordinary."""
    plain: dict[str, Any] = {
        "destination": destination,
        "kind": "RequestPick",
        "subject_kind": "fulfillment",
        "subject_id": new_id(),
        "payload": {"n": 1},
        "causation_id": new_id(),
    }
    return Delivery(**{**plain, **given})


async def owe(db: Database, deliveries: Sequence[Delivery], *, tenant: int = 1) -> list[outbox.Owed]:
    async with db.unit(tenant=tenant, actor="test") as tx:
        return await outbox.owe(tx, deliveries)


async def take(
    db: Database,
    queue: Queue = outbox.QUEUE,
    *,
    limit: int = 100,
    owner: UUID | None = None,
    skip: Sequence[str] = (),
    only: str | None = None,
) -> list[Leased]:
    """Claim what is due, of all tenants."""
    places = [p for p in await due(db, queue) if p.destination not in skip and only in (None, p.destination)]
    return await claim(db, queue, owner or uuid4(), places, limit)


async def make_due(db: Database, queue: Queue) -> None:
    """As if the back-off of every waiting row were over."""
    await db.worker.execute(f"UPDATE {queue.name} SET run_at = now() - interval '1 s' WHERE state = 0")  # noqa: S608 - a closed set of names


async def make_stale(db: Database, queue: Queue) -> None:
    """As if every lease had run out."""
    await db.worker.execute(f"UPDATE {queue.name} SET lease_until = now() - interval '1 s' WHERE state = 1")  # noqa: S608 - a closed set of names


async def until_somebody_waits(db: Database) -> None:
    """Until a session of this database waits for a lock."""
    waiting = """SELECT count(*) FROM pg_locks JOIN pg_stat_activity USING (pid)
                 WHERE NOT granted AND datname = current_database()"""
    for _ in range(2000):
        if await db.worker.fetchval(waiting):
            return
        await asyncio.sleep(0.005)
    raise TimeoutError
