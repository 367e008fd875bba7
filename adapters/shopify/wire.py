"""Bytes at Shopify's edge: signatures over raw bodies, GraphQL requests, what an answer says of the cost bucket. No decisions."""

from __future__ import annotations

import base64
import hmac
import math
from collections.abc import Mapping
from datetime import timedelta
from hashlib import sha256
from typing import Any

import orjson

from adapters.shopify.documents import DOCUMENTS, OPERATIONS, PATH
from hub.canon.ports import Account, Call, Envelope, NotAuthentic, Request, Response
from hub.mapping import Fault, instant, revision_text

_SIGNATURE = "x-shopify-hmac-sha256"
_BUCKET = "graphql"
_LONGEST_WAIT = 60  # seconds; the bucket of the smallest plan is full again by then


def proven(headers: Mapping[str, str]) -> bool:
    """Never: the signature is over the body."""
    if not headers.get(_SIGNATURE):
        raise NotAuthentic(f"the header {_SIGNATURE} is missing")
    return False


def verify(request: Request, account: Account) -> None:
    """Base64 HMAC-SHA256 of the raw body under any live client secret; the shop must be the account's."""
    proven(request.headers)
    given = request.headers[_SIGNATURE]
    secrets = account.secrets.get("client_secret", ())
    if not secrets:
        raise NotAuthentic("the account has no client secret")
    right = False
    for secret in secrets:
        wanted = base64.b64encode(hmac.digest(secret.encode(), request.body, sha256))
        right |= hmac.compare_digest(wanted, given.encode("utf-8", "replace"))
    if not right:
        raise NotAuthentic("the signature does not match the body")
    shop, said = account.config.get("shop"), request.headers.get("x-shopify-shop-domain")
    if shop and said and said.lower() != str(shop).lower():
        raise NotAuthentic("the message is of another shop")


def envelopes(request: Request) -> list[Envelope]:
    """One envelope. A refund waits under its order's id. `orders/edited` tells only what was edited: a hint, fetched first."""
    headers = request.headers
    topic = headers.get("x-shopify-topic", "")
    body = _object(request.body)
    edit = body.get("order_edit")
    about = edit if isinstance(edit, dict) else body
    external_id = about.get("order_id") if edit or topic.startswith("refunds/") else about.get("id")
    fallback = sha256(topic.encode() + b"\n" + request.body).hexdigest()
    return [
        Envelope(
            dedupe_key=headers.get("x-shopify-event-id") or fallback,
            topic=topic,
            body=request.body,
            complete=not edit,
            external_id=None if external_id is None else str(external_id),
            revision=revision_of(body.get("updated_at")),
            occurred_at=_moment(headers.get("x-shopify-triggered-at")),
        )
    ]


def revision_of(updated_at: object) -> str | None:
    """The change mark as text that sorts; None where it is none."""
    moment = _moment(updated_at)
    return None if moment is None else revision_text(moment)


def _moment(text: object) -> Any:
    try:
        return instant(text) if isinstance(text, str) else None
    except Fault:
        return None


def _object(body: bytes) -> dict[str, Any]:
    """The body's object, of which only ids and times are used; a body that is none is judged by the mapping."""
    try:
        found = orjson.loads(body)
    except orjson.JSONDecodeError:
        return {}
    return found if isinstance(found, dict) else {}


def authorize(call: Call, account: Account) -> dict[str, str]:
    """The only place where the access token leaves the secrets."""
    tokens = account.secrets.get("access_token", ())
    return {"X-Shopify-Access-Token": tokens[0]} if tokens else {}


def graphql(key: str, name: str, variables: Mapping[str, Any], *, repeatable: bool | None = None) -> Call:
    """The call of one of our documents. A mutation is `write` and not repeatable unless told."""
    field, cost = OPERATIONS[name]
    document = DOCUMENTS[name]
    read = document.lstrip().startswith("query")
    body = {"query": document, "operationName": name, "variables": dict(variables)}
    return Call(
        key=key,
        operation=field,
        path=PATH,
        purpose="read" if read else "write",
        body=orjson.dumps(body, option=orjson.OPT_SORT_KEYS),
        bucket=_BUCKET,
        cost=cost,
        repeatable=read if repeatable is None else repeatable,
        headers={"Accept": "application/json"},
    )


def operation_name(call: Call) -> str:
    return str(orjson.loads(call.body)["operationName"])


def decoded(response: Response) -> dict[str, Any] | None:
    """The answer's object, or None where it is no JSON object."""
    return _object(response.body) or None


def wait_of(answer: Mapping[str, Any]) -> timedelta:
    """How long until the bucket holds what the refused request asks for (extensions.cost.throttleStatus)."""
    cost = (answer.get("extensions") or {}).get("cost") or {}
    status = cost.get("throttleStatus") or {}
    missing = float(cost.get("requestedQueryCost") or 0) - float(status.get("currentlyAvailable") or 0)
    seconds = math.ceil(missing / float(status.get("restoreRate") or 100)) if missing > 0 else 1
    return timedelta(seconds=min(max(seconds, 1), _LONGEST_WAIT))


def wait_header(response: Response, otherwise: int) -> timedelta:
    """`Retry-After` in seconds, or the given wait."""
    text = response.headers.get("retry-after", "")
    whole = text.partition(".")[0]
    return timedelta(seconds=min(int(whole), 3600) if whole.isdecimal() and len(whole) < 6 else otherwise)
