"""A bad day: answers lost, lines cut, pages of HTML, stops. Every note ends authorized, once, under its own number, with the bytes first signed."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.sefaz.simulator import Fault, FaultKind, SefazSimulator
from adapters.sefaz.soap import parse
from adapters.sefaz.sums import wrong_total
from adapters.sefaz.wire import SefazWire
from adapters.sefaz.write import write_invoice
from hub.canon.commands import AuthorizeInvoice
from hub.canon.ports import Retry
from tests.adapters.sefaz.desk import Desk, account_of, authorize, fresh, news
from tests.adapters.sefaz.notes import sale, with_item

NOTES, AT_ONCE = 150, 8
FAULTS = (
    Fault(kind=FaultKind.ANSWER_LOST, rate=0.1),
    Fault(kind=FaultKind.CUT_BEFORE, rate=0.05),
    Fault(kind=FaultKind.CUT_INSIDE, rate=0.05),
    Fault(kind=FaultKind.HTML, rate=0.05),
    Fault(kind=FaultKind.HTTP_500, rate=0.05),
    Fault(kind=FaultKind.TRUNCATED, rate=0.03),
    Fault(kind=FaultKind.OTHER_NOTE, rate=0.03),
    Fault(kind=FaultKind.STOPPED, rate=0.03),
    Fault(kind=FaultKind.TWICE, rate=0.05),
)


async def settled(desk: Desk, command: AuthorizeInvoice) -> str:
    """Deliver as the outbox does: a delivery that was put off comes back knowing that a send may have begun."""
    for _ in range(30):
        outcome = await desk.deliver(command, limit=len(desk.calls) + 50)
        if not isinstance(outcome, Retry):
            return news(outcome).status
        command = replace(command, asked_before=True)
    return "NEVER"


async def test_no_note_is_lost_and_none_is_authorized_twice(sefaz: SefazSimulator) -> None:
    account = account_of(sefaz)
    commands = [authorize(fresh(), account) for _ in range(NOTES)]
    for fault in FAULTS:
        sefaz.app.faults.add(replace(fault))
    wire, gate = SefazWire(), asyncio.Semaphore(AT_ONCE)

    async def one(command: AuthorizeInvoice) -> str:
        async with gate:
            return await settled(Desk(account, wire), command)

    ends = Counter(await asyncio.gather(*(one(command) for command in commands)))
    await wire.aclose()
    assert ends == {"AUTHORIZED": NOTES}
    held = Counter(note.xml.encode() for note in sefaz.app.store.notes.values())
    assert all(held[command.signed or b""] == 1 for command in commands)


@pytest.mark.parametrize("model", [55, 65])
@settings(max_examples=40, deadline=None)
@given(
    items=st.integers(min_value=1, max_value=5),
    cents=st.tuples(*(st.integers(min_value=0, max_value=10**7) for _ in range(4))),
)
def test_totals_are_the_sums_that_the_authority_recomputes(
    model: int, items: int, cents: tuple[int, int, int, int]
) -> None:
    freight, insurance, discount, other = (Decimal(amount) / 100 for amount in cents)
    invoice = with_item(
        sale(items, model),
        freight=freight,
        insurance=insurance,
        other=other,
        discount=min(discount, sale().items[0].total),
    )
    assert wrong_total(parse(write_invoice(invoice).xml)) == ""
