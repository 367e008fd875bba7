"""Slow work in processes of its own, so that neither the event loop nor its threads wait for it. What is run must be importable by name."""

from __future__ import annotations

import asyncio
import multiprocessing
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from functools import partial
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")
RENEWED_AFTER = 500  # tasks; printing libraries leak


class Processes:
    """At most `workers` processes, started when first needed; `close` ends them."""

    def __init__(self, workers: int = 2) -> None:
        self._workers = workers
        self._pool: ProcessPoolExecutor | None = None

    async def run(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Its result, or what it raised. A process that died is replaced once, so the work may be begun twice."""
        task = partial(work, *args, **kwargs)
        try:
            return await asyncio.get_running_loop().run_in_executor(self._living(), task)
        except BrokenProcessPool:
            self.close()
            return await asyncio.get_running_loop().run_in_executor(self._living(), task)

    def _living(self) -> ProcessPoolExecutor:
        if self._pool is None:
            context = multiprocessing.get_context("spawn")  # a fork would copy open sockets and locks
            self._pool = ProcessPoolExecutor(self._workers, mp_context=context, max_tasks_per_child=RENEWED_AFTER)
        return self._pool

    def close(self) -> None:
        if self._pool is not None:
            self._pool.shutdown(wait=True, cancel_futures=True)
            self._pool = None
