"""`hub nfe status` asks a simulated authority over the wire; `hub fiscal numbers` accounts for each number of the database that runs."""

from __future__ import annotations

import asyncio
import json
from typing import Any

from typer.testing import CliRunner

from hub.cli import fiscal, nfe
from tests.fiscal.office import CNPJ, Office


async def lines(app: Any, *words: str) -> tuple[int, list[Any]]:
    result = await asyncio.to_thread(CliRunner().invoke, app, [*words, "--json"])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result.exit_code, [json.loads(line) for line in result.stdout.splitlines()]


async def test_status_asks_each_authority_and_who_stands_in(office: Office) -> None:
    code, told = await lines(nfe.app, "status")
    assert [(t["account"], t["model"], t["standby"], t["works"], t["code"]) for t in told] == [
        (account, *rest)
        for account in ("caj", "loj")
        for rest in ((55, False, True, "107"), (55, True, False, "114"), (65, False, True, "107"))
    ]
    assert code == 0
    assert await lines(nfe.app, "status", "--tenant", "demo") == (0, told)
    assert await lines(nfe.app, "status", "--tenant", "nobody") == (1, [])
    office.sefaz.app.halls.control({"authority": "SP", "state": "dark"})
    code, told = await lines(nfe.app, "status")
    assert (code, {t["works"] for t in told}) == (1, {False})


async def test_numbers_are_accounted_for_and_a_gap_is_named(office: Office) -> None:
    for number in ("A1", "A2"):
        _, here = await office.packed(number)
        await office.leave(here)
    await office.work()
    code, [series] = await lines(fiscal.app, "numbers")
    assert (code, series["issuer"], series["model"], series["taken"], series["used"]) == (0, CNPJ, 55, 2, 2)
    await office.rows("UPDATE fiscal_numbers SET next = 5")
    code, [series] = await lines(fiscal.app, "numbers", "--tenant", "demo")
    assert (code, series["missing"]) == (1, [3, 4])
    assert await lines(fiscal.app, "numbers", "--tenant", "nobody") == (1, [])
