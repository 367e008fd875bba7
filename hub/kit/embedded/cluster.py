"""One PostgreSQL cluster on disk and its postmaster: made, found, started, checked, ended.

Everything here is called by the one that holds `start.lock`.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import socket
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, urlencode

import asyncpg
import structlog

from hub.kit.embedded.binaries import Binaries
from hub.kit.embedded.faults import (
    InitFailed,
    NoAnswer,
    NotDurable,
    RunsElsewhere,
    SecretWrong,
    StartFailed,
    StillOccupied,
    WillNotStop,
)
from hub.kit.embedded.layout import PORT, Layout, sync_directory
from hub.kit.embedded.processes import (
    Life,
    ended,
    life,
    occupants,
    run_to_end,
    sees_processes,
    spawn,
    telling_line,
    works_in,
)

log = structlog.get_logger(__name__)

OWNER = "hub_owner"
DATABASE = "hub"
MEGABYTE = 1024 * 1024
SILENCE = 30.0  # seconds that a live postmaster may not answer at all; answers of 57P03 (recovering) may last
VACATE = 10.0  # seconds that orphans of a dead postmaster get to leave
FAST, IMMEDIATE = 30.0, 15.0  # seconds for a shutdown of that kind
PAUSE = 0.05

SETTINGS: Mapping[str, str] = {
    "listen_addresses": "",
    "port": str(PORT),
    "unix_socket_permissions": "0700",
    "max_connections": "100",
    "synchronous_commit": "on",
    "wal_compression": "on",
    "max_wal_size": "2GB",
    "checkpoint_timeout": "10min",
    "max_prepared_transactions": "0",  # a forgotten prepared transaction holds the ledger's horizon for ever
    "idle_in_transaction_session_timeout": "10s",  # so does a forgotten open one
    "jit": "off",  # our statements are short; compiling them costs more than it gains
    "random_page_cost": "1.1",
    "password_encryption": "scram-sha-256",
    "log_error_verbosity": "terse",  # DETAIL lines quote rows, rows hold personal data
    "log_min_error_statement": "panic",  # so do statements
    "log_min_messages": "warning",
    "log_timezone": "UTC",
    "timezone": "UTC",
    "cluster_name": "hub",
}
DURABLE: Mapping[str, str] = {
    "fsync": "on",
    "full_page_writes": "on",
    "synchronous_commit": "on",
    "data_checksums": "on",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Postmaster:
    pid: int
    socket_dir: Path
    child: subprocess.Popen[bytes] | None  # None: another hub, dead or alive, started it

    def status(self) -> int | None:
        """Reaps our child and gives its exit status; None if it is another's or still runs."""
        return self.child.poll() if self.child else None

    def lives(self) -> bool:
        """False for a zombie too; ours is reaped by asking, because not every system shows others' zombies."""
        return self.status() is None and life(self.pid) is Life.LIVE

    async def ended(self) -> None:
        await ended(self.pid, alive=self.lives)


def shared_buffers() -> str:
    """An eighth of the memory, 128 to 256 MB: small enough for a laptop, enough for the hot tables."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // MEGABYTE
    return f"{min(256, max(128, memory // 8))}MB"


def dsn(*, role: str, password: str, socket_dir: Path, database: str) -> str:
    """A libpq URI over the Unix socket. It holds a password: never log it."""
    where = urlencode({"host": str(socket_dir), "port": PORT})
    return f"postgresql://{quote(role, safe='')}:{quote(password, safe='')}@/{quote(database, safe='')}?{where}"


async def initialize(layout: Layout, binaries: Binaries) -> None:
    """Run initdb beside the final place, then rename; does nothing if the cluster is there."""
    if layout.initialized:
        return
    await asyncio.to_thread(shutil.rmtree, layout.unfinished, ignore_errors=True)
    layout.unfinished.mkdir(mode=0o700)
    layout.account.own(layout.unfinished)
    argv = [
        str(binaries.program("initdb")),
        f"--pgdata={layout.unfinished}",
        f"--username={OWNER}",
        f"--pwfile={layout.secret}",
        "--auth-local=scram-sha-256",
        "--auth-host=reject",
        "--encoding=UTF8",
        "--locale-provider=builtin",
        "--builtin-locale=C.UTF-8",
        "--locale=C.UTF-8",
        "--data-checksums",
    ]
    status, said = await run_to_end(argv, identity=layout.account.identity)
    if status != 0:
        raise InitFailed(path=str(layout.unfinished), reason=telling_line(said))
    await asyncio.to_thread(sync_directory, layout.unfinished)
    layout.unfinished.rename(layout.cluster)
    await asyncio.to_thread(sync_directory, layout.data)
    log.info("A new PostgreSQL cluster was made.", action="embedded.initialized", path=str(layout.cluster))


async def running(layout: Layout, binaries: Binaries, settings: Mapping[str, str]) -> Postmaster:
    """Attach to the live postmaster of this cluster or start one; returns when it serves."""
    while True:
        found = live(layout)
        if found is None:
            await _vacated(layout)
            found = _launch(layout, binaries, settings)  # not in a thread: a cancelled start would lose the child
        try:
            if await _serves(layout, found):
                return found
        except BaseException:
            if found.child is not None:
                await asyncio.shield(shut_down(found))
            raise
        # a postmaster that we found was on its way out: look again


@dataclass(frozen=True, slots=True, kw_only=True)
class Noted:
    pid: int
    socket_dir: Path | None


def read_lock_file(lock: Path) -> Noted | None:
    """Process id in line 1, the socket's directory in line 5; a half-written one has fewer lines."""
    try:
        lines = lock.read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return None
    if not lines or not lines[0].strip().isdecimal():
        return None
    socket_dir = Path(lines[4]) if len(lines) > 4 and lines[4] else None
    return Noted(pid=int(lines[0]), socket_dir=socket_dir)


def live(layout: Layout) -> Postmaster | None:
    """The postmaster of this cluster, whoever started it; a zombie or a stranger with its number is none."""
    noted = read_lock_file(layout.cluster / "postmaster.pid")
    if noted is None or life(noted.pid) is not Life.LIVE:
        return None
    socket_dir = noted.socket_dir or layout.socket_dir
    ours = works_in(noted.pid, layout.cluster) if sees_processes() else _listens(socket_dir)
    return Postmaster(pid=noted.pid, socket_dir=socket_dir, child=None) if ours else None


async def _vacated(layout: Layout) -> None:
    """Wait until nobody works in the cluster, then remove lock files that PostgreSQL would take for alive.

    Removing them while old backends live would bypass PostgreSQL's shared memory interlock and can corrupt data.
    """
    deadline = asyncio.get_running_loop().time() + VACATE
    while pids := await asyncio.to_thread(occupants, layout.cluster):
        if asyncio.get_running_loop().time() > deadline:
            raise StillOccupied(path=str(layout.cluster), pids=", ".join(map(str, pids)))
        await asyncio.sleep(PAUSE)
    for lock in (layout.cluster / "postmaster.pid", layout.socket_dir / f".s.PGSQL.{PORT}.lock"):
        noted = read_lock_file(lock)
        if noted is None:
            continue
        if _listens(noted.socket_dir or layout.socket_dir):
            raise RunsElsewhere(path=str(layout.cluster))
        # A zombie, or a stranger with a recycled process id. Where orphans cannot be seen, PostgreSQL has to decide.
        if life(noted.pid) is not Life.ABSENT and sees_processes():
            lock.unlink(missing_ok=True)


def _listens(socket_dir: Path) -> bool:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.settimeout(1)
        try:
            probe.connect(str(socket_dir / f".s.PGSQL.{PORT}"))
        except OSError:
            return False
    return True


def _launch(layout: Layout, binaries: Binaries, settings: Mapping[str, str]) -> Postmaster:
    """Start `postgres` itself as our child; errors of its start go to the log below the data directory."""
    asked = {
        **SETTINGS,
        "shared_buffers": shared_buffers(),
        "unix_socket_directories": f'"{layout.socket_dir}"',  # quoted: a comma would make two
        **settings,
    }
    argv = [str(binaries.program("postgres")), "-D", str(layout.cluster)]
    argv += [part for name, value in asked.items() for part in ("-c", f"{name}={value}")]
    handle = os.open(log_file(layout), os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    with os.fdopen(handle, "ab") as output:
        layout.account.own(log_file(layout))
        child = spawn(argv, identity=layout.account.identity, output=output)
    return Postmaster(pid=child.pid, socket_dir=layout.socket_dir, child=child)


def log_file(layout: Layout) -> Path:
    return layout.log / "postgresql.log"


async def _serves(layout: Layout, postmaster: Postmaster) -> bool:
    """Wait by connecting, as long as it says that it is starting or recovering. False: one that we found has ended."""
    loop = asyncio.get_running_loop()
    heard, told, reason = loop.time(), loop.time(), "nothing listens there"
    while True:
        if not postmaster.lives():
            if postmaster.child is None:
                return False
            said = log_file(layout).read_text(encoding="utf-8", errors="replace")[-4000:]
            raise StartFailed(status=postmaster.child.wait(), reason=telling_line(said))
        try:
            connection = await connect(layout, postmaster.socket_dir, database="postgres")
        except asyncpg.CannotConnectNowError as busy:  # 57P03: starting up, recovering, shutting down
            heard, reason = loop.time(), str(busy)
        except asyncpg.InvalidPasswordError:
            raise SecretWrong(place=str(layout.data)) from None
        except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, TimeoutError) as silent:
            reason = str(silent) or type(silent).__name__
        else:
            await connection.close()
            return True
        if loop.time() - heard > SILENCE:
            raise NoAnswer(pid=postmaster.pid, socket_dir=str(postmaster.socket_dir), reason=reason)
        if loop.time() - told > 5:
            told = loop.time()
            log.info("PostgreSQL is not ready yet.", action="embedded.waiting", pid=postmaster.pid, reason=reason)
        await asyncio.sleep(PAUSE)


async def connect(layout: Layout, socket_dir: Path, *, database: str = DATABASE) -> asyncpg.Connection[asyncpg.Record]:
    """One connection as the owner of the cluster."""
    return await asyncpg.connect(
        host=str(socket_dir),
        port=PORT,
        user=OWNER,
        password=password_of_owner(layout),
        database=database,
        timeout=10,
        server_settings={"application_name": "hub-supervisor"},
    )


def password_of_owner(layout: Layout) -> str:
    return layout.secret.read_text(encoding="ascii").strip()


async def make_ready(layout: Layout, socket_dir: Path, *, durable: bool) -> None:
    """Refuse a cluster that could lose what it has confirmed; make the hub's database."""
    connection = await connect(layout, socket_dir, database="postgres")
    try:
        for setting, wanted in DURABLE.items():
            found = await connection.fetchval("SELECT current_setting($1)", setting)
            if durable and found != wanted:
                raise NotDurable(setting=setting, found=found, wanted=wanted)
        if not await connection.fetchval("SELECT true FROM pg_database WHERE datname = $1", DATABASE):
            await connection.execute(f'CREATE DATABASE "{DATABASE}"')
    finally:
        await connection.close()


async def shut_down(postmaster: Postmaster, *, for_good: bool = False) -> None:
    """Fast shutdown (open transactions are rolled back), then immediate (recovery at the next start). `for_good`: there will be
    no next start, so that nothing need be written out: immediate at once.
    """
    ways = ((signal.SIGINT, FAST), (signal.SIGQUIT, IMMEDIATE))
    for number, patience in ways[1:] if for_good else ways:
        if not postmaster.lives():
            break
        os.kill(postmaster.pid, number)
        try:
            await asyncio.wait_for(postmaster.ended(), patience)
        except TimeoutError:
            log.warning("PostgreSQL does not stop.", action="embedded.stopping", pid=postmaster.pid, asked=number.name)
    if postmaster.lives():
        raise WillNotStop(pid=postmaster.pid)
