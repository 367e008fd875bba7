"""The story: what the outside does, step by step, and where each order must end. Everything goes through the public doors."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

from hub.cli.story.bodies import purchase_orders, shopify_order
from hub.cli.story.seed import GONE, PLENTY, RARE
from hub.cli.story.stage import Say, Stage

PATIENCE = 60.0  # seconds for one thing to happen


@dataclass(frozen=True, slots=True)
class Role:
    """One order of the story: what it shows and in which state and under which holds it must end."""

    number: str
    shows: str
    state: str
    holds: tuple[str, ...] = ()


CAST = (
    Role("#1001", "the straight way: paid, picked, NF-e authorized, delivered; its webhook came twice", "DELIVERED"),
    Role("#1002", "unpaid: held until the channel reports the payment", "APPROVED"),
    Role("#1003", "out of stock: approved, held for stock", "APPROVED", ("STOCK",)),
    Role("#1004", "its update came before its creation: the newer one stands", "APPROVED"),
    Role("#1005", "short pick: what was there goes on, the rest is routed to another node", "DISPATCHED"),
    Role("#1006", "shipped abroad: no NF-e, dispatched at once", "IN_TRANSIT"),
    Role("#1007", "unpaid and never paid: stays a draft", "DRAFT", ("PAYMENT",)),
    Role("PO-7001", "an X12 850, answered with 997 and 855, shipped abroad", "DISPATCHED"),
)


class Story:
    """Plays the script against a stage."""

    def __init__(self, stage: Stage, say: Say) -> None:
        self.stage, self.say = stage, say
        self.ids: dict[str, str] = {}

    async def play(self) -> None:
        await self._orders_arrive()
        await self._partner_sends()
        await self._warehouses_work()
        await self._goods_leave()
        await self._customers_receive()

    # ------------------------------------------------------------------ the steps
    async def _orders_arrive(self) -> None:
        shop, now = self.stage.shopify.shop, self.stage.hub.db.clock()
        self.say("Shopify sends its webhooks: one twice, one unpaid, one out of stock, one update before its creation")
        shop.place(shopify_order(1001, [(PLENTY[0], 2, "49.90"), (PLENTY[1], 1, "129.00")], at=now, to="sao_paulo"))
        self.stage.shopify.faults.repeated_webhooks = 2
        await self._webhooks()
        self.stage.shopify.faults.repeated_webhooks = 1
        shop.place(shopify_order(1002, [(PLENTY[2], 1, "89.90")], at=now, to="rio", paid=False))
        shop.place(shopify_order(1003, [(GONE, 1, "59.90")], at=now, to="sao_paulo"))
        shop.place(shopify_order(1005, [(RARE, 4, "39.90")], at=now, to="sao_paulo"))
        shop.place(shopify_order(1006, [(PLENTY[3], 1, "25.00")], at=now, to="orlando", currency="USD"))
        shop.place(shopify_order(1007, [(PLENTY[4], 1, "19.90")], at=now, to="belo_horizonte", paid=False))
        await self._webhooks()
        shop.place(shopify_order(1004, [(PLENTY[5], 1, "75.00")], at=now - timedelta(minutes=5), to="belo_horizonte"))
        shop.change(str(5_550_000 + 1004), note="leave at the door")
        shop.owed.reverse()
        await self._webhooks()
        for number in ("#1001", "#1004", "#1005", "#1006"):
            await self.until(number, "APPROVED")
        await self.until("#1003", "APPROVED", hold="STOCK")
        await self.until("#1002", "DRAFT", hold="PAYMENT")
        self.say("the channel reports the payment of #1002")
        shop.pay(str(5_550_000 + 1002))
        await self._webhooks()
        await self.until("#1002", "APPROVED")

    async def _partner_sends(self) -> None:
        self.say("ACME Retail drops an interchange with two 850s into its folder; the second one is bad")
        text = purchase_orders(self.stage.hub.db.clock(), PLENTY[6])
        (self.stage.partner_in / "acme_850_000000071.edi").write_text(text)
        await self.until("PO-7001", "APPROVED")
        await self._wait("997 and 855", self._answered)

    async def _warehouses_work(self) -> None:
        self.say("the warehouses acknowledge, pick and pack; one of them finds a unit missing")
        for number in ("#1001", "#1006", "PO-7001"):
            await self._wait_pick_orders(number, 1)
            await self._advance(number, until="packed")
            await self.until(number, "PACKED")
        await self._wait_pick_orders("#1005", 1)
        self.stage.wms.behavior = replace(self.stage.wms.behavior, not_found={RARE: Decimal(1)})
        first = self._pick_orders("#1005")[0]
        await self._steps(first, until="picked")
        self.stage.wms.behavior = replace(self.stage.wms.behavior, not_found={})
        await self._wait_pick_orders("#1005", 2)
        await self._advance("#1005", until="packed")
        await self.until("#1005", "PACKED")

    async def _goods_leave(self) -> None:
        self.say(
            "dispatch is asked for; SEFAZ authorizes the notes of the Brazilian nodes (one answer gets lost on the way)"
        )
        await self._lose_one_answer()
        for number in ("#1001", "#1005", "#1006", "PO-7001"):
            await self._advance(number, until="dispatched")
        for number in ("#1001", "#1005", "#1006", "PO-7001"):
            await self.until(number, "DISPATCHED", patience=PATIENCE * 2)
        await self._wait("Shopify knows the tracking", self._shop_told)

    async def _customers_receive(self) -> None:
        self.say("#1001 is delivered, #1006 is on its way")
        for number, states in {"#1001": ("IN_TRANSIT", "DELIVERED"), "#1006": ("IN_TRANSIT",)}.items():
            for to in states:
                order = await self.order(number)
                mutation = "mutation ($i: TransitionOrderInput!) { transitionOrder(input: $i) { order { state } userErrors { code message } } }"
                done = (await self.ask(mutation, {"i": {"orderId": order["id"], "to": to}}))["transitionOrder"]
                if done["userErrors"]:
                    raise RuntimeError(str(done["userErrors"]))

    # ------------------------------------------------------------------ looking
    def _key(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.stage.company.api_key}"}

    async def ask(self, query: str, variables: Mapping[str, Any]) -> Any:
        answer = await self.stage.client.post(
            f"{self.stage.base_url}/graphql", json={"query": query, "variables": dict(variables)}, headers=self._key()
        )
        body = answer.json()
        if body.get("errors"):
            raise RuntimeError(str(body["errors"]))
        return body["data"]

    async def order(self, number: str) -> Any:
        """The order as the API shows it, or None."""
        query = """query ($n: String!) { order(number: $n) { id number state version onHold paymentState holds(open: true) { kind reason }
          fulfillments { id state location { code } fiscalDocument { state number accessKey } shipments { trackingNumber } } } }"""
        return (await self.ask(query, {"n": number}))["order"]

    async def until(self, number: str, state: str, *, hold: str | None = None, patience: float = PATIENCE) -> None:
        async def reached() -> bool:
            order = await self.order(number)
            return (
                bool(order)
                and order["state"] == state
                and (hold is None or hold in [h["kind"] for h in order["holds"]])
            )

        await self._wait(f"{number} {state}", reached, patience)

    async def _wait(self, what: str, reached: Callable[[], Awaitable[bool]], patience: float = PATIENCE) -> None:
        loop = asyncio.get_running_loop()
        end = loop.time() + patience
        while not await reached():
            if loop.time() > end:
                raise TimeoutError(f"this did not happen within {patience:.0f} s: {what}")
            await asyncio.sleep(0.05)

    # ------------------------------------------------------------------ doing
    async def _webhooks(self) -> None:
        statuses = await self.stage.shopify.deliver(self.stage.client, f"{self.stage.base_url}/hooks/shopify/demo-shop")
        if any(s != 200 for s in statuses):
            raise RuntimeError(f"a webhook was refused: {statuses}")

    def _pick_orders(self, number: str) -> list[str]:
        return [ref for ref, w in self.stage.wms.work.items() if w.request["order"] == number]

    async def _wait_pick_orders(self, number: str, count: int) -> None:
        async def there() -> bool:
            return len(self._pick_orders(number)) >= count

        await self._wait(f"{count} pick orders of {number}", there)

    async def _advance(self, number: str, *, until: str) -> None:
        for ref in self._pick_orders(number):
            await self._steps(ref, until=until)

    async def _steps(self, ref: str, *, until: str) -> None:
        while not self.stage.wms.work[ref].over:
            done = await self.stage.wms.step(ref)
            if done is None or done == until:
                return

    async def _answered(self) -> bool:
        names = [p.name for p in self.stage.partner_out.iterdir() if not p.name.endswith(".tmp")]
        return any("_997_" in n for n in names) and any("_855_" in n for n in names)

    async def _shop_told(self) -> bool:
        told = self.stage.shopify.shop.fulfillments
        return all(told.get(str(5_550_000 + n)) for n in (1001, 1005, 1006))

    async def _lose_one_answer(self) -> None:
        self.stage.sefaz.app.control("faults", b'{"kind": "answer_lost", "times": 1}')
