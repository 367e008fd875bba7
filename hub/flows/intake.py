"""Messages become commands, commands become facts: one unit for a batch of messages of one tenant. What cannot be read or applied is
put off or parked with its reasons; its neighbours go through.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import structlog

from hub import connections, inbox
from hub.canon.commands import InwardCommand
from hub.canon.ports import Account, Adapter, MappingFile, NeverTry, Ref, TryAgain, Unmapped
from hub.connections import Directory
from hub.flows import exchange, second_opinion
from hub.flows.apply import apply
from hub.flows.post import Post
from hub.flows.reactor import Reactor
from hub.flows.source import NotYet, Source
from hub.incidents import NewIncident
from hub.kit import failpoint
from hub.kit.db import Tx
from hub.kit.errors import HubError
from hub.kit.lease import TRIES, Leased, by_tenant
from hub.kit.processes import Processes
from hub.ledger import Cause, append, fact

log = structlog.get_logger()
QUICK = 256 * 1024  # bytes of a message that is read in milliseconds


@dataclass(slots=True)
class _Work:
    """A message with its connection, and what came of reading it."""

    message: inbox.Message
    connection: connections.Connection
    account: Account
    commands: Sequence[InwardCommand] = ()
    failure: HubError | None = None
    exchange_id: UUID | None = None
    refused: HubError | None = None  # why nothing of its interchange may be applied
    opinion: second_opinion.Opinion | None = None

    def source(self) -> Source:
        return Source(
            message_id=self.message.message_id,
            connection_id=self.message.connection_id,
            channel=self.connection.code,
            cause=Cause(self.message.correlation_id, self.message.message_id),
            attempts=self.message.leased.attempts,
            exchange_id=self.exchange_id,
            refused=self.refused,
        )

    def arrived(self) -> exchange.Arrived:
        return exchange.Arrived(
            envelope=self.message.envelope, source=self.source(), commands=self.commands, failure=self.failure
        )


class Intake:
    """The worker of the inbox."""

    def __init__(
        self,
        reactor: Reactor,
        directory: Directory,
        adapters: Mapping[str, Adapter],
        mappings: Mapping[str, MappingFile],
        post: Post,
    ) -> None:
        self._reactor, self._directory, self._adapters, self._mappings, self._post = (
            reactor,
            directory,
            adapters,
            mappings,
            post,
        )
        self._processes = Processes(workers=1)

    def close(self) -> None:
        self._processes.close()

    async def handle(self, rows: Sequence[Leased]) -> None:
        """Read and apply a batch. An error that is nobody's verdict is raised: the worker splits the batch down to its cause."""
        failpoint.passing("intake.claimed")
        for tenant, mine in by_tenant(rows).items():
            works = [await self._opened(inbox.message(r)) for r in mine]
            await self._learn(tenant, works)
            for work in works:
                await self._read(work)
            await self._apply(tenant, works)

    async def _opened(self, message: inbox.Message) -> _Work:
        connection, account = await self._directory.of(message.connection_id)
        return _Work(message, connection, account)

    async def _learn(self, tenant: int, works: Sequence[_Work]) -> None:
        """What our deliveries about the same subject have learnt: an adapter may need it to judge a report."""
        wanted = [w for w in works if w.message.envelope.external_id and self._adapters[w.connection.adapter].learns]
        if not wanted:
            return
        async with self._reactor.db.unit(tenant=tenant, actor="intake") as tx:
            for work in wanted:
                subject = subject_of(work.message.envelope.external_id or "")
                if subject is not None:
                    found = await connections.read(tx, work.message.connection_id, [subject])
                    work.account = with_references(work.account, found.get(subject, {}))

    async def _read(self, work: _Work) -> None:
        adapter = self._adapters[work.connection.adapter]
        envelope = work.message.envelope
        try:
            if not envelope.complete and adapter.pull is not None:
                ref = Ref(kind=envelope.topic, external_id=envelope.external_id or "")
                envelope = await adapter.pull.fetch(
                    ref, self._post.http(adapter, work.connection, work.account), work.account
                )
            if adapter.reader is None:
                raise NeverTry(f"the adapter {adapter.name} reads nothing")
            given = (envelope, self._mappings, work.account)
            if len(envelope.body) <= QUICK:
                work.commands = adapter.reader.read(*given)
            else:  # a whole interchange may take seconds, in which no lease would be renewed
                work.commands = await asyncio.to_thread(adapter.reader.read, *given)
        except (TryAgain, NeverTry, Unmapped) as error:
            work.failure = error
        work.opinion = await second_opinion.asked(self._processes, adapter, envelope)

    async def _apply(self, tenant: int, works: Sequence[_Work]) -> None:
        async with self._reactor.unit(tenant=tenant, actor="intake") as tx:
            await self._admit(tx, works)
            items = [(c, w.source()) for w in works if w.failure is None for c in w.commands]
            owners = [w for w in works if w.failure is None for _ in w.commands]
            for owner, outcome in zip(owners, await apply(tx, items, self._reactor.deps), strict=True):
                if outcome is not None and owner.failure is None:
                    owner.failure = outcome
            failpoint.passing("intake.applied")
            await exchange.sets_judged(tx, [w.arrived() for w in works])
            told = [(w.opinion, w.message.envelope, w.source()) for w in works if w.opinion is not None]
            await second_opinion.noted(tx, told, self._reactor.deps.incidents)
            good = [w for w in works if w.failure is None]
            await inbox.complete(tx, [w.message.leased for w in good])
            await self._give_up(tx, [w for w in works if w.failure is not None])
        failpoint.passing("intake.done")

    async def _admit(self, tx: Tx, works: Sequence[_Work]) -> None:
        """Of an interchange that may not be applied only the envelope is looked at, to be answered or not."""
        refusals = await exchange.admitted(tx, [w.arrived() for w in works], self._reactor.deps.incidents)
        for work in works:
            work.exchange_id = exchange.exchange_of(work.message.envelope, work.message.connection_id)
            if work.exchange_id is not None:
                work.refused = refusals[work.exchange_id]
            if work.refused is not None and "x12-set" in work.message.envelope.headers:
                work.failure = work.refused

    async def _give_up(self, tx: Tx, works: Sequence[_Work]) -> None:
        parks = [_park(w) for w in works]
        await inbox.park(tx, parks)
        final = [
            (w, p) for w, p in zip(works, parks, strict=True) if p.after is None or w.message.leased.attempts >= TRIES
        ]
        for work, park in final:
            said = {"topic": work.message.envelope.topic, "error": park.error, "problems": list(park.problems)[:20]}
            append(tx, [fact(tx, "message.parked", "message", work.message.message_id, said, work.source().cause)])
        await self._reactor.deps.incidents.open(tx, [_incident(w, p) for w, p in final if w.refused is None])


def subject_of(public: str) -> UUID | None:
    """The id inside a public id of ours that another system gives back; None for anything else."""
    head, _, tail = public.partition("_")
    return UUID(tail) if len(head) == 3 and len(tail) == 32 and all(c in "0123456789abcdef" for c in tail) else None


def with_references(account: Account, references: Mapping[str, str]) -> Account:
    return replace(account, references={**account.references, **references})


def _park(work: _Work) -> inbox.Park:
    error = work.failure
    problems: Sequence[Mapping[str, Any]] = ()
    after: timedelta | None = None
    kind = getattr(error, "code", "ERROR")
    if isinstance(error, NeverTry | Unmapped):
        problems = error.data["faults"]
    if isinstance(error, TryAgain):
        after = error.data["after"]
    if isinstance(error, NotYet):
        after = error.after
    problems = getattr(error, "problems", problems)
    return inbox.Park(
        leased=work.message.leased,
        error=str(error)[:2000],
        fingerprint=f"{work.connection.adapter}:{work.message.envelope.topic}:{kind}",
        problems=problems,
        after=after,
    )


def _incident(work: _Work, park: inbox.Park) -> NewIncident:
    kinds = {"UNMAPPED": "unmapped_code", "NEVER_TRY": "document_unreadable"}
    return NewIncident(
        kind=kinds.get(getattr(work.failure, "code", ""), "message_failed"),
        summary=f"{work.connection.label}: {park.error}"[:500],
        subject_kind="message",
        subject_id=work.message.message_id,
        cause=work.source().cause,
        data={"topic": work.message.envelope.topic, "external_id": work.message.envelope.external_id},
    )
