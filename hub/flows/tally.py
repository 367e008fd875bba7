"""What happens to a fulfillment is counted on its order's lines and in the stock; the order's state follows from its fulfillments."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from uuid import UUID

from hub import inventory, network, orders
from hub.canon.states import MovementCause
from hub.flows.reactor import Deps, Flow
from hub.flows.states import derive_states
from hub.incidents import NewIncident
from hub.kit.db import Tx
from hub.kit.money import plain
from hub.ledger import Cause, Fact

# fact -> the line quantity that its third column adds to
COUNTED = {
    "fulfillment.picked": "picked",
    "fulfillment.packed": "packed",
    "fulfillment.dispatched": "shipped",
    "fulfillment.delivered": "delivered",
}
ENDS = frozenset({"fulfillment.dispatched", "fulfillment.cancelled"})


async def answer(tx: Tx, facts: Sequence[Fact], deps: Deps) -> None:
    deltas: list[tuple[UUID, str, Decimal]] = []
    moves: list[inventory.Move] = []
    load: dict[UUID, int] = {}
    for f in facts:
        node = UUID(f.data["node_id"])
        for line in f.data.get("lines", ()):
            deltas += _deltas(f, line)
            moves += _moves(f, node, line)
        if f.type in ENDS:
            load[node] = load.get(node, 0) - 1
        elif f.type == "fulfillment.split":
            load[node] = load.get(node, 0) + 1
    await orders.count(tx, deltas)
    await inventory.move(tx, moves)
    await network.change_load(tx, load)
    causes = {UUID(f.data["order_id"]): f.cause for f in facts}
    await derive_states(tx, causes)
    await deps.incidents.open(tx, [_short(f) for f in facts if f.type == "fulfillment.short"])


def _deltas(f: Fact, line: Sequence[str]) -> list[tuple[UUID, str, Decimal]]:
    line_id, n = UUID(line[0]), Decimal(line[2])
    if f.type in COUNTED:
        return [(line_id, COUNTED[f.type], n)]
    if f.type == "fulfillment.short":
        return [(line_id, "reserved", -n)]
    if f.type == "fulfillment.cancelled":
        back = [
            (line_id, "reserved", -n),
            (line_id, "picked", -Decimal(line[3])),
            (line_id, "packed", -Decimal(line[4])),
        ]
        return [*back, (line_id, "cancelled", n)] if f.data["kind"] == "ORDER_CANCELLED" else back
    return []


def _moves(f: Fact, node: UUID, line: Sequence[str]) -> list[inventory.Move]:
    """A short unit was never there: it leaves the stock with its reservation. A shipped one leaves likewise; a cancelled one is free again."""
    n = Decimal(line[2])
    kinds = {
        "fulfillment.short": (MovementCause.SHORT_PICK, -n),
        "fulfillment.dispatched": (MovementCause.SHIP, -n),
        "fulfillment.cancelled": (MovementCause.RELEASE, Decimal(0)),
    }
    if f.type not in kinds or not n:
        return []
    cause, on_hand = kinds[f.type]
    return [
        inventory.Move(
            node_id=node,
            sku=line[1],
            cause=cause,
            cause_id=f.subject_id,
            event_id=f.event_id,
            on_hand=on_hand,
            reserved=-n,
        )
    ]


def _short(f: Fact) -> NewIncident:
    skus = ", ".join(f"{plain(Decimal(x[2]))} x {x[1]}" for x in f.data["lines"])
    return NewIncident(
        kind="short_pick",
        summary=f"A node lacks {skus}; the rest is routed again. Reason given: {f.data.get('reason') or 'none'}.",
        subject_kind="fulfillment",
        subject_id=f.subject_id,
        order_id=UUID(f.data["order_id"]),
        cause=Cause(f.correlation_id, f.event_id),
        data={"node_id": f.data["node_id"], "lines": f.data["lines"]},
    )


FLOW = Flow(
    "tally",
    frozenset(
        {
            *COUNTED,
            *ENDS,
            "fulfillment.short",
            "fulfillment.split",
            "fulfillment.picking",
            "fulfillment.in_transit",
            "fulfillment.completed",
        }
    ),
    answer,
)
