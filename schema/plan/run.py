"""Chooses the path of a read: compiled where every field is bound, else the executor; never half and half."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import graphql as g
import orjson
import strawberry

from hub.kit.errors import HubError
from schema.errors import BadValue, LimitExceeded, MaxCostExceeded, TimedOut
from schema.plan.arguments import Values
from schema.plan.cache import Entry, Plans, plan_key, too_many_shapes
from schema.plan.coerce import Coercion
from schema.plan.compile import BROKEN
from schema.plan.cost import MAX_COST, NEW_PLAN, cost_of
from schema.plan.documents import MAX_DEPTH, Document, Documents
from schema.plan.permit import permit
from schema.plan.pool import SECONDS, OneAtATime, ReadPool
from schema.plan.roots import compile_read
from schema.plan.selection import NotCovered, Selections
from schema.principal import Principal


class Meter(Protocol):
    """Counters of the process; the web room gives real ones."""

    def count(self, name: str, label: str) -> None: ...


class NoMeter:
    """Counts nothing."""

    def count(self, name: str, label: str) -> None:
        return


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One operation as it was asked: `raw` as sent, `values` coerced."""

    me: Principal
    document: Document
    operation: g.OperationDefinitionNode
    values: Values
    coerced: Any  # the same with their sources, as graphql-core's argument coercion wants them
    raw: Mapping[str, Any] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """`data` as JSON bytes; `errors` only from the executor. `counts`: rows of each root list."""

    data: bytes
    path: str
    counts: tuple[int, ...] = ()
    errors: tuple[g.GraphQLError, ...] = ()


def scope_of(principal: Principal) -> dict[str, Any]:
    """The caller's own ids, as the row predicates name them."""
    connection = principal.connection_id
    return {
        "channel": principal.channel,
        "connection_id": connection,
        "order_id": principal.order_id,
        "destination": connection.hex if connection else None,
    }


class Reads:
    """All reads of one schema through one pool."""

    def __init__(self, schema: strawberry.Schema, pool: ReadPool, meter: Meter | None = None) -> None:
        self.core: g.GraphQLSchema = schema._schema  # noqa: SLF001 - strawberry has no public door to the core schema
        self.documents = Documents(self.core)
        self.plans = Plans()
        self._coercion = Coercion(self.core)
        self.pool = pool
        self.meter: Meter = meter or NoMeter()

    def ask(
        self, me: Principal, text: str, variables: Mapping[str, Any] | None = None, operation_name: str | None = None
    ) -> Asked:
        """Parse, limit, validate, coerce; everything but rights and cost."""
        document = self.documents.get(text)
        operation = document.operation(operation_name)
        coerced = self.variables(operation, variables)
        values = coerced.coerced if coerced is not None else {}
        return Asked(me=me, document=document, operation=operation, values=values, coerced=coerced, raw=variables)

    def variables(self, operation: g.OperationDefinitionNode, given: Mapping[str, Any] | None) -> Any:
        """Coerced variables (None without any), or `BadValue` with the first faults."""
        if not operation.variable_definitions:
            return None
        try:
            coerced: Any = self._coercion.variables(operation, given or {})
        except RecursionError as error:
            raise BadValue(reason="variables nested too deeply") from error
        if isinstance(coerced, list):
            raise BadValue(reason="; ".join(e.message for e in coerced))
        return coerced

    def entry(self, asked: Asked) -> tuple[Entry, int]:
        """(plan and cost, what making the plan costs); refuses what the role may not read and what costs too much."""
        key = plan_key(asked.document, asked.operation, asked.me.reader, asked.values)
        found: Entry | None = self.plans.get(key)
        if found is not None:
            return found, 0
        selections = Selections(self.core, asked.document.ast, asked.values)
        try:
            permit(selections, self.core.query_type, [asked.operation.selection_set], asked.me.reader)
            cost = cost_of(selections, self.core.query_type, asked.operation)
            if cost.requested > MAX_COST:
                raise MaxCostExceeded(cost=cost.requested, allowed=MAX_COST)
            plan = None
            if not too_many_shapes(asked.document, key):
                plan = compile_read(self.core, asked.document.ast, asked.operation, asked.me.reader, asked.values)
        except NotCovered:
            plan = None
        except RecursionError as error:
            raise LimitExceeded(limit="depth", allowed=MAX_DEPTH) from error
        made = Entry(plan, cost)
        self.plans.put(key, made)
        return made, NEW_PLAN

    async def read(self, asked: Asked, entry: Entry) -> Answer:
        """One snapshot for all root fields."""
        if entry.plan is not None:
            binds = entry.plan.binds({**asked.values, "$scope": scope_of(asked.me)})
            row = await self.pool.fetchrow(asked.me.tenant, entry.plan.sql, binds)
            body: bytes = row[0]
            if BROKEN not in body:
                return Answer(data=body, path="compiled", counts=tuple(row[1]) if len(row) > 1 else ())
            self.meter.count("hub_graphql_broken_promise_total", asked.document.key.hex())
        return await self.execute(asked)

    async def execute(self, asked: Asked) -> Answer:
        """The reference path."""
        async with self.pool.acquire(asked.me.tenant) as conn:
            context = {
                "db": OneAtATime(conn),
                "reader": asked.me.reader,
                "scope": scope_of(asked.me),
                "principal": asked.me,
            }
            try:
                async with asyncio.timeout(SECONDS):
                    result: Any = g.execute(
                        self.core,
                        asked.document.ast,
                        context_value=context,
                        variable_values=dict(asked.raw or {}),
                        operation_name=asked.operation.name.value if asked.operation.name else None,
                    )
                    if inspect.isawaitable(result):
                        result = await result
            except TimeoutError as error:
                raise TimedOut(seconds=SECONDS) from error
        errors = tuple(result.errors or ())
        for fault in errors:
            if isinstance(fault.original_error, HubError):
                raise fault.original_error
        return Answer(data=orjson.dumps(result.data), path="executor", errors=errors)
