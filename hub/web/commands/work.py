"""How mutations run: short writes of one tenant wait for the flush in progress and then share one unit, each behind a savepoint of its own.
Idempotency is read and kept in the same transaction.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

import asyncpg

from hub import access
from hub.canon.codec import dump, load
from hub.flows import Reactor
from hub.kit import metrics
from hub.kit.batch import Batcher
from hub.kit.db import Tx
from hub.kit.doorbell import Doorbell
from hub.kit.errors import HubError
from hub.ledger import Cause
from schema import errors
from schema.commands import Ask, Outcome, Refusal

Act = Callable[[Tx], Awaitable[Outcome]]
# (inputs of callers of one actor) -> an outcome each; a refused one has written nothing
ActTogether = Callable[[Tx, Sequence[tuple[Ask, Any]]], Awaitable[Sequence[Outcome]]]


class Refused(Exception):
    """The command breaks a rule: its unit of work is undone, the caller learns why."""

    def __init__(self, *refusals: Refusal) -> None:
        super().__init__("; ".join(r.message for r in refusals))
        self.refusals = refusals


@dataclass(frozen=True, slots=True)
class Job:
    """One mutation: who asks, what to do, and errors of rooms -> code of the area's enum."""

    ask: Ask
    act: Act
    codes: frozenset[str]
    together: tuple[ActTogether, Any] | None = None  # the same act for many, and this one's input


class Desk:
    """The write path of one process."""

    def __init__(self, reactor: Reactor, bell: Doorbell) -> None:
        self.reactor, self._bell = reactor, bell
        self._batchers: dict[int, Batcher[Job, Outcome]] = {}

    async def close(self) -> None:
        for batcher in self._batchers.values():
            await batcher.close()

    async def run(
        self, ask: Ask, codes: Sequence[str], act: Act, together: tuple[ActTogether, Any] | None = None
    ) -> Outcome:
        """The outcome of one mutation. A dry run goes alone and leaves nothing. With `together`, those that wait at the same time
        are done by one call.
        """
        if ask.look is not None:
            return await self._dry(ask, frozenset(codes), act)
        tenant = ask.principal.tenant
        if tenant not in self._batchers:

            async def flush(jobs: list[Job]) -> Sequence[Outcome | HubError]:
                return await self._flush(tenant, jobs)

            self._batchers[tenant] = Batcher(flush)
        return await self._batchers[tenant].submit(Job(ask, act, frozenset(codes), together))

    async def _flush(self, tenant: int, jobs: list[Job]) -> Sequence[Outcome | HubError]:
        outcomes: list[Outcome | HubError | None] = [None] * len(jobs)
        metrics.BATCH_SIZE.labels("mutation").observe(len(jobs))
        async with self.reactor.unit(tenant=tenant, actor="api") as tx:
            keyed = [n for n, j in enumerate(jobs) if j.ask.key]
            known = await self._known(tx, [jobs[n] for n in keyed])
            twins: dict[int, int] = {}
            todo: list[int] = []
            for n in range(len(jobs)):
                found = known[keyed.index(n)] if n in keyed else None
                if isinstance(found, access.Stored):
                    outcomes[n] = replace(restored(found.outcome), replayed=True)
                elif isinstance(found, access.Twin):
                    twins[n] = keyed[found.of]
                elif isinstance(found, access.IdempotencyKeyReused):
                    outcomes[n] = errors.IdempotencyKeyReused()
                else:
                    todo.append(n)
            for n, outcome in (await self._together(tx, jobs, todo)).items():
                outcomes[n] = outcome
            for n in todo:
                if outcomes[n] is None:
                    outcomes[n] = await self._one(tx, jobs[n])
            await self._keep(tx, jobs, outcomes, [n for n in todo if jobs[n].ask.key])
        for n, of in twins.items():
            first = outcomes[of]
            outcomes[n] = replace(first, replayed=True) if isinstance(first, Outcome) and not first.refusals else first
        self._bell.ring("inbox")
        return [o for o in outcomes if o is not None]

    async def _known(self, tx: Tx, jobs: Sequence[Job]) -> list[Any]:
        asks = [
            access.Ask(
                actor=j.ask.principal.actor, key=j.ask.key or "", command=j.ask.mutation, input_hash=j.ask.input_hash
            )
            for j in jobs
        ]
        try:
            return list(await access.replay_all(tx, asks))
        except access.IdempotencyInProgress as error:
            raise errors.IdempotencyInProgress from error

    async def _together(self, tx: Tx, jobs: Sequence[Job], todo: Sequence[int]) -> dict[int, Outcome]:
        """Outcomes of those that can be done set-wise; where that fails, none, and they go one by one."""
        groups: dict[tuple[str, ActTogether], list[int]] = {}
        for n in todo:
            if (way := jobs[n].together) is not None:
                groups.setdefault((jobs[n].ask.principal.actor, way[0]), []).append(n)
        found: dict[int, Outcome] = {}
        for (actor, act), mine in groups.items():
            if len(mine) > 1:
                given = [(jobs[n].ask, way[1]) for n in mine if (way := jobs[n].together)]
                try:
                    async with _undone(tx, actor):
                        found |= zip(mine, await act(tx, given), strict=True)
                except (Refused, HubError, asyncpg.CheckViolationError):
                    continue
        return found

    async def _one(self, tx: Tx, job: Job) -> Outcome | HubError:
        """A refusal takes back its own writes only."""
        facts = len(tx.facts)
        try:
            async with _undone(tx, job.ask.principal.actor):
                outcome = await job.act(tx)
                await self.reactor.react(tx)
        except (Refused, HubError, asyncpg.CheckViolationError) as error:
            return self._refusal(job, error)
        if outcome.event_ids:
            return outcome
        return replace(outcome, event_ids=tuple(f.event_id for f in tx.facts[facts:])[:20])

    def _refusal(self, job: Job, error: Refused | HubError | asyncpg.CheckViolationError) -> Outcome | HubError:
        if isinstance(error, Refused):
            return Outcome(refusals=error.refusals)
        if isinstance(error, asyncpg.CheckViolationError):
            raise error
        if error.code in job.codes:
            return Outcome(refusals=(refusal(error),))
        return error

    async def _keep(
        self, tx: Tx, jobs: Sequence[Job], outcomes: Sequence[Outcome | HubError | None], kept: Sequence[int]
    ) -> None:
        """A refused input stores nothing, so that a corrected call may use its key again."""
        answers, dropped = [], []
        for n in kept:
            actor, key, outcome = jobs[n].ask.principal.actor, jobs[n].ask.key or "", outcomes[n]
            if isinstance(outcome, Outcome) and not outcome.refusals:
                answers.append(access.Answer(actor=actor, key=key, outcome=dump(outcome)))
            else:
                dropped.append((actor, key))
        await access.keep(tx, answers)
        await access.drop(tx, dropped)

    async def _dry(self, ask: Ask, codes: frozenset[str], act: Act) -> Outcome:
        """The same code, looked at before it is rolled back."""
        try:
            async with self.reactor.unit(tenant=ask.principal.tenant, actor=ask.principal.actor) as tx:
                try:
                    outcome = await act(tx)
                    await self.reactor.react(tx)
                except (Refused, HubError) as error:
                    found = self._refusal(Job(ask, act, codes), error)
                    raise _Over(found) from error
                if ask.look is not None:
                    await ask.look(tx.conn, outcome)
                raise _Over(outcome)
        except _Over as over:
            if isinstance(over.outcome, HubError):
                raise over.outcome from over
            return over.outcome


@asynccontextmanager
async def _undone(tx: Tx, actor: str) -> AsyncIterator[None]:
    """A savepoint on behalf of that actor: an error takes back what was written, and what the unit remembers of it."""
    facts, hooks, born, before = len(tx.facts), len(tx.after_commit), set(tx.born), tx.actor
    await tx.conn.execute("SAVEPOINT one")
    tx.actor = actor
    try:
        yield
    except (Refused, HubError, asyncpg.CheckViolationError):
        await tx.conn.execute("ROLLBACK TO SAVEPOINT one")
        del tx.facts[facts:], tx.after_commit[hooks:]
        tx.answered, tx.born = facts, born
        tx.remembered.clear()
        raise
    finally:
        tx.actor = before


class _Over(Exception):
    """Rolls the unit back and carries its outcome out."""

    def __init__(self, outcome: Outcome | HubError) -> None:
        super().__init__("dry run")
        self.outcome = outcome


def refusal(error: HubError, *path: str) -> Refusal:
    """An error of a room as an entry of `userErrors`."""
    return Refusal(code=error.code, message=error.sentence(), field=("input", *path) if path else None)


def restored(stored: Any) -> Outcome:
    """An outcome as it was kept."""
    ids = {
        name: tuple(UUID(x) for x in v) if isinstance(v, list) else UUID(v) for name, v in stored.get("ids", {}).items()
    }
    plain = load(Outcome, {k: v for k, v in stored.items() if k in ("event_ids", "data", "replayed")})
    return replace(plain, ids=ids)


def direct(tx: Tx) -> Cause:
    """The cause of what a person or a system asks for directly: a conversation of its own."""
    return Cause(tx.correlation_id, None)
