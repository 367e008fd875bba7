"""Tasks that are ended: the one who ends them may be ended itself, and must hear of it."""

from __future__ import annotations

import asyncio
from unittest.mock import create_autospec

import pytest

from hub.kit.db import Database
from hub.kit.doorbell import Doorbell
from hub.kit.tasks import ended
from hub.kit.work import Worker


async def dying(begun: asyncio.Event, may_end: asyncio.Event) -> None:
    """Takes its time to die."""
    try:
        await asyncio.Event().wait()
    finally:
        begun.set()
        await may_end.wait()


async def test_tasks_are_over_and_their_own_faults_are_told() -> None:
    async def wrong() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            raise ValueError("its own")

    tasks = [asyncio.create_task(asyncio.Event().wait()), asyncio.create_task(wrong())]
    await asyncio.sleep(0)
    with pytest.raises(ValueError, match="its own"):
        await ended(*tasks)
    assert all(t.done() for t in tasks)


async def test_whoever_is_cancelled_while_it_ends_a_task_is_cancelled() -> None:
    begun, may_end = asyncio.Event(), asyncio.Event()
    task = asyncio.create_task(dying(begun, may_end))
    await asyncio.sleep(0)
    ending = asyncio.create_task(ended(task))
    await begun.wait()
    ending.cancel()
    may_end.set()
    with pytest.raises(asyncio.CancelledError):
        await ending
    assert task.done()


async def test_a_worker_that_is_cancelled_at_the_end_of_its_work_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    """It swallowed that, and whoever waited for its end waited for ever."""
    begun, may_end = asyncio.Event(), asyncio.Event()
    worker = Worker(create_autospec(Database), [], bell=create_autospec(Doorbell))

    async def beat() -> None:
        await dying(begun, may_end)

    monkeypatch.setattr(worker, "_every", lambda _seconds, _what: beat())
    monkeypatch.setattr(worker, "_reap", lambda: asyncio.sleep(0))
    working = asyncio.create_task(worker.run_until_idle())
    await begun.wait()
    working.cancel()
    may_end.set()
    with pytest.raises(asyncio.CancelledError):
        await working
