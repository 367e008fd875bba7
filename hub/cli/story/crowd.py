"""Demo data for visitors: forty and more orders at work in several states."""

from __future__ import annotations

from hub import fulfillment
from hub.canon.states import OrderState
from hub.cli.story.bodies import shopify_order
from hub.cli.story.script import Story
from hub.cli.story.seed import PLENTY
from hub.cli.story.stage import Stage
from hub.ledger import Cause

COUNT = 48
PLACES = ("sao_paulo", "rio", "belo_horizonte")


async def crowd(stage: Stage) -> None:
    """Orders through the channel's door; every third goes on to PICKING, every sixth to PACKED."""
    story = Story(stage, lambda _: None)
    shop, now = stage.shopify.shop, stage.hub.db.clock()
    for n in range(COUNT):
        lines = [(PLENTY[(n + k) % len(PLENTY)], 1 + k, "49.90") for k in range(1 + n % 3)]
        shop.place(shopify_order(2001 + n, lines, at=now, to=PLACES[n % len(PLACES)]))
    await stage.shopify.deliver(stage.client, f"{stage.base_url}/hooks/shopify/demo-shop")
    for n in range(COUNT):
        await story.until(f"#{2001 + n}", "APPROVED")
    async with stage.hub.reactor.unit(tenant=stage.company.tenant, actor="demo") as tx:
        rows = await tx.conn.fetch("SELECT fulfillment_id FROM fulfillments ORDER BY created_at, fulfillment_id")
        steps = [
            fulfillment.Progress(
                fulfillment_id=r["fulfillment_id"],
                to=OrderState.PACKED if n % 6 == 0 else OrderState.PICKING,
                cause=Cause(tx.correlation_id, None),
            )
            for n, r in enumerate(rows)
            if n % 3 == 0
        ]
        await fulfillment.progress(tx, steps)
