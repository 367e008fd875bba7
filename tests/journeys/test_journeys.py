"""The journeys of the architecture, end to end: a real database, web and worker, and the simulators of the other sides."""

from __future__ import annotations

import pytest

from hub.cli.story.bodies import purchase_orders, shopify_order
from hub.cli.story.script import Story
from hub.cli.story.seed import PLENTY
from hub.cli.story.stage import Stage
from tests.journeys.trace import trace

pytestmark = pytest.mark.slow


async def placed(story: Story, number: int, *, repeated: int = 1) -> str:
    """A paid order of two lines, through the channel's webhook, approved."""
    stage = story.stage
    lines = [(PLENTY[0], 2, "49.90"), (PLENTY[1], 1, "129.00")]
    stage.shopify.shop.place(shopify_order(number, lines, at=stage.hub.db.clock(), to="sao_paulo"))
    stage.shopify.faults.repeated_webhooks = repeated
    await story._webhooks()
    stage.shopify.faults.repeated_webhooks = 1
    await story.until(f"#{number}", "APPROVED")
    await story._wait_pick_orders(f"#{number}", 1)
    return f"#{number}"


async def test_a_webhook_becomes_a_pick_order_and_the_warehouse_moves_the_order(stage: Stage, story: Story) -> None:
    number = await placed(story, 3001, repeated=3)
    [ref] = story._pick_orders(number)
    await story._advance(number, until="packed")
    await story.until(number, "PACKED")
    found = await trace(stage, number)
    assert found.way(found.one("fulfillment.planned")) == [
        "fulfillment.planned",
        "order.allocated",
        "order.approved",
        "order.placed",
        "orders/create",
    ]
    [pick] = found.owed("RequestPick")
    assert (pick["causation_id"], pick["outcome"]) == (found.one("fulfillment.planned")["event_id"], "DONE")
    assert {f["correlation_id"] for f in found.facts if f["actor"] == "intake" and f["type"].startswith("order.p")} == {
        found.one("order.approved")["correlation_id"]
    }
    for step, topic in {"picking": "picking", "packed": "packed"}.items():
        assert found.way(found.one(f"fulfillment.{step}"))[-1].endswith(topic)
    [asked] = [w.request for r, w in stage.wms.work.items() if r == ref]
    assert sorted((x["sku"], x["quantity"]) for x in asked["lines"]) == [(PLENTY[0], "2"), (PLENTY[1], "1")]


async def test_b_an_850_by_file_is_acknowledged_and_becomes_an_order(stage: Stage, story: Story) -> None:
    before = set(stage.partner_out.iterdir())
    text = purchase_orders(stage.hub.db.clock(), PLENTY[6])
    (stage.partner_in / "journey_b.edi").write_text(text)
    await story.until("PO-7001", "APPROVED")
    await story._wait("997 and 855", story._answered)
    answers = {p.name.split("_")[1]: p.read_text() for p in set(stage.partner_out.iterdir()) - before}
    assert "AK5*A" in answers["997"].replace("\n", "")
    assert "AK5*R" in answers["997"].replace("\n", "")
    assert "PO-7001" in answers["855"]
    assert await story.order("PO-7002") is None
    found = await trace(stage, "PO-7001")
    assert found.way(found.one("order.approved")) == ["order.approved", "order.placed", "x12.850"]
    message = found.messages[found.one("order.placed")["causation_id"]]
    bad = [m for m in found.messages.values() if m["topic"] == "x12.850" and m["state"] == "PARKED"]
    assert message["state"] == "DONE"
    assert ["EACH" in (m["last_error"] or "") for m in bad] == [True]


async def test_c_goods_leave_with_an_authorized_note_and_the_channel_is_told(stage: Stage, story: Story) -> None:
    number = await placed(story, 3003)
    await story._lose_one_answer()
    await story._advance(number, until="dispatched")
    await story.until(number, "DISPATCHED", patience=120)
    await story._wait("the shop knows", lambda: told(stage, 3003))
    found = await trace(stage, number)
    steps = [f["type"] for f in found.facts if f["type"].startswith("invoice.")]
    assert steps[0] == "invoice.requested"
    assert steps[-1] == "invoice.authorized"
    assert steps.index("invoice.signed") < steps.index("invoice.sent") < steps.index("invoice.authorized")
    assert found.way(found.one("fulfillment.dispatched")) == [
        "fulfillment.dispatched",
        "invoice.authorized",
        "AuthorizeInvoice",
    ]
    [note] = found.owed("AuthorizeInvoice")
    assert note["causation_id"] == found.one("fulfillment.dispatch_asked")["event_id"]
    assert found.way(found.one("fulfillment.dispatch_asked"))[-1].endswith("dispatched")
    [confirmed] = found.owed("ConfirmShipment")
    assert (confirmed["causation_id"], confirmed["outcome"]) == (
        found.one("fulfillment.dispatched")["event_id"],
        "DONE",
    )
    [shipped] = stage.shopify.shop.fulfillments[str(5_550_000 + 3003)]
    assert found.one("fulfillment.dispatched")["data"]["tracking"] in str(shipped)


async def told(stage: Stage, number: int) -> bool:
    return bool(stage.shopify.shop.fulfillments.get(str(5_550_000 + number)))
