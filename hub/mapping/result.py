"""What reading one document gives: the canonical value, the checks, the verdict with all reasons, and where each leaf came from."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from functools import cached_property
from typing import Any

from hub.mapping.checks import CheckResult
from hub.mapping.faults import Reason
from hub.mapping.scalars import instant_text
from hub.mapping.trace import Origin


@dataclass(frozen=True)
class MappingResult:
    """`value` holds Decimals, aware datetimes and texts; it is as full as could be read. `more`: reasons beyond the cap."""

    mapping: str
    version: int
    target: str
    value: dict[str, Any]
    checks: tuple[CheckResult, ...]
    reasons: tuple[Reason, ...]
    more: int
    trace: Callable[[], Iterator[Origin]]

    @property
    def verdict(self) -> str:
        return "quarantined" if self.reasons else "ok"

    @cached_property
    def origins(self) -> tuple[Origin, ...]:
        """Provenance with values, traced when first asked for."""
        return tuple(self.trace())

    def as_json(self) -> dict[str, Any]:
        """The object that `hub map run --json` prints: decimals and instants as text."""
        document = {key: jsonable(found) for key, found in self.value.items()}
        document["checks"] = [check.as_dict() for check in self.checks]
        document["verdict"] = self.verdict
        document["reasons"] = [reason.as_dict() for reason in self.reasons]
        if self.more:
            document["more"] = self.more
        return document


def jsonable(value: Any) -> Any:
    """Decimals as text at their own scale, instants as RFC 3339 in UTC, the rest as it is."""
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, datetime):
        return instant_text(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, dict):
        return {key: jsonable(found) for key, found in value.items()}
    if isinstance(value, list | tuple):
        return [jsonable(found) for found in value]
    return value
