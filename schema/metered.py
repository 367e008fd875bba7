"""What is counted of the API's operations. Labels are bounded: an operation is named by its trusted document, else `other`."""

from __future__ import annotations

import time
from collections.abc import Iterable
from types import TracebackType
from typing import Self

from hub.kit import metrics, telemetry
from hub.kit.errors import HubError

OTHER = "other"
WRITE = "command"  # the path of mutations; reads go `compiled` or by the `executor`


class Timed:
    """Counts and times one operation when the block ends, with the code of the error that ended it."""

    __slots__ = ("_began", "_span", "code", "operation", "path")

    def __init__(self, operation: str) -> None:
        self.operation, self.path, self.code = operation, WRITE, "OK"
        self._span = telemetry.span(f"graphql {operation}")

    def __enter__(self) -> Self:
        self._began = time.perf_counter()
        self._span.__enter__()
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self._span.__exit__(_kind, error, _trace)
        if error is not None:
            self.code = error.code if isinstance(error, HubError) else "INTERNAL"
        metrics.GRAPHQL_OPERATIONS.labels(self.operation, self.path, self.code).inc()
        metrics.GRAPHQL_SECONDS.labels(self.operation, self.path).observe(time.perf_counter() - self._began)


def count_refused(error: HubError) -> None:
    """An operation that never came to a path: not parsed, not valid, not known."""
    metrics.GRAPHQL_OPERATIONS.labels(OTHER, "none", error.code).inc()


def count_deprecated(fields: Iterable[tuple[str, str]]) -> None:
    for type_, field in fields:
        metrics.GRAPHQL_DEPRECATED.labels(type_, field).inc()
