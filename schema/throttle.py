"""Cost buckets of keys and tenants, kept per process: approximate by design, no database work."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from schema.errors import Throttled
from schema.principal import Principal

SECONDS_TO_FILL, TENANT_FACTOR, KEPT = 20, 5, 10_000


@dataclass(slots=True)
class Bucket:
    size: float
    left: float
    at: float

    def refill(self, now: float) -> None:
        self.left = min(self.size, self.left + (now - self.at) * self.size / SECONDS_TO_FILL)
        self.at = now


class Throttle:
    """`monotonic`: seconds that only grow."""

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._now = monotonic
        self._buckets: OrderedDict[Any, Bucket] = OrderedDict()

    def take(self, me: Principal, cost: int) -> None:
        """Take `cost` from the key's bucket and its tenant's, or raise `Throttled`."""
        if not me.cost_bucket:
            return
        found = [
            self._bucket(me.actor, me.cost_bucket, me.tenant),
            self._bucket(None, me.cost_bucket * TENANT_FACTOR, me.tenant),
        ]
        for bucket in found:
            if bucket.left < cost:
                seconds = (cost - bucket.left) * SECONDS_TO_FILL / bucket.size
                raise Throttled(seconds=int(seconds) + 1)
        for bucket in found:
            bucket.left -= cost

    def give_back(self, me: Principal, cost: int) -> None:
        if me.cost_bucket and cost > 0:
            for bucket in (
                self._bucket(me.actor, me.cost_bucket, me.tenant),
                self._bucket(None, me.cost_bucket * TENANT_FACTOR, me.tenant),
            ):
                bucket.left = min(bucket.size, bucket.left + cost)

    def status(self, me: Principal) -> dict[str, int] | None:
        """As in the answer's extensions; None for a key without a bucket."""
        if not me.cost_bucket:
            return None
        left = self._bucket(me.actor, me.cost_bucket, me.tenant).left
        return {
            "maximumAvailable": me.cost_bucket,
            "currentlyAvailable": int(left),
            "restoreRate": me.cost_bucket // SECONDS_TO_FILL,
        }

    def _bucket(self, actor: str | None, size: int, tenant: int) -> Bucket:
        key, now = (tenant, actor), self._now()
        found = self._buckets.get(key)
        if found is None:
            found = self._buckets[key] = Bucket(size, size, now)
            if len(self._buckets) > KEPT:
                self._buckets.popitem(last=False)
        else:
            self._buckets.move_to_end(key)
            found.refill(now)
        return found
