"""A warehouse keeps what every adapter keeps."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

from adapters.wms import ADAPTER
from hub.canon.commands import CancelPick, PickLine, ReleasePick, RequestPick, SetStock
from hub.canon.ports import Account, Request
from hub.kit.webhooks import signed_headers
from tests.adapters import contract

SECRET = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3"
OTHER = "whsec_ZmVkY2JhOTg3NjU0MzIxMGZlZGNiYTk4"
NOW = datetime(2026, 10, 5, 12, tzinfo=UTC)
ACCOUNT = Account(connection_id="c", code="w", config={}, secrets={"signing_secret": [SECRET]}, now=NOW)
BODY = b'{"type": "pick_order.picking", "pick_order": "p1", "sequence": 2, "at": "2026-10-05T12:00:00Z"}'
HEADERS = signed_headers(SECRET, "msg_1", BODY, now=NOW)
PUSH = contract.PushCase(
    adapter=ADAPTER,
    account=ACCOUNT,
    request=Request(method="POST", path="/hooks/wms/w", query={}, headers=HEADERS, body=BODY),
    signing=sorted(HEADERS),
    stale=timedelta(minutes=5),
)
OUTBOUND = contract.OutboundCase(
    adapter=ADAPTER,
    account=ACCOUNT,
    commands=[
        RequestPick(
            pick_order="p1",
            order="#1",
            node="N",
            version=1,
            ship_by=None,
            service=None,
            ship_to=None,
            lines=(PickLine(line="1", sku="A", title="A", quantity=Decimal(1)),),
        ),
        CancelPick(pick_order="p1", node="N", reason="CUSTOMER"),
        ReleasePick(pick_order="p1", node="N", access_key=None),
    ],
    refused=SetStock(levels=()),
)


def test_signatures_cannot_be_bent() -> None:
    contract.check_signature(PUSH)
    contract.check_rotation(PUSH, OTHER)
    contract.check_age(PUSH)


def test_envelopes_are_stable_and_garbage_is_kept() -> None:
    contract.check_envelopes(PUSH)
    contract.check_garbage(PUSH)


def test_calls_are_pure_and_silence_is_no_success() -> None:
    contract.check_calls(OUTBOUND)
    contract.check_shadow(OUTBOUND)
    contract.check_answers(OUTBOUND)
