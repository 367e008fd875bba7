"""Buckets fill with time, give no more than they hold, and pause when the other side says so."""

from __future__ import annotations

from hub.kit.limiter import Limiter


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def made(rate: float = 2, burst: float = 4) -> tuple[Limiter, Clock]:
    clock = Clock()
    limiter = Limiter(ticks=clock)
    limiter.allow("shop", "rest", rate=rate, burst=burst)
    return limiter, clock


def test_a_bucket_gives_its_burst_and_then_its_rate() -> None:
    limiter, clock = made()
    assert [limiter.take("shop", "rest") for _ in range(5)] == [0, 0, 0, 0, 0.5]
    clock.now += 0.5
    assert limiter.take("shop", "rest") == 0
    clock.now += 1000
    assert [limiter.take("shop", "rest", 2) for _ in range(3)] == [0, 0, 1]


def test_what_has_no_bucket_has_no_limit() -> None:
    limiter, _ = made()
    assert {limiter.take("other", "rest") for _ in range(1000)} == {0}
    assert {limiter.take("shop", "graphql") for _ in range(1000)} == {0}


def test_a_cost_above_the_burst_is_owed() -> None:
    limiter, clock = made()
    assert limiter.take("shop", "rest", 10) == 0
    assert limiter.take("shop", "rest") == 3.5
    clock.now += 3.5
    assert limiter.take("shop", "rest") == 0


def test_the_other_sides_word_counts() -> None:
    limiter, clock = made()
    limiter.remaining("shop", "rest", 1)
    assert [limiter.take("shop", "rest") for _ in range(2)] == [0, 0.5]
    limiter.pause("shop", "graphql", 30)
    limiter.pause("shop", "graphql", 10)
    assert limiter.take("shop", "graphql") == 30
    clock.now += 30
    assert limiter.take("shop", "graphql") == 0


def test_a_new_rate_keeps_what_is_in_the_bucket() -> None:
    limiter, _ = made()
    limiter.take("shop", "rest", 4)
    limiter.allow("shop", "rest", rate=10, burst=10)
    assert limiter.take("shop", "rest") == 0.1


async def test_waiting_has_an_end() -> None:
    limiter = Limiter()
    limiter.allow("shop", "rest", rate=50, burst=1)
    assert await limiter.acquire("shop", "rest", most_wait=0)
    assert await limiter.acquire("shop", "rest", most_wait=5)
    assert not await limiter.acquire("shop", "rest", most_wait=0)
