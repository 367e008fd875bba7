"""Fulfillments that leave with one note: one of them bears it for all."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

from hub.fulfillment.commands import SQL
from hub.kit.db import Tx


async def share_notes(tx: Tx, bearers: Mapping[UUID, UUID | None]) -> None:
    """Fulfillment -> the one whose note is its note too; None: it bears its own."""
    ids = sorted(bearers)
    await tx.conn.execute(SQL["share_notes"], ids, [bearers[i] for i in ids], tx.now)


async def bearers(tx: Tx, fulfillments: Iterable[UUID]) -> dict[UUID, UUID]:
    """Fulfillment -> the one that bears its note, itself where it shares none."""
    wanted = sorted(set(fulfillments))
    rows = await tx.conn.fetch(SQL["bearers"], wanted) if wanted else []
    return {i: i for i in wanted} | {r["fulfillment_id"]: r["noted_with"] for r in rows}


async def borne(tx: Tx, fulfillments: Iterable[UUID]) -> dict[UUID, list[Any]]:
    """Bearer -> the others for which it bears the note."""
    found: dict[UUID, list[Any]] = {}
    for r in await tx.conn.fetch(SQL["borne"], sorted(set(fulfillments))):
        found.setdefault(r["noted_with"], []).append(r)
    return found


async def waiting_at_the_door(tx: Tx, fulfillments: Iterable[UUID]) -> list[Any]:
    """Those of these that are packed, were asked to leave and not to stop."""
    return list(await tx.conn.fetch(SQL["waiting_at_the_door"], sorted(set(fulfillments))))
