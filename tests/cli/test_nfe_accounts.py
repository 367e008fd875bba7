"""`hub nfe status` asks a simulated authority over the wire; `hub fiscal numbers` accounts for each number of the database that runs."""

from __future__ import annotations

import asyncio
import json
import sys
from base64 import b64encode
from collections.abc import AsyncIterator
from typing import Any

import pytest
from typer.testing import CliRunner

from hub.cli import fiscal
from hub.kit.db import Database
from tests.fiscal.office import CNPJ, KEKS, Office, opened


@pytest.fixture
async def office(dsn: str, db: Database, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Office]:
    """The database is named by HUB_DATABASE_URL, its secrets open with HUB_KEK."""
    monkeypatch.setenv("HUB_DATABASE_URL", dsn)
    monkeypatch.setenv("HUB_KEK", "a:" + b64encode(KEKS["a"]).decode())
    monkeypatch.setenv("HUB_OUTBOUND_ALLOW", "127.0.0.1/32")
    async with opened(db) as made:
        yield made


async def lines(app: Any, *words: str) -> tuple[int, list[Any]]:
    result = await asyncio.to_thread(CliRunner().invoke, app, [*words, "--json"])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result.exit_code, [json.loads(line) for line in result.stdout.splitlines()]


async def spawned(*words: str) -> tuple[int, list[Any]]:
    """The same as a process of its own."""
    made = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "hub", *words, "--json", stdout=asyncio.subprocess.PIPE
    )
    out, _ = await made.communicate()
    return made.returncode or 0, [json.loads(line) for line in out.splitlines()]


async def test_status_asks_each_authority_and_who_stands_in(office: Office) -> None:
    code, told = await spawned("nfe", "status")
    assert [(t["account"], t["model"], t["standby"], t["works"], t["code"]) for t in told] == [
        (account, *rest)
        for account in ("caj", "loj")
        for rest in ((55, False, True, "107"), (55, True, False, "114"), (65, False, True, "107"))
    ]
    assert code == 0
    office.sefaz.app.halls.control({"authority": "SP", "state": "dark"})
    code, told = await spawned("nfe", "status")
    assert (code, {t["works"] for t in told}) == (1, {False})


async def test_numbers_are_accounted_for_and_a_gap_is_named(office: Office) -> None:
    for number in ("A1", "A2"):
        _, here = await office.packed(number)
        await office.leave(here)
    await office.work()
    code, [series] = await lines(fiscal.app, "numbers")
    assert (code, series["issuer"], series["model"], series["taken"], series["used"]) == (0, CNPJ, 55, 2, 2)
    await office.rows("UPDATE fiscal_numbers SET next = 5")
    code, [series] = await lines(fiscal.app, "numbers")
    assert (code, series["missing"]) == (1, [3, 4])
