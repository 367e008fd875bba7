"""What we ask of a warehouse, byte for byte, and what its answers mean."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import jsonschema
import pytest

from adapters.wms import ADAPTER
from adapters.wms.rules import faults_of
from adapters.wms.simulator import DEMO_SECRET, SCHEMA
from hub.canon.commands import CancelPick, OutwardCommand, PickLine, ReleasePick, RequestPick, SetStock
from hub.canon.order import Address
from hub.canon.ports import Account, Call, Done, NeverTry, Outcome, Rejected, Response, Retry, Unknown
from hub.kit.webhooks import refusal
from tests.shared import shared_path

NOW = datetime(2026, 10, 5, 12, tzinfo=UTC)
ACCOUNT = Account(connection_id="c", code="w", config={}, secrets={"signing_secret": [DEMO_SECRET]}, now=NOW)
PICK = "01920000-0000-7000-8000-000000000041"
REQUEST = RequestPick(
    pick_order=PICK,
    order="#1207",
    node="SP-01",
    version=1,
    ship_by=datetime(2026, 10, 6, 20, tzinfo=UTC),
    service="STANDARD",
    ship_to=Address(
        name="Bruno Lima",
        street="Rua das Flores",
        number="100",
        complement="Ap 12",
        district="Centro",
        city="Curitiba",
        region="PR",
        postal_code="80000-000",
        country="BR",
        phone="+554130000000",
        tax_id="52998224725",
    ),
    lines=(
        PickLine(line="1", sku="MUG-01", gtin="7891234567895", title="Mug", quantity=Decimal("5.0000")),
        PickLine(line="2", sku="BAG", title="Bag", quantity=Decimal(1)),
    ),
)
CANCEL = CancelPick(pick_order=PICK, node="SP-01", reason="CUSTOMER")
RELEASE = ReleasePick(pick_order=PICK, node="SP-01", access_key="3" * 44, danfe=b"%PDF")


def plan(command: OutwardCommand) -> Call:
    assert ADAPTER.outbound is not None
    (call,) = ADAPTER.outbound.plan(command, ACCOUNT)
    return call


def outcome(
    command: OutwardCommand, status: int | None, body: Any = None, *, call: Call | None = None, retry_after: str = ""
) -> Outcome:
    assert ADAPTER.outbound is not None
    response = (
        None
        if status is None
        else Response(status=status, headers={"retry-after": retry_after}, body=json.dumps(body or {}).encode())
    )
    return ADAPTER.outbound.outcome(command, call or plan(command), response, ACCOUNT)


def test_a_request_is_the_sample_of_the_contract() -> None:
    call = plan(REQUEST)
    assert json.loads(call.body) == json.loads(
        shared_path("samples/channels/wms/pick-order-requested.json").read_bytes()
    )
    assert (call.method, call.path, call.operation, call.key) == ("POST", "/pick-orders", "pick_order.requested", "0")


def test_a_request_holds_to_schema_and_rules_and_keeps_the_tax_id() -> None:
    body = json.loads(plan(REQUEST).body)
    jsonschema.validate(body, SCHEMA)
    assert faults_of(body) == ()
    assert b"52998224725" not in plan(REQUEST).body


def test_planning_is_pure() -> None:
    assert plan(REQUEST) == plan(REQUEST)
    assert all(b"whsec" not in plan(c).body for c in (REQUEST, CANCEL, RELEASE))


def test_cancel_and_release_name_the_pick_order() -> None:
    cancel, release = plan(CANCEL), plan(RELEASE)
    assert (cancel.path, json.loads(cancel.body)["type"]) == (
        f"/pick-orders/{PICK}/cancel",
        "pick_order.cancel_requested",
    )
    assert json.loads(release.body) == {
        "type": "pick_order.released",
        "pick_order": PICK,
        "node": "SP-01",
        "access_key": "3" * 44,
        "danfe": "JVBERg==",
    }


def test_a_foreign_id_cannot_leave_its_path_segment() -> None:
    call = plan(CancelPick(pick_order="a/../b?c", node="N", reason="R"))
    assert call.path == "/pick-orders/a%2F..%2Fb%3Fc/cancel"


def test_other_commands_are_refused() -> None:
    with pytest.raises(NeverTry):
        plan(SetStock(levels=()))


def test_the_signature_is_added_when_the_call_leaves() -> None:
    call = plan(REQUEST)
    headers = ADAPTER.authorize(call, ACCOUNT) if ADAPTER.authorize else {}
    assert headers["webhook-id"] == "0"
    assert refusal(headers, call.body, secrets=[DEMO_SECRET], now=NOW) is None


@pytest.mark.parametrize("account", [
    Account(connection_id="c", code="w", config={}, now=NOW),
    Account(connection_id="c", code="w", config={}, secrets={"signing_secret": [DEMO_SECRET]}),
])  # fmt: skip
def test_nothing_leaves_unsigned(account: Account) -> None:
    assert ADAPTER.authorize is not None
    with pytest.raises(NeverTry):
        ADAPTER.authorize(plan(REQUEST), account)


@pytest.mark.parametrize("status", [202, 409])
def test_taken_and_taken_before_are_done(status: int) -> None:
    done = outcome(REQUEST, status, {"wms_id": "W1"})
    assert done == Done(references={"wms_id": "W1", "quantity:1": "5", "quantity:2": "1"})


def test_a_conflict_of_a_cancellation_is_not_done() -> None:
    assert isinstance(outcome(CANCEL, 409), Rejected)
    assert outcome(CANCEL, 202) == Done()


def test_faults_are_final_and_in_the_words_of_the_warehouse() -> None:
    said = {"faults": [{"at": "lines[0].sku", "code": "UNKNOWN_SKU", "message": "no such article"}]}
    rejected = outcome(REQUEST, 422, said)
    assert isinstance(rejected, Rejected)
    assert (rejected.code, rejected.message) == ("UNKNOWN_SKU", "lines[0].sku: no such article")
    assert rejected.fields[0].at == "lines[0].sku"


@pytest.mark.parametrize(("status", "after"), [(429, 17), (503, 17), (500, 17), (401, 300)])
def test_what_may_heal_is_tried_again(status: int, after: int) -> None:
    found = outcome(REQUEST, status, retry_after="17")
    assert isinstance(found, Retry)
    assert found.after == timedelta(seconds=after)


@pytest.mark.parametrize(("given", "seconds"), [("0", 1), ("9999999", 3600), ("soon", 30), ("99999999999", 30)])
def test_a_wait_has_bounds(given: str, seconds: int) -> None:
    found = outcome(REQUEST, 429, retry_after=given)
    assert isinstance(found, Retry)
    assert found.after == timedelta(seconds=seconds)


def test_silence_is_read_back_before_a_second_request() -> None:
    found = outcome(REQUEST, None)
    assert isinstance(found, Unknown)
    assert found.check is not None
    assert (found.check.method, found.check.path, found.check.purpose) == ("GET", f"/pick-orders/{PICK}", "read")
    assert isinstance(outcome(REQUEST, 200, {"wms_id": "W1"}, call=found.check), Done)
    assert isinstance(outcome(REQUEST, 404, call=found.check), Retry)
    assert isinstance(outcome(REQUEST, None, call=found.check), Retry)


def test_silence_of_a_repeatable_call_is_tried_again() -> None:
    assert isinstance(outcome(RELEASE, None), Retry)


def test_rules_name_what_no_schema_can() -> None:
    body = json.loads(plan(REQUEST).body)
    body["lines"][0] |= {"line": "2", "quantity": "0", "serial_required": True}
    body["lines"][1] |= {"quantity": "0.5", "serial_required": True}
    body["pick_order"] = "x" * 65
    assert [f.code for f in faults_of(body)] == ["NOT_POSITIVE", "DUPLICATE_LINE", "NOT_WHOLE", "TOO_LONG"]
