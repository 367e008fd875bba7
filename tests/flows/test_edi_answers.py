"""What a partner's profile says about our answers, and what its application says about our documents."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from adapters.x12 import ADAPTER
from adapters.x12.profile import read_profile
from adapters.x12.yamltext import BadGuide, load_text
from hub.flows.advise import _error as advise_error
from hub.kit.db import Database
from tests.partner import Partner, find, interchange, new_partner, segments

GOLDEN = Path(__file__).parent / "golden" / "824.edi"  # as we write one
PROFILE: Mapping[str, Any] = {
    "partner": "acme-retail",
    "ids": [{"qualifier": "ZZ", "id": "ACMERETAIL"}],
    "ours": {"qualifier": "ZZ", "id": "HUBDEMO"},
    "currency": "EUR",
    "sets": {"850": "in", "860": "in", "855": "out", "865": "out"},
}


@pytest.fixture
async def agreed(db: Database, tmp_path: Path) -> Partner:
    """One that has agreed on 865."""
    return await new_partner(db, tmp_path / "out", config={"profile": dict(PROFILE)})


@pytest.fixture
async def partner(db: Database, tmp_path: Path) -> Partner:
    return await new_partner(db, tmp_path / "out")


async def changed(partner: Partner, line: str) -> list[str]:
    partner.control += 1
    more = ["860", "BCH*04*SA*PO-1**1*20261116", line, "CTT*1"]
    await partner.receive(interchange(partner.control, "PC", [more]))
    return [f for f in await partner.send() if "ST*997" not in f]


def test_what_was_agreed_is_what_the_sets_send() -> None:
    assert ADAPTER.agreed is not None
    assert ADAPTER.agreed({"profile": dict(PROFILE)}).documents == {"order_response", "order_change_response"}
    assert "order_change_response" not in ADAPTER.agreed({"partner": "acme-retail"}).documents
    assert ADAPTER.agreed({"partner": "nobody"}).documents == frozenset()
    assert ADAPTER.agreed({"profile": {"sets": {"865": "sideways"}}}).documents == frozenset()


async def test_a_change_is_answered_with_an_865_where_it_was_agreed_on(agreed: Partner) -> None:
    await agreed.receive(agreed.orders("PO-1"))
    await agreed.send()
    [answer] = await changed(agreed, "POC*1*QI*3**EA*10**VN*SKU-1")
    assert find(answer, "ST")[1] == "865"
    assert find(answer, "BCA")[1:4] == ["00", "AT", "PO-1"]
    assert find(answer, "POC") == ["POC", "1", "QI", "3", "", "EA", "10", "", "VN", "SKU-1"]
    assert find(answer, "ACK") == ["ACK", "IA", "3", "EA"]
    assert await agreed.incidents() == []


async def test_a_change_that_comes_too_late_is_rejected_by_the_865_and_is_no_incident(agreed: Partner) -> None:
    await agreed.receive(agreed.orders("PO-1"))
    await agreed.send()
    [work] = await agreed.rows("SELECT fulfillment_id FROM fulfillments")
    for state in ("PICKING", "PACKED", "DISPATCHED"):
        await agreed.world.report(work["fulfillment_id"], state)
    await agreed.send()
    answers = await changed(agreed, "POC*1*QI*3**EA*10**VN*SKU-1")
    [answer] = [f for f in answers if "ST*865" in f]
    assert find(answer, "BCA")[2] == "RD"
    assert [s[1] for s in segments(answer) if s[0] == "ACK"] == ["IR"]
    assert await agreed.incidents() == []


async def test_a_change_with_another_price_waits_for_a_person_even_so(agreed: Partner) -> None:
    await agreed.receive(agreed.orders("PO-1"))
    await agreed.send()
    assert await changed(agreed, "POC*1*PC*2**EA*12**VN*SKU-1") == []
    assert await agreed.incidents() == ["order_change_refused"]


CALENDAR = {"zone": "America/Chicago", "days": "mon tue wed thu fri", "from": "08:00", "to": "17:00"}


async def test_the_time_to_acknowledge_runs_in_the_partners_hours(db: Database, tmp_path: Path) -> None:
    profile = {**PROFILE, "calendar": CALENDAR, "ack_within": {"855": "12h"}}
    partner = await new_partner(db, tmp_path / "out", config={"profile": profile})
    await partner.receive(partner.orders("PO-1"))
    await partner.send()
    [row] = await partner.rows("SELECT at, ack_due FROM exchanges WHERE direction = 'OUT' AND ack_due IS NOT NULL")
    hours = read_profile(load_text(json.dumps(profile), "profile"), "acme-retail").calendar
    assert hours is not None
    assert row["ack_due"] == hours.after(row["at"], timedelta(hours=12))
    assert row["ack_due"] - row["at"] > timedelta(hours=12)  # no day of theirs has twelve hours
    [timer] = await partner.rows("SELECT run_at FROM timers WHERE kind = 'ack_overdue'")
    assert timer["run_at"] == row["ack_due"]


@pytest.mark.parametrize(
    ("key", "value", "why"),
    [
        ("calendar", {"zone": "Mars/Olympus"}, "no time zone"),
        ("calendar", {"days": "mon someday"}, "are some of mon tue"),
        ("calendar", {"from": "18:00", "to": "08:00"}, "is not after 18:00"),
        ("calendar", {"from": "8"}, "no time of the day"),
        ("calendar", {"closed": ["25 December"]}, "is no day"),
        ("calendar", {"holidays": "all"}, "holidays"),
        ("calendar", "business", "is written as"),
        ("ack_within", {"855": "soon"}, "is no time: 90"),
        ("ack_within", "60", "is written as"),
        ("sets", {"855": "outward"}, "is in, out or both"),
    ],
)
def test_a_calendar_or_time_that_is_none_is_refused(key: str, value: Any, why: str) -> None:
    with pytest.raises(BadGuide) as bad:
        read_profile(load_text(json.dumps({**PROFILE, key: value}), "profile"), "acme-retail")
    assert any(why in str(f) for f in bad.value.data["faults"]), bad.value.data["faults"]


async def advice(partner: Partner, *rows: str) -> None:
    partner.control += 1
    await partner.receive(interchange(partner.control, "AG", [["824", "BGN*00*824-1*20261121", *rows]]))


async def test_a_document_that_their_application_rejects_is_an_incident_against_ours(partner: Partner) -> None:
    await partner.receive(partner.orders("PO-1", "PO-2"))
    files = await partner.send()
    answer = next(f for f in files if "ST*855" in f and "PO-2" in f)
    group = find(answer, "GS")[6]
    await advice(partner, f"OTI*TR*PO*PO-2*****{group}*0001*855", "TED*ZZZ*PRICE DIFFERS", "TED*024*UNKNOWN STORE")
    [told] = await partner.rows("SELECT * FROM incidents")
    [sent] = await partner.rows(
        "SELECT s.exchange_id, s.subject_id, s.ack_state FROM exchange_sets s JOIN exchanges e USING (exchange_id)"
        " WHERE direction = 'OUT' AND group_control = $1",
        group,
    )
    assert (told["kind"], told["subject_kind"], told["subject_id"]) == (
        "document_rejected",
        "exchange",
        sent["exchange_id"],
    )
    assert told["order_id"] == sent["subject_id"]
    assert told["summary"] == "The partner's application rejected our 855 PO-2: PRICE DIFFERS; UNKNOWN STORE"
    assert [e["text"] for e in told["details"]["errors"]] == ["PRICE DIFFERS", "UNKNOWN STORE"]
    assert sent["ack_state"] == "waiting"


async def test_without_controls_the_newest_document_of_that_number_is_meant(partner: Partner) -> None:
    await partner.receive(partner.orders("PO-1"))
    await partner.send()
    await advice(partner, "OTI*TE*PO*PO-1*******855", "TED*ZZZ*LATE")
    [told] = await partner.rows("SELECT kind, subject_kind, summary FROM incidents")
    assert (told["kind"], told["subject_kind"]) == ("document_noted", "exchange")
    assert told["summary"].endswith("took with errors our 855 PO-1: LATE")


async def test_advice_about_nothing_of_ours_is_told_with_the_message_and_an_acceptance_not_at_all(
    partner: Partner,
) -> None:
    await advice(partner, "OTI*TA*IV*INV-1*******810", "OTI*TR*IV*INV-9*******810")
    [told] = await partner.rows("SELECT kind, subject_kind, summary FROM incidents")
    assert (told["kind"], told["subject_kind"]) == ("document_rejected", "message")
    assert "810 IV INV-9: no reason was given" in told["summary"]


ADVICE = {**PROFILE, "application_advice": "yes"}


@pytest.fixture
async def told(db: Database, tmp_path: Path) -> Partner:
    """One that wants to hear by 824 what its documents lack."""
    return await new_partner(db, tmp_path / "out", config={"profile": ADVICE})


def advices(files: list[str]) -> list[str]:
    return [f for f in files if "ST*824" in f]


async def test_an_order_with_a_unit_that_we_do_not_know_is_answered_with_an_824(told: Partner) -> None:
    """Right in form, so its 997 accepts it; the 824 names the order, the place and the words. Read again, it is not said again."""
    await told.receive(told.orders("PO-7", unit="ZZ"))
    files = await told.send()
    [advice] = advices(files)
    [ack] = [f for f in files if "ST*997" in f]
    [row] = await told.rows("SELECT document_id, group_control, number FROM exchange_sets WHERE set_id = '850'")
    assert find(ack, "AK5")[1] in ("A", "E")
    assert find(advice, "GS")[1] == "AG"
    assert find(advice, "BGN")[1:3] == ["00", row["document_id"].hex[:22]]
    assert row["number"] == "PO-7"
    assert find(advice, "OTI") == ["OTI", "TR", "PO", "PO-7", "", "", "", "", row["group_control"], "0001", "850"]
    body = [s for s in segments(advice) if s[0] not in ("ISA", "GS", "GE", "IEA")]
    shown = "".join(f"{'*'.join(s)}~\n" for s in body).replace(row["document_id"].hex[:22], "{document}")
    assert re.sub(r"(BGN\*00\*\{document\})\*[0-9]{8}", r"\1*{today}", shown) == GOLDEN.read_text(encoding="utf-8")
    assert (await told.rows("SELECT kind FROM incidents"))[0]["kind"] == "unmapped_code"
    await told.rows("UPDATE inbox SET state = 0, run_at = now(), attempts = 0 WHERE state = 3 RETURNING message_id")
    await told.read()
    assert advices(await told.send()) == []


async def test_an_order_with_a_product_that_we_do_not_know_waits_and_is_answered_with_an_824(told: Partner) -> None:
    await told.receive(told.orders("PO-8", sku="NO-SUCH"))
    [advice] = advices(await told.send())
    assert find(advice, "OTI")[1:4] == ["TE", "PO", "PO-8"]
    assert find(advice, "TED")[1:] == ["ZZZ", "not in the catalog: NO-SUCH"]
    assert await told.incidents() == ["unknown_sku"]
    [exchange] = await told.rows("SELECT ack_state FROM exchange_sets WHERE set_id = '824'")
    assert exchange["ack_state"] == "waiting"


async def test_a_change_with_another_price_is_answered_with_an_824(told: Partner) -> None:
    await told.receive(told.orders("PO-9"))
    await told.send()
    assert [find(f, "TED")[2] for f in await changed_of(told, "PO-9", "POC*1*PC*2**EA*12**VN*SKU-1")] == [
        "Line 1 asks for another price (12); a person has to agree."
    ]
    assert "order_change_refused" in await told.incidents()
    [unknown] = await changed_of(told, "PO-10", "POC*1*QI*3**EA*10**VN*SKU-1")
    assert find(unknown, "OTI")[1:4] == ["TR", "PO", "PO-10"]
    assert find(unknown, "TED")[2] == "we have no such order"


async def changed_of(partner: Partner, number: str, line: str) -> list[str]:
    partner.control += 1
    more = ["860", f"BCH*04*SA*{number}**1*20261116", line, "CTT*1"]
    await partner.receive(interchange(partner.control, "PC", [more]))
    return advices(await partner.send())


async def test_what_is_rejected_in_form_comes_twice_or_from_others_gets_no_824(told: Partner, db: Database) -> None:
    await told.receive(told.orders("PO-1").replace("PO1*1*2*EA", "PO1*1*X*EA"))  # the 997 says it
    again = told.orders("PO-2", unit="ZZ")
    await told.receive(again)
    assert len(advices(await told.send())) == 1
    await told.receive(again.replace("PO-2", "PO-3"))  # the same number with other content
    assert advices(await told.send()) == []
    assert "duplicate_interchange" in await told.incidents()


async def test_without_an_agreement_there_is_no_824(partner: Partner) -> None:
    await partner.receive(partner.orders("PO-7", unit="ZZ"))
    await partner.receive(partner.orders("PO-8", sku="NO-SUCH"))
    assert advices(await partner.send()) == []
    assert ADAPTER.agreed is not None
    assert "application_advice" not in ADAPTER.agreed({"partner": "acme-retail"}).documents
    assert ADAPTER.agreed({"profile": {**PROFILE, "sets": {"824": "out"}}}).documents == {"application_advice"}
    with pytest.raises(BadGuide, match="none of yes, no"):
        read_profile(load_text(json.dumps({**PROFILE, "application_advice": "perhaps"}), "profile"), "acme-retail")


def test_words_too_long_for_one_text_go_on_in_remarks() -> None:
    words = " ".join(["the product is not in the catalog"] * 8)
    error = advise_error({"message": words, "segment": "PO1", "segment_position": 8, "element": 3, "value": "Z" * 120})
    told = [error["text"], *(x["text"] for x in error["remarks"])]
    assert " ".join(told) == words
    assert (len(error["text"]) <= 60, max(len(x["text"]) for x in error["remarks"]) <= 80) == (True, True)
    assert (error["segment"], error["position"], error["element"], len(error["value"])) == ("PO1", "8", "3", 99)
