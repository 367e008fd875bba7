"""`hub inventory` on a database of its own: verify is silent when all adds up; what is moved or counted by hand is checked as everywhere."""

from __future__ import annotations

import asyncio
import base64
import os
import sys
from collections.abc import Awaitable, Callable

import pytest
from typer.testing import CliRunner, Result

from hub.cli.inventory import app
from hub.kit.db import Database
from tests.depot import new_depot


async def test_verify_names_what_differs(db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    depot = await new_depot(db)
    await depot.stock({("CAJ", "A"): 5})
    monkeypatch.setenv("HUB_DATABASE_URL", db.dsn)
    good = await asyncio.to_thread(CliRunner().invoke, app, ["verify"])
    assert (good.exit_code, "1 stock keys, 0 faults" in good.output) == (0, True), good.output
    await depot.rows("UPDATE stock SET on_hand = 6")
    bad = await asyncio.to_thread(CliRunner().invoke, app, ["verify", "--tenant", "1"])
    assert bad.exit_code == 1
    assert "on hand 6.0000, moved 5.0000" in bad.output


@pytest.fixture
async def run(db: Database, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Awaitable[Result]]:
    depot = await new_depot(db)
    await depot.stock({("CAJ", "A"): 5})
    monkeypatch.setenv("HUB_DATABASE_URL", db.dsn)
    monkeypatch.setenv("HUB_KEK", base64.b64encode(os.urandom(32)).decode())

    async def act(*words: str) -> Result:
        whole = words if "--tenant" in words else (*words, "--tenant", "demo")
        return await asyncio.to_thread(lambda: CliRunner().invoke(app, list(whole)))

    return act


async def test_stock_is_moved_and_counted_by_hand(run: Callable[..., Awaitable[Result]]) -> None:
    moved = await run("transfer", "A", "2", "--from", "CAJ", "--to", "RIO")
    assert (moved.exit_code, moved.output) == (0, "2 x A from CAJ to RIO\n")
    counted = await run("count", "A", "7", "--node", "RIO", "--seen", "2", "--lot", "L1")
    assert counted.exit_code == 1
    assert "not the 2" in counted.output
    assert (await run("count", "A", "7", "--node", "RIO", "--seen", "0", "--lot", "L1")).exit_code == 0
    shown = (await run("show", "A")).output
    assert "on hand 3, reserved 0" in shown
    assert "on hand 9, reserved 0" in shown
    assert "lot L1: 7, 0 chosen, expires never" in shown


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (("transfer", "A", "2", "--from", "CAJ", "--to", "CAJ"), "cannot be moved from a node to the same node"),
        (("transfer", "A", "-2", "--from", "CAJ", "--to", "RIO"), "must be above zero"),
        (("transfer", "A", "two", "--from", "CAJ", "--to", "RIO"), "two is no quantity"),
        (("transfer", "A", "6", "--from", "CAJ", "--to", "RIO"), "would become -1"),
        (("transfer", "A", "1", "--from", "CAJ", "--to", "MOON"), "There is no node MOON"),
        (("count", "A", "-1", "--node", "CAJ", "--seen", "5"), "would become -1"),
    ],
)
async def test_what_cannot_be_is_refused_in_a_sentence(
    run: Callable[..., Awaitable[Result]], words: tuple[str, ...], reason: str
) -> None:
    options, numbers = words[3:], words[1:3]
    told = await run(words[0], *options, "--tenant", "demo", "--", *numbers)
    assert told.exit_code == 1, told.output
    assert reason in told.output
    assert "on hand 5, reserved 0" in (await run("show", "A")).output


async def test_a_tenant_that_there_is_not_is_told_in_a_sentence(db: Database) -> None:
    command = ("-m", "hub", "inventory", "verify", "--tenant", "nobody")
    env = {**os.environ, "HUB_DATABASE_URL": db.dsn}
    done = await asyncio.create_subprocess_exec(sys.executable, *command, env=env, stderr=asyncio.subprocess.PIPE)
    _, said = await done.communicate()
    assert (done.returncode, said.decode().strip()) == (1, "There is no tenant nobody; `hub admin tenant` makes one.")
