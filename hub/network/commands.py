"""Keep nodes and lanes; read the whole network, kept in memory for a moment because it changes rarely."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from hub.canon.order import Address
from hub.canon.states import NodeKind
from hub.kit.db import Tx
from hub.kit.ids import new_id
from hub.kit.sqlfile import statements
from hub.network.model import Lane, Network, Node

SQL = statements(__file__, "network.sql")
FRESH = timedelta(seconds=2)

_kept: dict[tuple[str, int], tuple[datetime, Network]] = {}


async def put_node(tx: Tx, node: Node) -> UUID:
    """Insert or replace by code; returns the id, which stays for a known code."""
    a = node.address
    found: UUID = await tx.conn.fetchval(
        SQL["put_node"],
        node.node_id,
        node.code,
        node.name,
        node.kind.value,
        a.street or "",
        a.number,
        a.complement,
        a.district,
        a.city or "",
        a.region or "",
        a.postal_code or "",
        a.country,
        a.municipality_code,
        a.phone,
        node.timezone,
        node.cut_off,
        list(node.work_days),
        node.capacity_per_day,
        node.active,
        node.legal_name,
        node.tax_id,
        node.state_registration,
        node.tax_regime,
        node.fiscal_series,
        node.fiscal_connection_id,
        node.wms_connection_id,
        tx.now,
        list(node.closed_on),
    )
    tx.after_commit.append(forget)
    return found


async def put_lanes(tx: Tx, lanes: Sequence[Lane]) -> None:
    rows = [
        (
            new_id(),
            x.node_id,
            x.carrier,
            x.service,
            x.country,
            x.region,
            x.cost,
            x.cost_per_kg,
            x.currency,
            x.days,
            x.co2e_g,
            x.max_weight_g,
            x.valid_until,
            x.valid_until is not None,
        )
        for x in lanes
    ]
    await tx.conn.executemany(SQL["put_lane"], rows)
    tx.after_commit.append(forget)


async def change_load(tx: Tx, deltas: Mapping[UUID, int]) -> None:
    """Open fulfillments per node, for the load part of routing scores."""
    changed = sorted((n, d) for n, d in deltas.items() if d)
    if changed:
        await tx.conn.execute(SQL["load_change"], [n for n, _ in changed], [d for _, d in changed])


async def load(tx: Tx) -> Network:
    """The tenant's network, at most two seconds old."""
    key = (tx.database, tx.tenant)
    kept = _kept.get(key)
    if kept and timedelta(0) <= tx.now - kept[0] < FRESH:
        return kept[1]
    lanes: dict[UUID, list[Lane]] = {}
    for row in await tx.conn.fetch(SQL["lanes"]):
        lanes.setdefault(row["node_id"], []).append(Lane(**dict(row.items())))
    nodes = {n.node_id: n for n in map(_node, await tx.conn.fetch(SQL["nodes"]))}
    network = Network(nodes, {k: tuple(v) for k, v in lanes.items()})
    _kept[key] = (tx.now, network)
    return network


def forget() -> None:
    """Read the network anew at the next use."""
    _kept.clear()


def _node(row: Any) -> Node:
    address = Address(
        country=row["country"],
        name=row["name"],
        company=row["legal_name"],
        street=row["street"],
        number=row["number"],
        complement=row["complement"],
        district=row["district"],
        city=row["city"],
        region=row["region"],
        postal_code=row["postal_code"],
        phone=row["phone"],
        tax_id=row["tax_id"],
        municipality_code=row["municipality_code"],
    )
    same = [
        "node_id",
        "code",
        "name",
        "timezone",
        "cut_off",
        "capacity_per_day",
        "open_fulfillments",
        "active",
        "legal_name",
        "tax_id",
        "state_registration",
        "tax_regime",
        "fiscal_series",
        "fiscal_connection_id",
        "wms_connection_id",
    ]
    return Node(
        kind=NodeKind(row["kind"]),
        address=address,
        work_days=tuple(row["work_days"]),
        closed_on=tuple(row["closed_on"]),
        **{k: row[k] for k in same},
    )
