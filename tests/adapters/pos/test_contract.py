"""A till keeps what every adapter keeps."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from adapters.pos import ADAPTER
from hub.canon.ports import Account, Request
from hub.kit.webhooks import signed_headers
from tests.adapters import contract

SECRET = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3"
OTHER = "whsec_ZmVkY2JhOTg3NjU0MzIxMGZlZGNiYTk4"
NOW = datetime(2026, 10, 5, 12, tzinfo=UTC)
BODY = b'{"contract": "pos-sale/1", "store": "SP-01", "till": "T2", "sequence": 7, "kind": "sale"}'
HEADERS = signed_headers(SECRET, "msg_1", BODY, now=NOW)
PUSH = contract.PushCase(
    adapter=ADAPTER,
    account=Account(connection_id="c", code="t", config={}, secrets={"signing_secret": [SECRET]}, now=NOW),
    request=Request(method="POST", path="/hooks/pos/t", query={}, headers=HEADERS, body=BODY),
    signing=sorted(HEADERS),
    stale=timedelta(minutes=5),
)


def test_signatures_cannot_be_bent() -> None:
    contract.check_signature(PUSH)
    contract.check_rotation(PUSH, OTHER)
    contract.check_age(PUSH)


def test_envelopes_are_stable_and_garbage_is_kept() -> None:
    contract.check_envelopes(PUSH)
    contract.check_garbage(PUSH)
