"""Editing sessions of a simulated shop: staged, then committed whole. Only what is not shipped can be taken away."""

from __future__ import annotations

from dataclasses import dataclass, field

from adapters.shopify.shop import Body, Refused, Shop, order_node


@dataclass(slots=True)
class _Session:
    order: str
    staged: dict[str, int] = field(default_factory=dict)  # line id -> quantity
    committed: bool = False


@dataclass(slots=True)
class Edits:
    """The sessions of one shop, by the gid of their calculated order."""

    shop: Shop
    sessions: dict[str, _Session] = field(default_factory=dict)

    def begin(self, order_gid: str) -> Body:
        """`orderEditBegin`: any number of sessions may be open; none changes the order."""
        key = _tail(order_gid)
        order = self.shop.orders.get(key)
        if order is None:
            raise Refused(("INVALID", "The order does not exist."))
        if order.get("cancelled_at"):
            raise Refused(("INVALID", "The order cannot be edited: it is cancelled."))
        session = self.shop.gid("CalculatedOrder")
        self.sessions[session] = _Session(key)
        lines = [{"id": f"gid://shopify/CalculatedLineItem/{x['id']}"} for x in order["line_items"]]
        return {
            "calculatedOrder": {"id": session, "lineItems": {"nodes": lines}, "originalOrder": self.shown(key)},
        }

    def set_quantity(self, args: Body) -> Body:
        """`orderEditSetQuantity`: staged only."""
        session = self._open(args["id"])
        line, quantity = _tail(args["lineItemId"]), int(args["quantity"])
        nodes = {_tail(n["id"]): n for n in self.shown(session.order)["lineItems"]["nodes"]}
        if line not in nodes:
            raise Refused(("INVALID", "The line item does not exist."))
        shipped = nodes[line]["currentQuantity"] - nodes[line]["unfulfilledQuantity"]
        if quantity < shipped:
            raise Refused(("INVALID", f"Cannot remove units that are fulfilled: {shipped} of them are."))
        if quantity > nodes[line]["currentQuantity"]:
            raise Refused(("INVALID", "This shop has nothing to add."))
        session.staged[line] = quantity
        return {"calculatedLineItem": {"id": args["lineItemId"], "quantity": quantity}}

    def commit(self, args: Body) -> Body:
        """`orderEditCommit`: the quantities stand, and subscribers are told `orders/edited` and `orders/updated`."""
        session = self._open(args["id"])
        if not session.staged:
            raise Refused(("INVALID", "There are no staged changes."))
        session.committed = True
        removed = [
            {"id": int(line), "delta": -gone}
            for line, left in session.staged.items()
            if (gone := self.shop.cut(session.order, line, left))
        ]
        self.shop.edited(session.order, removed, staff_note=args.get("staffNote"))
        return {"order": self.shown(session.order)}

    def _open(self, key: str) -> _Session:
        session = self.sessions.get(key)
        if session is None or session.committed:
            raise Refused(("INVALID", "The calculated order does not exist."))
        return session

    def shown(self, key: str) -> Body:
        """The order, with what stands of its lines and what of that is not shipped."""
        node = order_node(self.shop.orders[key])
        for line, body in zip(node["lineItems"]["nodes"], self.shop.orders[key]["line_items"], strict=True):
            line["currentQuantity"] = int(body.get("current_quantity", body["quantity"]))
            line["unfulfilledQuantity"] = self.shop.unfulfilled(key, str(body["id"]))
        return node


def _tail(gid: str) -> str:
    return str(gid).rpartition("/")[2]
