"""Chooses the path of a read: compiled where every field is bound, else the executor; never half and half."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import graphql as g
import orjson
import strawberry

from hub.kit import metrics
from hub.kit.errors import HubError
from schema.errors import BadValue, LimitExceeded, MaxCostExceeded, TimedOut
from schema.plan.arguments import Values
from schema.plan.cache import Entry, Plans, plan_key
from schema.plan.coerce import Coercion
from schema.plan.compile import BROKEN
from schema.plan.cost import MAX_COST, NEW_PLAN, cost_of
from schema.plan.documents import MAX_DEPTH, Document, Documents
from schema.plan.permit import permit
from schema.plan.pool import SECONDS, OneAtATime, ReadPool
from schema.plan.roots import compile_read
from schema.plan.selection import NotCovered, Selections
from schema.principal import Principal


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
        "actor": principal.actor,
    }


class Reads:
    """All reads of one schema through one pool."""

    def __init__(self, schema: strawberry.Schema, pool: ReadPool) -> None:
        self.core: g.GraphQLSchema = schema._schema  # noqa: SLF001 - strawberry has no public door to the core schema
        self.documents = Documents(self.core)
        self.plans = Plans()
        self._coercion = Coercion(self.core)
        self.pool = pool

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
            plan = compile_read(self.core, asked.document.ast, asked.operation, asked.me.reader, asked.values)
        except NotCovered:
            plan = None
        except RecursionError as error:
            raise LimitExceeded(limit="depth", allowed=MAX_DEPTH) from error
        made = Entry(plan, cost)
        self.plans.put(key, made, asked.document)
        metrics.GRAPHQL_PLANS.set(len(self.plans))
        return made, NEW_PLAN

    async def read(self, asked: Asked, entry: Entry) -> Answer:
        """One snapshot for all root fields."""
        if entry.plan is not None:
            binds = entry.plan.binds({**asked.values, "$scope": scope_of(asked.me)})
            row = await self.pool.fetchrow(asked.me.tenant, entry.plan.sql, binds)
            body: bytes = row[0]
            if BROKEN not in body:
                return Answer(data=body, path="compiled", counts=tuple(row[1]) if len(row) > 1 else ())
            metrics.GRAPHQL_BROKEN.labels(self._promised(asked)).inc()
        return await self.execute(asked)

    def _promised(self, asked: Asked) -> str:
        """The type of the first root field: which of them broke is not known here."""
        first = asked.operation.selection_set.selections[0]
        field = self.core.query_type.fields.get(first.name.value) if isinstance(first, g.FieldNode) else None  # type: ignore[union-attr]
        return g.get_named_type(field.type).name if field is not None else "Query"

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
