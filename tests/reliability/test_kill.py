"""A worker dies by kill -9 between each pair of commits on the path; another takes over; the end is that of an undisturbed run."""

from __future__ import annotations

import asyncio
import json
import re
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import httpx
import pytest

from adapters.shopify.simulator import signed
from hub import inbox, outbox, timers
from hub.boot.worker import worker_of
from hub.cli.story.bodies import purchase_orders, shopify_order
from hub.cli.story.script import Story
from hub.cli.story.seed import PLENTY
from hub.cli.story.stage import Stage, free_port, staged
from hub.flows.folders import Folders
from hub.kit.failpoint import POINTS
from hub.kit.tasks import ended
from hub.timers import Timer, set_timers
from tests.database import Server
from tests.db import fresh
from tests.journeys.trace import trace
from tests.processes import running
from tests.queues import make_due, make_stale

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(400),
]  # on a busy machine each of a story's steps may take its minute
ROOT = Path(__file__).resolve().parents[2]

# Points of a worker, and the passes at which it is killed: the first pick order is the first delivery, the NF-e the second
KILLS = {
    "intake.claimed": (2,),
    "intake.applied": (1,),
    "intake.done": (1,),
    "deliver.claimed": (2,),
    "deliver.prepared": (2,),
    "deliver.marked": (2,),
    "deliver.sent": (1, 2, 3),  # the pick order, the note, the word to the channel: each may be there already
    "deliver.finished": (1,),
    "timers.fired": (1,),
    "timers.done": (1,),
}
TWICE = {"hooks.kept": 2, "folders.kept": 2}  # AS2 and SFTP come in by doors of their own and promise the same
ELSEWHERE = {"hooks.kept", "folders.kept"}  # a web process, a folder: tests of their own below
CASES = [(point, n) for point, passes in KILLS.items() for n in passes]


@pytest.fixture(scope="module")
async def stage(database_server: Server, template: str) -> AsyncIterator[Stage]:
    """Without a worker: the tests bring theirs."""
    async with fresh(database_server, template) as dsn, staged(dsn=dsn, worker=False) as made:
        yield made


# A later try says again that it sends, a lost answer is a fact of its own, and reports that go together move the order in one step
MAY_DIFFER = ("invoice.sent", "invoice.unknown", "order.state_changed")


@dataclass(frozen=True, slots=True)
class End:
    """What must not depend on who died where: facts by type, quantities, what the other sides have."""

    state: str
    way: tuple[str, str]
    facts: Counter[str]
    lines: list[tuple[Any, ...]]
    pick_orders: int
    shop_fulfillments: int
    note: tuple[str, ...]
    left: int
    parked: int


async def end_of(stage: Stage, number: int) -> End:
    found = await trace(stage, f"#{number}")
    moves = [f["data"] for f in found.of("order.state_changed")]
    assert all(a["to"] == b["from"] for a, b in pairwise(moves))
    async with stage.hub.db.unit(tenant=stage.company.tenant, actor="test") as tx:
        lines = await tx.conn.fetch(
            "SELECT sku, ordered, cancelled, reserved, picked, packed, shipped, delivered FROM order_lines WHERE order_id = $1"
            " ORDER BY line_no",
            found.order_id,
        )
        state = await tx.conn.fetchval("SELECT state FROM orders WHERE order_id = $1", found.order_id)
        notes = await tx.conn.fetch("SELECT state FROM fiscal_documents WHERE order_id = $1", found.order_id)
        left = await tx.conn.fetchval(
            "SELECT (SELECT count(*) FROM inbox) + (SELECT count(*) FROM outbox) + (SELECT count(*) FROM timers WHERE run_at <= now())"
        )
        parked = await tx.conn.fetchval("SELECT count(*) FROM incidents")
    return End(
        state=state,
        facts=Counter(f["type"] for f in found.facts if f["type"] not in MAY_DIFFER),
        way=(moves[0]["from"], moves[-1]["to"]),
        lines=[tuple(r) for r in lines],
        pick_orders=sum(1 for w in stage.wms.work.values() if w.request["order"] == f"#{number}"),
        shop_fulfillments=len(stage.shopify.shop.fulfillments[str(5_550_000 + number)]),
        note=tuple(r["state"] for r in notes),
        left=left,
        parked=parked,
    )


class Undertaker:
    """Watches the worker that is to die; when it has, its leases end at once and a worker of this process goes on."""

    def __init__(self, stage: Stage, process: asyncio.subprocess.Process | None) -> None:
        self.stage, self.process, self.worker = stage, process, worker_of(stage.hub)
        self.task = asyncio.create_task(self._watch())

    async def _watch(self) -> None:
        if self.process is not None:
            assert await self.process.wait() == -9
            for queue in (inbox.QUEUE, outbox.QUEUE, timers.QUEUE):
                await make_stale(self.stage.hub.db, queue)
        while True:
            await self.worker.run_until_idle()
            await make_due(self.stage.hub.db, inbox.QUEUE)
            await make_due(self.stage.hub.db, outbox.QUEUE)
            await asyncio.sleep(0.05)

    async def close(self) -> None:
        await ended(self.task)


async def whole_story(stage: Stage, number: int, process: asyncio.subprocess.Process | None) -> End:
    """One paid order until the channel knows its tracking, with a timer that fires on the way."""
    story = Story(stage, lambda _: None)
    undertaker = Undertaker(stage, process)
    try:
        async with stage.hub.reactor.unit(tenant=stage.company.tenant, actor="test") as tx:
            at = stage.hub.db.clock() - timedelta(seconds=1)
            await set_timers(
                tx,
                [
                    Timer(
                        kind="expire_reservations",
                        subject_kind="order",
                        subject_id=tx.correlation_id,
                        at=at,
                        causation_id=tx.correlation_id,
                    )
                ],
            )
        lines = [(PLENTY[0], 2, "49.90"), (PLENTY[1], 1, "129.00")]
        stage.shopify.shop.place(shopify_order(number, lines, at=stage.hub.db.clock(), to="sao_paulo"))
        await story._webhooks()
        await story._wait_pick_orders(f"#{number}", 1)
        await story._advance(f"#{number}", until="dispatched")
        await story.until(f"#{number}", "DISPATCHED")
        await story._wait("the shop knows", lambda: told(stage, number))
        if process is not None:
            await asyncio.wait_for(process.wait(), 30)
        await story._wait("nothing is owed", lambda: idle(stage))
        return await end_of(stage, number)
    finally:
        await undertaker.close()


async def told(stage: Stage, number: int) -> bool:
    return bool(stage.shopify.shop.fulfillments.get(str(5_550_000 + number)))


IDLE = """SELECT NOT EXISTS (SELECT 1 FROM inbox WHERE state < 3) AND NOT EXISTS (SELECT 1 FROM outbox WHERE state < 3)
  AND NOT EXISTS (SELECT 1 FROM timers WHERE run_at <= now() AND state < 3)"""


async def idle(stage: Stage) -> bool:
    return bool(await stage.hub.db.worker.fetchval(IDLE))


@pytest.fixture(scope="module")
async def undisturbed(stage: Stage) -> End:
    return await whole_story(stage, 7000, None)


async def test_the_undisturbed_run_is_what_it_should_be(undisturbed: End) -> None:
    assert undisturbed.state == "DISPATCHED"
    assert (undisturbed.pick_orders, undisturbed.shop_fulfillments, undisturbed.note) == (1, 1, ("AUTHORIZED",))
    assert (undisturbed.left, undisturbed.parked) == (0, 0)


@pytest.mark.parametrize(("point", "n"), CASES, ids=[f"{p}-{n}" for p, n in CASES])
async def test_killed_there_another_ends_it_as_if_nothing_had_been(
    stage: Stage, undisturbed: End, point: str, n: int
) -> None:
    number = 7001 + CASES.index((point, n))
    async with running(stage, "work", HUB_FAIL=f"{point}:{n}") as process:
        assert await whole_story(stage, number, process) == undisturbed


def test_every_point_has_one_place_in_the_code_and_a_test() -> None:
    calls = Counter(
        name
        for folder in ("hub", "schema", "adapters")
        for path in (ROOT / folder).rglob("*.py")
        for name in re.findall(r'failpoint\.passing\("([a-z.]+)"\)', path.read_text())
    )
    assert calls == Counter({**dict.fromkeys(POINTS, 1), **TWICE})
    assert set(KILLS) | ELSEWHERE == set(POINTS)


async def test_a_web_process_killed_before_its_answer_has_kept_the_message_once(stage: Stage) -> None:
    shop, port = stage.shopify.shop, free_port()
    shop.owed.clear()  # what it says of earlier orders
    shop.place(shopify_order(7900, [(PLENTY[0], 1, "10.00")], at=stage.hub.db.clock(), to="rio"))
    [owed] = shop.owed
    body = json.dumps(owed.body).encode()
    url, head = f"http://127.0.0.1:{port}/hooks/shopify/demo-shop", signed(shop, owed, body)
    async with running(stage, "serve", "--port", str(port), HUB_FAIL="hooks.kept:1") as process:
        async with asyncio.timeout(60):
            while True:
                with suppress(httpx.HTTPError):
                    if (await stage.client.get(f"http://127.0.0.1:{port}/health/ready")).status_code == 200:
                        break
                await asyncio.sleep(0.1)
        with pytest.raises(httpx.HTTPError):
            await stage.client.post(url, content=body, headers=head)
        assert await process.wait() == -9
    assert await stage.shopify.deliver(stage.client, f"{stage.base_url}/hooks/shopify/demo-shop") == [200]
    async with stage.hub.db.unit(tenant=stage.company.tenant, actor="test") as tx:
        seen = await tx.conn.fetchval("SELECT count(*) FROM inbox_seen WHERE dedupe_key = $1", owed.event_id)
        kept = await tx.conn.fetchval("SELECT count(*) FROM inbox WHERE dedupe_key = $1", owed.event_id)
    assert (seen, kept) == (1, 1)


async def test_a_worker_killed_between_keeping_and_archiving_a_file_takes_it_in_once(stage: Stage) -> None:
    file = stage.partner_in / "killed.edi"
    file.write_text(purchase_orders(stage.hub.db.clock(), PLENTY[6]))
    file.with_name("killed.edi.done").touch()
    async with running(stage, "work", HUB_FAIL="folders.kept:1") as process:
        assert await asyncio.wait_for(process.wait(), 60) == -9
    assert file.exists()
    adapters = {n: f.adapter for n, f in stage.hub.adapters.items()}
    folders = Folders(stage.hub.db, stage.hub.bell, stage.hub.directory, adapters, stage.hub.data.deps.incidents)
    while file.exists():
        await folders.look()
    undertaker = Undertaker(stage, None)
    story = Story(stage, lambda _: None)
    try:
        await story.until("PO-7001", "APPROVED")
        await story._wait("997 and 855", story._answered)
        await story._wait("nothing is owed", lambda: idle(stage))
    finally:
        await undertaker.close()
    assert Counter(p.name.split("_")[1] for p in stage.partner_out.iterdir()) == {"997": 1, "855": 1}
    assert (await story.ask('{ orders(where: {number: {eq: "PO-7001"}}) { totalCount { value } } }', {}))["orders"] == {
        "totalCount": {"value": 1}
    }
