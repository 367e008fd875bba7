"""What the ledger alone says: orders, fulfillments and stock summed up from facts. Knows no table; the same facts give the same state."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

ZERO = Decimal(0)
LINE = ("ordered", "cancelled", "reserved", "picked", "packed", "shipped", "delivered")
SHARE = ("assigned", "short", "picked", "packed", "shipped", "delivered")
LEVEL = ("on_hand", "reserved")
LOT = ("on_hand", "expires_on")
HEAD = ("state", "payment_state", "revision", "open_holds")

Counts = dict[str, Decimal]


def _counts() -> Counts:
    return defaultdict(lambda: ZERO)


@dataclass(slots=True)
class Projection:
    """Ids are text as in the facts. `stock`: (node, SKU, condition); `lots`: the same and the lot. `facts` counts what was read."""

    facts: int = 0
    orders: dict[str, dict[str, Any]] = field(default_factory=dict)
    lines: dict[str, Counts] = field(default_factory=lambda: defaultdict(_counts))
    fulfillments: dict[str, str] = field(default_factory=dict)
    shares: dict[tuple[str, str], Counts] = field(default_factory=lambda: defaultdict(_counts))
    stock: dict[tuple[str, str, str], Counts] = field(default_factory=lambda: defaultdict(_counts))
    lots: dict[tuple[str, str, str, str], dict[str, Any]] = field(default_factory=dict)
    kept: dict[str, list[list[str]]] = field(default_factory=dict)  # soft reservation -> its lines

    def take(self, type_: str, subject: str, data: Mapping[str, Any]) -> None:
        """One fact, in ledger order."""
        self.facts += 1
        handler = HANDLERS.get(type_)
        if handler is not None:
            handler(self, subject, data)
        elif type_.startswith("stock.") and "delta" in data:
            self.level(data["node_id"], data["sku"], data.get("condition", "NEW"))["on_hand"] += Decimal(data["delta"])

    def level(self, node: str, sku: str, condition: str = "NEW") -> Counts:
        return self.stock[node, sku, condition]


Handler = Callable[[Projection, str, Mapping[str, Any]], None]


def _placed(p: Projection, order: str, data: Mapping[str, Any]) -> None:
    p.orders[order] = {
        "state": "DRAFT",
        "payment_state": data["payment_state"],
        "revision": data["revision"],
        "open_holds": 0,
    }
    for line, _, ordered, *_ in data["lines"]:
        p.lines[line]["ordered"] += Decimal(ordered)


def _set(name: str, value: Any = None, *, said: str = "") -> Handler:
    def handler(p: Projection, order: str, data: Mapping[str, Any]) -> None:
        p.orders[order][name] = data[said] if said else value

    return handler


def _holds(step: int) -> Handler:
    def handler(p: Projection, order: str, data: Mapping[str, Any]) -> None:
        p.orders[order]["open_holds"] += step

    return handler


def _revised(p: Projection, order: str, data: Mapping[str, Any]) -> None:
    p.orders[order]["payment_state"] = data["payment_state"]
    p.orders[order]["revision"] = data["revision"]


def _cancelled_lines(p: Projection, order: str, data: Mapping[str, Any]) -> None:
    for line, n in data["lines"]:
        p.lines[line]["cancelled"] += Decimal(n)


def _order_cancelled(p: Projection, order: str, data: Mapping[str, Any]) -> None:
    _cancelled_lines(p, order, data)
    p.orders[order]["state"] = "CANCELLED"


def _amended(p: Projection, order: str, data: Mapping[str, Any]) -> None:
    for line, ordered, cancelled in data["lines"]:
        p.lines[line]["ordered"] += Decimal(ordered)
        p.lines[line]["cancelled"] += Decimal(cancelled)
    for line, _, ordered, _ in data["added"]:
        p.lines[line]["ordered"] += Decimal(ordered)


def _allocated(p: Projection, order: str, data: Mapping[str, Any]) -> None:
    for node, line, sku, n in data["shares"]:
        p.lines[line]["reserved"] += Decimal(n)
        p.level(node, sku)["reserved"] += Decimal(n)


def _planned(p: Projection, here: str, data: Mapping[str, Any]) -> None:
    p.fulfillments[here] = "APPROVED"
    for line, _, n in data["lines"]:
        p.shares[here, line]["assigned"] += Decimal(n)


def _split(p: Projection, here: str, data: Mapping[str, Any]) -> None:
    for line, _, n in data["lines"]:
        p.shares[here, line]["assigned"] -= Decimal(n)


def _moved(state: str) -> Handler:
    def handler(p: Projection, here: str, data: Mapping[str, Any]) -> None:
        p.fulfillments[here] = state

    return handler


def _counted(quantity: str, state: str | None = None) -> Handler:
    def handler(p: Projection, here: str, data: Mapping[str, Any]) -> None:
        if state:
            p.fulfillments[here] = state
        for line, _, n in data.get("lines", ()):
            p.lines[line][quantity] += Decimal(n)
            p.shares[here, line][quantity] += Decimal(n)

    return handler


def _gone(p: Projection, node: str, sku: str, n: Decimal) -> None:
    level = p.level(node, sku)
    level["on_hand"] -= n
    level["reserved"] -= n


def _short(p: Projection, here: str, data: Mapping[str, Any]) -> None:
    for line, sku, text in data["lines"]:
        n = Decimal(text)
        p.lines[line]["reserved"] -= n
        p.shares[here, line]["short"] += n
        _gone(p, data["node_id"], sku, n)


def _handed_over(p: Projection, here: str, data: Mapping[str, Any]) -> None:
    """Everything at once: the goods left with the customer before we heard of them."""
    p.fulfillments[here] = "DELIVERED"
    for line, sku, text in data["lines"]:
        n = Decimal(text)
        for name in ("reserved", "picked", "packed", "shipped", "delivered"):
            p.lines[line][name] += n
        for name in ("assigned", "picked", "packed", "shipped", "delivered"):
            p.shares[here, line][name] += n
        p.level(data["node_id"], sku)["on_hand"] -= n


def _dispatched(p: Projection, here: str, data: Mapping[str, Any]) -> None:
    _counted("shipped", "DISPATCHED")(p, here, data)
    for _, sku, n in data["lines"]:
        _gone(p, data["node_id"], sku, Decimal(n))


def _cancelled(p: Projection, here: str, data: Mapping[str, Any]) -> None:
    p.fulfillments[here] = "CANCELLED"
    for line, sku, n, picked, packed in data["lines"]:
        counts = p.lines[line]
        counts["reserved"] -= Decimal(n)
        counts["picked"] -= Decimal(picked)
        counts["packed"] -= Decimal(packed)
        if data["kind"] == "ORDER_CANCELLED":
            counts["cancelled"] += Decimal(n)
        p.level(data["node_id"], sku)["reserved"] -= Decimal(n)


def _kept(p: Projection, here: str, data: Mapping[str, Any]) -> None:
    p.kept[here] = data["lines"]
    for node, sku, n in data["lines"]:
        p.level(node, sku)["reserved"] += Decimal(n)


def _given_back(p: Projection, here: str, data: Mapping[str, Any]) -> None:
    for node, sku, n in p.kept.pop(here):
        p.level(node, sku)["reserved"] -= Decimal(n)


def _lots_moved(p: Projection, stock: str, data: Mapping[str, Any]) -> None:
    for lot, n, expires_on in data["lots"]:
        key = (data["node_id"], data["sku"], data["condition"], lot)
        row = p.lots.setdefault(key, {"on_hand": ZERO, "expires_on": None})
        row["on_hand"] += Decimal(n)
        row["expires_on"] = expires_on or row["expires_on"]


HANDLERS: Mapping[str, Handler] = {
    "order.placed": _placed,
    "order.approved": _set("state", "APPROVED"),
    "order.state_changed": _set("state", said="to"),
    "order.revised": _revised,
    "order.repeated": _revised,
    "order.hold_placed": _holds(1),
    "order.hold_released": _holds(-1),
    "order.cancelled": _order_cancelled,
    "order.part_cancelled": _cancelled_lines,
    "order.amended": _amended,
    "order.allocated": _allocated,
    "fulfillment.planned": _planned,
    "fulfillment.split": _split,
    "fulfillment.picking": _moved("PICKING"),
    "fulfillment.picked": _counted("picked"),
    "fulfillment.packed": _counted("packed", "PACKED"),
    "fulfillment.short": _short,
    "fulfillment.dispatched": _dispatched,
    "fulfillment.handed_over": _handed_over,
    "fulfillment.in_transit": _moved("IN_TRANSIT"),
    "fulfillment.delivered": _counted("delivered", "DELIVERED"),
    "fulfillment.completed": _moved("COMPLETED"),
    "fulfillment.cancelled": _cancelled,
    "stock.lots_moved": _lots_moved,
    "reservation.placed": _kept,
    "reservation.released": _given_back,
    "reservation.expired": _given_back,
    "reservation.used": _given_back,
}
