"""How a till's message is proven to come from it, and under what the inbox files it. Decides nothing."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from hub.canon.ports import Account, Envelope, NotAuthentic, Request
from hub.kit.webhooks import refusal, refused_unread

SECRET = "signing_secret"  # noqa: S105 - the name of a field, no secret


class Push:
    """Messages of tills: signed and whole."""

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
        """One envelope, also for what cannot be read: it is kept, and `read` says what is wrong with it. The entity is
        the sale: a void and a return wait for the one that they name.
        """
        said = _said(request.body)
        own = [said.get(name) for name in ("store", "till", "sequence")]
        whole = all(isinstance(x, str | int) and not isinstance(x, bool) for x in own)
        original = said.get("original")
        subject = original if isinstance(original, str) else "/".join(map(str, own)) if whole else None
        sequence = own[2]
        return [
            Envelope(
                dedupe_key=request.headers["webhook-id"],
                topic=f"pos-sale/{said.get('kind')}",
                body=request.body,
                complete=True,
                external_id=subject,
                revision=f"{sequence:020d}" if isinstance(sequence, int) else None,
            )
        ]


def _now(account: Account) -> datetime:
    if account.now is None:
        raise NotAuthentic("no clock to judge the timestamp by")
    return account.now


def _said(body: bytes) -> dict[str, Any]:
    try:
        said = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return said if isinstance(said, dict) else {}
