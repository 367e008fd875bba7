"""Whether stock and lots are what their movements say, and the announced units what their documents say. Reads; repairs nothing."""

from __future__ import annotations

from hub.inventory.commands import SQL
from hub.inventory.counts import unexplained
from hub.inventory.lots import SQL as LOTS
from hub.kit.db import Tx


async def faults(tx: Tx) -> list[str]:
    """A sentence for each key that does not add up; empty when all is well."""
    found = [
        f"{r['sku']} ({r['condition']}) at {r['node_id']}: on hand {r['on_hand']}, moved {r['moved_on_hand']}; "
        f"reserved {r['reserved']}, moved {r['moved_reserved']}"
        for r in await unexplained(tx)
    ]
    found += [
        f"{r['sku']} at {r['node_id']}: incoming {r['incoming']}, announced {r['announced']}"
        for r in await tx.conn.fetch(SQL["unannounced"])
    ]
    found += [
        f"{r['sku']} at {r['node_id']}: {r['kept']} kept in reservations, {r['reserved']} reserved"
        for r in await tx.conn.fetch(SQL["overkept"])
    ]
    found += [
        f"{r['sku']} at {r['node_id']}, lot {r['lot']}: on hand {r['on_hand']}, moved {r['moved']}; "
        f"claimed {r['claimed']}, chosen {r['chosen']}"
        for r in await tx.conn.fetch(LOTS["astray"])
    ]
    found += [
        f"{r['sku']} ({r['condition']}) at {r['node_id']}: {r['in_lots']} in lots, the lots hold {r['units']}"
        for r in await tx.conn.fetch(LOTS["unshelved"])
    ]
    return found


async def count_keys(tx: Tx) -> int:
    return int(await tx.conn.fetchval(SQL["count_keys"]))
