"""Start, attach, stop, and every way to die in between; nothing confirmed may be missing afterwards."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import stat
from pathlib import Path

import asyncpg
import pytest

from hub.kit.embedded import Change, Down, Embedded, Up, cluster, faults, processes, scratch_data_dir
from hub.kit.embedded.processes import Life, ended, life, occupants
from hub.kit.embedded.supervise import pause_after
from tests.kit.embedded.conftest import StartHub


async def ask(dsn: str, question: str) -> object:
    connection = await asyncpg.connect(dsn)
    try:
        return await connection.fetchval(question)
    finally:
        await connection.close()


async def keep(dsn: str, word: str) -> None:
    connection = await asyncpg.connect(dsn)
    try:
        await connection.execute("CREATE TABLE IF NOT EXISTS kept (word text PRIMARY KEY)")
        await connection.execute("INSERT INTO kept VALUES ($1)", word)
    finally:
        await connection.close()


async def test_fresh_start_has_the_promised_settings(data: Path) -> None:
    async with Embedded(data) as embedded:
        for setting, wanted in {
            "fsync": "on",
            "full_page_writes": "on",
            "synchronous_commit": "on",
            "data_checksums": "on",
            "listen_addresses": "",
            "max_connections": "100",
            "max_prepared_transactions": "0",
            "idle_in_transaction_session_timeout": "10s",
            "jit": "off",
            "wal_compression": "pglz",
        }.items():
            assert await ask(embedded.owner_dsn, f"SELECT current_setting('{setting}')") == wanted, setting
        provider = "SELECT datlocprovider::text || datlocale FROM pg_database WHERE datname = current_database()"
        assert await ask(embedded.owner_dsn, provider) == "bC.UTF-8"
        assert await ask(embedded.owner_dsn, "SELECT current_user || current_database()") == "hub_ownerhub"
        assert await ask(embedded.owner_dsn, "SELECT usesuper FROM pg_user WHERE usename = current_user") is True
    assert life(embedded.pid) is not Life.LIVE


async def test_only_the_database_user_can_look_inside(data: Path) -> None:
    async with Embedded(data) as embedded:
        for path, mode in ((data, 0o700), (data / "pg18", 0o700), (data / "run", 0o700), (data / "secret", 0o600)):
            assert stat.S_IMODE(path.stat().st_mode) == mode, path
        with pytest.raises(asyncpg.InvalidPasswordError):
            await asyncpg.connect(
                host=str(embedded.socket_dir), user="hub_owner", password="guessed", database="hub", timeout=10
            )


async def test_roles_let_in_have_passwords_of_their_own(data: Path) -> None:
    async with Embedded(data) as embedded:
        await embedded.admit(["hub_app", "hub_read"])
        await embedded.admit(["hub_app"])
        assert await ask(embedded.dsn("hub_app"), "SELECT current_user::text") == "hub_app"
        assert len({embedded.password(role) for role in ("hub_owner", "hub_app", "hub_read")}) == 3
        assert await ask(embedded.dsn("hub_app"), "SELECT usesuper FROM pg_user WHERE usename = current_user") is False


async def test_a_second_hub_attaches_and_the_last_one_out_stops(data: Path) -> None:
    first = await Embedded.start(data)
    second = await Embedded.start(data)
    assert second.pid == first.pid
    assert await first.stop() is False
    assert await ask(second.owner_dsn, "SELECT 1") == 1
    assert await second.stop() is True
    assert life(second.pid) is not Life.LIVE
    assert await second.stop() is False


async def test_two_processes_share_one_postgresql(data: Path, start_hub: StartHub) -> None:
    first, second = await asyncio.gather(start_hub(data), start_hub(data))
    here, there = await asyncio.gather(first.says("Started"), second.says("Started"))
    assert here["pid"] == there["pid"]
    assert await first.leave() is False
    assert await second.leave() is True
    assert life(here["pid"]) is not Life.LIVE


async def test_data_survives_an_ordered_stop(data: Path) -> None:
    async with Embedded(data) as embedded:
        await keep(embedded.owner_dsn, "before")
    async with Embedded(data) as embedded:
        assert await ask(embedded.owner_dsn, "SELECT word FROM kept") == "before"


async def test_a_killed_hub_leaves_postgresql_to_the_next(data: Path, start_hub: StartHub) -> None:
    hub = await start_hub(data)
    started = await hub.says("Started")
    await keep(started["dsn"], "confirmed")
    await hub.kill()
    assert life(started["pid"]) is Life.LIVE
    embedded = await Embedded.start(data)
    assert embedded.pid == started["pid"]
    assert await ask(embedded.owner_dsn, "SELECT word FROM kept") == "confirmed"
    assert await embedded.stop() is True
    assert life(started["pid"]) is not Life.LIVE


async def test_a_killed_postmaster_is_restarted_and_reported(data: Path) -> None:
    changes: list[Change] = []
    back = asyncio.Event()

    def watch(change: Change) -> None:
        changes.append(change)
        if isinstance(change, Up):
            back.set()

    async with Embedded(data, watch=watch) as embedded:
        before = embedded.pid
        await keep(embedded.owner_dsn, "confirmed")
        os.kill(before, signal.SIGKILL)
        await asyncio.wait_for(back.wait(), 60)
        assert changes == [Down(pid=before, status=-signal.SIGKILL), Up(pid=embedded.pid, restarts=1)]
        assert embedded.serving
        assert await ask(embedded.owner_dsn, "SELECT word FROM kept") == "confirmed"


async def test_a_listener_that_raises_does_not_end_the_watch(data: Path) -> None:
    raised: list[str] = []
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(lambda _, context: raised.append(type(context.get("exception")).__name__))

    def watch(change: Change) -> None:
        raise LookupError(change)

    try:
        async with Embedded(data, watch=watch) as embedded:
            for count in (1, 2):
                os.kill(embedded.pid, signal.SIGKILL)
                while embedded.restarts < count:  # noqa: ASYNC110 - what is asked is the state, the events raise here
                    await asyncio.sleep(0.05)
            assert await ask(embedded.owner_dsn, "SELECT 1") == 1
    finally:
        loop.set_exception_handler(None)
    assert raised == ["LookupError"] * 4


async def test_whoever_attached_restarts_it_too(data: Path, start_hub: StartHub) -> None:
    """The hub that started PostgreSQL is dead; the one that only attached must notice the end."""
    starter = await start_hub(data)
    pid = (await starter.says("Started"))["pid"]
    attached = await start_hub(data)
    await attached.says("Started")
    await starter.kill()
    os.kill(pid, signal.SIGKILL)
    assert (await attached.says("Down"))["pid"] == pid
    assert (await attached.says("Up"))["pid"] != pid
    assert await attached.leave() is True


async def test_two_hubs_restart_it_once(data: Path, start_hub: StartHub) -> None:
    first, second = await asyncio.gather(start_hub(data), start_hub(data))
    pid = (await first.says("Started"))["pid"]
    await second.says("Started")
    os.kill(pid, signal.SIGKILL)
    here, there = await asyncio.gather(first.says("Up"), second.says("Up"))
    assert here["pid"] == there["pid"] != pid
    assert await first.leave() is False
    assert await second.leave() is True


async def test_everything_killed_at_once(data: Path, start_hub: StartHub) -> None:
    hub = await start_hub(data)
    started = await hub.says("Started")
    await keep(started["dsn"], "confirmed")
    for pid in occupants(data / "pg18"):
        os.kill(pid, signal.SIGKILL)
    await hub.kill()
    async with Embedded(data) as embedded:
        assert embedded.pid != started["pid"]
        assert await ask(embedded.owner_dsn, "SELECT word FROM kept") == "confirmed"


async def test_a_zombie_postmaster_is_dead(data: Path, start_hub: StartHub) -> None:
    """Its parent is stopped and cannot reap it, as in a container without init."""
    hub = await start_hub(data)
    started = await hub.says("Started")
    await keep(started["dsn"], "confirmed")
    os.kill(hub.pid, signal.SIGSTOP)
    try:
        os.kill(started["pid"], signal.SIGKILL)
        await ended(started["pid"], alive=lambda: life(started["pid"]) is Life.LIVE)
        assert life(started["pid"]) is Life.ZOMBIE
        embedded = await Embedded.start(data)
        assert embedded.pid != started["pid"]
        assert await ask(embedded.owner_dsn, "SELECT word FROM kept") == "confirmed"
    finally:
        os.kill(hub.pid, signal.SIGCONT)
    assert (await hub.says("Up"))["pid"] == embedded.pid
    assert await hub.leave() is False
    assert await embedded.stop() is True


async def test_orphans_of_a_dead_postmaster_are_waited_for(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A stopped backend still maps the shared memory; starting beside it could corrupt data."""
    monkeypatch.setattr(cluster, "VACATE", 0.3)
    embedded = await Embedded.start(data)
    connection = await asyncpg.connect(embedded.owner_dsn)
    backend = connection.get_server_pid()
    assert embedded._watching is not None
    embedded._watching.cancel()
    os.kill(backend, signal.SIGSTOP)
    try:
        os.kill(embedded.pid, signal.SIGKILL)
        await embedded._postmaster.ended()
        await embedded.stop()
        with pytest.raises(faults.StillOccupied) as refusal:
            await Embedded.start(data)
        assert str(backend) in refusal.value.data["pids"]
    finally:
        os.kill(backend, signal.SIGKILL)
        connection.terminate()
    async with Embedded(data) as again:
        assert await ask(again.owner_dsn, "SELECT 1") == 1


async def test_without_proc_a_second_hub_attaches_by_the_socket(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As on macOS."""
    monkeypatch.setattr(processes, "PROC", data / "absent")
    monkeypatch.delattr(os, "pidfd_open")
    async with Embedded(data) as first, Embedded(data) as second:
        assert first.pid == second.pid
        os.kill(first.pid, signal.SIGKILL)
        while not (first.restarts and second.restarts):  # noqa: ASYNC110 - the state of two, not one event
            await asyncio.sleep(0.05)
        assert first.pid == second.pid
        assert await ask(second.owner_dsn, "SELECT 1") == 1


async def test_recovery_may_take_long(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """57P03 is an answer: whoever recovers is waited for beyond the limit of silence."""
    real, refusals = cluster.connect, iter(range(20))

    async def recovering(*args: object, **words: object) -> object:
        if next(refusals, None) is not None:
            raise asyncpg.CannotConnectNowError("the database system is starting up")
        return await real(*args, **words)  # type: ignore[arg-type]

    monkeypatch.setattr(cluster, "SILENCE", 0.2)
    monkeypatch.setattr(cluster, "connect", recovering)
    async with Embedded(data) as embedded:
        assert next(refusals, "none left") == "none left"
        assert embedded.serving


async def test_a_killed_initdb_leaves_nothing_that_looks_like_a_cluster(data: Path) -> None:
    async with Embedded(data):
        pass
    (data / "pg18").rename(data / "pg18.new")
    async with Embedded(data) as embedded:
        assert await ask(embedded.owner_dsn, "SELECT to_regclass('kept') IS NULL") is True
        assert not (data / "pg18.new").exists()


async def test_long_path_gets_a_short_private_socket_directory() -> None:
    parent = scratch_data_dir("hub-t")
    place = parent / ("d" * 80)
    parent.mkdir()
    parent.chmod(0o755)
    embedded = await Embedded.start(place)
    try:
        assert embedded.socket_dir.parent != place
        assert len(str(embedded.socket_dir / ".s.PGSQL.5432")) <= 90
        assert stat.S_IMODE(embedded.socket_dir.stat().st_mode) == 0o700
        assert await ask(embedded.owner_dsn, "SELECT 1") == 1
    finally:
        assert await embedded.stop() is True
        embedded.socket_dir.rmdir()
        shutil.rmtree(parent)


def test_pauses_double_up_to_half_a_minute() -> None:
    assert [pause_after(n) for n in range(8)] == [0, 1, 2, 4, 8, 16, 30, 30]
