"""Guides are paid and asked for again, foreign notes answered and matched, months handed over: through the commands of the API."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import date
from typing import Any
from uuid import UUID

import pytest

from hub import fiscal
from hub.kit.doorbell import Doorbell
from hub.kit.ids import new_id
from hub.web.commands import Desk
from hub.web.commands.guides import GuideCommands
from schema.commands import Ask, Outcome
from schema.guide_inputs import FiscalMonthInput, GnreGuideInput, GnreGuidePaidInput, ManifestInput, MatchNoteInput
from schema.mutations.inputs import input_hash
from schema.types.enums import Stance
from tests.fiscal import test_guides as issuing
from tests.fiscal import test_incoming as receiving
from tests.fiscal.notes import CONSUMER
from tests.web.test_desk import ME

portal = issuing.portal
issuer = pytest.fixture(name="issuer")(issuing.place.__wrapped__)  # type: ignore[attr-defined]
buyer = pytest.fixture(name="buyer")(receiving.place.__wrapped__)  # type: ignore[attr-defined]


class Hand:
    """A person at the API."""

    def __init__(self, reactor: Any, bell: Doorbell) -> None:
        self.desk = Desk(reactor, bell)
        self.commands = GuideCommands(self.desk)

    async def does(self, mutation: str, given: Any) -> Outcome:
        ask = Ask(principal=ME, mutation=mutation, key=None, input_hash=input_hash(mutation, given))
        outcome: Outcome = await getattr(self.commands, mutation)(ask, given)
        return outcome

    async def refused(self, mutation: str, given: Any) -> str:
        outcome = await self.does(mutation, given)
        return outcome.refusals[0].code


@pytest.fixture
async def bell(dsn: str) -> AsyncIterator[Doorbell]:
    made = await Doorbell(dsn).open()
    yield made
    await made.close()


async def test_a_guide_that_holds_goods_back_has_its_sheet_and_is_paid(issuer: issuing.Place, bell: Doorbell) -> None:
    await issuer.configure(guide_before_dispatch=["MG"])
    document = await issuer.sell(CONSUMER)
    hand = Hand(issuer.reactor, bell)
    (guide,) = await issuer.guides(document)
    given = GnreGuidePaidInput(guide_id=guide["gnre_guide_id"], paid_on=date(2026, 11, 21))  # type: ignore[arg-type]
    assert await hand.refused("pay_gnre_guide", given) == "ILLEGAL_MOVE"  # it has no payment data yet
    await issuer.work()
    async with issuer.reactor.unit(tenant=1, actor="test") as tx:
        sheet = await fiscal.guide_sheet(tx, guide["gnre_guide_id"])
    assert sheet is not None
    assert sheet.startswith(b"%PDF-1.4")
    assert not (await hand.does("pay_gnre_guide", given)).refusals
    assert not (await hand.does("pay_gnre_guide", given)).refusals
    (guide,) = await issuer.guides(document)
    assert (guide["state"], guide["paid_on"]) == ("PAID", date(2026, 11, 21))
    facts = await issuer.rows("SELECT 1 FROM business_events WHERE type = 'gnre_guide.paid'")
    assert len(facts) == 1
    await hand.desk.close()


async def test_a_refused_guide_is_written_anew_with_what_was_set_since(issuer: issuing.Place, bell: Doorbell) -> None:
    document = await issuer.sell(issuing.BAHIA)
    await issuer.work()
    (guide,) = await issuer.guides(document)
    assert guide["state"] == "REJECTED"
    await issuer.configure(details={"BA:100102": "000052"})
    hand = Hand(issuer.reactor, bell)
    asked = GnreGuideInput(guide_id=guide["gnre_guide_id"])
    assert not (await hand.does("retry_gnre_guide", asked)).refusals
    await issuer.work()
    (guide,) = await issuer.guides(document)
    assert guide["state"] == "ISSUED"
    assert await issuer.rows("SELECT 1 FROM outbox") == []
    (incident,) = await issuer.rows("SELECT state FROM incidents WHERE kind = 'guide_refused'")
    assert incident["state"] == "RESOLVED"
    assert await hand.refused("retry_gnre_guide", asked) == "ILLEGAL_MOVE"
    assert await hand.refused("retry_gnre_guide", GnreGuideInput(guide_id=new_id())) == "NOT_FOUND"
    await hand.desk.close()


async def test_a_foreign_note_is_answered_and_matched(buyer: receiving.Place, bell: Doorbell) -> None:
    key = await buyer.sold_to_us()
    await buyer.look()
    note: UUID = (await buyer.note(key))["incoming_note_id"]
    hand = Hand(buyer.reactor, bell)
    not_done = ManifestInput(note_id=note, stance=Stance.NOT_DONE)
    assert await hand.refused("manifest_incoming_note", not_done) == "REASON_REQUIRED"
    assert not (await hand.does("manifest_incoming_note", ManifestInput(note_id=note, stance=Stance.AWARE))).refusals
    await buyer.worker.run_until_idle()
    assert (await buyer.note(key))["stance"] == "AWARE"
    assert await hand.refused("match_incoming_note", MatchNoteInput(note_id=note)) == "NOTHING_TO_MATCH"
    foreign = MatchNoteInput(note_id=note, document_id=new_id())
    assert await hand.refused("match_incoming_note", foreign) == "NOT_FOUND"
    order = new_id()
    assert not (await hand.does("match_incoming_note", MatchNoteInput(note_id=note, purchase_order_id=order))).refusals
    assert (await buyer.note(key))["purchase_order_id"] == order
    await hand.desk.close()


async def test_the_month_is_handed_over(issuer: issuing.Place, bell: Doorbell) -> None:
    await issuer.sell(CONSUMER)
    hand = Hand(issuer.reactor, bell)
    month = f"{issuer.db.clock():%Y-%m}"
    handed = await hand.does("export_fiscal_month", FiscalMonthInput(month=month, environment=2))
    assert handed.data["url"] == f"/api/v1/fiscal-documents/export?month={month}&environment=2"
    assert handed.data["notes"] == 1
    assert await hand.refused("export_fiscal_month", FiscalMonthInput(month="2026-13")) == "BAD_MONTH"
    await hand.desk.close()
