"""What a partner answers to what we sent moves its state: every arrow, and what is told when an answer fits nothing or faults something."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from hub.kit.db import Database
from tests.partner import Partner, find, interchange, new_partner


@pytest.fixture
async def partner(db: Database, tmp_path: Path) -> Partner:
    return await new_partner(db, tmp_path / "out")


async def sent(partner: Partner) -> tuple[str, str]:
    """An 855 of ours: its GS06 and ST02."""
    await partner.receive(partner.orders("PO-1"))
    answer = next(f for f in await partner.send() if "ST*855" in f)
    return find(answer, "GS")[6], find(answer, "ST")[2]


@pytest.mark.parametrize(
    ("letter", "state", "incident"),
    [("A", "accepted", []), ("E", "accepted_with_errors", []), ("R", "rejected", ["document_rejected"])],
)
@pytest.mark.parametrize("whole_group", [False, True])
async def test_an_answer_moves_what_we_sent(
    partner: Partner, letter: str, state: str, incident: list[str], whole_group: bool
) -> None:
    group, control = await sent(partner)
    assert await partner.states() == [("855", "waiting")]
    await partner.receive(partner.ack(group, letter, *([] if whole_group else [("855", control, letter)])))
    assert await partner.states() == [("855", state)]
    assert await partner.incidents() == incident
    await partner.later(timedelta(days=2))
    assert await partner.states() == [("855", state)]


async def test_a_rejected_interchange_rejects_what_is_in_it(partner: Partner) -> None:
    await sent(partner)
    await partner.receive(partner.technical("000000001", "A"))
    assert await partner.states() == [("855", "waiting")]
    [(control,)] = await partner.rows(
        "SELECT e.control FROM exchange_sets JOIN exchanges e USING (exchange_id) WHERE direction = 'OUT'"
    )
    await partner.receive(partner.technical(control, "R", "006"))
    assert await partner.states() == [("855", "rejected")]
    assert await partner.incidents() == ["document_rejected", "interchange_rejected"]


async def test_a_rejection_names_the_segment_of_ours_that_it_means(partner: Partner) -> None:
    group, control = await sent(partner)
    partner.control += 1
    rows = [f"AK2*855*{control}", "AK3*BAK*2**8", "AK4*3*324*7*PO-1", "AK5*R*5"]
    said = ["997", f"AK1*PR*{group}", *rows, "AK9*R*1*1*0"]
    await partner.receive(interchange(partner.control, "FA", [said]))
    [incident] = await partner.rows("SELECT details FROM incidents WHERE kind = 'document_rejected'")
    [error] = incident["details"]["errors"]
    [fault] = error["errors"]
    assert (fault["segment"], fault["position"]) == ("BAK", "2")
    assert fault["ours"].startswith("BAK*00*")
    assert fault["elements"][0]["value"] == "PO-1"


async def test_an_envelope_that_is_taken_with_a_fault_or_is_not_ours_is_told(partner: Partner) -> None:
    await sent(partner)
    await partner.receive(partner.technical("000000001", "E", "014"))
    assert await partner.incidents() == ["interchange_noted"]
    await partner.receive(partner.technical("000004711", "A"))
    assert await partner.incidents() == ["ack_unmatched", "interchange_noted"]
    assert await partner.states() == [("855", "waiting")]


async def test_a_rejected_interchange_of_acks_is_told_and_fits_what_we_sent(partner: Partner) -> None:
    """It was said to fit nothing, because there is no set of ours in it that could move."""
    await sent(partner)
    [(control,)] = await partner.rows(
        "SELECT control FROM exchanges e WHERE direction = 'OUT' AND NOT EXISTS (SELECT FROM exchange_sets s WHERE s.exchange_id = e.exchange_id)"
    )
    await partner.receive(partner.technical(control, "R", "006"))
    assert await partner.incidents() == ["interchange_rejected"]
    assert await partner.states() == [("855", "waiting")]


async def test_test_and_production_are_acknowledged_apart(partner: Partner) -> None:
    """Each counts its own numbers: an answer to our test 7 says nothing of the 7 in earnest, which left later."""
    group, control = await sent(partner)
    for late in (partner.ack(group, "R", ("855", control, "R")), partner.technical("000000002", "R", "006")):
        await partner.receive(late.replace("*0*P*>~", "*0*T*>~"))
    assert await partner.states() == [("855", "waiting")]
    assert await partner.incidents() == ["ack_unmatched", "ack_unmatched"]


async def test_a_second_answer_that_contradicts_changes_nothing(partner: Partner) -> None:
    group, control = await sent(partner)
    await partner.receive(partner.ack(group, "A", ("855", control, "A")))
    await partner.receive(partner.ack(group, "A", ("855", control, "A")))
    assert await partner.incidents() == []
    await partner.receive(partner.ack(group, "R", ("855", control, "R")))
    assert await partner.states() == [("855", "accepted")]
    assert await partner.incidents() == ["ack_contradicted"]
    assert len(await partner.rows("SELECT 1 FROM business_events WHERE type = 'ack.contradicted'")) == 1


async def test_an_answer_to_nothing_is_an_incident(partner: Partner) -> None:
    await sent(partner)
    await partner.receive(partner.ack("4711", "A", ("855", "0001", "A")))
    assert await partner.states() == [("855", "waiting")]
    assert await partner.incidents() == ["ack_unmatched"]


@pytest.mark.parametrize(
    ("letter", "state", "more"),
    [("A", "accepted", []), ("E", "accepted_with_errors", []), ("R", "rejected", ["document_rejected"])],
)
async def test_what_nobody_answers_is_overdue_and_a_late_answer_still_counts(
    partner: Partner, letter: str, state: str, more: list[str]
) -> None:
    group, control = await sent(partner)
    await partner.later(timedelta(hours=23))
    assert await partner.states() == [("855", "waiting")]
    await partner.later(timedelta(hours=25))
    assert await partner.states() == [("855", "overdue")]
    assert await partner.incidents() == ["ack_overdue"]
    await partner.receive(partner.ack(group, letter, ("855", control, letter)))
    assert await partner.states() == [("855", state)]
    assert await partner.incidents() == ["ack_overdue", *more]


@pytest.mark.parametrize(("letter", "state"), [("A", "accepted"), ("E", "accepted_with_errors"), ("R", "rejected")])
async def test_what_nobody_waits_for_counts_all_the_same(db: Database, tmp_path: Path, letter: str, state: str) -> None:
    ids = {"ids": [{"qualifier": "ZZ", "id": "ACMERETAIL"}], "ours": {"qualifier": "ZZ", "id": "HUBDEMO"}}
    profile = {**ids, "ack_within": {"855": "none"}}
    partner = await new_partner(db, tmp_path / "out", config={"profile": profile})
    group, control = await sent(partner)
    assert await partner.states() == [("855", "none")]
    await partner.later(timedelta(days=99))
    assert await partner.states() == [("855", "none")]
    await partner.receive(partner.ack(group, letter, ("855", control, letter)))
    assert await partner.states() == [("855", state)]
