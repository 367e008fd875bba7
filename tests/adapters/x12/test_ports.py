"""The adapter as the hub sees it: files become messages, messages become commands, commands become files."""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from adapters.x12 import ADAPTER
from adapters.x12.read import read_set
from adapters.x12.report import check_file
from hub.canon.commands import (
    Acknowledge,
    AckReceived,
    CancelAsked,
    CaptureOrder,
    DocumentRead,
    ExchangeRead,
    FulfillmentReported,
    StockReported,
    TrackingSeen,
    WriteDocument,
)
from hub.canon.ports import Account, Done, Envelope, NeverTry, NotAuthentic, Request, Response, Retry, Unmapped
from hub.canon.states import Condition
from tests.adapters.x12.x12files import ORDER, file, group, isa, library, one_set

NOW = datetime(2026, 11, 21, 9, 15, tzinfo=UTC)
ACCOUNT = Account(
    connection_id="c1",
    code="acme",
    config={"partner": "acme-retail"},
    secrets={"token": ["new", "old"], "hmac": ["key"]},
    now=NOW,
)


def request(text: str, **headers: str) -> Request:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Request(method="POST", path="/hooks/x12/acme", query={}, headers=named, body=text.encode())


def envelopes(text: str) -> list[Envelope]:
    assert ADAPTER.push is not None
    return ADAPTER.push.envelopes(request(text), ACCOUNT)


def read(envelope: Envelope) -> list[object]:
    assert ADAPTER.reader is not None
    return list(ADAPTER.reader.read(envelope, {}, ACCOUNT))


def test_a_file_becomes_one_message_a_set_and_one_an_interchange() -> None:
    found = envelopes(file(group(one_set(), one_set(control="0002"))))
    assert [e.topic for e in found] == ["x12.850", "x12.850", "x12.interchange"]
    assert len({e.dedupe_key for e in found}) == 3
    again = envelopes(file(group(one_set(), one_set(control="0002"))).replace("~", "~\r\n"))
    assert [e.dedupe_key for e in again] == [e.dedupe_key for e in found]


def test_an_order_becomes_a_draft_whose_totals_add_up() -> None:
    (command,) = read(envelopes(file())[0])
    assert isinstance(command, CaptureOrder)
    draft = command.draft
    assert draft.external_id == "PO1"
    assert draft.placed_at == datetime(2026, 11, 20, tzinfo=UTC)
    assert [(x.external_id, x.sku, x.quantity) for x in draft.lines] == [
        ("1", "SKU-1", Decimal(10)),
        ("2", "SKU-2", Decimal(4)),
    ]
    totals = draft.totals
    assert totals.goods == Decimal("104.00")
    assert totals.goods - totals.discount + totals.shipping + (totals.fees or 0) == totals.total
    echo = json.loads(dict(draft.partner_lines)["1"])
    assert (echo["line_ref"], echo["unit"], echo["ids"]["upc"]) == ("1", "EA", "123456789012")


def test_an_order_without_prices_is_still_a_draft() -> None:
    segments = ["BEG*00*SA*PO9**20261120", "PO1**3*EA***VN*A", "PO1**4*EA***VN*B"]
    (command,) = read(envelopes(file(group(one_set(segments))))[0])
    assert isinstance(command, CaptureOrder)
    assert [x.external_id for x in command.draft.lines] == ["1", "2"]
    assert command.draft.totals.total == 0


def test_a_purpose_of_cancel_asks_for_a_cancel() -> None:
    (command,) = read(envelopes(file(group(one_set(["BEG*01*SA*PO1**20261120", *ORDER[1:]]))))[0])
    assert isinstance(command, CancelAsked)
    assert command.external_id == "PO1"


def test_a_rejected_set_is_parked_with_its_errors() -> None:
    found = envelopes(file(group(one_set([*ORDER[:-1], "CTT*2*14", "ZZZ*1"]))))
    with pytest.raises(NeverTry) as parked:
        read(found[0])
    assert [f["code"] for f in parked.value.data["faults"]] == ["segment_unknown"]
    (closing,) = read(found[1])
    assert isinstance(closing, ExchangeRead)
    assert closing.ack is not None
    assert closing.ack["groups"][0]["status"] == "R"


def test_an_unknown_unit_is_unmapped_and_names_its_place() -> None:
    with pytest.raises(Unmapped) as unknown:
        read(envelopes(file(group(one_set(["BEG*00*SA*P**20261120", "PO1*1*1*QQ*1**VN*A", "CTT*1"]))))[0])
    assert unknown.value.data["table"] == "unit"
    assert unknown.value.data["foreign"] == "QQ"


def test_a_repeated_set_number_parks_the_second_only() -> None:
    found = envelopes(file(group(one_set(), one_set())))
    assert isinstance(read(found[0])[0], CaptureOrder)
    with pytest.raises(NeverTry):
        read(found[1])


def test_acks_of_ours_are_read() -> None:
    inner = one_set(["AK1*PR*12", "AK2*855*0001", "AK3*PO1*3**8", "AK4*3*355*7*XX", "AK5*R*5", "AK9*R*1*1*0"], "997")
    (command,) = read(envelopes(file(group(inner, functional_id="FA")))[0])
    assert isinstance(command, AckReceived)
    assert (command.group_control, command.status, command.sets) == ("12", "rejected", (("0001", "rejected"),))
    assert command.errors[0]["errors"][0]["elements"][0]["value"] == "XX"
    closing = envelopes(f"{isa()}TA1*000000009*261120*0915*R*001~IEA*0*000000101~")[-1]
    told = read(closing)[1]
    assert isinstance(told, AckReceived)
    assert (told.interchange_control, told.status) == ("000000009", "rejected")


def test_text_that_is_no_x12_is_kept_and_refused() -> None:
    (only,) = envelopes("hello")
    assert only.topic == "x12.unreadable"
    assert only.body == b"hello"
    with pytest.raises(NeverTry):
        read(only)


def test_who_may_upload() -> None:
    assert ADAPTER.push is not None
    body = file()
    signed = hmac.new(b"key", body.encode(), hashlib.sha256).hexdigest()
    ADAPTER.push.verify(request(body, authorization="Bearer old"), ACCOUNT)
    ADAPTER.push.verify(request(body, x_hub_signature=f"sha256={signed}"), ACCOUNT)
    for bad in ({}, {"authorization": "Bearer x"}, {"x_hub_signature": "sha256=00"}):
        with pytest.raises(NotAuthentic):
            ADAPTER.push.verify(request(body, **bad), ACCOUNT)


def test_an_ack_leaves_as_one_file() -> None:
    assert ADAPTER.outbound is not None
    (closing,) = read(envelopes(file())[-1])
    assert isinstance(closing, ExchangeRead)
    assert closing.ack is not None
    command = Acknowledge(exchange="x", ack=json.loads(json.dumps(closing.ack)), numbers={"isa": 5, "gs": 6})
    (call,) = ADAPTER.outbound.plan(command, ACCOUNT)
    assert call.operation == "put"
    assert call.path == "acme-retail_997_000000005.edi"
    assert b"*000000005*" in call.body
    assert b"AK9*A*1*1*1~" in call.body
    assert ADAPTER.outbound.plan(command, ACCOUNT) == [call]
    assert isinstance(
        ADAPTER.outbound.outcome(command, call, Response(status=201, headers={}, body=b""), ACCOUNT), Done
    )
    assert isinstance(ADAPTER.outbound.outcome(command, call, None, ACCOUNT), Retry)


def test_a_response_to_an_order_leaves_with_the_partners_own_line_ids() -> None:
    assert ADAPTER.outbound is not None
    (command,) = read(envelopes(file())[0])
    assert isinstance(command, CaptureOrder)
    lines = []
    for _, text in command.draft.partner_lines:
        echo = json.loads(text)
        echo["answers"] = [{"status": "accepted", "quantity": echo["ordered"], "unit": echo["unit"]}]
        lines.append(echo)
    data = {
        "purpose": "original",
        "answer": "accepted_with_detail",
        "external_id": "PO1",
        "placed_on": "2026-11-20",
        "lines": lines,
    }
    write = WriteDocument(kind="order_response", number="PO1", data=data, numbers={"isa": 1, "gs": 1, "st": 1})
    (call,) = ADAPTER.outbound.plan(write, ACCOUNT)
    assert b"PO1*1*10*EA*9.90**VN*SKU-1*UP*123456789012~PID*F****A SHIRT~ACK*IA*10*EA~" in call.body


def test_what_cannot_be_written_names_every_fault() -> None:
    assert ADAPTER.outbound is not None
    data = {"answer": "perhaps", "external_id": "PO*1", "lines": []}
    with pytest.raises(NeverTry) as refused:
        ADAPTER.outbound.plan(
            WriteDocument(kind="order_response", number="1", data=data, numbers={"isa": 1, "gs": 1}), ACCOUNT
        )
    messages = " ".join(f["message"] for f in refused.value.data["faults"])
    assert "perhaps" in messages
    assert "delimiter" in messages


NOTICE = ["W06*F*FUL-1*20261121*S1", "W27*M*UPSN", "LX*1", "MAN*GM*000123456789012345"]
LINE = ["W12*CP*10*7*3*EA**VN*SKU-1", "N9*LI*L1"]


def test_a_shipping_advice_tells_what_left_and_what_is_short() -> None:
    text = file(group(one_set([*NOTICE, *LINE, "W03*7"], "945"), functional_id="SW"))
    document, news = read(envelopes(text)[0])
    assert isinstance(document, DocumentRead)
    assert (document.kind, document.number) == ("pick_confirmation", "FUL-1")
    assert isinstance(news, FulfillmentReported)
    assert (news.pick_order, news.status) == ("FUL-1", "DISPATCHED")
    (line,) = news.lines
    assert (line.line, line.quantity, line.short) == ("L1", Decimal(7), Decimal(3))
    assert news.packages[0].sscc == "000123456789012345"


def test_a_shipping_advice_that_does_not_add_up_waits_for_a_person() -> None:
    text = file(group(one_set([*NOTICE, *LINE, "W03*9"], "945"), functional_id="SW"))
    found = envelopes(text)
    with pytest.raises(NeverTry, match="needs a person"):
        read(found[0])
    (closing,) = read(found[1])
    assert isinstance(closing, ExchangeRead)
    assert closing.ack is not None
    assert closing.ack["groups"][0]["status"] == "A"


def test_an_inventory_report_is_a_count_of_a_node() -> None:
    lines = [
        "BIA*00*SI*R1*20261121*0915",
        "N1*WH**92*DC1",
        "LIN**VN*SKU-1",
        "QTY*17*12*EA",
        "QTY*20*2*EA",
        "LIN**VN*SKU-2",
        "QTY*33*0*EA",
    ]
    _, count = read(envelopes(file(group(one_set(lines, "846"), functional_id="IB")))[0])
    assert isinstance(count, StockReported)
    assert (count.node, count.at) == ("DC1", datetime(2026, 11, 21, 9, 15, tzinfo=UTC))
    assert count.lines == (
        ("SKU-1", Condition.NEW, Decimal(12)),
        ("SKU-1", Condition.DAMAGED, Decimal(2)),
        ("SKU-2", Condition.NEW, Decimal(0)),
    )


def test_a_carriers_status_is_tracking_and_an_unknown_one_is_unmapped() -> None:
    lines = ["B10*TRACK1*S1*UPSN", "LX*1", "AT7*D1*NS***20261121*1030", "MS1*DALLAS*TX*US"]
    news = read(envelopes(file(group(one_set(lines, "214"), functional_id="QM")))[0])[1]
    assert isinstance(news, TrackingSeen)
    assert (news.tracking, news.status, news.place) == ("TRACK1", "DELIVERED", "DALLAS, TX")
    lines[2] = "AT7*QQ*NS***20261121*1030"
    with pytest.raises(Unmapped):
        read(envelopes(file(group(one_set(lines, "214"), functional_id="QM")))[0])


def test_a_change_that_cancels_asks_for_it_and_others_are_documents() -> None:
    cancel = one_set(["BCH*01*SA*PO1***20261120"], "860")
    document, asked = read(envelopes(file(group(cancel, functional_id="PC")))[0])
    assert isinstance(asked, CancelAsked)
    change = one_set(["BCH*04*SA*PO1***20261120", "POC*1*QD*5*0*EA*9.90**VN*SKU-1", "CTT*1"], "860")
    (document,) = read(envelopes(file(group(change, functional_id="PC")))[0])
    assert isinstance(document, DocumentRead)
    assert document.data["lines"][0]["new_quantity"] == Decimal(5)


def test_an_order_for_many_stores_becomes_one_order_a_store() -> None:
    lines = [
        "BEG*00*SA*PO5**20261120",
        "PO1*1*7*EA*2**VN*A",
        "SDQ*EA*92*S1*4*S2*3",
        "PO1*2*1*EA*2**VN*B",
        "SDQ*EA*92*S2*1",
        "CTT*2",
    ]
    drafts = [c.draft for c in read(envelopes(file(group(one_set(lines))))[0]) if isinstance(c, CaptureOrder)]
    assert [d.external_id for d in drafts] == ["PO5/S1", "PO5/S2"]
    assert [[(x.external_id, x.quantity) for x in d.lines] for d in drafts] == [
        [("1", Decimal(4))],
        [("1", Decimal(3)), ("2", Decimal(1))],
    ]


def test_a_stranger_on_a_partners_account_is_neither_answered_nor_obeyed() -> None:
    (closing,) = envelopes(file().replace("ACMERETAIL     *ZZ", "SOMEBODYELSE   *ZZ"))
    (told,) = read(closing)
    assert isinstance(told, ExchangeRead)
    assert told.ack is None
    assert told.errors[0]["code"] == "unknown_partner"


@pytest.mark.parametrize(
    ("quantity", "price", "said"),
    [
        ("999999999999999", "1", "The quantity of line 1 is 999999999999999: a number of at most 14 digits"),
        ("1", "99999999999999999", "The price of line 1 is 99999999999999999: a number of at most 14 digits"),
        ("0.00001", "1", "The quantity of line 1 is 0.00001: a number of at most 14 digits and 4 decimals"),
        ("1", "0.12345", "The price of line 1 is 0.12345: a number of at most 14 digits and 4 decimals"),
        ("9999999999", "9999999999", "the lines make more than 99999999999999.9999, which no order can"),
    ],
)
def test_a_number_that_fits_the_guide_and_no_order_is_parked_with_its_line(
    quantity: str, price: str, said: str
) -> None:
    """The database refused it with an overflow that names nothing, or rounded it to none."""
    lines = [x.replace("PO1*1*10*EA*9.90", f"PO1*1*{quantity}*EA*{price}") for x in ORDER]
    [order, _] = envelopes(file(group(one_set(lines))))
    with pytest.raises(NeverTry, match=re.escape(said)) as parked:
        read(order)
    assert parked.value.data["faults"][0]["code"] == "amount_unreadable"
    assert check_file("x", [file(group(one_set(lines))).encode()], library())["outcome"] == "ok"


def test_a_quantity_with_zeros_behind_is_the_number_that_it_is() -> None:
    [order, _] = envelopes(file(group(one_set([x.replace("*10*EA", "*10.500000*EA") for x in ORDER]))))
    [captured] = read(order)
    assert isinstance(captured, CaptureOrder)
    assert captured.draft.lines[0].quantity == Decimal("10.5")


def test_amounts_beyond_counting_are_no_total_of_a_summary() -> None:
    """15 digits by 17 are more than Decimal keeps: the check of a file that its guide accepts raised."""
    lines = [x.replace("PO1*1*10*EA*9.90", f"PO1*1*{'9' * 15}*EA*{'9' * 17}") for x in ORDER]
    told = check_file("x", [file(group(one_set(lines))).encode()], library())
    assert told["interchanges"][0]["groups"][0]["sets"][0]["documents"][0]["amount_total"] is None


def test_a_time_that_a_partner_may_break_parks_its_document() -> None:
    tolerant = replace(library().profiles()["acme-retail"], tolerate=frozenset({"time_invalid"}))
    lines = ["B10*PRO1*S1*TLWC", "LX*1", "AT7*X1*NS***20261120*2561"]
    raw = file(group(one_set(lines, "214"), functional_id="QM")).encode()
    with pytest.raises(NeverTry, match="is no time"):
        read_set(raw, library(), tolerant)


@pytest.mark.parametrize("value", ["NaN", "Infinity", "sNaN"])
@pytest.mark.parametrize("old", ["*10*EA*9.90*", "*4*EA*1.25*"])
def test_what_python_calls_a_number_and_nobody_else_does_is_parked(value: str, old: str) -> None:
    tolerant = replace(library().profiles()["acme-retail"], tolerate=frozenset({"character_invalid"}))
    for wrong in (f"*{value}*EA*1*", f"*1*EA*{value}*"):
        raw = file(group(one_set([x.replace(old, wrong) for x in ORDER]))).encode()
        with pytest.raises(NeverTry):
            read_set(raw, library(), tolerant)
