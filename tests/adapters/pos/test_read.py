"""A till's messages become captured sales, voids and refunds; what does not add up or names nothing is refused."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from adapters.pos import ADAPTER
from hub.canon.commands import CancelAsked, CaptureOrder, InwardCommand, RefundRecorded
from hub.canon.order import OrderDraft, Pickup
from hub.canon.ports import Account, Envelope, NeverTry, NotAuthentic, Request, Unmapped
from hub.canon.states import FulfillmentMethod, PaymentState
from hub.kit.webhooks import signed_headers
from hub.mapping import load_all
from tests.shared import ROOT, shared_path

SECRET = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3"
NOW = datetime(2026, 10, 5, 22, tzinfo=UTC)
ACCOUNT = Account(connection_id="c", code="t", config={}, secrets={"signing_secret": [SECRET]}, now=NOW)
MAPPINGS = load_all(ROOT / "mappings")
SALE: dict[str, Any] = {
    "contract": "pos-sale/1",
    "store": "SP-01",
    "till": "T2",
    "sequence": 8,
    "kind": "sale",
    "sold_at": "2026-10-05T18:30:00-03:00",
    "currency": "BRL",
    "tax_included": True,
    "lines": [{"line": 1, "sku": "MUG", "quantity": "2", "unit_price": "40.00", "discount": "5.00"}],
    "total": "75.00",
    "payments": [{"kind": "cash", "amount": "75.00"}],
}
DELIVERY = {"name": "Ana", "street": "Rua A", "number": "1", "city": "Recife", "region": "PE", "country": "BR"}


def read(message: Mapping[str, Any] | bytes) -> InwardCommand:
    body = message if isinstance(message, bytes) else json.dumps(message).encode()
    assert ADAPTER.reader is not None
    (made,) = ADAPTER.reader.read(Envelope(dedupe_key="k", topic="t", body=body, complete=True), MAPPINGS, ACCOUNT)
    return made


def sold(message: Mapping[str, Any] | bytes) -> OrderDraft:
    made = read(message)
    assert isinstance(made, CaptureOrder)
    return made.draft


def test_how_it_was_paid_is_kept_for_the_note() -> None:
    assert dict(sold(SALE).references)["payments"] == '[["cash", "75.00"]]'


def test_the_sample_was_handed_over() -> None:
    draft = sold(shared_path("samples/channels/pos/sale-0007.json").read_bytes())
    assert (draft.external_id, draft.placed_at) == ("SP-01/T2/7", datetime(2026, 10, 5, 21, 22, 1, tzinfo=UTC))
    assert (draft.handed_over, draft.pickup, draft.method) == (True, Pickup(node="SP-01"), FulfillmentMethod.PICKUP)
    assert (draft.totals.goods, draft.totals.discount, draft.totals.total) == tuple(
        map(Decimal, ("84.20", "5", "79.20"))
    )
    assert [(x.sku, x.quantity) for x in draft.lines] == [("MUG-01", Decimal(2)), ("BAG", Decimal("0.350"))]


def test_a_delivered_sale_is_an_order_to_ship() -> None:
    draft = sold({**SALE, "delivery": DELIVERY, "shipping": "10.00", "total": "85.00"})
    assert (draft.handed_over, draft.pickup, draft.method) == (False, None, FulfillmentMethod.SHIP)
    assert draft.ship_to is not None
    assert (draft.ship_to.city, draft.ship_to.region, draft.totals.shipping) == ("Recife", "PE", Decimal("10.00"))


@pytest.mark.parametrize(
    ("amounts", "state"),
    [
        (["50.00", "25.00"], PaymentState.PAID),
        (["100.00"], PaymentState.PAID),
        (["74.99"], PaymentState.PARTIALLY_PAID),
        ([], PaymentState.PENDING),
    ],
)
def test_paid_is_what_the_payments_say(amounts: list[str], state: PaymentState) -> None:
    assert sold({**SALE, "payments": [{"kind": "card", "amount": a} for a in amounts]}).payment_state is state


def test_revisions_and_ids_follow_the_till() -> None:
    assert ADAPTER.push is not None
    body = json.dumps(SALE).encode()
    request = Request(method="POST", path="/", query={}, headers={"webhook-id": "m1"}, body=body)
    (envelope,) = ADAPTER.push.envelopes(request, ACCOUNT)
    assert (envelope.dedupe_key, envelope.topic, envelope.external_id) == ("m1", "pos-sale/sale", "SP-01/T2/8")
    assert envelope.revision == sold(SALE).revision


def test_a_void_and_a_return_name_their_sale() -> None:
    void = read({**SALE, "kind": "void", "sequence": 9, "original": "SP-01/T2/8"})
    assert isinstance(void, CancelAsked)
    assert (void.external_id, void.reason) == ("SP-01/T2/8", "VOID")
    given = read({**SALE, "kind": "return", "sequence": 10, "original": "SP-01/T2/8", "total": "37.50"})
    assert isinstance(given, RefundRecorded)
    assert (given.refund.order_external_id, given.refund.amount) == ("SP-01/T2/8", Decimal("37.50"))
    assert [(x.order_line, x.quantity) for x in given.refund.lines] == [("1", Decimal(2))]


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"total": "75.01"}, "TOTALS_MISMATCH"),
        ({"currency": None}, "MISSING"),
        ({"total": "75,00"}, "NOT_DECIMAL"),
        ({"kind": "void"}, "MISSING"),
        ({"kind": "return"}, "MISSING"),
        ({"payments": [{"kind": "cash"}]}, "NOT_DECIMAL"),
        ({"customer": {"tax_id": "111.111.111-12"}}, "BAD_CODE"),
    ],
)
def test_what_is_wrong_is_said_with_its_code(change: Mapping[str, Any], code: str) -> None:
    with pytest.raises(NeverTry) as caught:
        read({**SALE, **change})
    assert code in {f["code"] for f in caught.value.data["faults"]}


@pytest.mark.parametrize("change", [{"contract": "pos-sale/2"}, {"kind": "gift"}, {"kind": None}])
def test_unknown_words_are_never_a_default(change: Mapping[str, Any]) -> None:
    with pytest.raises(Unmapped):
        read({**SALE, **change})


@pytest.mark.parametrize("body", [b"", b"[1]", b"\xff\xfe", b"[" * 100_000])
def test_what_is_no_message_is_refused_and_kept(body: bytes) -> None:
    with pytest.raises(NeverTry):
        read(body)
    assert ADAPTER.push is not None
    request = Request(method="POST", path="/", query={}, headers={"webhook-id": "m1"}, body=body)
    (envelope,) = ADAPTER.push.envelopes(request, ACCOUNT)
    assert (envelope.external_id, envelope.revision, envelope.body) == (None, None, body)


def test_only_signed_messages_are_let_in() -> None:
    assert ADAPTER.push is not None
    body = json.dumps(SALE).encode()
    headers = signed_headers(SECRET, "m1", body, now=NOW)
    good = Request(method="POST", path="/", query={}, headers=headers, body=body)
    ADAPTER.push.verify(good, ACCOUNT)
    late = Account(connection_id="c", code="t", config={}, secrets=ACCOUNT.secrets, now=NOW + timedelta(minutes=6))
    unclocked = Account(connection_id="c", code="t", config={}, secrets=ACCOUNT.secrets)
    forged = Request(method="POST", path="/", query={}, headers=headers, body=body + b" ")
    for request, account in ((forged, ACCOUNT), (good, late), (good, unclocked)):
        with pytest.raises(NotAuthentic):
            ADAPTER.push.verify(request, account)
