"""Safety stock of a channel: units that its orders must leave at a node and that it is not told of."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from uuid import UUID

from hub.inventory.commands import SQL
from hub.inventory.model import ZERO, Key
from hub.kit.db import Tx
from hub.ledger import Cause, append, fact

FRESH = timedelta(seconds=2)
Buffers = Mapping[str, Mapping[Key, Decimal]]  # channel -> (node, SKU or '' for each) -> units
_kept: dict[tuple[str, int], tuple[datetime, Buffers]] = {}


async def put_buffers(tx: Tx, units: Mapping[tuple[str, UUID, str], Decimal], cause: Cause | None = None) -> list[UUID]:
    """Units by (channel, node, SKU); SKU '' for each that has no row of its own. A fact `stock.buffer_set` each; returns their ids."""
    keys = sorted(units)
    columns = [[k[0] for k in keys], [k[1] for k in keys], [k[2] for k in keys], [units[k] for k in keys]]
    rows = await tx.conn.fetch(SQL["put_buffers"], *columns)
    ids = {(r["channel"], r["node_id"], r["sku"]): r["buffer_id"] for r in rows}
    why = cause or Cause(tx.correlation_id, None)
    for channel, node_id, sku in keys:
        key = (channel, node_id, sku)
        said = {"channel": channel, "node_id": node_id, "sku": sku, "units": units[key]}
        append(tx, [fact(tx, "stock.buffer_set", "channel_buffer", ids[key], said, why)])
    tx.after_commit.append(_kept.clear)
    _kept.pop((tx.database, tx.tenant), None)  # what follows in this unit reads them anew
    return [ids[k] for k in keys]


async def stocked_at(tx: Tx, nodes: Iterable[UUID]) -> list[Key]:
    """(node, SKU) of all that these nodes keep."""
    return [(r["node_id"], r["sku"]) for r in await tx.conn.fetch(SQL["stocked_at"], sorted(set(nodes)))]


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
