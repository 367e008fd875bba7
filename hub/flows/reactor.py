"""Facts in, commands out, in the same transaction, until no new fact appears. What a flow may use is in `Deps`."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import ClassVar
from uuid import UUID

from hub.canon.ports import Agreed
from hub.fiscal import FiscalTables
from hub.incidents import Incidents
from hub.kit.db import Database, Tx
from hub.kit.doorbell import Doorbell
from hub.kit.errors import HubError
from hub.ledger import Fact
from hub.orders import NO_RULES, HoldRules
from hub.routing import Rules

ROUNDS = 40


class EndlessReaction(HubError):
    """The flows still make new facts after {rounds} rounds: {types}"""

    code: ClassVar[str] = "ENDLESS_REACTION"


@dataclass(frozen=True, slots=True, kw_only=True)
class Deps:
    """What flows decide with: data from `mappings/`, loaded and checked at the start. `accepts`: adapter -> outward kinds it takes; `agreed`:
    adapter -> what was agreed with an account's partner.
    """

    incidents: Incidents
    rules: Rules
    tables: FiscalTables
    accepts: Mapping[str, frozenset[str]]
    agreed: Mapping[str, Agreed] = field(default_factory=dict)
    shadow_rules: Rules | None = None
    hold_rules: HoldRules = NO_RULES


Answer = Callable[[Tx, Sequence[Fact], Deps], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Flow:
    """One business sentence: the fact types that it answers, and how."""

    name: str
    answers: frozenset[str]
    answer: Answer


class Reactor:
    """Units in which flows answer the facts before the commit."""

    def __init__(self, db: Database, deps: Deps, flows: Sequence[Flow], bell: Doorbell | None = None) -> None:
        self.db, self.deps, self.flows, self._bell = db, deps, flows, bell

    @asynccontextmanager
    async def unit(
        self, *, tenant: int, actor: str, correlation_id: UUID | None = None, now: datetime | None = None
    ) -> AsyncIterator[Tx]:
        """A unit whose facts are answered when the block ends."""
        async with self.db.unit(tenant=tenant, actor=actor, correlation_id=correlation_id, now=now) as tx:
            yield tx
            await self.react(tx)
            if tx.facts and self._bell is not None:
                tx.after_commit.append(self._ring)

    def _ring(self) -> None:
        """Whoever follows the ledger or owes something should look."""
        if self._bell is not None:
            self._bell.ring("ledger", "outbox", "timers")

    async def react(self, tx: Tx) -> None:
        """Let the flows answer what is new, round by round, each flow once a round with all its facts."""
        for _ in range(ROUNDS):
            new: list[Fact] = tx.facts[tx.answered :]
            tx.answered = len(tx.facts)
            if not new:
                return
            for flow in self.flows:
                mine = [f for f in new if f.type in flow.answers]
                if mine:
                    await flow.answer(tx, mine, self.deps)
        raise EndlessReaction(rounds=ROUNDS, types=sorted({f.type for f in tx.facts[tx.answered :]}))
