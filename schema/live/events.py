"""One subscription as a plan: which facts concern it, and the bytes of its event for a fact."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

import graphql as g
import orjson
import sqlalchemy as sa

from hub.kit import metrics
from schema.errors import LimitExceeded, MaxCostExceeded
from schema.live.cursors import ALL, Place
from schema.live.ledger import Fact
from schema.plan.arguments import any_id, arguments, resolved, typed
from schema.plan.bind import CORRELATION, plain_type
from schema.plan.compile import BROKEN, Compiler, Plan
from schema.plan.cost import MAX_COST, cost_of
from schema.plan.permit import permit
from schema.plan.roots import compile_event
from schema.plan.run import Asked, Reads, scope_of
from schema.plan.selection import Selections, definition
from schema.types.subscription import Source

TOUCHED = """SELECT m.event_id, s.stock_id FROM v_stock_movement m
JOIN v_stock_level s ON s.location_id = m.location_id AND s.sku = m.sku AND s.condition = m.condition
WHERE m.at >= $1 AND m.at <= $2 AND m.event_id = ANY($3) ORDER BY m.event_id, s.stock_id"""


class Watch:
    """Compiled once for all subscribers of (document, variables, role, own ids)."""

    def __init__(self, reads: Reads, asked: Asked) -> None:
        self.reads, self.asked = reads, asked
        core: Any = reads.core
        selections = Selections(core, asked.document.ast, asked.values)
        fields = selections.fields(core.subscription_type, [asked.operation.selection_set])
        if len(fields) != 1:
            raise LimitExceeded(limit="subscription root fields", allowed=1)
        permit(selections, core.subscription_type, [asked.operation.selection_set], asked.me.reader)
        self.cost = cost_of(selections, core.subscription_type, asked.operation).requested
        if self.cost > MAX_COST:
            raise MaxCostExceeded(cost=self.cost, allowed=MAX_COST)
        ((nodes),) = fields.values()
        name = nodes[0].name.value
        self.source: Source = definition(core.subscription_type, name).metadata["source"]
        self.given = arguments(nodes[0], asked.values)
        self.values = {**asked.values, "$scope": scope_of(asked.me)}
        self.wanted = {attribute: self._set(arg) for arg, attribute in self.source.facts.items() if self._is(arg)}
        self.change: Any = g.get_named_type(core.subscription_type.fields[name].type)
        self.plans = {kind: self._plan(shown) for kind, shown in (self.source.subjects or {"": None}).items()}

    def _is(self, argument: str) -> bool:
        return resolved(self.given.get(argument), self.asked.values) is not None

    def _set(self, argument: str) -> frozenset[Any]:
        value = resolved(self.given[argument], self.asked.values)
        if argument == "types":
            return frozenset(value)
        prefix = {"orderId": "ord", "correlationId": CORRELATION}.get(argument)
        return frozenset({typed(value, UUID, prefix)({}) if prefix else any_id(value)})

    def _plan(self, shown: str | None) -> Plan:
        return compile_event(
            self.reads.core,
            self.asked.document.ast,
            self.asked.operation,
            self.asked.me.reader,
            self.values,
            shown,
            self._tests,
        )

    def _tests(self, c: Compiler, row: Any) -> list[Any]:
        made = []
        for argument, (column, kind) in self.source.tests.items():
            if not self._is(argument):
                continue
            target = row.c[column]
            prefix = kind if kind == "loc" else None
            get = typed(self.given[argument], target.type.python_type, prefix)
            if kind == "text":
                made.append(target == c.bind(get, plain_type(target)))
            else:
                made.append(target == sa.any_(c.bind(get, sa.ARRAY(plain_type(target)))))
        return made

    def concerns(self, fact: Fact) -> bool:
        if self.source.subjects and not self.source.moves and fact.subject_kind not in self.source.subjects:
            return False
        return all(getattr(fact, attribute) in wanted for attribute, wanted in self.wanted.items())

    async def subjects(self, facts: Sequence[Fact]) -> Mapping[UUID, list[UUID]]:
        """Fact id -> the ids of the objects that it is about."""
        if not self.source.moves:
            return {f.event_id: [f.subject_id if self.source.subjects else f.event_id] for f in facts}
        if not facts:
            return {}
        ids, times = [f.event_id for f in facts], [f.at for f in facts]
        found: dict[UUID, list[UUID]] = {}
        async with self.reads.pool.acquire(self.asked.me.tenant) as conn:
            for row in await conn.fetch(TOUCHED, min(times), max(times), ids):
                found.setdefault(row[0], []).append(row[1])
        return found

    async def event(self, fact: Fact, subject: UUID, place: Place, epoch: str) -> bytes | None:
        """`{"data": …}`, or None when the object is not there, not the caller's or not asked for."""
        plan = self.plans.get(fact.subject_kind) or next(iter(self.plans.values()))
        event = {"cursor": place.text(epoch), "factType": fact.type, "at": fact.at, "subject_id": subject}
        row = await self.reads.pool.fetchrow(
            self.asked.me.tenant, plan.sql, plan.binds({**self.values, "$event": event})
        )
        if row is None or row[0] is None:
            return None
        if BROKEN in row[0]:
            metrics.GRAPHQL_BROKEN.labels(self.change.name).inc()
            return orjson.dumps(
                {"data": None, "errors": [{"message": "Something went wrong.", "extensions": {"code": "INTERNAL"}}]}
            )
        return b'{"data":' + bytes(row[0]) + b"}"

    async def events(self, facts: Sequence[Fact], epoch: str, skip: Place | None = None) -> list[tuple[Place, bytes]]:
        """The events of these facts in order, each with its place. `skip`: what was delivered of the first fact."""
        mine = [f for f in facts if self.concerns(f)]
        subjects = await self.subjects(mine)
        made: list[tuple[Place, bytes]] = []
        for fact in mine:
            objects = subjects.get(fact.event_id, [])
            for at, subject in enumerate(objects, 1):
                place = Place(fact.place.xid, fact.place.position, ALL if at == len(objects) else at)
                if skip is not None and place <= skip:
                    continue
                body = await self.event(fact, subject, place, epoch)
                if body is not None:
                    made.append((place, body))
        return made
