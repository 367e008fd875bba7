"""Answers of the API: errors with code, status by media type, and what of an error an outsider may see."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

import graphql as g
import orjson

from hub.kit.errors import HubError
from hub.kit.ids import new_id

JSON, RESPONSE_JSON = "application/json", "application/graphql-response+json"
log = logging.getLogger("hub.schema")

# code -> (status over application/json, status over application/graphql-response+json)
STATUS: Mapping[str, tuple[int, int]] = {
    "BAD_REQUEST": (400, 400),
    "BAD_VALUE": (200, 400),
    "GRAPHQL_PARSE_FAILED": (200, 400),
    "GRAPHQL_VALIDATION_FAILED": (200, 400),
    "BAD_ID": (200, 400),
    "BAD_CURSOR": (200, 400),
    "PAGE_TOO_LARGE": (200, 400),
    "LIMIT_EXCEEDED": (200, 400),
    "MAX_COST_EXCEEDED": (200, 400),
    "PERSISTED_QUERY_NOT_FOUND": (200, 400),
    "UNKNOWN_DOCUMENT": (200, 400),
    "UNAUTHENTICATED": (401, 401),
    "FORBIDDEN": (403, 403),
    "NOT_ACCEPTABLE": (406, 406),
    "IDEMPOTENCY_KEY_REQUIRED": (200, 400),
    "IDEMPOTENCY_KEY_REUSED": (200, 422),
    "IDEMPOTENCY_IN_PROGRESS": (200, 409),
    "CURSOR_EXPIRED": (200, 410),
    "THROTTLED": (200, 429),
    "TIMEOUT": (503, 503),
    "UNAVAILABLE": (503, 503),
    "INTERNAL": (200, 500),
}
RETRY_AFTER = frozenset({"THROTTLED", "TIMEOUT", "UNAVAILABLE"})
SHOWN_DATA = frozenset({"limit", "allowed", "oldest", "errors"})


def error_of(error: BaseException) -> dict[str, Any]:
    """One entry of `errors`. What we did not raise on purpose is masked and logged under its correlation id."""
    if isinstance(error, g.GraphQLError):
        original = error.original_error
        if original is not None and not isinstance(original, g.GraphQLError):
            return {**error_of(original), **_place(error)}
        code = (error.extensions or {}).get("code", "BAD_VALUE")
        if "Cannot return null" in error.message or error.path:
            return {**_masked(error), **_place(error)}
        return {"message": error.message, **_place(error), "extensions": {"code": code}}
    if isinstance(error, HubError):
        shown = {k: v for k, v in error.data.items() if k in SHOWN_DATA - {"errors"}}
        return {"message": str(error), "extensions": {"code": error.code, **shown}}
    return _masked(error)


def _place(error: g.GraphQLError) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if error.locations:
        found["locations"] = [{"line": x.line, "column": x.column} for x in error.locations]
    if error.path:
        found["path"] = list(error.path)
    return found


def _masked(error: BaseException) -> dict[str, Any]:
    correlation = f"cor_{new_id().hex}"
    log.error("A request failed: %.300s", error, exc_info=error, extra={"correlation_id": correlation})
    return {
        "message": "Something went wrong.",
        "extensions": {"code": "INTERNAL", "correlationId": correlation},
    }


def errors_of(error: BaseException) -> list[dict[str, Any]]:
    """All entries of one refusal: a document that does not validate has one for each fault."""
    if isinstance(error, HubError) and isinstance(error.data.get("errors"), list):
        return [{**one, "extensions": {"code": error.code}} for one in error.data["errors"]]
    return [error_of(error)]


def refusal(error: BaseException, media: str) -> tuple[int, bytes, dict[str, str]]:
    """(status, body, headers) of a request that was not answered."""
    found = errors_of(error)
    code = found[0]["extensions"]["code"]
    status = STATUS.get(code, (200, 400))[media == RESPONSE_JSON]
    headers: dict[str, str] = {}
    if code in RETRY_AFTER:
        seconds = error.data.get("seconds", 1) if isinstance(error, HubError) and code == "THROTTLED" else 1
        headers["retry-after"] = str(max(1, int(seconds)))
    if code == "UNAUTHENTICATED":
        headers["www-authenticate"] = "Bearer"
    return status, orjson.dumps({"errors": found}), headers


def offers(accept: str) -> list[str]:
    return [part.split(";")[0].strip().lower() for part in accept.split(",") if part.strip()]


def media_of(accept: list[str]) -> str | None:
    """The JSON type to answer with; None when the client takes none."""
    if RESPONSE_JSON in accept:
        return RESPONSE_JSON
    if not accept or any(a in (JSON, "*/*", "application/*") for a in accept):
        return JSON
    return None
