"""Random commands in random order against the real database: whatever happens, no invariant breaks and the ledger tells it all."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from uuid import UUID

import pytest

from hub import inventory, ledger, orders
from hub.canon.commands import CancelAsked, ReportedLine, ReportedPackage, TrackingSeen
from hub.canon.order import OrderDraft
from hub.canon.states import HoldKind, OrderState, PaymentState
from hub.flows.amend import amend, preview
from hub.flows.replay import differences, replay
from hub.kit.db import Database, Tx
from hub.kit.errors import HubError
from hub.kit.ids import new_id, public_id
from hub.ledger import Cause
from tests.world import SKUS, World, new_world

STEPS = 70
BROKEN = {
    "stock is reserved for live work and carts, no more and no less": """
SELECT s.sku, s.reserved, coalesce(w.n, 0) + coalesce(r.n, 0) AS held FROM stock s
LEFT JOIN (SELECT f.node_id, l.sku, sum(l.assigned - l.short - l.shipped) AS n FROM fulfillment_lines l
           JOIN fulfillments f USING (tenant_id, fulfillment_id) WHERE f.state <> 'CANCELLED' GROUP BY 1, 2) w USING (node_id, sku)
LEFT JOIN (SELECT l.node_id, l.sku, sum(l.quantity) AS n FROM reservation_lines l
           JOIN reservations v USING (tenant_id, reservation_id) WHERE v.state = 'ACTIVE' GROUP BY 1, 2) r USING (node_id, sku)
WHERE s.condition = 'NEW' AND s.reserved <> coalesce(w.n, 0) + coalesce(r.n, 0)""",
    "a line's quantities are those of its fulfillments": """
SELECT l.line_id, l.reserved, l.picked, l.packed, l.shipped, l.delivered, w.* FROM order_lines l
LEFT JOIN (SELECT x.line_id, sum(x.assigned - x.short) AS a, sum(x.picked) AS b, sum(x.packed) AS c, sum(x.shipped) AS d, sum(x.delivered) AS e
           FROM fulfillment_lines x JOIN fulfillments f USING (tenant_id, fulfillment_id) WHERE f.state <> 'CANCELLED' GROUP BY 1) w USING (line_id)
WHERE (l.reserved, l.picked, l.packed, l.shipped, l.delivered)
   IS DISTINCT FROM (coalesce(w.a, 0), coalesce(w.b, 0), coalesce(w.c, 0), coalesce(w.d, 0), coalesce(w.e, 0))""",
    "holds are counted": """
SELECT o.order_id FROM orders o WHERE o.open_holds <>
  (SELECT count(*) FROM order_holds h WHERE h.order_id = o.order_id AND h.released_at IS NULL)""",
    "a node's load is its open fulfillments": """
SELECT n.code, n.open_fulfillments FROM nodes n WHERE n.open_fulfillments <>
  (SELECT count(*) FROM fulfillments f WHERE f.node_id = n.node_id AND f.state IN ('APPROVED', 'PICKING', 'PACKED'))""",
    "a cancelled order has nothing at work": """
SELECT o.order_id FROM orders o JOIN fulfillments f USING (tenant_id, order_id)
WHERE o.state = 'CANCELLED' AND f.state <> 'CANCELLED'""",
    "an approved order that nothing holds has all its units somewhere": """
SELECT o.number FROM orders o JOIN order_lines l USING (tenant_id, order_id)
WHERE o.state NOT IN ('DRAFT', 'CANCELLED') AND o.open_holds = 0 AND l.reserved + l.cancelled < l.ordered
  AND NOT EXISTS (SELECT 1 FROM order_amendments a WHERE a.order_id = o.order_id AND a.state = 'WAITING')""",
}


class Life:
    """One random life. Each step does one thing that may or may not fit; a refusal must leave nothing behind."""

    def __init__(self, world: World, seed: int) -> None:
        self.world, self.dice = world, random.Random(seed)
        self.drafts: dict[str, OrderDraft] = {}
        self.log: list[str] = []
        self.carts: list[UUID] = []
        self.acts: list[tuple[int, Callable[[], Awaitable[None]]]] = [
            (6, self.capture),
            (2, self.revise),
            (1, self.hold),
            (2, self.release),
            (12, self.report),
            (4, self.ship),
            (3, self.track),
            (2, self.cancel),
            (3, self.amend),
            (3, self.adjust),
            (2, self.cart),
            (1, self.empty_carts),
            (1, self.prolong),
            (2, self.transfer),
            (2, self.count),
            (2, self.announced),
            (1, self.safety),
        ]

    async def live(self) -> None:
        acts = self.dice.choices([a for _, a in self.acts], [w for w, _ in self.acts], k=STEPS)
        for act in acts:
            self.log.append(act.__name__)
            await act()

    async def capture(self) -> None:
        made = []
        for _ in range(self.dice.randint(1, 3)):
            name = f"R{len(self.drafts)}"
            units = [(self.dice.choice(SKUS), self.dice.randint(1, 9)) for _ in range(self.dice.randint(1, 3))]
            state = self.dice.choice([PaymentState.PAID, PaymentState.PAID, PaymentState.PENDING])
            kept = self.dice.choice(self.carts) if self.carts and self.dice.random() < 0.4 else None
            references = (("reservation", public_id("rsv", kept)),) if kept else ()
            draft = replace(self.world.draft(name, *units), payment_state=state, references=references)
            self.drafts[name] = draft
            made.append(self.drafts[name])
        await self.world.capture(*made, *self.dice.sample(made, 1))

    async def revise(self) -> None:
        if self.drafts:
            old = self.dice.choice(list(self.drafts.values()))
            revision = str(int(old.revision) + self.dice.choice([-1, 1, 1]))
            state = self.dice.choice([PaymentState.PAID, PaymentState.PENDING])
            new = replace(old, revision=revision, payment_state=state)
            if revision > old.revision:
                self.drafts[old.external_id] = new
            await self.world.capture(new)

    async def hold(self) -> None:
        if (one := await self._order()) is not None:
            async with self.world.unit() as tx:
                hold = orders.HoldPlaced(order_id=one, kind=HoldKind.MANUAL, reason="look", cause=_cause())
                await orders.place(tx, [hold])

    async def release(self) -> None:
        if (one := await self._order()) is not None:
            kind = self.dice.choice([HoldKind.MANUAL, HoldKind.PAYMENT, HoldKind.STOCK])
            async with self.world.unit() as tx:
                await orders.release(tx, [orders.HoldReleased(order_id=one, kind=kind, cause=_cause())])

    async def report(self) -> None:
        row = await self._fulfillment()
        if row is None:
            return
        status = self.dice.choice(
            ["PICKING", "PICKED", "PICKED", "PACKED", "REFUSED", "CANCELLED", "CANCEL_REFUSED", "DISPATCHED"]
        )
        lines = await self.world.rows("SELECT * FROM fulfillment_lines WHERE fulfillment_id = $1", row)
        said = []
        if status == "PICKED":
            for x in lines:
                short = self.dice.choice([0, 0, 0, 1, int(x["assigned"])])
                left = max(0, int(x["assigned"] - x["short"]) - short)
                said.append(
                    ReportedLine(
                        line=str(x["line_no"]),
                        short=Decimal(short) + x["short"],
                        quantity=Decimal(self.dice.choice([left, left, left // 2])),
                    )
                )
        packages = [ReportedPackage(carrier="CTT", tracking=f"T{row.hex}")] if status == "DISPATCHED" else []
        await self.world.report(row, status, lines=said, packages=packages)

    async def ship(self) -> None:
        if (row := await self._fulfillment()) is not None:
            await self.world.report(row, "PACKED")
            package = ReportedPackage(carrier="CTT", tracking=f"T{row.hex}")
            await self.world.report(row, "DISPATCHED", packages=[package])

    async def track(self) -> None:
        found = await self.world.rows("SELECT tracking_number FROM shipments ORDER BY shipment_id")
        if found:
            status = self.dice.choice(["IN_TRANSIT", "DELIVERED", "EXCEPTION"])
            at = self.world.now + timedelta(minutes=self.dice.randint(-60, 60))
            number = self.dice.choice(found)["tracking_number"]
            await self.world.tell(TrackingSeen(tracking=number, status=status, at=at, code=status))

    async def cancel(self) -> None:
        if self.drafts:
            name = self.dice.choice(list(self.drafts))
            await self.world.tell(CancelAsked(external_id=name, reason="no", revision="9"))

    async def amend(self) -> None:
        """Random amendments, one in four with a preview before; whatever is refused leaves no trace."""
        if (one := await self._order()) is None:
            return
        lines = await self.world.lines(one)
        quantities = {x["line_id"]: Decimal(self.dice.randint(0, 9)) for x in lines if self.dice.random() < 0.5}
        new = orders.NewLine(
            sku=self.dice.choice(SKUS), quantity=Decimal(self.dice.randint(1, 5)), unit_price=Decimal(9)
        )
        ask = orders.Amendment(
            order_id=one,
            reason="random",
            cause=_cause(),
            quantities=quantities,
            add=(new,) if self.dice.random() < 0.3 else (),
            ship_to=replace(self.world.address(), street="Rua B") if self.dice.random() < 0.1 else None,
        )
        async with self.world.unit() as tx:
            if self.dice.random() < 0.25:
                with suppress(orders.AmendmentRefused):
                    await preview(tx, ask, self.world.reactor)
            await amend(tx, [ask])

    async def adjust(self) -> None:
        change = inventory.Adjustment(
            node_id=self._node(),
            sku=self.dice.choice(SKUS),
            delta=Decimal(self.dice.randint(-20, 25)),
            lot=self._lot(),
        )
        async with self._may_be_refused() as tx:
            await inventory.adjust(tx, [change], "found", _cause())

    async def count(self) -> None:
        """To a value, from what was seen or from something else; or as a warehouse reports it, with and without lots."""
        node, sku, n = self._node(), self.dice.choice(SKUS), Decimal(self.dice.randint(-1, 40))
        lot = self._lot()
        async with self._may_be_refused() as tx:
            if self.dice.random() < 0.5:
                own = {(sku, "NEW"): {lot: n}} if lot else None
                await inventory.count_reported(tx, node, tx.now, [(sku, "NEW", n)], _cause(), own)
            else:
                seen = Decimal(self.dice.choice([25, 30, 40]))
                change = inventory.Adjustment(node_id=node, sku=sku, quantity=n, change_from=seen, lot=lot)
                await inventory.adjust(tx, [change], "counted", _cause())

    async def transfer(self) -> None:
        """At once or on the way; now and then to itself or of nothing."""
        way = inventory.Transfer(
            from_node_id=self._node(),
            to_node_id=self._node(),
            sku=self.dice.choice(SKUS),
            quantity=Decimal(self.dice.randint(0, 9)),
            arrives_at=self.dice.choice([None, self.world.now + timedelta(hours=3)]),
            lot=self._lot(),
        )
        async with self._may_be_refused() as tx:
            await inventory.transfer(tx, f"T{self.dice.randint(1, 4)}", [way], _cause())

    async def announced(self) -> None:
        """A document announces, announces anew, or comes."""
        reference = f"T{self.dice.randint(1, 4)}"
        async with self._may_be_refused() as tx:
            if self.dice.random() < 0.5:
                await inventory.receive(tx, reference, _cause())
            else:
                line = inventory.Expected(
                    node_id=self._node(),
                    sku=self.dice.choice(SKUS),
                    quantity=Decimal(self.dice.randint(0, 9)),
                    expected_at=self.world.now + timedelta(days=1),
                    lot=self._lot(),
                )
                await inventory.expect(tx, reference, [line], _cause())

    async def safety(self) -> None:
        async with self.world.unit() as tx:
            level = Decimal(self.dice.randint(0, 3))
            await inventory.set_safety(tx, {(self._node(), self.dice.choice(SKUS)): level}, _cause())

    async def cart(self) -> None:
        async with self._may_be_refused() as tx:
            wanted = [(None, self.dice.choice(SKUS), Decimal(self.dice.randint(0, 8)))]
            kept, _ = await inventory.keep(tx, "cart", wanted, timedelta(minutes=1), _cause())
            self.carts.append(kept)

    async def prolong(self) -> None:
        if self.carts:
            async with self._may_be_refused() as tx:
                await inventory.extend(tx, {self.dice.choice(self.carts): tx.now + timedelta(minutes=5)}, _cause())

    @asynccontextmanager
    async def _may_be_refused(self) -> AsyncIterator[Tx]:
        """A refusal takes the whole unit back."""
        try:
            async with self.world.unit() as tx:
                yield tx
        except HubError as error:
            self.log.append(error.code)

    def _node(self) -> UUID:
        return self.world.nodes[self.dice.choice(["LIS", "OPO"])]

    def _lot(self) -> str | None:
        return self.dice.choice([None, None, "L1", "L2"])

    async def empty_carts(self) -> None:
        self.world.now += timedelta(minutes=2)
        async with self.world.unit() as tx:
            await inventory.give_back(tx, await inventory.expired(tx), "EXPIRED", _cause())

    async def _order(self) -> UUID | None:
        found = await self.world.rows("SELECT order_id FROM orders ORDER BY order_id")
        return self.dice.choice(found)["order_id"] if found else None

    async def _fulfillment(self) -> UUID | None:
        found = await self.world.rows("SELECT fulfillment_id FROM fulfillments ORDER BY fulfillment_id")
        return self.dice.choice(found)["fulfillment_id"] if found else None


def _cause() -> Cause:
    return Cause(new_id(), None)


async def broken(world: World) -> dict[str, object]:
    """What does not hold, by its sentence; empty when all is well."""
    found: dict[str, object] = {}
    async with world.db.unit(tenant=1, actor="test", now=world.now) as tx:
        for sentence, sql in BROKEN.items():
            if rows := await tx.conn.fetch(sql):
                found[sentence] = [dict(r.items()) for r in rows]
        rows = await tx.conn.fetch("SELECT order_id, state FROM orders WHERE state NOT IN ('DRAFT', 'CANCELLED')")
        parts: dict[UUID, list[OrderState]] = {r["order_id"]: [] for r in rows}
        for r in await tx.conn.fetch("SELECT order_id, state FROM fulfillments"):
            if r["order_id"] in parts:
                parts[r["order_id"]].append(OrderState(r["state"]))
        whole = {r["order_id"] for r in rows} - {
            r["order_id"]
            for r in await tx.conn.fetch("SELECT order_id FROM order_lines WHERE reserved + cancelled < ordered")
        }
        for r in rows:
            own = OrderState(r["state"])
            if orders.derived(own, parts[r["order_id"]], all_assigned=r["order_id"] in whole) is not own:
                found[f"{r['order_id']} is {own}"] = parts[r["order_id"]]
        if skewed := await inventory.faults(tx):
            found["movements explain stock and lots, documents what is announced"] = skewed
        if chains := (await ledger.verify(tx))[1]:
            found["the chains hold"] = chains
        if told := await differences(tx, await replay(tx)):
            found["the ledger replays to the same state"] = told
    return found


@pytest.mark.parametrize("seed", range(6))
async def test_no_life_breaks_an_invariant(db: Database, seed: int) -> None:
    world = await new_world(db, units=25)
    life = Life(world, seed)
    await life.live()
    assert await broken(world) == {}, life.log
    assert await world.rows("SELECT 1 FROM business_events WHERE type = 'stock.lots_moved'"), "this life had no lots"
    assert len(await world.rows("SELECT 1 FROM orders")) == len(life.drafts)
