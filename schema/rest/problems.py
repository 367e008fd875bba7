"""Errors as `application/problem+json` (RFC 9457), with their status."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

import orjson

from hub.kit.ids import new_id
from schema.responses import STATUS, errors_of

USER_STATUS: Mapping[str, int] = {
    "NOT_FOUND": 404,
    "VERSION_CONFLICT": 409,
    "ILLEGAL_MOVE": 409,
    "ON_HOLD": 409,
    "STOCK_SHORT": 409,
    "CHANGE_FROM_QUANTITY_STALE": 409,
    "EXPIRED": 409,
    "ILLEGAL_FISCAL_MOVE": 409,
    "NOT_AUTHORIZED": 409,  # the note, not the caller
    "GOODS_LEFT": 409,
    "WINDOW_CLOSED": 409,
    "EVENT_WAITS": 409,
    "NUMBERS_USED": 409,
    "OVER_RETURNED": 409,
}


def problem(
    status: int, code: str, detail: str, docs: str, errors: Sequence[Mapping[str, Any]] = (), correlation: str = ""
) -> tuple[int, bytes]:
    """(status, body)."""
    body: dict[str, Any] = {
        "type": f"{docs}#{code}",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        "code": code,
        "correlationId": correlation or f"cor_{new_id().hex}",
    }
    if errors:
        body["errors"] = list(errors)
    return status, orjson.dumps(body)


def of_error(error: BaseException, docs: str) -> tuple[int, bytes]:
    """A request that was not answered."""
    first = errors_of(error)[0]
    code = first["extensions"]["code"]
    status = STATUS.get(code, (400, 400))[1]
    return problem(status, code, first["message"], docs, correlation=first["extensions"].get("correlationId", ""))


def of_user_errors(found: Sequence[Mapping[str, Any]], docs: str, *, if_match: bool) -> tuple[int, bytes]:
    """A refused command: the first error decides the status."""
    code = str(found[0]["code"])
    status = 412 if code == "VERSION_CONFLICT" and if_match else USER_STATUS.get(code, 422)
    return problem(status, code, str(found[0]["message"]), docs, found)


def unknown(what: str, docs: str) -> tuple[int, bytes]:
    return problem(404, "NOT_FOUND", f"There is no such {what}.", docs)
