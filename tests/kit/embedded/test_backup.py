"""A backup taken under load restores, verifies and serves; a broken one is refused before anything uses it."""

from __future__ import annotations

import asyncio
import os
import shutil
import stat
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import asyncpg
import pytest

from hub.kit.embedded import Embedded, faults
from hub.kit.embedded.backup import back_up, backups, prune, restore

NOW = datetime(2026, 11, 20, 3, 0, tzinfo=UTC)


async def _write(dsn: str, until: asyncio.Event) -> int:
    """Numbers without a gap, as long as asked; gives the last confirmed one."""
    connection = await asyncpg.connect(dsn)
    number = 0
    try:
        await connection.execute("CREATE TABLE numbers (n int PRIMARY KEY)")
        while not until.is_set():
            number += 1
            await connection.execute("INSERT INTO numbers VALUES ($1)", number)
    finally:
        await connection.close()
    return number


async def test_backup_under_load_restores_and_serves(data: Path) -> None:
    enough, target = asyncio.Event(), data.with_name(f"{data.name}-r")
    try:
        async with Embedded(data) as embedded:
            writer = asyncio.create_task(_write(embedded.owner_dsn, enough))
            made = await back_up(embedded, now=NOW)
            enough.set()
            last = await writer
        assert made == data / "backup" / "20261120T030000Z"
        assert stat.S_IMODE(made.stat().st_mode) == 0o700
        assert backups(made.parent) == [made]
        await restore(made, target)
        async with Embedded(target) as again:
            connection = await asyncpg.connect(again.owner_dsn)
            count, highest = await connection.fetchrow("SELECT count(*), coalesce(max(n), 0) FROM numbers") or (0, -1)
            await connection.close()
        assert count == highest <= last
        with pytest.raises(faults.TargetTaken):
            await restore(made, target)
    finally:
        shutil.rmtree(target, ignore_errors=True)


def _tear(cluster: Path) -> None:
    with (cluster / "global" / "pg_control").open("r+b") as file:
        file.write(b"torn")


def _tear_log(cluster: Path) -> None:
    log = next(p for p in (cluster / "pg_wal").iterdir() if p.is_file())
    with log.open("r+b") as file:
        file.seek(0x28)
        file.write(b"torn")


def _edit_manifest(cluster: Path) -> None:
    manifest = cluster / "backup_manifest"
    manifest.write_bytes(manifest.read_bytes().replace(b'"Size": 3,', b'"Size": 4,'))


BREAK: dict[str, tuple[Callable[[Path], object], str]] = {
    "content": (_tear, "global/pg_control has another content"),
    "missing": (lambda cluster: (cluster / "global" / "pg_filenode.map").unlink(), "pg_filenode.map is missing"),
    "shorter": (lambda cluster: os.truncate(cluster / "PG_VERSION", 1), "PG_VERSION has 1 bytes, not 3"),
    "added": (lambda cluster: (cluster / "base" / "guest").touch(), "base/guest is not in the manifest"),
    "manifest": (_edit_manifest, "backup_manifest was changed"),
    "cut manifest": (lambda cluster: os.truncate(cluster / "backup_manifest", 500), "cannot be read"),
    "log": (_tear_log, "error:"),
}


async def test_a_broken_backup_is_refused(data: Path) -> None:
    async with Embedded(data) as embedded:
        made = await back_up(embedded, now=NOW)
    target = data.with_name(f"{data.name}-r")
    for kind, (spoil, reason) in BREAK.items():
        broken = data / "backup" / kind
        shutil.copytree(made, broken)
        spoil(broken / "pg18")
        with pytest.raises(faults.BackupBroken) as refusal:
            await restore(broken, target)
        assert reason in refusal.value.data["reason"], kind
        assert not target.exists()
        assert not target.with_name(f"{target.name}.new").exists()


async def test_something_else_is_no_backup(data: Path, tmp_path: Path) -> None:
    with pytest.raises(faults.BackupBroken, match="backup_manifest"):
        await restore(tmp_path, data)


async def test_a_failed_backup_leaves_nothing(data: Path) -> None:
    async with Embedded(data) as embedded:
        (data / "secret").write_text("other\n")
        with pytest.raises(faults.BackupFailed, match="pg_basebackup"):
            await back_up(embedded, now=NOW)
        assert list((data / "backup").iterdir()) == []


def test_old_backups_go_but_never_the_newest(tmp_path: Path) -> None:
    for name in (
        "20260101T000000Z",
        "20261001T000000Z",
        "20261115T000000Z",
        "20261120T000000Z.new",
        "20251120T000000Z.new",
    ):
        (tmp_path / name / "pg18").mkdir(parents=True)
        (tmp_path / name / "pg18" / "backup_manifest").touch()
    gone = prune(tmp_path, now=NOW, keep=timedelta(days=30))
    assert [path.name for path in gone] == ["20260101T000000Z", "20261001T000000Z", "20251120T000000Z.new"]
    later = prune(tmp_path, now=NOW + timedelta(days=900), keep=timedelta(days=30))
    assert [path.name for path in later] == ["20261120T000000Z.new"]
    assert [path.name for path in backups(tmp_path)] == ["20261115T000000Z"]
