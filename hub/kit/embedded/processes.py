"""What the kernel knows of other processes: alive, zombie, where they work, when they end. Decides nothing."""

from __future__ import annotations

import asyncio
import os
import subprocess
import tempfile
from collections.abc import Callable, Mapping, Sequence
from enum import StrEnum
from pathlib import Path
from typing import IO

PROC = Path("/proc")
CLEAN_ENVIRONMENT: Mapping[str, str] = {"PATH": "/usr/bin:/bin", "LC_ALL": "C", "LANG": "C"}


class Life(StrEnum):
    ABSENT = "ABSENT"
    ZOMBIE = "ZOMBIE"
    LIVE = "LIVE"


def sees_processes() -> bool:
    """True where /proc tells of every process (Linux); elsewhere less is known, and less is dared."""
    return (PROC / "self").exists()


def life(pid: int) -> Life:
    """Read from /proc, because a signal 0 also reaches a zombie; without /proc the signal has to do."""
    if not sees_processes():
        return _life_by_signal(pid)
    try:
        stat = (PROC / str(pid) / "stat").read_text(encoding="utf-8", errors="replace")
    except (FileNotFoundError, ProcessLookupError):
        return Life.ABSENT
    letter = stat.rpartition(")")[2].split()[0]
    return Life.ZOMBIE if letter in "ZXx" else Life.LIVE


def _life_by_signal(pid: int) -> Life:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return Life.ABSENT
    except PermissionError:
        return Life.LIVE
    return Life.LIVE


def works_in(pid: int, directory: Path) -> bool:
    """True if the process has this directory as its working directory, whatever path leads there."""
    try:
        here, there = (PROC / str(pid) / "cwd").stat(), directory.stat()
    except OSError:  # gone meanwhile, a zombie, or another user's
        return False
    return (here.st_dev, here.st_ino) == (there.st_dev, there.st_ino)


def occupants(directory: Path) -> tuple[int, ...]:
    """Every process but this one and zombies that has the directory as its working directory."""
    if not sees_processes():
        return ()
    pids = [int(entry.name) for entry in PROC.iterdir() if entry.name.isdigit()]
    return tuple(p for p in sorted(pids) if p != os.getpid() and works_in(p, directory) and life(p) is Life.LIVE)


async def ended(pid: int, *, alive: Callable[[], bool]) -> None:
    """Wait until the process has ended, ours or not; a zombie has ended. `alive` is asked where the kernel cannot tell."""
    try:
        handle = os.pidfd_open(pid)
    except ProcessLookupError:
        return
    except (AttributeError, OSError):  # no pidfd here: not Linux, or forbidden
        while alive():  # noqa: ASYNC110 - the kernel has no event for it here
            await asyncio.sleep(0.2)
        return
    loop = asyncio.get_running_loop()
    over = asyncio.Event()
    loop.add_reader(handle, over.set)
    try:
        await over.wait()
    finally:
        loop.remove_reader(handle)
        os.close(handle)


def spawn(
    argv: Sequence[str],
    *,
    identity: tuple[int, int] | None,
    output: IO[bytes] | int,
    environment: Mapping[str, str] = CLEAN_ENVIRONMENT,
) -> subprocess.Popen[bytes]:
    """Start a program without a shell, in a session of its own, with an environment of ours.

    With `identity` (uid, gid) the child gives up root for good: no supplementary groups, then gid, then uid.
    """
    uid, gid = identity or (None, None)
    return subprocess.Popen(  # noqa: S603 - argv is built here, from the wheel's binaries and our own paths
        list(argv),
        cwd="/",
        env=dict(environment),
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=output,
        start_new_session=True,
        user=uid,
        group=gid,
        extra_groups=[] if identity else None,
        umask=0o077,
    )


async def run_to_end(
    argv: Sequence[str], *, identity: tuple[int, int] | None, password: str | None = None
) -> tuple[int, str]:
    """Run a program: exit status and what it said. A cancelled wait kills it, so that nothing works on unwatched.

    A password goes by the environment, which only the same user and root can read; arguments everybody can.
    """
    environment = {**CLEAN_ENVIRONMENT, **({"PGPASSWORD": password} if password else {})}
    with tempfile.TemporaryFile() as output:
        child = spawn(argv, identity=identity, output=output, environment=environment)
        try:
            await ended(child.pid, alive=lambda: child.poll() is None)
        except asyncio.CancelledError:
            child.kill()
            child.wait()
            raise
        status = child.wait()
        output.seek(0)
        return status, output.read().decode(errors="replace")


def telling_line(text: str) -> str:
    """The line of a program's output that says why it failed: the last with FATAL or error, else the last one."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    telling = [line for line in lines if "FATAL" in line or "PANIC" in line or "error:" in line]
    return (telling or lines or ["it said nothing"])[-1].rstrip(".")
