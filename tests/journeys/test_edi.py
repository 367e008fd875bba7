"""Journey (b), to its end: an order by file, and every document that leaves for it is accepted by the partner."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from hub.cli.story.bodies import purchase_orders
from hub.cli.story.script import Story
from hub.cli.story.seed import PLENTY
from hub.cli.story.stage import Stage
from tests.partner import find, interchange

pytestmark = pytest.mark.slow
GROUPS = {"855": "PR", "856": "SH", "810": "IN"}


def files(stage: Stage, kind: str) -> list[Path]:
    return [p for p in stage.partner_out.iterdir() if f"_{kind}_" in p.name and not p.name.endswith(".tmp")]


async def states(stage: Stage) -> dict[str, Any]:
    sql = "SELECT s.set_id, s.ack_state FROM exchange_sets s JOIN exchanges e USING (exchange_id) WHERE e.direction = 'OUT'"
    async with stage.hub.db.unit(tenant=stage.company.tenant, actor="test") as tx:
        return {r["set_id"]: r["ack_state"] for r in await tx.conn.fetch(sql)}


async def test_an_order_by_file_is_answered_announced_and_billed_and_the_partner_accepts_all(
    stage: Stage, story: Story
) -> None:
    (stage.partner_in / "journey.edi").write_text(purchase_orders(stage.hub.db.clock(), PLENTY[6]))
    await story.until("PO-7001", "APPROVED")
    await story._wait("997 and 855", story._answered)
    await story._wait_pick_orders("PO-7001", 1)
    await story._advance("PO-7001", until="dispatched")
    await story.until("PO-7001", "DISPATCHED")

    async def billed() -> bool:
        return all(files(stage, kind) for kind in GROUPS)

    await story._wait("856 and 810", billed)
    assert await states(stage) == dict.fromkeys(GROUPS, "waiting")
    texts = {kind: files(stage, kind)[0].read_text() for kind in GROUPS}
    assert find(texts["856"], "PRF")[1] == "PO-7001"
    assert find(texts["810"], "TDS")[1] == "9980"
    for n, (kind, text) in enumerate(texts.items(), 900):
        group, control = find(text, "GS")[6], find(text, "ST")[2]
        answer = ["997", f"AK1*{GROUPS[kind]}*{group}", f"AK2*{kind}*{control}", "AK5*A", "AK9*A*1*1*1"]
        (stage.partner_in / f"ack_{kind}.edi").write_text(interchange(n, "FA", [answer]))

    async def accepted() -> bool:
        return await states(stage) == dict.fromkeys(GROUPS, "accepted")

    await story._wait("all accepted", accepted)
