"""What we owe leaves: planned, fixed where bytes must not change, sent, judged; the answer's news are applied with the completion."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from uuid import UUID

import structlog

from hub import connections, outbox
from hub.canon import commands as words
from hub.canon.codec import load
from hub.canon.commands import (
    AuthorizeInvoice,
    GnreGuideReported,
    InvoiceReported,
    InwardCommand,
    IssueGnreGuide,
    OutwardCommand,
    RegisterInvoiceEvent,
    VoidNumbers,
)
from hub.canon.ports import (
    Accepted,
    Account,
    Adapter,
    AnswerLost,
    Call,
    Done,
    FieldFault,
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
from hub.flows import number
from hub.flows.apply import apply
from hub.flows.post import Post
from hub.flows.reactor import Reactor
from hub.flows.source import Source
from hub.incidents import NewIncident
from hub.kit import failpoint
from hub.kit.db import Tx
from hub.kit.lease import TRIES, Failure, Leased
from hub.ledger import Cause, append, fact

log = structlog.get_logger()
PLANS = 5  # how often one delivery is planned anew with what its reads have learnt
POLLS = 3  # asynchronous answers are polled so often within one lease
PATIENCE = timedelta(seconds=5)  # a longer wait gives the row back
SIGNED = AuthorizeInvoice | RegisterInvoiceEvent | VoidNumbers


@dataclass(slots=True)
class _Work:
    owed: outbox.Claimed
    connection: connections.Connection
    account: Account
    adapter: Adapter
    command: OutwardCommand
    fixed: Call | None = None
    references: dict[str, str] = field(default_factory=dict)
    results: list[InwardCommand] = field(default_factory=list)
    attempts: list[outbox.Attempt] = field(default_factory=list)

    @property
    def cause(self) -> Cause:
        return Cause(self.owed.correlation_id, self.owed.delivery_id)


class Deliver:
    """The worker of the outbox."""

    def __init__(self, reactor: Reactor, directory: Directory, adapters: Mapping[str, Adapter], post: Post) -> None:
        self._reactor, self._directory, self._adapters, self._post = reactor, directory, adapters, post

    async def handle(self, rows: Sequence[Leased]) -> None:
        """Claimed rows are independent of one another: they go out side by side."""
        failures = [
            r for r in await asyncio.gather(*(self._one(r) for r in rows), return_exceptions=True) if r is not None
        ]
        if failures:
            raise failures[0]

    async def _one(self, row: Leased) -> None:
        failpoint.passing("deliver.claimed")
        work = await self._opened(row)
        if work.connection.shadow:
            outcome: Outcome = Done(references={"shadow": "planned, not sent"})
        else:
            outcome = await self._deliver(work)
        failpoint.passing("deliver.sent")
        await self._finish(work, outcome)
        failpoint.passing("deliver.finished")

    async def _opened(self, row: Leased) -> _Work:
        owed = outbox.claimed(row)
        connection, account = await self._directory.of(connection_of(owed.destination))
        command = load(getattr(words, owed.kind), owed.payload)
        async with self._reactor.db.unit(tenant=row.tenant, actor="deliver") as tx:
            learnt = (await connections.read(tx, connection.connection_id, [owed.subject_id])).get(owed.subject_id, {})
        account = replace(account, references={**learnt, **owed.references}, delivery=owed.delivery_id.hex)
        return _Work(owed, connection, account, self._adapters[connection.adapter], command)

    async def _deliver(self, work: _Work) -> Outcome:
        if work.adapter.outbound is None:
            return Rejected(code="NO_OUTBOUND", message=f"the adapter {work.adapter.name} sends nothing")
        try:
            await self._fix(work)
            failpoint.passing("deliver.prepared")
            for _ in range(PLANS):
                outcome = await self._calls(work)
                if not (isinstance(outcome, Done) and outcome.again):
                    return outcome
            return Rejected(code="ENDLESS", message="the plan never comes to an end")
        except TryAgain as error:
            return Retry(after=error.data["after"], reason=error.data["reason"])
        except (NeverTry, Unmapped) as error:
            return Rejected(code=error.code, message=str(error), fields=_faults(error), results=_refused(work, error))

    async def _fix(self, work: _Work) -> None:
        """Bytes that must never change are made and stored before the first send; a later try uses the stored ones."""
        if isinstance(work.command, SIGNED):
            work.command = await self._signed(work, work.command)
        elif isinstance(work.command, IssueGnreGuide):
            work.command = replace(work.command, asked_before=work.owed.sent_at is not None)
        elif number.wants(work.command) and work.adapter.outbound is not None:
            async with self._reactor.unit(tenant=work.connection.tenant, actor="deliver") as tx:
                work.fixed = await number.fixed(
                    tx, work.owed, work.command, work.connection, work.account, work.adapter.outbound
                )

    async def _signed(self, work: _Work, command: SIGNED) -> SIGNED:
        if work.owed.prepared is None:
            if work.adapter.prepare is None:
                raise NeverTry(f"the adapter {work.adapter.name} signs nothing")
            key, signed = await asyncio.to_thread(work.adapter.prepare, command, work.account)
            async with self._reactor.unit(tenant=work.connection.tenant, actor="deliver") as tx:
                await outbox.progress(tx, [outbox.Progress(leased=work.owed.leased, prepared=signed)])
                if isinstance(command, AuthorizeInvoice):
                    news = InvoiceReported(
                        invoice_id=command.invoice_id, status="SIGNED", access_key=key, signed_xml=signed
                    )
                    await apply(tx, [(news, _source(work))], self._reactor.deps)
            return replace(command, signed=signed)
        return replace(command, signed=work.owed.prepared, asked_before=work.owed.sent_at is not None)

    async def _calls(self, work: _Work) -> Outcome:
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

    async def _call(self, work: _Work, call: Call) -> Outcome:
        if work.adapter.outbound is None:
            raise NeverTry("nothing to send with")
        call = replace(call, key=f"{work.owed.delivery_id.hex}.{call.key}")
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

    async def _mark_sent(self, work: _Work) -> None:
        """From here on the other side may have it: whatever happens to us, the next try asks first."""
        now = self._reactor.db.clock()
        async with self._reactor.unit(tenant=work.connection.tenant, actor="deliver") as tx:
            await outbox.progress(tx, [outbox.Progress(leased=work.owed.leased, sent_at=now)])
            if isinstance(work.command, AuthorizeInvoice):
                news = InvoiceReported(invoice_id=work.command.invoice_id, status="SENT")
                await apply(tx, [(news, _source(work))], self._reactor.deps)

    async def _finish(self, work: _Work, outcome: Outcome) -> None:
        """Completion, attempts, learnt ids, the answer's news and the breaker: one transaction."""
        async with self._reactor.unit(tenant=work.connection.tenant, actor="deliver") as tx:
            news = [*work.results, *getattr(outcome, "results", ())] if not isinstance(outcome, Done) else work.results
            await apply(tx, [(n, _source(work)) for n in news], self._reactor.deps)
            await outbox.log_attempts(tx, work.attempts)
            await _learn(tx, work)
            if isinstance(outcome, Done):
                await outbox.complete(tx, [work.owed.leased])
            else:
                await self._put_off(tx, work, outcome)
            if work.attempts or not isinstance(outcome, Done):
                answered = bool(work.attempts) and work.attempts[-1].status is not None
                answered = answered and not (isinstance(outcome, Retry) and outcome.outage)
                await outbox.report(tx, [outbox.Report(destination=work.owed.destination, ok=answered)])

    async def _put_off(self, tx: Tx, work: _Work, outcome: Outcome) -> None:
        failure = _failure(work, outcome)
        await outbox.settle(tx, [failure])
        if not failure.park and (failure.untried or work.owed.attempts < TRIES):
            return
        said = {"kind": work.owed.kind, "destination": work.connection.label, "error": failure.error}
        append(tx, [fact(tx, "delivery.parked", "delivery", work.owed.delivery_id, said, work.cause)])
        if not any(
            isinstance(n, InvoiceReported | GnreGuideReported) and n.status in ("REJECTED", "DENIED")
            for n in getattr(outcome, "results", ())
        ):
            await self._reactor.deps.incidents.open(tx, [_incident(work, str(failure.error))])


def connection_of(destination: str) -> UUID:
    return UUID(destination.partition(":")[0])


def _source(work: _Work) -> Source:
    return Source(
        message_id=work.owed.delivery_id,
        connection_id=work.connection.connection_id,
        channel=work.connection.code,
        cause=work.cause,
        attempts=work.owed.attempts,
    )


async def _learn(tx: Tx, work: _Work) -> None:
    refs = [
        connections.ForeignRef(
            subject_id=work.owed.subject_id, connection_id=work.connection.connection_id, name=n, value=v
        )
        for n, v in work.references.items()
    ]
    await connections.learn(tx, refs)


def _failure(work: _Work, outcome: Outcome) -> Failure:
    status = work.attempts[-1].status if work.attempts else None
    fingerprint = f"{work.connection.adapter}:{work.owed.kind}"
    if isinstance(outcome, Rejected):
        text = f"{outcome.code}: {outcome.message}"
        text += "".join(f"; {f.at}: {f.message}" for f in outcome.fields)
        mark = f"{fingerprint}:{outcome.code}"
        return Failure(leased=work.owed.leased, error=text[:2000], park=True, fingerprint=mark, status=status)
    if isinstance(outcome, Unknown):
        return Failure(
            leased=work.owed.leased, error=outcome.reason, fingerprint=f"{fingerprint}:UNKNOWN", status=status
        )
    after = outcome.after if isinstance(outcome, Retry | Accepted) else timedelta()
    reason = outcome.reason if isinstance(outcome, Retry) else "the other side is still working on it"
    return Failure(
        leased=work.owed.leased,
        error=reason,
        after=after,
        untried=not work.attempts or isinstance(outcome, Accepted) or (isinstance(outcome, Retry) and outcome.outage),
        fingerprint=f"{fingerprint}:RETRY",
        status=status,
    )


def _faults(error: NeverTry | Unmapped) -> tuple[FieldFault, ...]:
    return tuple(
        FieldFault(at=str(f.get("at", "")), code=str(f.get("code", "")), message=str(f.get("message", "")))
        for f in error.data["faults"]
    )


def _refused(work: _Work, error: NeverTry | Unmapped) -> tuple[InwardCommand, ...]:
    """A note that our own checks refuse was never sent: it is rejected, and its number is still ours. A guide likewise."""
    if isinstance(work.command, IssueGnreGuide) and not work.command.asked_before:
        named = tuple((f.at, f.code, f.message) for f in _faults(error))
        return (
            GnreGuideReported(
                guide_id=work.command.guide_id, status="REJECTED", code=error.code, message=str(error), fields=named
            ),
        )
    if not isinstance(work.command, AuthorizeInvoice) or work.command.signed or work.owed.prepared:
        return ()
    said = "; ".join(filter(None, [str(error), *(f"{f.at}: {f.message or f.code}" for f in _faults(error))]))
    return (
        InvoiceReported(
            invoice_id=work.command.invoice_id,
            status="REJECTED",
            authority_code=error.code,
            authority_message=said[:500],
        ),
    )


def _incident(work: _Work, error: str) -> NewIncident:
    return NewIncident(
        kind="delivery_parked",
        summary=f"{work.owed.kind} to {work.connection.label} failed: {error}"[:500],
        subject_kind="delivery",
        subject_id=work.owed.delivery_id,
        cause=work.cause,
        data={"kind": work.owed.kind},
    )
