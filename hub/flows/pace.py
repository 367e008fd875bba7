"""How fast each account is called: the buckets of its adapter's manifest, as its own `pace` changes them and as the other side says they stand.

A bucket is `{rate, burst}`: calls, or points of cost, a second and at once. An account's `config.pace` may name other figures for a bucket:
`{"default": {"rate": 100, "burst": 200}}`.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import orjson

from hub.canon.ports import Adapter, Call, NeverTry, Response, TryAgain
from hub.connections import Connection
from hub.kit.limiter import Limiter

Buckets = Mapping[str, Mapping[str, Any]]
MOST_WAIT = 1.0  # seconds within a lease; for longer the row is given back


class Pace:
    """`buckets`: adapter name -> bucket name -> what the manifest says of it. Counted per process: approximate where there are several."""

    def __init__(self, buckets: Mapping[str, Buckets], limiter: Limiter | None = None) -> None:
        self._buckets, self._limiter = buckets, limiter or Limiter()
        self._known: dict[tuple[str, str], tuple[float, float]] = {}

    async def admit(self, adapter: Adapter, connection: Connection, call: Call) -> None:
        """Returns when the call may leave; `TryAgain` where that takes longer than a moment. Nothing is taken then."""
        limits = self._limits(adapter, connection, call.bucket)
        if limits is None:
            return
        account = connection.connection_id.hex
        if self._known.get((account, call.bucket)) != limits:
            self._known[account, call.bucket] = limits
            self._limiter.allow(account, call.bucket, rate=limits[0], burst=limits[1])
        if not await self._limiter.acquire(account, call.bucket, call.cost, most_wait=MOST_WAIT):
            wait = self._limiter.wait(account, call.bucket, call.cost)
            raise TryAgain(after=timedelta(seconds=wait), reason=f"the pace of {connection.label}: {call.bucket}")

    def heard(self, adapter: Adapter, connection: Connection, call: Call, response: Response) -> None:
        """What an answer says of the bucket: as much is left, or nothing before so long."""
        account = connection.connection_id.hex
        if response.status in (429, 503) and (seconds := _seconds(response.headers.get("retry-after"))):
            self._limiter.pause(account, call.bucket, seconds)
        path = self._buckets.get(adapter.name, {}).get(call.bucket, {}).get("read_from")
        if path and (status := _at(response.body, path)):
            rate, burst = float(status["restoreRate"]), float(status["maximumAvailable"])
            self._limiter.allow(account, call.bucket, rate=rate, burst=burst)
            self._limiter.remaining(account, call.bucket, float(status["currentlyAvailable"]))

    def _limits(self, adapter: Adapter, connection: Connection, bucket: str) -> tuple[float, float] | None:
        own = connection.config.get("pace") or {}
        said = own.get(bucket) if isinstance(own, Mapping) else own
        said = said or self._buckets.get(adapter.name, {}).get(bucket)
        if not said:
            return None
        figures = [said.get(k) for k in ("rate", "burst")] if isinstance(said, Mapping) else []
        rate, burst = figures if len(figures) == 2 else (None, None)
        if not (isinstance(rate, int | float) and isinstance(burst, int | float) and rate > 0 and burst > 0):
            raise NeverTry(f"config.pace.{bucket} of {connection.label}: expected {{rate, burst}}, numbers above zero")
        return float(rate), float(burst)


def _seconds(header: str | None) -> float:
    """Of a Retry-After in seconds (RFC 9110 10.2.3); a date in it is left to the adapter."""
    return min(float(header), 3600.0) if header and header.isdecimal() else 0.0


def _at(body: bytes, path: str) -> Mapping[str, float] | None:
    """The object at a dotted path of a JSON answer, if it has all three figures."""
    try:
        found = orjson.loads(body)
    except orjson.JSONDecodeError:
        return None
    for name in path.split("."):
        found = found.get(name) if isinstance(found, dict) else None
    wanted = ("restoreRate", "maximumAvailable", "currentlyAvailable")
    whole = isinstance(found, dict) and all(isinstance(found.get(w), int | float) and found[w] >= 0 for w in wanted)
    return found if whole and found["restoreRate"] > 0 else None
