"""The commands that look at a running hub or send to it, as real processes against the stage."""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

import pytest

from hub.cli.story.bodies import purchase_orders
from hub.cli.story.script import Story
from hub.cli.story.seed import GONE, PLENTY
from hub.cli.story.stage import Stage
from tests.journeys.test_journeys import placed
from tests.processes import ROOT, environment

pytestmark = pytest.mark.slow


async def hub(stage: Stage, *words: str) -> tuple[int, str, str]:
    """(exit status, stdout, stderr) of `hub WORDS`."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "hub",
        *words,
        cwd=ROOT,
        env=environment(stage),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await process.communicate()
    return process.returncode or 0, out.decode(), err.decode()


async def explained(stage: Stage, order: str) -> Any:
    status, out, err = await hub(stage, "explain", order, "--json")
    assert status == 0, err
    return json.loads(out)


async def test_explain_says_why_here_what_is_awaited_and_what_happened(stage: Stage, story: Story) -> None:
    number = await placed(story, 5001)
    found = await explained(stage, number)
    assert (found["state"], found["on_hold"]) == ("APPROVED", False)
    [choice] = found["choices"]
    chosen = [c["node"] for c in choice["candidates"] if c["chosen"]]
    assert chosen == [f["node"] for f in found["fulfillments"]]
    assert {c["node"]: c["reason"] for c in choice["candidates"] if not c["feasible"]}["3PL-MIAMI"]
    assert [a["kind"] for a in found["awaited"]] == ["node"]
    assert [h["type"] for h in found["timeline"]][:3] == ["order.placed", "order.approved", "order.allocated"]
    events = [h["event"] for h in found["timeline"]]
    assert all(h["because"] in events for h in found["timeline"][1:])
    status, text, _ = await hub(stage, "explain", number.removeprefix("#"))
    assert status == 0
    assert f"* {chosen[0]}" in text


async def test_explain_names_the_hold_and_its_incident(stage: Stage, story: Story) -> None:
    secret, url = stage.company.shopify_secret, stage.urls["shopify_hook"]
    status, out, err = await hub(
        stage,
        "trigger",
        "shopify:orders/create",
        "--url",
        url,
        "--secret",
        secret,
        "--number",
        "5002",
        "--sku",
        f"{GONE}=1",
    )
    assert (status, out.strip()) == (0, "200"), err
    await story.until("#5002", "APPROVED", hold="STOCK")
    found = await explained(stage, "#5002")
    assert {a["kind"] for a in found["awaited"]} == {"hold", "incident", "timer"}
    assert GONE in next(a["what"] for a in found["awaited"] if a["kind"] == "hold")


async def test_explain_of_nothing_is_a_sentence(stage: Stage) -> None:
    status, out, err = await hub(stage, "explain", "#404404")
    assert (status, out) == (1, "")
    assert err.strip() == "There is no order #404404."


async def test_a_trigger_with_another_secret_is_refused(stage: Stage) -> None:
    words = ("trigger", "shopify:orders/create", "--url", stage.urls["shopify_hook"], "--secret", "not it")
    status, out, _ = await hub(stage, *words)
    assert status == 1
    assert out.startswith("401")


async def test_triggers_of_one_order_find_each_other(stage: Stage, story: Story) -> None:
    words = ("--url", stage.urls["shopify_hook"], "--secret", stage.company.shopify_secret, "--number", "5003")
    assert (await hub(stage, "trigger", "shopify:orders/create", *words))[0] == 0
    await story.until("#5003", "APPROVED")
    await story._wait_pick_orders("#5003", 1)
    assert (await hub(stage, "trigger", "shopify:orders/cancelled", *words))[0] == 0
    await story.until("#5003", "CANCELLED")


async def test_send_keeps_a_file_whichever_way_it_goes_and_only_once(
    stage: Stage, story: Story, tmp_path: Path
) -> None:
    file = tmp_path / "po.edi"
    file.write_text(purchase_orders(stage.hub.db.clock(), PLENTY[6]))
    upload = ("--url", stage.base_url, "--token", stage.company.edi_token)
    status, out, err = await hub(stage, "send", str(file), "--partner", "acme-retail", *upload)
    assert status == 0, err
    assert json.loads(out)["new"] > 0
    await story.until("PO-7001", "APPROVED")
    status, out, err = await hub(stage, "send", str(file), "--partner", "acme-retail")
    assert (status, " 0 of them new" in out) == (0, True), err
    other = tmp_path / "other.edi"
    other.write_text(file.read_text().replace("000000071", "000000072").replace("PO-700", "PO-800"))
    status, out, err = await hub(stage, "send", str(other), "--partner", "acme-retail")
    assert status == 0, err
    await story.until("PO-8001", "APPROVED")


async def test_send_says_what_is_wrong(stage: Stage, tmp_path: Path) -> None:
    file = tmp_path / "po.edi"
    file.write_text("ISA")
    status, _, err = await hub(stage, "send", str(file), "--partner", "nobody")
    assert (status, err.strip()) == (1, "There is no account of a partner nobody.")
    words = ("--url", stage.base_url, "--token", "wrong")
    status, _, err = await hub(stage, "send", str(file), "--partner", "acme-retail", *words)
    assert status == 1
    assert "401" in err
