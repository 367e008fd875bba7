"""`hub admin rewrap`: after it the older key-encryption key is not needed any more."""

from __future__ import annotations

import asyncio
import base64
import os

import pytest
from typer.testing import CliRunner

from hub.cli.admin import app
from hub.kit.db import Database
from hub.kit.settings import Settings
from hub.kit.vault import Place, Vault
from tests.depot import new_depot


async def test_the_older_key_can_be_taken_away(db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    await new_depot(db)
    old, new = (f"{name}:{base64.b64encode(os.urandom(32)).decode()}" for name in ("old", "new"))
    monkeypatch.setenv("HUB_DATABASE_URL", db.dsn)
    monkeypatch.setenv("HUB_KEK", old)
    place = Place(table="t", column="c", row="r")
    async with db.unit(tenant=1, actor="test") as tx:
        sealed = await Vault(db, Settings().keks()).seal(tx, place, b"secret")
    monkeypatch.setenv("HUB_KEK", f"{new},{old}")
    said = await asyncio.to_thread(CliRunner().invoke, app, ["rewrap"])
    assert (said.exit_code, said.output) == (0, "1 data keys wrapped anew\n"), said.output
    monkeypatch.setenv("HUB_KEK", new)
    assert await Vault(db, Settings().keks()).open(1, place, sealed) == b"secret"
