"""What the API refuses as a whole request, each with its stable code (docs/errors.md)."""

from __future__ import annotations

from typing import ClassVar

from hub.access import IdempotencyInProgress, IdempotencyKeyReused, NotAuthenticated
from hub.kit.errors import HubError

__all__ = ["IdempotencyInProgress", "IdempotencyKeyReused", "NotAuthenticated"]


class BadRequest(HubError):
    """The request cannot be read: {reason}"""

    code: ClassVar[str] = "BAD_REQUEST"


class BadValue(HubError):
    """This value does not fit: {reason}"""

    code: ClassVar[str] = "BAD_VALUE"


class BadCursor(HubError):
    """This cursor belongs to another list or another sort."""

    code: ClassVar[str] = "BAD_CURSOR"


class CursorExpired(HubError):
    """This cursor is older than the ledger's online part; the oldest one is {oldest}"""

    code: ClassVar[str] = "CURSOR_EXPIRED"


class PageTooLarge(HubError):
    """A page holds 0 to {limit} items, {asked} asked."""

    code: ClassVar[str] = "PAGE_TOO_LARGE"


class LimitExceeded(HubError):
    """The document passes a limit: at most {allowed} of {limit}."""

    code: ClassVar[str] = "LIMIT_EXCEEDED"


class MaxCostExceeded(HubError):
    """This request costs {cost}; at most {allowed} is allowed."""

    code: ClassVar[str] = "MAX_COST_EXCEEDED"


class Throttled(HubError):
    """Too much was asked for in a short time; try again in {seconds} s."""

    code: ClassVar[str] = "THROTTLED"


class Forbidden(HubError):
    """{what} is not open to the role {role}."""

    code: ClassVar[str] = "FORBIDDEN"


class ParseFailed(HubError):
    """{reason}"""

    code: ClassVar[str] = "GRAPHQL_PARSE_FAILED"


class ValidationFailed(HubError):
    """{reason}"""

    code: ClassVar[str] = "GRAPHQL_VALIDATION_FAILED"


class PersistedQueryNotFound(HubError):
    """PersistedQueryNotFound"""

    code: ClassVar[str] = "PERSISTED_QUERY_NOT_FOUND"


class UnknownDocument(HubError):
    """No stored document has this id, or this role may only send stored documents."""

    code: ClassVar[str] = "UNKNOWN_DOCUMENT"


class NotAcceptable(HubError):
    """A subscription needs a WebSocket, or Accept: text/event-stream or multipart/mixed."""

    code: ClassVar[str] = "NOT_ACCEPTABLE"


class IdempotencyKeyRequired(HubError):
    """{mutation} needs an idempotency key: @idempotent(key:) or the header Idempotency-Key."""

    code: ClassVar[str] = "IDEMPOTENCY_KEY_REQUIRED"


class TimedOut(HubError):
    """The answer took longer than {seconds} s."""

    code: ClassVar[str] = "TIMEOUT"
