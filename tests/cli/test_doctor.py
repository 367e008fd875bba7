"""The doctor names what is wrong with its cure, stays quiet about what is not, and changes nothing."""

from __future__ import annotations

import base64
import json
import os
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import asyncpg
import pytest
import typer
from typer.testing import CliRunner

from hub.cli import doctor as cli
from hub.cli.doctor import Finding, Verdict
from hub.kit.embedded import Embedded, scratch_data_dir
from hub.kit.settings import Settings
from hub.migrations import migrate
from tests.database import Server

KEY = base64.b64encode(b"k" * 32).decode()


@pytest.fixture(autouse=True)
def bare(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [n for n in os.environ if n.startswith("HUB_") and not n.startswith("HUB_TEST")]:
        monkeypatch.delenv(name)


def by_name(findings: list[Finding]) -> dict[str, Finding]:
    return {finding.name: finding for finding in findings}


async def _make(server: Server, name: str) -> str:
    connection = await asyncpg.connect(server.owner_dsn)
    try:
        await connection.execute(f"DROP DATABASE IF EXISTS {name}")
        await connection.execute(f"CREATE DATABASE {name} TEMPLATE template0")
    finally:
        await connection.close()
    return server.dsn(database=name)


async def test_an_empty_database_wants_its_migrations(database_server: Server, worker_id: str) -> None:
    found = by_name(await cli.look_at_database(await _make(database_server, f"doctor_empty_{worker_id}")))
    assert found["database"].verdict is Verdict.OK
    assert found["version"].verdict is Verdict.OK
    assert found["clock"].verdict is Verdict.OK
    assert (found["migrations"].verdict, found["migrations"].cure) == (Verdict.WRONG, "hub migrate")


async def test_a_migrated_database_is_well(database_server: Server, worker_id: str) -> None:
    dsn = await _make(database_server, f"doctor_full_{worker_id}")
    await migrate(dsn)
    findings = await cli.look_at_database(dsn)
    assert [f for f in findings if f.verdict is Verdict.WRONG] == []
    assert by_name(findings)["roles"].found.startswith("hub_app")


async def test_an_unreachable_database_is_told_without_its_password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HUB_DATABASE_URL", "postgresql://hub:canary@127.0.0.1:1/hub")
    found = by_name(await cli.examine())["database"]
    assert found.verdict is Verdict.WRONG
    assert "HUB_DATABASE_URL" in found.cure
    assert "canary" not in found.found


async def test_a_resting_embedded_database_is_left_at_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    data = scratch_data_dir("hub-t-doctor")
    monkeypatch.setenv("HUB_DATA", str(data))
    found = by_name(await cli.examine())
    assert found["embedded database"].verdict is Verdict.OK
    assert not data.exists()


async def test_a_running_embedded_database_is_looked_into(monkeypatch: pytest.MonkeyPatch) -> None:
    data = scratch_data_dir("hub-t-doctor")
    monkeypatch.setenv("HUB_DATA", str(data))
    try:
        async with Embedded(data):
            found = by_name(await cli.examine())
        assert found["settings"].verdict is Verdict.OK
        assert found["version"].found == "PostgreSQL 18"
    finally:
        shutil.rmtree(data)


async def test_a_foreign_data_directory_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HUB_DATA", str(tmp_path / "absent" / "data"))
    found = by_name(await cli.examine())["embedded database"]
    assert found.verdict is Verdict.WRONG
    assert "does not exist" in found.found


async def test_bad_settings_are_the_only_news(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HUB_PORT", "none")
    assert [f.name for f in await cli.examine() if f.verdict is Verdict.WRONG] == ["settings of the hub"]


def test_python_of_another_time() -> None:
    assert cli.look_at_python((3, 10, 9)).verdict is Verdict.WRONG
    assert cli.look_at_python((3, 15, 0)).verdict is Verdict.WRONG
    assert cli.look_at_python((3, 11, 7)) == Finding(name="python", verdict=Verdict.OK, found="3.11.7")


@pytest.mark.parametrize(("free", "verdict"), [(100, Verdict.WRONG), (500, Verdict.DOUBT), (5000, Verdict.OK)])
def test_disk(free: int, verdict: Verdict, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=free * cli.MEGABYTE))
    assert cli.look_at_disk(tmp_path / "not" / "yet").verdict is verdict


def test_key() -> None:
    assert cli.look_at_kek(Settings()).verdict is Verdict.DOUBT
    assert cli.look_at_kek(Settings(kek=KEY)).verdict is Verdict.OK
    assert cli.look_at_kek(Settings(kek="AAAA")).verdict is Verdict.WRONG


def test_backup(tmp_path: Path) -> None:
    settings, now = Settings(data=tmp_path), datetime.now(UTC)
    assert cli.look_at_backup(settings, now).found == "none yet"
    (tmp_path / "backup" / "one").mkdir(parents=True)
    assert cli.look_at_backup(settings, now).verdict is Verdict.OK
    assert cli.look_at_backup(settings, now + timedelta(hours=30)).verdict is Verdict.DOUBT


def test_the_command_ends_with_1_and_prints_json(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HUB_LOG_LEVEL", "loud")
    app = typer.Typer()
    app.command()(cli.doctor)
    result = CliRunner().invoke(app, ["--json"])
    assert result.exit_code == 1
    told = json.loads(result.stdout)
    assert told["ok"] is False
    assert any("HUB_LOG_LEVEL" in finding["found"] for finding in told["findings"])
    people = CliRunner().invoke(app, [])
    assert "cure: correct these variables" in people.stdout
