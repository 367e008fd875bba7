"""Accounts are called no faster than their manifest, their own settings and the other side allow."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from typing import Any
from uuid import UUID

import orjson
import pytest

from adapters.shopify import ADAPTER as SHOPIFY
from hub.boot import find_adapters
from hub.canon.ports import Call, NeverTry, Response, TryAgain
from hub.connections import Connection
from hub.flows.pace import Pace
from hub.kit.limiter import Limiter

CALL = Call(key="1", operation="fulfillmentCreate", bucket="graphql", cost=10)


class Ticks:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def account(number: int = 1, **config: Any) -> Connection:
    return Connection(
        tenant=1,
        connection_id=UUID(int=number),
        adapter="shopify",
        code="shop",
        label="Shop",
        state="ACTIVE",
        shadow=False,
        config=config,
        sweep_cursor=None,
        swept_at=None,
        last_ok_at=None,
        last_error=None,
    )


def made(rate: float = 1, burst: float = 20) -> tuple[Pace, Ticks]:
    ticks = Ticks()
    bucket = {"rate": rate, "burst": burst, "read_from": "extensions.cost.throttleStatus"}
    return Pace({"shopify": {"graphql": bucket}}, Limiter(ticks=ticks)), ticks


async def refused(pace: Pace, connection: Connection, call: Call = CALL) -> float:
    with pytest.raises(TryAgain) as found:
        await pace.admit(SHOPIFY, connection, call)
    return float(found.value.data["after"].total_seconds())


async def admitted(pace: Pace, connection: Connection, call: Call = CALL, *, of: int = 50) -> int:
    """How many of so many calls may leave."""
    count = 0
    with suppress(TryAgain):
        for _ in range(of):
            await pace.admit(SHOPIFY, connection, call)
            count += 1
    return count


async def test_a_bucket_is_the_account_s_own() -> None:
    pace, ticks = made()
    assert await admitted(pace, account()) == 2
    assert await refused(pace, account()) == 10
    assert await admitted(pace, account(2)) == 2
    ticks.now += 10
    assert await admitted(pace, account()) == 1


async def test_an_account_may_have_a_pace_of_its_own() -> None:
    pace, _ = made()
    fast = account(pace={"graphql": {"rate": 100, "burst": 1000}})
    assert await admitted(pace, fast) == 50


@pytest.mark.parametrize(
    "bad", ["fast", {"graphql": 5}, {"graphql": {"rate": 0, "burst": 1}}, {"graphql": {"rate": 1}}]
)
async def test_a_pace_that_is_none_names_its_place(bad: Any) -> None:
    pace, _ = made()
    with pytest.raises(NeverTry, match=r"config\.pace\.graphql of Shop: expected \{rate, burst\}"):
        await pace.admit(SHOPIFY, account(pace=bad), CALL)


async def test_what_the_other_side_says_of_its_bucket_counts() -> None:
    pace, _ = made(rate=1000, burst=1000)
    await pace.admit(SHOPIFY, account(), CALL)
    status = {"maximumAvailable": 2000, "currentlyAvailable": 4, "restoreRate": 2}
    said = orjson.dumps({"data": {}, "extensions": {"cost": {"throttleStatus": status}}})
    pace.heard(SHOPIFY, account(), CALL, Response(status=200, headers={}, body=said))
    assert await refused(pace, account()) == pytest.approx(3)


@pytest.mark.parametrize("body", [b"", b"[1]", b'{"extensions":{"cost":{"throttleStatus":{"restoreRate":"x"}}}}'])
async def test_an_answer_that_says_nothing_of_it_changes_nothing(body: bytes) -> None:
    pace, _ = made()
    await pace.admit(SHOPIFY, account(), CALL)
    pace.heard(SHOPIFY, account(), CALL, Response(status=200, headers={"retry-after": "60"}, body=body))
    assert await admitted(pace, account()) == 1


async def test_a_pause_that_was_asked_for_is_kept() -> None:
    pace, ticks = made()
    pace.heard(SHOPIFY, account(), CALL, Response(status=429, headers={"retry-after": "30"}, body=b""))
    assert await refused(pace, account()) == 30
    ticks.now += 30
    assert await admitted(pace, account()) == 2


async def test_what_has_no_bucket_has_no_limit() -> None:
    pace, _ = made(rate=0.001, burst=1)
    assert await admitted(pace, account(), replace(CALL, bucket="other")) == 50


def test_every_bucket_of_a_manifest_can_be_kept() -> None:
    for found in find_adapters().values():
        for bucket in found.manifest.get("buckets", {}).values():
            assert min(bucket["rate"], bucket["burst"]) > 0
            assert bucket["per"] == "account"
