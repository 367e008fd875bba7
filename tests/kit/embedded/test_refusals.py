"""Each refusal of the embedded PostgreSQL names its exact reason, and leaves what it found as it was."""

from __future__ import annotations

import os
import pwd
import shutil
import stat
import sys
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import pytest

from hub.kit.embedded import Embedded, faults, scratch_data_dir, supervise
from hub.kit.embedded.binaries import INSTALL, LIBRARIES, PACKAGE, Binaries, installed

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
not_root = pytest.mark.skipif(os.geteuid() == 0, reason="root may become another user")


@pytest.fixture
def closed() -> Iterator[Path]:
    """A directory that only its owner can enter, as root's home is."""
    path = scratch_data_dir("hub-t-closed")
    path.mkdir(mode=0o700)
    yield path
    shutil.rmtree(path)


@needs_root
async def test_root_with_unreadable_binaries_copies_them(
    data: Path, closed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wheel = installed()
    for part in (PACKAGE, LIBRARIES):
        (closed / part).symlink_to(wheel.root / part)
    hidden = Binaries(root=closed, release=wheel.release)
    monkeypatch.setattr(supervise, "installed", lambda: hidden)
    async with Embedded(data) as embedded:
        copy = data / "bin" / wheel.release
        running = Path(f"/proc/{embedded.pid}/exe").resolve()
        assert running == (copy / PACKAGE / INSTALL / "bin" / "postgres").resolve()
        assert (copy / LIBRARIES).is_dir()
        made = copy.stat().st_mtime_ns
    async with Embedded(data):
        assert copy.stat().st_mtime_ns == made
    assert stat.S_IMODE(closed.stat().st_mode) == 0o700


@needs_root
async def test_root_with_unreadable_data(closed: Path) -> None:
    with pytest.raises(faults.DirectoryClosed) as refusal:
        await Embedded.start(closed / "data")
    assert str(refusal.value) == (
        f"{closed}/data lies below {closed}, a directory that user nobody cannot enter; set HUB_DATA or HUB_DB_USER."
    )
    assert stat.S_IMODE(closed.stat().st_mode) == 0o700
    assert not (closed / "data").exists()


@needs_root
async def test_user_without_passwd_entry(data: Path) -> None:
    with pytest.raises(faults.AccountUnknown, match="User 54321 has no entry in the passwd database"):
        await Embedded.start(data, db_user="54321")
    assert not data.exists()


@needs_root
async def test_owner_without_passwd_entry(data: Path) -> None:
    data.mkdir()
    os.chown(data, 54321, 54321)
    with pytest.raises(faults.AccountUnknown, match="54321"):
        await Embedded.start(data)


@needs_root
async def test_root_itself_is_no_database_user(data: Path) -> None:
    with pytest.raises(faults.AccountIsRoot):
        await Embedded.start(data, db_user="root")


@needs_root
async def test_root_runs_it_as_the_owner_of_the_data(data: Path) -> None:
    owner = pwd.getpwnam("daemon")
    data.mkdir(mode=0o700)
    os.chown(data, owner.pw_uid, owner.pw_gid)
    async with Embedded(data) as embedded:
        status = Path(f"/proc/{embedded.pid}/status").read_text()
        fields = dict(line.split(":", 1) for line in status.splitlines())
        assert fields["Uid"].split() == [str(owner.pw_uid)] * 4
        assert fields["Gid"].split() == [str(owner.pw_gid)] * 4
        assert fields["Groups"].split() == []


@needs_root
async def test_cluster_of_another_user(data: Path) -> None:
    async with Embedded(data, db_user="daemon"):
        pass
    data.chmod(0o711)
    with pytest.raises(faults.DirectoryNotOurs, match="belongs to user daemon, not to nobody"):
        await Embedded.start(data, db_user="nobody")


@not_root
async def test_only_root_can_become_another_user(data: Path) -> None:
    with pytest.raises(faults.AccountNotOurs):
        await Embedded.start(data, db_user="root")


@not_root
async def test_a_place_that_cannot_be_written() -> None:
    with pytest.raises(faults.DirectoryReadOnly, match="/usr cannot be written"):
        await Embedded.start(Path("/usr/hub-data"))


async def test_other_major_version(data: Path) -> None:
    old = data / "pg17"
    old.mkdir(parents=True)
    data.chmod(0o755)
    (old / "PG_VERSION").write_text("17\n")
    with pytest.raises(faults.OtherMajorVersion, match=r"written by PostgreSQL 17.*hub db import"):
        await Embedded.start(data)
    assert not (data / "pg18").exists()


async def test_a_bare_cluster_is_no_data_directory(data: Path) -> None:
    data.mkdir(mode=0o755)
    (data / "PG_VERSION").write_text("18\n")
    with pytest.raises(faults.NotACluster):
        await Embedded.start(data)


async def test_something_else_in_the_place_of_the_cluster_is_kept(data: Path) -> None:
    data.mkdir(mode=0o755)
    (data / "pg18").mkdir()
    (data / "pg18" / "precious").write_text("mine")
    with pytest.raises(faults.NotACluster):
        await Embedded.start(data)
    assert (data / "pg18" / "precious").read_text() == "mine"


async def test_missing_parent(data: Path) -> None:
    with pytest.raises(faults.DirectoryMissing):
        await Embedded.start(data / "deeper")


async def test_lost_secret(data: Path) -> None:
    async with Embedded(data):
        pass
    (data / "secret").unlink()
    with pytest.raises(faults.SecretMissing, match="restore it from the backup"):
        await Embedded.start(data)


async def test_changed_secret(data: Path) -> None:
    async with Embedded(data):
        pass
    (data / "secret").write_text("of another backup\n")
    with pytest.raises(faults.SecretWrong):
        await Embedded.start(data)
    assert not (data / "pg18" / "postmaster.pid").exists()


async def test_broken_configuration_is_told_with_postgresqls_words(data: Path) -> None:
    async with Embedded(data):
        pass
    with (data / "pg18" / "postgresql.conf").open("a") as file:
        file.write("shared_preload_libraries = 'no_such_library'\n")
    with pytest.raises(faults.StartFailed, match="no_such_library"):
        await Embedded.start(data)


async def test_a_cluster_that_could_forget_is_refused(data: Path) -> None:
    forgetful = await Embedded.start(data, durable=False)
    try:
        with pytest.raises(faults.NotDurable, match="fsync = off"):
            await Embedded.start(data)
    finally:
        assert await forgetful.stop() is True


async def test_socket_directory_prepared_by_somebody_else(data: Path) -> None:
    data.mkdir(mode=0o755)
    (data / "run").mkdir()
    (data / "run").chmod(0o777)
    with pytest.raises(faults.DirectoryUnsafe):
        await Embedded.start(data)
    assert stat.S_IMODE((data / "run").stat().st_mode) == 0o777


async def test_the_wheel_is_not_imported() -> None:
    assert installed().program("postgres").exists()
    assert PACKAGE not in sys.modules


async def test_the_password_is_in_no_fault_or_log(data: Path) -> None:
    async with Embedded(data) as embedded:
        secret = embedded.password("hub_owner")
        with pytest.raises(asyncpg.InvalidPasswordError):
            await asyncpg.connect(embedded.owner_dsn.replace(secret, "other"))
    assert all(secret not in path.read_text() for path in (data / "log").iterdir())
