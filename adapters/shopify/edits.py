"""Editing sessions of a simulated shop: staged, then committed whole. Only what is not shipped can be taken away, only what it sells added."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal

from adapters.shopify.nodes import order_node
from adapters.shopify.shop import Body, Refused, Shop


@dataclass(slots=True)
class _Added:
    variant: str
    units: int
    off: str = "0"  # of one unit


@dataclass(slots=True)
class _Session:
    order: str
    staged: dict[str, int] = field(default_factory=dict)  # line id -> quantity
    added: dict[str, _Added] = field(default_factory=dict)  # calculated line id -> what it adds
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
        if quantity > nodes[line]["currentQuantity"] and not nodes[line]["variant"]:
            raise Refused(("INVALID", "The line item has no variant to add."))
        session.staged[line] = quantity
        return {"calculatedLineItem": {"id": args["lineItemId"], "quantity": quantity}}

    def add_variant(self, args: Body) -> Body:
        """`orderEditAddVariant`: staged only; without `allowDuplicates` a variant stands once on an order."""
        session, variant = self._open(args["id"]), str(args["variantId"])
        if variant not in self.shop.variants:
            raise Refused(("INVALID", "The variant does not exist."))
        lines = self.shown(session.order)["lineItems"]["nodes"]
        twice = any((x["variant"] or {}).get("id") == variant and x["currentQuantity"] for x in lines)
        twice = twice or any(x.variant == variant for x in session.added.values())
        if twice and not args.get("allowDuplicates"):
            raise Refused(("INVALID", "The variant is already on the order."))
        key = self.shop.gid("CalculatedLineItem")
        session.added[key] = _Added(variant, int(args["quantity"]))
        return {"calculatedLineItem": self._staged(session, key)}

    def discount(self, args: Body) -> Body:
        """`orderEditAddLineItemDiscount` on a line that is added: of one unit."""
        session, key = self._open(args["id"]), str(args["lineItemId"])
        if key not in session.added:
            raise Refused(("INVALID", "The line item cannot be discounted."))
        money = args["discount"]["fixedValue"]
        if Decimal(str(money["amount"])) > Decimal(self.shop.variants[session.added[key].variant]["price"]):
            raise Refused(("INVALID", "The discount is more than the price."))
        session.added[key].off = str(money["amount"])
        return {"calculatedLineItem": self._staged(session, key)}

    def _staged(self, session: _Session, key: str) -> Body:
        row = session.added[key]
        order, price = self.shop.orders[session.order], Decimal(self.shop.variants[row.variant]["price"])
        currency = str(order.get("presentment_currency") or order["currency"])
        money = {
            name: {"presentmentMoney": {"amount": str(amount), "currencyCode": currency}}
            for name, amount in (("originalUnitPriceSet", price), ("discountedUnitPriceSet", price - Decimal(row.off)))
        }
        return {"id": key, "quantity": row.units, **money}

    def commit(self, args: Body) -> Body:
        """`orderEditCommit`: the quantities stand, and subscribers are told `orders/edited` and `orders/updated`."""
        session = self._open(args["id"])
        if not session.staged and not session.added:
            raise Refused(("INVALID", "There are no staged changes."))
        session.committed = True
        came, gone = [], []
        stands = {_tail(x["id"]): x["currentQuantity"] for x in self.shown(session.order)["lineItems"]["nodes"]}
        for line, units in session.staged.items():
            if units > stands[line]:
                came.append({"id": int(line), "delta": self.shop.raise_to(session.order, line, units)})
            elif units < stands[line]:
                gone.append({"id": int(line), "delta": -self.shop.cut(session.order, line, units)})
        for row in session.added.values():
            key = self.shop.add(session.order, row.variant, row.units, row.off)
            came.append({"id": key, "delta": row.units})
        self.shop.edited(session.order, came, gone, staff_note=args.get("staffNote"))
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
