"""Where an inward command came from, and the ways in which applying one can end."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, ClassVar
from uuid import UUID

from hub.kit.errors import HubError
from hub.ledger import Cause


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """`channel` is the connection's code; `attempts` counts this one. `exchange_id`, `refused`: the interchange that it came in, and
    why nothing of that may be applied.
    """

    message_id: UUID
    connection_id: UUID
    channel: str
    cause: Cause
    attempts: int = 1
    exchange_id: UUID | None = None
    refused: HubError | None = None


class NotYet(HubError):
    """This speaks of something that has not arrived yet: {what}"""

    code: ClassVar[str] = "NOT_YET"

    def __init__(self, what: str, after: timedelta = timedelta(seconds=60)) -> None:
        self.after = after
        super().__init__(what=what)


class Inapplicable(HubError):
    """This was understood but cannot be applied: {reason}"""

    code: ClassVar[str] = "INAPPLICABLE"

    def __init__(self, reason: str, problems: tuple[Mapping[str, Any], ...] = ()) -> None:
        self.problems = problems
        super().__init__(reason=reason)
