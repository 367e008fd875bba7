"""What can be sold has changed: the channels that take stock levels are told, the newest value only, less the channel's buffer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import UUID

from hub import connections, inventory, network, outbox
from hub.canon.codec import dump
from hub.canon.commands import SetStock
from hub.flows.reactor import Deps, Flow
from hub.kit.db import Tx
from hub.ledger import Fact

ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class _Target:
    """A connection that is told. `locations`: their location -> our nodes whose stock it shows; `names`: our SKU -> theirs."""

    connection: connections.Connection
    locations: Mapping[str, Sequence[UUID]]
    names: Mapping[str, str]
    buffer: Decimal  # units of each SKU and location that it is not told of, beside the channel's safety stock

    @property
    def pooled(self) -> bool:
        return any(len(nodes) > 1 for nodes in self.locations.values())


async def answer(tx: Tx, facts: Sequence[Fact], deps: Deps) -> None:
    if not any("SetStock" in kinds for kinds in deps.accepts.values()):
        return
    targets = await _targets(tx, deps)
    if not targets:
        return
    touched = await _touched(tx, facts)
    if not touched:
        return
    causes = {sku: f for f, keys in touched for _, sku in keys}
    keys = {key for _, own in touched for key in own}
    if any(t.pooled for t in targets):
        # Taking the rows first makes units that change different nodes of one pool follow one another: each reads what the last one left.
        await outbox.owe(tx, await _deliveries(tx, targets, keys, causes))
    await outbox.owe(tx, await _deliveries(tx, targets, keys, causes))


async def _targets(tx: Tx, deps: Deps) -> list[_Target]:
    """Active connections whose adapter takes stock and whose configuration says which location shows which node."""
    codes = {n.code: n.node_id for n in (await network.load(tx)).nodes.values()}
    found = []
    for c in await connections.of_tenant(tx):
        told = c.config.get("stock") or {}
        if c.state == "PAUSED" or not told or "SetStock" not in deps.accepts.get(c.adapter, frozenset()):
            continue
        locations: dict[str, list[UUID]] = {}
        for code, theirs in (told.get("locations") or {}).items():
            if code in codes:
                locations.setdefault(str(theirs), []).append(codes[code])
        names = told.get("skus") or {}
        found.append(_Target(c, locations, names, Decimal(str(told.get("buffer", 0)))))
    return found


async def _deliveries(
    tx: Tx, targets: Sequence[_Target], touched: set[tuple[UUID, str]], causes: Mapping[str, Fact]
) -> list[outbox.Delivery]:
    skus = sorted({sku for _, sku in touched})
    levels, buffers = await inventory.levels(tx, skus), await inventory.buffers(tx)
    owed = []
    for t in targets:
        own = buffers.get(t.connection.code, {})
        nodes = {n for shown in t.locations.values() for n in shown}
        for sku in skus:
            if not any((n, sku) in touched for n in nodes):
                continue
            shown = tuple(
                (t.names.get(sku, sku), theirs, _shown(levels, own, sku, shown, t.buffer), None)
                for theirs, shown in sorted(t.locations.items())
            )
            owed.append(_delivery(t.connection, sku, SetStock(levels=shown), causes[sku]))
    return owed


def _shown(
    levels: Mapping[tuple[UUID, str], Decimal],
    own: Mapping[tuple[UUID, str], Decimal],
    sku: str,
    nodes: Sequence[UUID],
    buffer: Decimal,
) -> Decimal:
    free = [levels.get((n, sku), ZERO) - inventory.left_for(own, (n, sku)) for n in nodes]
    return max(ZERO, sum((max(ZERO, n) for n in free), ZERO) - buffer)


def _delivery(connection: connections.Connection, sku: str, command: SetStock, cause: Fact) -> outbox.Delivery:
    return outbox.Delivery(
        destination=connection.destination("outbound"),
        kind="SetStock",
        subject_kind="connection",
        subject_id=connection.connection_id,
        payload=dump(command),
        causation_id=cause.event_id,
        correlation_id=cause.correlation_id,
        latest_key=f"stock:{sku}",
    )


async def _touched(tx: Tx, facts: Sequence[Fact]) -> list[tuple[Fact, Sequence[tuple[UUID, str]]]]:
    """Each fact with the (node, SKU) that it changes; a buffer of every SKU of a node changes all that it keeps."""
    found = [(f, keys_of(f)) for f in facts]
    wide = {f.event_id: UUID(f.data["node_id"]) for f, keys in found if any(not sku for _, sku in keys)}
    if not wide:
        return [x for x in found if x[1]]
    kept = await inventory.stocked_at(tx, wide.values())
    return [
        (f, [k for k in kept if k[0] == wide[f.event_id]] if f.event_id in wide else keys) for f, keys in found if keys
    ]


def keys_of(f: Fact) -> list[tuple[UUID, str]]:
    """(node, SKU) whose availability the fact changes."""
    data: Mapping[str, Any] = f.data
    if f.type == "order.allocated":
        return [(UUID(node), sku) for node, _, sku, _ in data["shares"]]
    if f.type.startswith("reservation."):
        return [(UUID(node), sku) for node, sku, _ in data["lines"]]
    if f.type in ("fulfillment.cancelled", "fulfillment.handed_over"):
        return [(UUID(data["node_id"]), line[1]) for line in data["lines"]]
    return [(UUID(data["node_id"]), data["sku"])] if "sku" in data else []


FLOW = Flow(
    "stock_push",
    frozenset(
        {
            "order.allocated",
            "stock.adjusted",
            "stock.counted",
            "stock.safety_set",
            "stock.buffer_set",
            "fulfillment.cancelled",
            "fulfillment.handed_over",
            "reservation.placed",
            "reservation.released",
            "reservation.expired",
            "reservation.used",
        }
    ),
    answer,
)
