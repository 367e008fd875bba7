"""What we owe leaves: planned, fixed where bytes must not change, sent, judged; the answer's news are applied with the completion."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import structlog

from hub import connections, outbox
from hub.canon import commands as words
from hub.canon.codec import load
from hub.canon.commands import (
    AskAuthority,
    AuthorizeInvoice,
    InvoiceReported,
    IssueGnreGuide,
    SendNotice,
    Transmit,
)
from hub.canon.ports import (
    Accepted,
    Adapter,
    AnswerLost,
    Call,
    Done,
    NeverTry,
    Outcome,
    Rejected,
    Response,
    Retry,
    TryAgain,
    Unknown,
    Unmapped,
)
from hub.connections import Directory
from hub.fiscal import IllegalFiscalMove
from hub.flows import number, signing, transmit
from hub.flows.apply import apply
from hub.flows.contingency import silent
from hub.flows.delivery import (
    Ended,
    Work,
    connection_of,
    failure_of,
    faults_of,
    incident_of,
    learnt,
    refused,
    source_of,
)
from hub.flows.note_fate import as_they_stand, silence
from hub.flows.notify import attached
from hub.flows.paper import Paper
from hub.flows.post import Post
from hub.flows.reactor import Reactor
from hub.kit import failpoint, telemetry
from hub.kit.batch import Batchers
from hub.kit.db import Tx
from hub.kit.lease import TRIES, Leased, by_place, owner_of
from hub.ledger import append, fact

log = structlog.get_logger()
PLANS = 5  # how often one delivery is planned anew with what its reads have learnt
POLLS = 3  # asynchronous answers are polled so often within one lease
PATIENCE = timedelta(seconds=5)  # a longer wait gives the row back


class Deliver:
    """The worker of the outbox."""

    def __init__(
        self,
        reactor: Reactor,
        directory: Directory,
        adapters: Mapping[str, Adapter],
        post: Post,
        paper: Paper | None = None,
    ) -> None:
        self._reactor, self._directory, self._adapters, self._post = reactor, directory, adapters, post
        self._paper = paper
        self._finishing = Batchers[tuple[int, UUID], Ended, None](self._finish)

    async def handle(self, rows: Sequence[Leased]) -> None:
        """Claimed rows are independent of one another: those of one destination are read together, all go out side by side, and those that
        are answered at about the same time end in one transaction.
        """
        opened = [await self._opened(mine) for mine in by_place(rows).values()]
        await _all(self._together(works) for works in opened)

    async def _together(self, works: Sequence[Work]) -> None:
        """Those of one destination: signed and numbered in one go, then each on its own way."""
        for _ in works:
            failpoint.passing("deliver.claimed")
        await signing.prepare(self._reactor, works)
        await number.prepare(self._reactor, works)
        await _all(self._traced(w) for w in works)

    async def _traced(self, work: Work) -> None:
        with telemetry.under(work.owed.correlation_id):
            await self._one(work)

    async def _one(self, work: Work) -> None:
        if work.connection.shadow:
            outcome: Outcome = Done(references={"shadow": "planned, not sent"})
        else:
            outcome = await self._deliver(work)
        failpoint.passing("deliver.sent")
        leased = work.owed.leased
        await self._finishing.submit((leased.tenant, owner_of([leased])), Ended(work, outcome))
        failpoint.passing("deliver.finished")

    async def _opened(self, rows: Sequence[Leased]) -> list[Work]:
        owed = [outbox.claimed(r) for r in rows]
        (destination,) = {o.destination for o in owed}
        connection, account = await self._directory.of(connection_of(destination))
        commands = [load(getattr(words, o.kind), o.payload) for o in owed]
        async with self._reactor.db.unit(tenant=connection.tenant, actor="deliver") as tx:
            learnt = await connections.read(tx, connection.connection_id, [o.subject_id for o in owed])
            standing = await as_they_stand(tx, commands)
        adapter = self._adapters[connection.adapter]
        works = []
        for o, command, stands in zip(owed, commands, standing, strict=True):
            known = {**learnt.get(o.subject_id, {}), **o.references}
            own = replace(account, references=known, delivery=o.delivery_id.hex)
            works.append(Work(o, connection, own, adapter, stands or command, over=stands is None))
        return works

    async def _deliver(self, work: Work) -> Outcome:
        if work.over:
            return Done()
        if work.adapter.outbound is None:
            return Rejected(code="NO_OUTBOUND", message=f"the adapter {work.adapter.name} sends nothing")
        try:
            await self._fix(work)
            failpoint.passing("deliver.prepared")
            if isinstance(work.command, AuthorizeInvoice) and work.command.only_sign:
                return Done()
            for _ in range(PLANS):
                outcome = await self._calls(work)
                if not (isinstance(outcome, Done) and outcome.again):
                    return outcome
            return Rejected(code="ENDLESS", message="the plan never comes to an end")
        except TryAgain as error:
            if isinstance(work.command, AskAuthority):
                work.results.append(silence(work.command))
                return Done()
            return Retry(after=error.data["after"], reason=error.data["reason"])
        except IllegalFiscalMove:  # the note was given up while this row was on its way: nothing has left
            return Done()
        except (NeverTry, Unmapped) as error:
            return Rejected(code=error.code, message=str(error), fields=faults_of(error), results=refused(work, error))

    async def _fix(self, work: Work) -> None:
        """Bytes that must never change are made and stored before the first send; a later try uses the stored ones. (What is signed
        or numbered: `signing`, `number`.)
        """
        if work.refusal is not None:
            raise work.refusal
        if isinstance(work.command, IssueGnreGuide):
            work.command = replace(work.command, asked_before=work.owed.sent_at is not None)
        elif isinstance(work.command, Transmit):
            async with self._reactor.db.unit(tenant=work.connection.tenant, actor="deliver") as tx:
                work.fixed = await transmit.fixed(tx, work.command)
        elif self._paper is not None and isinstance(work.command, SendNotice):
            work.command = await attached(self._reactor.db, self._paper, work.connection.tenant, work.command)

    async def _calls(self, work: Work) -> Outcome:
        outbound = work.adapter.outbound
        if outbound is None:
            raise NeverTry("nothing to send with")
        outcome: Outcome = Done()
        planned = [work.fixed] if work.fixed is not None else outbound.plan(work.command, work.account)
        for call in planned:
            outcome = await self._call(work, call)
            for _ in range(POLLS):
                if isinstance(outcome, Accepted) and outcome.after <= PATIENCE:
                    await asyncio.sleep(outcome.after.total_seconds())
                    outcome = await self._call(work, outcome.poll)
                elif isinstance(outcome, Unknown) and outcome.check is not None:
                    work.results += outcome.results
                    outcome = await self._call(work, outcome.check)
                else:
                    break
            if isinstance(outcome, Accepted):
                work.references |= outcome.references
            if not isinstance(outcome, Done):
                return outcome
            work.results += outcome.results
            work.references |= {n: v for n, v in outcome.references.items() if n not in outcome.momentary}
            work.account = replace(work.account, references={**work.account.references, **outcome.references})
            if outcome.again:
                return outcome
        return outcome

    async def _call(self, work: Work, call: Call) -> Outcome:
        if work.adapter.outbound is None:
            raise NeverTry("nothing to send with")
        call = replace(call, key=f"{work.owed.delivery_id.hex}.{call.key}")
        await self._post.admit(work.adapter, work.connection, call)
        if call.purpose == "write" and not call.repeatable and work.owed.sent_at is None:
            await self._mark_sent(work)
            failpoint.passing("deliver.marked")
        response: Response | None
        now = self._reactor.db.clock()
        try:
            response = await self._post.call(work.adapter, work.connection, replace(work.account, now=now), call)
        except AnswerLost:
            response = None
        outcome = work.adapter.outbound.outcome(work.command, call, response, work.account)
        work.attempts.append(
            outbox.Attempt(
                delivery_id=work.owed.delivery_id,
                at=now,
                call={"method": call.method, "path": call.path, "operation": call.operation, "key": call.key},
                outcome=type(outcome).__name__,
                status=response.status if response else None,
                note=getattr(outcome, "reason", None) or getattr(outcome, "message", None),
                answer=response.body if response else None,
            )
        )
        return outcome

    async def _mark_sent(self, work: Work) -> None:
        """From here on the other side may have it: whatever happens to us, the next try asks first."""
        now = self._reactor.db.clock()
        async with self._reactor.unit(tenant=work.connection.tenant, actor="deliver") as tx:
            await outbox.progress(tx, [outbox.Progress(leased=work.owed.leased, sent_at=now)])
            if isinstance(work.command, AuthorizeInvoice):
                learnt = [(n, source_of(work)) for n in work.results]  # what a step before the sending said (EPEC)
                await apply(tx, learnt, self._reactor.deps)
                work.results.clear()
                news = InvoiceReported(invoice_id=work.command.invoice_id, status="SENT")
                await apply(tx, [(news, source_of(work))], self._reactor.deps)

    async def _finish(self, place: tuple[int, UUID], ended: Sequence[Ended]) -> list[None]:
        """Completion, attempts, learnt ids, the answers' news and the breaker: one transaction."""
        tenant, _ = place
        async with self._reactor.unit(tenant=tenant, actor="deliver") as tx:
            await apply(tx, [(n, source_of(e.work)) for e in ended for n in e.news], self._reactor.deps)
            await outbox.log_attempts(tx, [a for e in ended for a in e.work.attempts])
            await connections.learn(tx, [r for e in ended for r in learnt(e.work)])
            await outbox.complete(tx, [e.work.owed.leased for e in ended if e.over])
            await self._put_off(tx, [e for e in ended if not e.over])
            judged = [e for e in ended if e.tells]
            await outbox.report(tx, [outbox.Report(destination=e.work.owed.destination, ok=e.answered) for e in judged])
            for e in judged:
                if not e.answered:
                    await silent(tx, e.work.connection, e.work.command, e.work.cause)
        return [None] * len(ended)

    async def _put_off(self, tx: Tx, ended: Sequence[Ended]) -> None:
        failures = [failure_of(e.work, e.outcome) for e in ended]
        await outbox.settle(tx, failures)
        parked = [
            (e, f)
            for e, f in zip(ended, failures, strict=True)
            if f.park or not (f.untried or e.work.owed.attempts < TRIES)
        ]
        for e, f in parked:
            said = {"kind": e.work.owed.kind, "destination": e.work.connection.label, "error": f.error}
            append(tx, [fact(tx, "delivery.parked", "delivery", e.work.owed.delivery_id, said, e.work.cause)])
        told = [incident_of(e.work, str(f.error)) for e, f in parked if not e.refused_guide]
        await self._reactor.deps.incidents.open(tx, told)


async def _all(parts: Iterable[Awaitable[None]]) -> None:
    """Each to its end; then the first failure is raised."""
    for failure in await asyncio.gather(*parts, return_exceptions=True):
        if failure is not None:
            raise failure
