"""`hub db` end to end on throw-away data: what is exported can be imported, and facts of before stay visible."""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import pytest
from typer.testing import CliRunner, Result

from hub.cli.db import app
from hub.kit.embedded import Embedded, scratch_data_dir
from hub.migrations import migrate

FACT = """INSERT INTO business_events (tenant_id, xid, event_id, type, subject_kind, subject_id, subject_version,
  correlation_id, actor, at, data, hash)
VALUES (1, '99999999', gen_random_uuid(), 'order.placed', 'order', gen_random_uuid(), 1, gen_random_uuid(), 'test',
  now(), '{}', '')"""
VISIBLE = "SELECT count(*) FROM business_events WHERE xid < pg_snapshot_xmin(pg_current_snapshot())"


@pytest.fixture(autouse=True)
def bare(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [n for n in os.environ if n.startswith("HUB_") and not n.startswith("HUB_TEST")]:
        monkeypatch.delenv(name)
    monkeypatch.setattr("hub.kit.log.configure_logging", lambda **_: None)


@pytest.fixture
def places() -> Iterator[tuple[Path, Path]]:
    old, new = scratch_data_dir("hub-t"), scratch_data_dir("hub-t")
    yield old, new
    for path in (old, new):
        shutil.rmtree(path, ignore_errors=True)


def hub_db(data: Path, *words: str) -> Result:
    return CliRunner().invoke(app, list(words), env={"HUB_DATA": str(data)})


async def _fill(data: Path) -> None:
    async with Embedded(data) as embedded:
        await migrate(embedded.owner_dsn)
        connection = await asyncpg.connect(embedded.owner_dsn)
        await connection.execute(FACT)
        assert await connection.fetchval(VISIBLE) == 0, "the fact's transaction number must be ahead, as after a load"
        await connection.close()


async def _visible(data: Path) -> object:
    async with Embedded(data) as embedded:
        connection = await asyncpg.connect(embedded.owner_dsn)
        try:
            return await connection.fetchval(VISIBLE)
        finally:
            await connection.close()


@pytest.mark.slow
def test_facts_are_visible_after_export_and_import(places: tuple[Path, Path], tmp_path: Path) -> None:
    old, new = places
    asyncio.run(_fill(old))
    dump = tmp_path / "hub.dump"
    assert hub_db(old, "export", str(dump)).exit_code == 0
    loaded = hub_db(new, "import", str(dump))
    assert loaded.exit_code == 0, loaded.output
    assert asyncio.run(_visible(new)) == 1
    again = hub_db(new, "import", str(dump))
    assert again.exit_code == 1
    assert "a dump is loaded into an empty one" in again.output


@pytest.mark.slow
def test_backup_and_restore_by_command(places: tuple[Path, Path]) -> None:
    old, new = places
    made = hub_db(old, "backup")
    assert made.exit_code == 0, made.output
    path = made.output.strip().splitlines()[-1]
    assert (Path(path) / "pg18" / "backup_manifest").exists()
    assert hub_db(old, "restore", path, str(new)).output.strip() == f"HUB_DATA={new}"
    assert (new / "pg18" / "PG_VERSION").read_text() == "18\n"
    over = hub_db(old, "restore", path, str(new))
    assert (over.exit_code, "never over an old one" in over.output) == (1, True)


def test_an_external_database_is_not_backed_up_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HUB_DATABASE_URL", "postgresql://hub:canary@db/hub")
    refused = hub_db(tmp_path, "backup")
    assert refused.exit_code == 1
    assert "its provider's" in refused.output
    assert "canary" not in refused.output
