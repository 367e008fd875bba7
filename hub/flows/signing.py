"""Bytes that are signed: those of one destination together, in one thread and one unit, before the first of them is sent."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace

from hub import outbox
from hub.canon.commands import AuthorizeInvoice
from hub.canon.ports import NeverTry, Prepared
from hub.fiscal import IllegalFiscalMove
from hub.flows.apply import apply
from hub.flows.delivery import SIGNED, Work, source_of
from hub.flows.note_fate import born_of_signing
from hub.flows.reactor import Reactor


@dataclass(frozen=True, slots=True)
class Made:
    """Signed bytes that are not stored yet. `key` None: they were signed by a delivery before this one, and the room knows them."""

    work: Work
    command: SIGNED
    signed: bytes
    key: str | None


async def prepare(reactor: Reactor, works: Sequence[Work]) -> None:
    """Works of one destination get their signed bytes: those stored with them, else new ones, stored now. What is wrong with one becomes
    its `refusal`; a note that was given up meanwhile is over.
    """
    asked: list[tuple[Work, SIGNED]] = []
    made: list[Made] = []
    for work in works:
        if work.over or work.connection.shadow or not isinstance(work.command, SIGNED):
            continue
        if work.owed.prepared is not None:
            asked_before = work.owed.sent_at is not None
            work.command = replace(work.command, signed=work.owed.prepared, asked_before=asked_before)
        elif work.command.signed is not None:
            made.append(Made(work, work.command, work.command.signed, None))
        else:
            asked.append((work, work.command))
    for (work, command), answer in zip(asked, await _signed(asked), strict=True):
        if isinstance(answer, tuple):
            made.append(Made(work, command, answer[1], answer[0]))
        else:
            work.refusal = answer
    if made:
        await _keep(reactor, made)


async def _signed(asked: Sequence[tuple[Work, SIGNED]]) -> Sequence[Prepared]:
    if not asked:
        return ()
    adapter = asked[0][0].adapter
    if adapter.prepare is None:
        return [NeverTry(f"the adapter {adapter.name} signs nothing") for _ in asked]
    return await asyncio.to_thread(adapter.prepare, [(command, work.account) for work, command in asked])


async def _keep(reactor: Reactor, made: Sequence[Made]) -> None:
    """All in one unit; where a note was given up while it was signed, in halves, so that its neighbours are kept."""
    try:
        async with reactor.unit(tenant=made[0].work.connection.tenant, actor="deliver") as tx:
            await outbox.progress(tx, [outbox.Progress(leased=m.work.owed.leased, prepared=m.signed) for m in made])
            news = [
                (each, source_of(m.work))
                for m in made
                if m.key is not None and isinstance(m.command, AuthorizeInvoice)
                for each in born_of_signing(m.command, m.key, m.signed)
            ]
            await apply(tx, news, reactor.deps)
    except IllegalFiscalMove:
        if len(made) == 1:  # nothing has left
            made[0].work.over = True
            return
        half = len(made) // 2
        await _keep(reactor, made[:half])
        await _keep(reactor, made[half:])
        return
    for m in made:
        m.work.command = replace(m.command, signed=m.signed)
