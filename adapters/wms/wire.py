"""How messages of contract wms/1 are proven to come from their sender, and how states are read from a WMS. Decides nothing.

Both directions use the same secret; no message type exists in both, so one sent back to its sender is refused as unknown.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping
from datetime import datetime, timedelta
from urllib.parse import quote

from adapters.wms.read import digest_of
from hub.canon.ports import (
    Account,
    Call,
    Envelope,
    Http,
    NeverTry,
    NotAuthentic,
    Page,
    Ref,
    Request,
    Response,
    TryAgain,
)
from hub.kit.webhooks import refusal, refused_unread, signed_headers

SECRET = "signing_secret"  # noqa: S105 - the name of a field, no secret
PAGE = 100


class Push:
    """Callbacks of the WMS: signed and whole."""

    def proven(self, headers: Mapping[str, str], account: Account) -> bool:
        """Never: the signature is over the body."""
        if reason := refused_unread(headers, now=_now(account)):
            raise NotAuthentic(reason)
        return False

    def verify(self, request: Request, account: Account) -> None:
        secrets = account.secrets.get(SECRET, ())
        if reason := refusal(request.headers, request.body, secrets=secrets, now=_now(account)):
            raise NotAuthentic(reason)

    def envelopes(self, request: Request, account: Account) -> list[Envelope]:
        """One envelope, also for what cannot be read: it is kept, and `read` says what is wrong with it."""
        found = digest_of(request.body)
        return [
            Envelope(
                dedupe_key=request.headers["webhook-id"],
                topic=found.topic,
                body=request.body,
                complete=True,
                external_id=found.external_id,
                revision=found.revision,
                occurred_at=found.at,
            )
        ]


def _now(account: Account) -> datetime:
    if account.now is None:
        raise NotAuthentic("no clock to judge the timestamp by")
    return account.now


class Pull:
    """What callbacks have missed: the state of one pick order, or of all that changed since a cursor."""

    async def changes(self, since: str | None, http: Http, account: Account) -> AsyncIterator[Page]:
        """Pages of states; the cursor is the WMS's own."""
        cursor = since
        while True:
            query = {"limit": str(PAGE), **({"since": cursor} if cursor else {})}
            answer = await http.send(_read("pick_order.list", "/pick-orders", query))
            listed = _listed(answer)
            states = listed.get("pick_orders")
            bodies = [_dump(state) for state in states] if isinstance(states, list) else []
            after = listed.get("next")
            more = isinstance(after, str) and after != cursor and bool(bodies)
            yield Page(envelopes=[_state(body) for body in bodies], next=str(after) if more else cursor)
            if not more or len(bodies) < PAGE:
                return
            cursor = str(after)

    async def fetch(self, ref: Ref, http: Http, account: Account) -> Envelope:
        """The state of one pick order, after a gap in its sequence."""
        path = f"/pick-orders/{quote(ref.external_id, safe='')}"
        answer = await http.send(_read("pick_order.state", path, {}))
        _checked(answer)
        return _state(answer.body)


def authorize(call: Call, account: Account) -> dict[str, str]:
    """The signature headers of a call that leaves now; the newest secret signs, the call's key is the message id."""
    secrets = account.secrets.get(SECRET, ())
    if not secrets or account.now is None:
        raise NeverTry("a call to a WMS needs its signing secret and the time")
    return signed_headers(secrets[0], call.key.replace(".", "-"), call.body, now=account.now)


def _read(operation: str, path: str, query: Mapping[str, str]) -> Call:
    return Call(
        key=operation, operation=operation, method="GET", path=path, query=query, purpose="read", repeatable=True
    )


def _state(body: bytes) -> Envelope:
    found = digest_of(body)
    return Envelope(
        dedupe_key=f"state:{found.external_id}:{found.revision}",
        topic="pick_order.state",
        body=body,
        complete=True,
        external_id=found.external_id,
        revision=found.revision,
        occurred_at=found.at,
    )


def _checked(answer: Response) -> None:
    if answer.status in (408, 425, 429) or answer.status >= 500:
        raise TryAgain(after=timedelta(seconds=30), reason=f"the WMS answered {answer.status}")
    if answer.status != 200:
        raise NeverTry(f"the WMS answered {answer.status} to a read")


def _listed(answer: Response) -> Mapping[str, object]:
    _checked(answer)
    try:
        listed = json.loads(answer.body, parse_float=str)
    except (ValueError, RecursionError) as error:
        raise NeverTry("the WMS's list is not JSON") from error
    return listed if isinstance(listed, dict) else {}


def _dump(state: object) -> bytes:
    return json.dumps(state, ensure_ascii=False, separators=(",", ":")).encode()
