"""One hub's hold on the embedded PostgreSQL: start or attach, watch and restart, stop when the last hub leaves."""

from __future__ import annotations

import asyncio
import fcntl
import hashlib
import hmac
import os
import shutil
import subprocess
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType
from typing import Self

import asyncpg
import structlog

from hub.kit.embedded import cluster
from hub.kit.embedded.account import account_for
from hub.kit.embedded.ballast import drop, has_room, stow
from hub.kit.embedded.binaries import Binaries, installed, usable
from hub.kit.embedded.faults import EmbeddedFault
from hub.kit.embedded.layout import Layout, furnish, look_over, open_house
from hub.kit.embedded.locks import alone, open_lock, try_lock

log = structlog.get_logger(__name__)

LONGEST_PAUSE = 30.0
LOG_LIMIT = 16 * cluster.MEGABYTE
_LEFT_RUNNING: list[subprocess.Popen[bytes]] = []  # children that other hubs still use; nobody waits for them


@dataclass(frozen=True, slots=True, kw_only=True)
class Down:
    """PostgreSQL ended though nobody asked it to; requests are UNAVAILABLE until Up."""

    pid: int
    status: int | None  # None: it was not our child


@dataclass(frozen=True, slots=True, kw_only=True)
class Failing:
    """A restart did not succeed; the next try follows after the pause."""

    fault: Exception
    pause: float  # seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Up:
    """PostgreSQL serves again; pools reconnect by themselves."""

    pid: int
    restarts: int


Change = Down | Failing | Up


def pause_after(failures: int) -> float:
    """Seconds before the next try: at once, then 1, 2, 4 ... 30."""
    return 0.0 if failures == 0 else min(LONGEST_PAUSE, 2.0 ** (failures - 1))


class Embedded:
    """`async with Embedded(data) as database:` PostgreSQL serves inside, shared with every other hub on `data`."""

    def __init__(
        self,
        data: Path,
        *,
        db_user: str | None = None,
        watch: Callable[[Change], None] | None = None,
        durable: bool = True,
        lasting: bool = True,
    ) -> None:
        """`data` may be missing, its parent not. `durable=False` (throw-away data only) runs without fsync; `lasting=False`: the
        data is thrown away afterwards, so the last hub to leave writes nothing out (a checkpoint takes seconds).
        """
        # not resolve(): it would follow a link out of a path that is short enough for a socket
        self._data = Path(os.path.abspath(data))  # noqa: PTH100 - see above
        self._db_user = db_user
        self._tell = watch or _untold
        self._durable = durable
        self._lasting = lasting
        self._presence: int | None = None
        self._watching: asyncio.Task[None] | None = None
        self.serving = False
        self.restarts = 0
        self._layout: Layout
        self._binaries: Binaries
        self._postmaster: cluster.Postmaster

    @classmethod
    async def start(
        cls,
        data: Path,
        *,
        db_user: str | None = None,
        watch: Callable[[Change], None] | None = None,
        durable: bool = True,
    ) -> Self:
        """Start or attach; raises an EmbeddedFault with the cure in its sentence."""
        embedded = cls(data, db_user=db_user, watch=watch, durable=durable)
        await embedded.__aenter__()
        return embedded

    async def __aenter__(self) -> Self:
        self._layout = Layout(data=self._data, account=account_for(self._data, self._db_user))
        found = installed()
        await asyncio.to_thread(open_house, self._layout)
        async with alone(self._layout.start_lock, self._layout.account):
            presence = open_lock(self._layout.presence_lock, self._layout.account)
            try_lock(presence, fcntl.LOCK_SH)  # cannot fail: it is exclusive only for holders of start.lock
            try:
                await asyncio.to_thread(furnish, self._layout)
                self._binaries = await usable(found, self._layout.account, self._data / "bin")
                await cluster.initialize(self._layout, self._binaries)
                self._postmaster = await self._run()
                await asyncio.to_thread(stow, self._data)
                await cluster.make_ready(self._layout, self.socket_dir, durable=self._durable)
            except BaseException:
                os.close(presence)
                raise
        self._presence = presence
        self.serving = True
        self._watching = asyncio.create_task(self._watch(), name="embedded-watch")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    @property
    def _settings(self) -> Mapping[str, str]:
        return {} if self._durable else {"fsync": "off", "full_page_writes": "off"}

    async def _run(self) -> cluster.Postmaster:
        try:
            return await cluster.running(self._layout, self._binaries, self._settings)
        except (EmbeddedFault, OSError):
            if not await asyncio.to_thread(drop, self._data):
                raise
        log.warning("The disk is full, its ballast was dropped.", action="embedded.ballast")
        return await cluster.running(self._layout, self._binaries, self._settings)

    def has_room(self) -> bool:
        """False when writes should be refused as UNAVAILABLE, because the disk is nearly full; ask each 5 s."""
        return has_room(self._data)

    @property
    def data(self) -> Path:
        return self._data

    @property
    def layout(self) -> Layout:
        return self._layout

    @property
    def binaries(self) -> Binaries:
        return self._binaries

    @property
    def pid(self) -> int:
        return self._postmaster.pid

    @property
    def socket_dir(self) -> Path:
        return self._postmaster.socket_dir

    @property
    def owner_dsn(self) -> str:
        """For role hub_owner, superuser of the cluster, on database `hub`: migrations and maintenance only."""
        return self.dsn(cluster.OWNER)

    def dsn(self, role: str, *, database: str = cluster.DATABASE) -> str:
        """A libpq URI with the role's password; the role must have been let in by `admit`. Never log it."""
        password = self.password(role)
        return cluster.dsn(role=role, password=password, socket_dir=self.socket_dir, database=database)

    def password(self, role: str) -> str:
        """The owner's is in the file `secret`; each other role's is derived from it and does not lead back."""
        owner = cluster.password_of_owner(self._layout)
        if role == cluster.OWNER:
            return owner
        return hmac.new(owner.encode(), f"role:{role}".encode(), hashlib.sha256).hexdigest()

    async def admit(self, roles: Sequence[str]) -> None:
        """Make the roles if they are missing and let them log in with `dsn(role)`; grants are the migrations' part."""
        connection = await cluster.connect(self._layout, self.socket_dir, database="postgres")
        try:
            for role in roles:
                name = await connection.fetchval("SELECT quote_ident($1)", role)
                known = await connection.fetchval("SELECT true FROM pg_roles WHERE rolname = $1", role)
                verb = "ALTER" if known else "CREATE"
                await connection.execute(f"{verb} ROLE {name} LOGIN PASSWORD '{self.password(role)}'")
        finally:
            await connection.close()

    async def stop(self) -> bool:
        """Leave. The last hub out stops PostgreSQL (True); otherwise it goes on for the others (False)."""
        if self._presence is None:
            return False
        if self._watching is not None:
            self._watching.cancel()
            await asyncio.gather(self._watching, return_exceptions=True)
        self.serving = False
        presence, self._presence = self._presence, None
        try:
            async with alone(self._layout.start_lock, self._layout.account):
                last = try_lock(presence, fcntl.LOCK_EX)
                if last:
                    await cluster.shut_down(_reclaimed(self._postmaster), for_good=not self._lasting)
                elif self._postmaster.child is not None:
                    _LEFT_RUNNING.append(self._postmaster.child)
        finally:
            os.close(presence)
        return last

    async def _watch(self) -> None:
        """For life: wait for an end that nobody asked for, then restart with back-off."""
        while True:
            await self._until_ended()
            self.serving = False
            down = Down(pid=self.pid, status=self._postmaster.status())
            log.error("PostgreSQL ended unexpectedly.", action="embedded.down", pid=down.pid, status=down.status)
            self._announce(down)
            await self._restart()
            self.serving = True
            self.restarts += 1
            log.info("PostgreSQL serves again.", action="embedded.up", pid=self.pid, restarts=self.restarts)
            self._announce(Up(pid=self.pid, restarts=self.restarts))

    def _announce(self, change: Change) -> None:
        """By the loop, so that a listener that raises is reported by it and does not end the watch."""
        asyncio.get_running_loop().call_soon(self._tell, change)

    async def _until_ended(self) -> None:
        while True:
            try:
                await asyncio.wait_for(self._postmaster.ended(), 60)
            except TimeoutError:
                await asyncio.to_thread(_tidy, self._layout)
            else:
                return

    async def _restart(self) -> None:
        failures = 0
        while True:
            await asyncio.sleep(pause_after(failures))
            try:
                async with alone(self._layout.start_lock, self._layout.account):
                    self._postmaster = await self._run()
            except (EmbeddedFault, OSError, asyncpg.PostgresError) as fault:
                failures += 1
                pause = pause_after(failures)
                log.warning("PostgreSQL is not back.", action="embedded.failing", why=str(fault), pause=pause)
                self._announce(Failing(fault=fault, pause=pause))
            else:
                return


def running_dsn(data: Path, *, db_user: str | None = None) -> str | None:
    """The owner's address if PostgreSQL of this data directory runs now; raises what speaks against a start.

    Starts nothing and makes nothing: for those who only look. It holds a password: never log it.
    """
    place = Path(os.path.abspath(data))  # noqa: PTH100 - as Embedded does
    layout = Layout(data=place, account=account_for(place, db_user))
    installed()
    look_over(layout)
    found = cluster.live(layout)
    if found is None:
        return None
    password = cluster.password_of_owner(layout)
    return cluster.dsn(role=cluster.OWNER, password=password, socket_dir=found.socket_dir, database=cluster.DATABASE)


def _reclaimed(postmaster: cluster.Postmaster) -> cluster.Postmaster:
    """The child that another hub of this process left behind is ours to reap."""
    for child in _LEFT_RUNNING:
        if child.pid == postmaster.pid:
            _LEFT_RUNNING.remove(child)
            return replace(postmaster, child=child)
    return postmaster


def _untold(change: Change) -> None:
    """Nobody asked to be told; the log has it."""


def _tidy(layout: Layout) -> None:
    """Each minute. Keeps one old log (PostgreSQL appends, so the file can be emptied under it); takes ballast anew."""
    path = cluster.log_file(layout)
    with suppress(OSError):  # a full disk must not end the watch
        if path.stat().st_size > LOG_LIMIT:
            shutil.copyfile(path, path.with_suffix(".log.1"))
            os.truncate(path, 0)
        stow(layout.data)
