"""Safety stock of a channel: units that its orders must leave at a node and that it is not told of."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from uuid import UUID

from hub.inventory.commands import SQL
from hub.inventory.model import ZERO, Key
from hub.kit.db import Tx

FRESH = timedelta(seconds=2)
Buffers = Mapping[str, Mapping[Key, Decimal]]  # channel -> (node, SKU or '' for each) -> units
_kept: dict[tuple[str, int], tuple[datetime, Buffers]] = {}


async def put_buffers(tx: Tx, units: Mapping[tuple[str, UUID, str], Decimal]) -> None:
    """Units by (channel, node, SKU); SKU '' for each that has no row of its own."""
    keys = sorted(units)
    columns = [[k[0] for k in keys], [k[1] for k in keys], [k[2] for k in keys], [units[k] for k in keys]]
    await tx.conn.execute(SQL["put_buffers"], *columns)
    tx.after_commit.append(_kept.clear)


async def buffers(tx: Tx) -> Buffers:
    """The tenant's buffers, at most two seconds old."""
    key = (tx.database, tx.tenant)
    kept = _kept.get(key)
    if kept and timedelta(0) <= tx.now - kept[0] < FRESH:
        return kept[1]
    found: dict[str, dict[Key, Decimal]] = {}
    for r in await tx.conn.fetch(SQL["buffers"]):
        found.setdefault(r["channel"], {})[r["node_id"], r["sku"]] = r["units"]
    _kept[key] = (tx.now, found)
    return found


def left_for(own: Mapping[Key, Decimal], key: Key) -> Decimal:
    """What a channel with these buffers must leave at that key."""
    return own.get(key, own.get((key[0], ""), ZERO))
