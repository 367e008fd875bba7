"""Runs the root mutations of one document, one after the other, each in its own unit behind the commands port."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

import graphql as g
import sqlalchemy as sa
from graphql.execution.values import get_argument_values

from hub.kit import metrics
from schema.commands import Ask, Commands, Outcome, Refusal
from schema.errors import BadRequest, Forbidden, IdempotencyKeyRequired, LimitExceeded, MaxCostExceeded
from schema.inputs import CaptureOrderInput
from schema.mutations.inputs import input_hash, owned_ids, reader
from schema.mutations.table import Mutation
from schema.mutations.write import inner_json, object_json
from schema.plan.arguments import camel
from schema.plan.bind import BOUND, BY_PREFIX, Made
from schema.plan.cache import plan_key
from schema.plan.compile import BROKEN, Plan, compiler
from schema.plan.cost import MAX_COST, cost_of
from schema.plan.permit import permit
from schema.plan.roots import compile_objects
from schema.plan.run import Asked, Reads, scope_of
from schema.plan.selection import Nodes, Selections, below, bound_of, definition
from schema.roles import check_write

MAX_ITEMS = 500
_KEY = re.compile(r"[\x21-\x7e]{1,255}\Z")
# What an outcome's data may give without a read.
QUICK = frozenset({"id", "number", "state", "version"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One root field, ready to run."""

    response_key: str
    nodes: Nodes
    name: str
    mutation: Mutation
    given: Any
    key: str | None


class Broken(Exception):
    """An object of a payload broke a non-null promise."""


class Mutations:
    """All mutations of one schema."""

    def __init__(self, reads: Reads, commands: Commands) -> None:
        self.reads, self.commands = reads, commands

    def cost(self, asked: Asked) -> int:
        """Rights and cost of the whole document, before anything is done; the same for each call of one shape."""
        key = ("cost", plan_key(asked.document, asked.operation, asked.me.reader, asked.values))
        known: int | None = self.reads.plans.get(key)
        if known is not None:
            return known
        selections, root = self._selections(asked), self.reads.core.mutation_type
        permit(selections, root, [asked.operation.selection_set], asked.me.reader)
        cost = cost_of(selections, root, asked.operation).requested
        if cost > MAX_COST:
            raise MaxCostExceeded(cost=cost, allowed=MAX_COST)
        self.reads.plans.put(key, cost)
        return cost

    async def run(self, asked: Asked, header_key: str | None = None) -> bytes:
        """`data` as JSON bytes. Every root field is read and checked before the first one acts."""
        selections = self._selections(asked)
        root: Any = self.reads.core.mutation_type
        fields = selections.fields(root, [asked.operation.selection_set])
        calls: dict[str, Call | None] = {}
        for key, nodes in fields.items():
            name = nodes[0].name.value
            calls[key] = None if name == "__typename" else self._call(asked, root, key, nodes, header_key, len(fields))
        pairs = [
            (key, b'"Mutation"' if call is None else await self._act(asked, selections, call))
            for key, call in calls.items()
        ]
        return object_json(pairs)

    def _selections(self, asked: Asked) -> Selections:
        return Selections(self.reads.core, asked.document.ast, asked.values)

    # ---- before
    def _call(self, asked: Asked, root: Any, key: str, nodes: Nodes, header: str | None, roots: int) -> Call:
        field, ours = root.fields[nodes[0].name.value], definition(root, nodes[0].name.value)
        mutation: Mutation = ours.metadata["mutation"]
        check_write(mutation.area, nodes[0].name.value, asked.me.reader)
        given = get_argument_values(field, nodes[0], asked.coerced)
        idempotency = _key_of(nodes[0], asked, header, roots)
        if mutation.key_required and idempotency is None:
            raise IdempotencyKeyRequired(mutation=nodes[0].name.value)
        read = reader(mutation.input)
        if mutation.many:
            items = given["inputs"]
            if len(items) > MAX_ITEMS:
                raise LimitExceeded(limit="inputs", allowed=MAX_ITEMS)
            value: Any = tuple(read(v) for v in items)
        else:
            value = read(given["input"])
        return Call(
            response_key=key, nodes=nodes, name=ours.python_name, mutation=mutation, given=value, key=idempotency
        )

    async def _foreign(self, asked: Asked, call: Call) -> Refusal | None:
        """For roles that own only some rows: a foreign id answers as an unknown one."""
        cell = check_write(call.mutation.area, camel(call.name), asked.me.reader)
        if not cell.own:
            return None
        for value in call.given if call.mutation.many else (call.given,):
            if isinstance(value, CaptureOrderInput) and value.channel != asked.me.channel:
                raise Forbidden(what=f"The channel {value.channel}", role=asked.me.role)
            for path, prefix, wanted in owned_ids(value):
                cls = BY_PREFIX.get(prefix)
                if cls and BOUND[cls].rows and not await self._visible(asked, cls, wanted):
                    return Refusal(code="NOT_FOUND", message="There is none with this id.", field=("input", *path))
        return None

    async def _visible(self, asked: Asked, cls: type, wanted: UUID) -> bool:
        c = compiler(self.reads.core, asked.document.ast, asked.me.reader, {})
        type_: Any = self.reads.core.type_map[cls.__strawberry_definition__.name]  # type: ignore[attr-defined]
        row = c.alias(type_)
        held = [row.c[BOUND[cls].key] == c.bind(lambda _v: wanted, sa.Uuid()), *c.seen(type_, row)]
        plan = c.finished([sa.exists(sa.select(sa.literal_column("1")).select_from(row).where(*held))])
        found = await self.reads.pool.fetchrow(asked.me.tenant, plan.sql, plan.binds({"$scope": scope_of(asked.me)}))
        return bool(found[0])

    # ---- the act
    async def _act(self, asked: Asked, selections: Selections, call: Call) -> bytes:
        refused = await self._foreign(asked, call)
        payload: Any = g.get_named_type(self.reads.core.mutation_type.fields[call.nodes[0].name.value].type)  # type: ignore[union-attr]
        writer = _Writer(self, asked, selections, call)
        if refused is not None:
            return await writer.one(payload, call.nodes, Outcome(refusals=(refused,)), (), {})
        seen: dict[UUID, bytes] = {}

        async def look(conn: Any, outcome: Outcome) -> None:
            await writer.read(payload, call.nodes, (outcome,), seen, conn)

        dry = call.mutation.dry is not None and getattr(call.given, call.mutation.dry)
        ask = Ask(
            principal=asked.me,
            mutation=call.name,
            key=call.key,
            input_hash=input_hash(call.name, call.given),
            look=look if dry else None,
        )
        outcome: Any = await getattr(self.commands, call.name)(ask, call.given)
        again = sum(o.replayed for o in (outcome if call.mutation.many else (outcome,)))
        if again:
            metrics.REPLAYS.labels(call.name).inc(again)
        if call.mutation.many:
            return await writer.bulk(payload, call.nodes, outcome)
        if not dry:
            await writer.read(payload, call.nodes, (outcome,), seen)
        return await writer.one(payload, call.nodes, outcome, (), seen)


class _Writer:
    """The payload of one call."""

    def __init__(self, mutations: Mutations, asked: Asked, selections: Selections, call: Call) -> None:
        self.reads, self.asked, self.selections, self.call = mutations.reads, asked, selections, call

    async def one(
        self, payload: Any, nodes: Nodes, outcome: Outcome, at: tuple[str, ...], seen: Mapping[UUID, bytes]
    ) -> bytes:
        """A payload object; `at` is the place of its input among many."""
        pairs = []
        for key, inner in self.selections.fields(payload, below(nodes)).items():
            pairs.append((key, self._field(payload, inner, outcome, at, seen)))
        return object_json(pairs)

    def _field(
        self, payload: Any, nodes: Nodes, outcome: Outcome, at: tuple[str, ...], seen: Mapping[UUID, bytes]
    ) -> bytes:
        name = nodes[0].name.value
        if name == "__typename":
            return b'"%b"' % payload.name.encode()
        ours = definition(payload, name)
        made = ours.metadata.get("bind")
        if isinstance(made, Made):
            ids = _ids(outcome, made)
            if made.several:
                return b"[" + b",".join(seen[i] for i in ids if i in seen) + b"]"
            if not ids:
                return b"null"
            quick = self._quick(payload, nodes, outcome, made, ids[0])
            return quick if quick is not None else seen.get(ids[0], b"null")
        value = {"user_errors": self._errors(outcome, at), "replayed": outcome.replayed, **outcome.data}
        return inner_json(self.selections, payload, nodes, {ours.python_name: value.get(ours.python_name)})

    def _errors(self, outcome: Outcome, at: tuple[str, ...]) -> list[Refusal]:
        """Among many, the `input` of a path is `inputs` and its place."""
        if not self.call.mutation.many:
            return list(outcome.refusals)
        return [r if r.field is None else replace(r, field=("inputs", *at, *r.field[1:])) for r in outcome.refusals]

    def _quick(self, payload: Any, nodes: Nodes, outcome: Outcome, made: Made, wanted: UUID) -> bytes | None:
        """The object from the outcome's data alone, when it holds all that is selected."""
        data = outcome.data.get(made.name)
        type_: Any = g.get_named_type(payload.fields[nodes[0].name.value].type)
        if not isinstance(data, Mapping):
            return None
        chosen = self.selections.fields(type_, below(nodes))
        names = {n[0].name.value for n in chosen.values()} - {"__typename"}
        if not names <= (QUICK & {*data, "id"}):
            return None
        known = {**data, "id": f"{bound_of(type_).prefix}_{wanted.hex}"}
        return object_json((key, inner_json(self.selections, type_, n, known)) for key, n in chosen.items())

    async def read(
        self, payload: Any, nodes: Nodes, outcomes: Sequence[Outcome], seen: dict[UUID, bytes], conn: Any = None
    ) -> None:
        """Fetch the objects that the selection asks for into `seen`."""
        for key, inner in self.selections.fields(payload, below(nodes)).items():
            made = (
                definition(payload, inner[0].name.value).metadata.get("bind") if inner[0].name.value[0] != "_" else None
            )
            if not isinstance(made, Made):
                continue
            wanted = [
                i
                for o in outcomes
                for i in _ids(o, made)
                if made.several or self._quick(payload, inner, o, made, i) is None
            ]
            if wanted:
                await self._fetch(payload, key, inner, wanted, seen, conn)

    async def _fetch(
        self, payload: Any, key: str, nodes: Nodes, wanted: list[UUID], seen: dict[UUID, bytes], conn: Any
    ) -> None:
        me, asked = self.asked.me, self.asked
        cached = (
            "objects",
            plan_key(asked.document, asked.operation, me.reader, asked.values),
            self.call.response_key,
            key,
        )
        plan: Plan | None = self.reads.plans.get(cached)
        if plan is None:
            type_ = g.get_named_type(payload.fields[nodes[0].name.value].type)
            plan = compile_objects(self.reads.core, asked.document.ast, me.reader, asked.values, type_, below(nodes))
            self.reads.plans.put(cached, plan)
        binds = plan.binds({**asked.values, "$scope": scope_of(me), "$ids": wanted})
        if conn is not None:
            rows = await conn.fetch(plan.sql, *binds)
        else:
            async with self.reads.pool.acquire(me.tenant) as own:
                rows = await own.fetch(plan.sql, *binds)
        for row in rows:
            if BROKEN in row[1]:
                raise Broken(payload.name)
            seen[row[0]] = row[1]

    async def bulk(self, payload: Any, nodes: Nodes, outcomes: Sequence[Outcome]) -> bytes:
        """A payload of many: one result an input, in order, and how many were captured and refused."""
        refused = sum(1 for o in outcomes if o.refusals)
        plain = {"captured": len(outcomes) - refused, "refused": refused}
        pairs = []
        for key, inner in self.selections.fields(payload, below(nodes)).items():
            if inner[0].name.value != "results":
                pairs.append((key, inner_json(self.selections, payload, inner, plain)))
                continue
            one: Any = g.get_named_type(payload.fields["results"].type)
            seen: dict[UUID, bytes] = {}
            await self.read(one, inner, outcomes, seen)
            made = [await self.one(one, inner, o, (str(at),), seen) for at, o in enumerate(outcomes)]
            pairs.append((key, b"[" + b",".join(made) + b"]"))
        return object_json(pairs)


def _ids(outcome: Outcome, made: Made) -> tuple[UUID, ...]:
    found = outcome.event_ids if made.name == "events" else outcome.ids.get(made.name, ())
    return found if isinstance(found, tuple) else (found,)


def _key_of(node: g.FieldNode, asked: Asked, header: str | None, roots: int) -> str | None:
    """The idempotency key of one root field: its directive, or the header when the document has one root mutation."""
    written: str | None = None
    for directive in node.directives or ():
        if directive.name.value == "idempotent":
            value: Any = (directive.arguments or ())[0].value
            written = asked.values[value.name.value] if isinstance(value, g.VariableNode) else value.value
    if header is not None and roots > 1:
        raise BadRequest(reason="Idempotency-Key needs a document with one root mutation")
    if written is not None and header is not None and written != header:
        raise BadRequest(reason="@idempotent and Idempotency-Key differ")
    key = written if written is not None else header
    if key is not None and not _KEY.match(key):
        raise BadRequest(reason="an idempotency key is 1 to 255 visible ASCII characters")
    return key
