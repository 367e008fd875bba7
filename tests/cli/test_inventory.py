"""`hub inventory verify` on a database of its own: silent when all adds up, exit 1 and a name when not."""

from __future__ import annotations

import asyncio

import pytest
from typer.testing import CliRunner

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
