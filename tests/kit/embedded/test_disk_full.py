"""A full disk: writes fail, nothing confirmed is lost, and the database comes back alone."""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import asyncpg
import pytest

from hub.kit.embedded import Embedded, ballast, scratch_data_dir

SIZE = 420  # MB of the small file system


@pytest.fixture
def small() -> Iterator[Path]:
    """A file system of its own, which only root may mount, and not everywhere."""
    place = scratch_data_dir("hub-t-small")
    place.mkdir(mode=0o755)
    mount = ["mount", "-t", "tmpfs", "-o", f"size={SIZE}m,mode=755", "tmpfs", str(place)]
    tried = subprocess.run(mount, capture_output=True, check=False)  # noqa: S603 - a fixed command
    if tried.returncode != 0:
        place.rmdir()
        pytest.skip(f"no small file system can be mounted here: {tried.stderr.decode().strip()}")
    yield place
    subprocess.run(["umount", str(place)], check=True)  # noqa: S603, S607 - a fixed command
    place.rmdir()


async def _insert_until_refused(dsn: str) -> int:
    """Confirmed rows of about 1 MB; ends with the first refusal."""
    connection = await asyncpg.connect(dsn)
    confirmed = 0
    try:
        await connection.execute("CREATE TABLE kept (n int PRIMARY KEY, load bytea)")
        while True:
            await connection.execute("INSERT INTO kept VALUES ($1, $2)", confirmed + 1, os.urandom(1024 * 1024))
            confirmed += 1
    except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError):
        return confirmed
    finally:
        connection.terminate()


async def _ask(embedded: Embedded, question: str) -> object:
    for _ in range(600):
        try:
            connection = await asyncpg.connect(embedded.owner_dsn, timeout=5)
        except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError):
            await asyncio.sleep(0.1)
            continue
        try:
            return await connection.fetchval(question)
        except (asyncpg.PostgresError, asyncpg.InterfaceError):
            await asyncio.sleep(0.1)
        finally:
            await connection.close()
    pytest.fail("the database did not come back")


@pytest.mark.slow
async def test_a_full_disk_loses_nothing_confirmed(small: Path) -> None:
    async with Embedded(small / "data") as embedded:
        assert (small / "data" / "ballast").stat().st_size == ballast.SIZE
        assert embedded.has_room()
        filler = small / "filler"
        free = shutil.disk_usage(small).free
        with filler.open("wb") as file:
            os.posix_fallocate(file.fileno(), 0, free - 60 * 1024 * 1024)
        assert not embedded.has_room()
        confirmed = await _insert_until_refused(embedded.owner_dsn)
        assert confirmed > 0
        filler.unlink()
        rows = await _ask(embedded, "SELECT count(*) FROM kept")
        assert isinstance(rows, int)
        assert rows >= confirmed
        assert await _ask(embedded, "INSERT INTO kept VALUES (0, '') RETURNING n") == 0


def test_the_ballast_is_dropped_only_when_it_helps(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    free = 10 * ballast.SIZE
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=free))
    ballast.stow(tmp_path)
    assert (tmp_path / "ballast").exists()
    assert ballast.drop(tmp_path) is False
    free = 0
    assert ballast.drop(tmp_path) is True
    assert ballast.drop(tmp_path) is False
    ballast.stow(tmp_path)
    assert not (tmp_path / "ballast").exists()


@pytest.mark.slow
async def test_a_start_on_a_full_disk_spends_the_ballast(small: Path) -> None:
    async with Embedded(small / "data"):
        pass
    with (small / "filler").open("wb") as file:
        os.posix_fallocate(file.fileno(), 0, shutil.disk_usage(small).free)
    assert shutil.disk_usage(small).free == 0
    async with Embedded(small / "data") as embedded:
        assert not (small / "data" / "ballast").exists()
        assert await _ask(embedded, "SELECT 1") == 1
