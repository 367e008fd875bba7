"""Old months leave the database as verified files; verification and replay go on over both."""

from __future__ import annotations

import asyncio
import gzip
from datetime import UTC, datetime, timedelta
from pathlib import Path

import asyncpg
import pytest
from typer.testing import CliRunner

from hub import access
from hub.cli.ledger import app
from hub.kit.db import Database
from hub.ledger import archive
from hub.migrations import keep_partitions, past_months
from tests.bench.generate import fill

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
ORDERS = 40


async def _run(*words: str) -> tuple[int, str]:
    found = await asyncio.to_thread(CliRunner().invoke, app, list(words))
    return found.exit_code, found.output


@pytest.fixture
async def ledger_of_months(dsn: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """A tenant with forty orders, spread over the year before NOW, in monthly partitions."""
    monkeypatch.setenv("HUB_DATABASE_URL", dsn)
    for months in range(13, 0, -3):
        await keep_partitions(dsn, now=NOW - timedelta(days=30.4 * months))
    db = await Database(dsn).open()
    tenant = (await access.create_tenant(db, "old", "Old")).tenant_id
    await db.close()
    await fill(dsn, tenant, ORDERS, now=NOW)
    return dsn


async def online(dsn: str) -> int:
    conn = await asyncpg.connect(dsn)
    try:
        return int(await conn.fetchval("SELECT count(*) FROM business_events"))
    finally:
        await conn.close()


async def test_months_move_and_the_ledger_stays_whole(ledger_of_months: str, tmp_path: Path) -> None:
    dsn = ledger_of_months
    before, folder = await online(dsn), str(tmp_path)
    code, said = await _run("archive", "--before", "2026-08", "--to", folder)
    assert code == 0, said
    assert "dropped" in said
    left = await online(dsn)
    assert 0 < left < before
    assert sum(1 for _ in archive.facts(tmp_path)) == before - left
    assert await past_months(dsn, datetime(2026, 8, 1, tzinfo=UTC)) == []
    code, said = await _run("verify", "--archives", folder)
    assert (code, f"{left} facts, 0 broken" in said) == (0, True), said
    code, said = await _run("replay", "--archives", folder)
    assert (code, f"{before} facts, {ORDERS} orders, 0 differences" in said) == (0, True), said
    assert (await _run("verify", "--archives", str(tmp_path / "none")))[0] == 1
    assert (await _run("archive", "--before", "2026-08", "--to", folder)) == (0, "")


async def test_a_file_that_was_touched_is_not_believed(ledger_of_months: str, tmp_path: Path) -> None:
    code, said = await _run("archive", "--before", "2026-01", "--to", str(tmp_path), "--keep")
    assert (code, "dropped" in said) == (0, False)
    file = archive.files(tmp_path)[-1]
    whole = gzip.decompress(file.read_bytes())
    for change in (
        whole.replace(b'"generator"', b'"somebody"', 1),
        whole[: whole.rindex(b"{")],
        b"\n".join(whole.split(b"\n")[:2] + whole.split(b"\n")[3:]),
        b"nonsense",
    ):
        assert change != whole
        file.write_bytes(gzip.compress(change))
        code, said = await _run("verify", "--archives", str(tmp_path))
        assert code == 1, said
        assert "is not what was written" in said or "in no archive" in said
    file.write_bytes(b"no gzip")
    assert (await _run("verify", "--archives", str(tmp_path)))[0] == 1


async def test_a_month_that_gained_a_fact_meanwhile_stays(ledger_of_months: str, tmp_path: Path) -> None:
    from hub.migrations import drop_archived

    part, start, end = (await past_months(ledger_of_months, datetime(2026, 8, 1, tzinfo=UTC)))[0]
    before = await online(ledger_of_months)
    assert start < end
    assert not await drop_archived(ledger_of_months, part, 10_000)
    assert await online(ledger_of_months) == before
