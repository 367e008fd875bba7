"""Data directories that any database user can reach, and hubs in processes of their own."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from hub.kit.embedded import scratch_data_dir
from hub.kit.embedded.processes import occupants
from tests.shared import ROOT


@pytest.fixture
def data() -> Iterator[Path]:
    """A path that does not exist yet; afterwards nothing works in it and it is removed."""
    path = scratch_data_dir("hub-t")
    yield path
    for pid in occupants(path / "pg18") if path.exists() else ():
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    shutil.rmtree(path, ignore_errors=True)


class Hub:
    """A hub in a process of its own."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process

    @property
    def pid(self) -> int:
        return self.process.pid

    async def says(self, event: str) -> dict[str, Any]:
        """The next line that tells of this event; a hub that ends without it fails the test."""
        assert self.process.stdout is not None
        while line := await self.process.stdout.readline():
            if not line.startswith(b"{"):
                continue
            told: dict[str, Any] = json.loads(line)
            if told["event"] == event:
                return told
        pytest.fail(f"the hub ended without {event}")

    async def leave(self) -> bool:
        """Stop in order; True if it stopped PostgreSQL."""
        assert self.process.stdin is not None
        self.process.stdin.close()
        told = await self.says("Stopped")
        await self.process.wait()
        return bool(told["last"])

    async def kill(self) -> None:
        self.process.kill()
        await self.process.wait()


StartHub = Callable[[Path], Awaitable[Hub]]


@pytest.fixture
async def start_hub(data: Path) -> AsyncIterator[StartHub]:
    hubs: list[Hub] = []

    async def start(place: Path) -> Hub:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            str(Path(__file__).with_name("hub_process.py")),
            str(place),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), *sys.path])},
        )
        hubs.append(Hub(process))
        return hubs[-1]

    yield start
    for hub in hubs:
        if hub.process.returncode is None:
            await hub.kill()
