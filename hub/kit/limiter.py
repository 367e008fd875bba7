"""Token buckets: how often this process may call each destination. Approximate across processes; the other side's 429 has the last word."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(slots=True, kw_only=True)
class _Bucket:
    rate: float  # tokens a second
    burst: float
    tokens: float
    at: float

    def fill(self, now: float) -> None:
        self.tokens = min(self.burst, self.tokens + (now - self.at) * self.rate)
        self.at = now


class Limiter:
    """Buckets by (destination, bucket name). One that was never allowed a rate has no limit."""

    def __init__(self, *, ticks: Callable[[], float] = time.monotonic) -> None:
        self._ticks = ticks
        self._buckets: dict[tuple[str, str], _Bucket] = {}
        self._paused: dict[tuple[str, str], float] = {}

    def allow(self, destination: str, bucket: str, *, rate: float, burst: float) -> None:
        """`rate` tokens a second, at most `burst` at once. A new bucket is full; a known one keeps its tokens."""
        now, known = self._ticks(), self._buckets.get((destination, bucket))
        tokens = burst
        if known is not None:
            known.fill(now)
            tokens = min(known.tokens, burst)
        self._buckets[destination, bucket] = _Bucket(rate=rate, burst=burst, tokens=tokens, at=now)

    def take(self, destination: str, bucket: str, cost: float = 1) -> float:
        """0.0: taken. Else nothing was taken, and how many seconds it takes until it could be.
        A cost above the burst is taken from a full bucket and owed.
        """
        wait = self.wait(destination, bucket, cost)
        if not wait and (found := self._buckets.get((destination, bucket))):
            found.tokens -= cost
        return wait

    def wait(self, destination: str, bucket: str, cost: float = 1) -> float:
        """Seconds until so much could be taken; 0.0: now."""
        now, key = self._ticks(), (destination, bucket)
        if (left := self._pause_left(key, now)) > 0:
            return left
        found = self._buckets.get(key)
        if found is None:
            return 0.0
        found.fill(now)
        return max(0.0, min(cost, found.burst) - found.tokens) / found.rate

    async def acquire(self, destination: str, bucket: str, cost: float = 1, *, most_wait: float) -> bool:
        """Wait for the tokens, at most so many seconds; False: it would take longer, nothing was taken."""
        end = self._ticks() + most_wait
        while (wait := self.take(destination, bucket, cost)) > 0:
            if self._ticks() + wait > end:
                return False
            await asyncio.sleep(wait)
        return True

    def pause(self, destination: str, bucket: str, seconds: float) -> None:
        """The other side said 429 or 503 with Retry-After: nothing more until then."""
        key = (destination, bucket)
        self._paused[key] = max(self._paused.get(key, 0.0), self._ticks() + seconds)

    def remaining(self, destination: str, bucket: str, tokens: float) -> None:
        """What the other side says is left; believed where it is less than we think."""
        if found := self._buckets.get((destination, bucket)):
            found.fill(self._ticks())
            found.tokens = min(found.tokens, tokens)

    def _pause_left(self, key: tuple[str, str], now: float) -> float:
        left = self._paused.get(key, now) - now
        if left <= 0:
            self._paused.pop(key, None)
        return left
