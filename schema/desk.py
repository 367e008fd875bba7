"""One request from who asks to the answer's bytes, whatever the transport: rights, cost, reads and mutations."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import graphql as g
import orjson

from hub.kit.errors import HubError
from schema.contract import contract
from schema.deps import SchemaDeps
from schema.errors import NotAuthenticated, ValidationFailed
from schema.metered import OTHER, Timed, count_deprecated, count_refused
from schema.mutations.run import Mutations
from schema.plan.pool import ReadPool
from schema.plan.run import Asked, Reads
from schema.principal import Principal
from schema.requests import Store
from schema.responses import RESPONSE_JSON, error_of
from schema.roles import INTROSPECTION
from schema.throttle import Throttle

DOCUMENTS = Path(__file__).parent / "documents"


class Desk:
    """Made once a process."""

    def __init__(self, deps: SchemaDeps) -> None:
        self.deps = deps
        self.reads = Reads(contract(), ReadPool(deps.read_pool))
        self.mutations = Mutations(self.reads, deps.commands)
        self.store = Store(DOCUMENTS)
        self.throttle = Throttle(deps.monotonic)

    async def who(self, authorization: str) -> Principal:
        """The principal of the proof, or `NotAuthenticated`."""
        found = await self.deps.authenticate(authorization) if authorization else None
        if found is None:
            raise NotAuthenticated
        return found

    def asked(self, me: Principal, body: Any) -> Asked:
        """The operation in a request's body."""
        try:
            request = self.store.request(body, open_documents=me.role in self.deps.settings.open_documents)
            asked = self.reads.ask(me, request.query, request.variables, request.operation_name)
        except HubError as error:
            count_refused(error)
            if not isinstance(error, ValidationFailed) or me.role in INTROSPECTION:
                raise
            raise _without_suggestions(error) from error
        if asked.document.deprecated:
            count_deprecated(asked.document.deprecated)
        return asked

    async def answer(self, asked: Asked, header_key: str | None, media: str) -> tuple[int, bytes]:
        """(status, body) of a query or mutation; refusals are raised."""
        with Timed(self.store.names.get(asked.document.text, OTHER)) as timed:
            if asked.operation.operation is g.OperationType.MUTATION:
                return await self._mutate(asked, header_key)
            return await self._read(asked, media, timed)

    async def _read(self, asked: Asked, media: str, timed: Timed) -> tuple[int, bytes]:
        timed.path = "none"
        entry, making = self.reads.entry(asked)
        cost = entry.cost
        self.throttle.take(asked.me, cost.requested + making)
        answer = await self.reads.read(asked, entry)
        timed.path = answer.path
        if answer.errors:
            timed.code = "INTERNAL"
        actual = cost.actual(answer.counts) if answer.counts else cost.requested
        self.throttle.give_back(asked.me, cost.requested - actual)
        head = b'{"data":' + answer.data
        if answer.errors:
            head += b',"errors":' + orjson.dumps([error_of(e) for e in answer.errors])
        status = 500 if answer.errors and media == RESPONSE_JSON else 200
        return status, head + self._extensions(asked.me, cost.requested, actual)

    async def _mutate(self, asked: Asked, header_key: str | None) -> tuple[int, bytes]:
        cost = self.mutations.cost(asked)
        self.throttle.take(asked.me, cost)
        data = await self.mutations.run(asked, header_key)
        return 200, b'{"data":' + data + self._extensions(asked.me, cost, cost)

    def _extensions(self, me: Principal, requested: int, actual: int) -> bytes:
        status = self.throttle.status(me)
        shown = b',"throttleStatus":' + orjson.dumps(status) if status else b""
        return b',"extensions":{"cost":{"requestedQueryCost":%d,"actualQueryCost":%d%b}}}' % (requested, actual, shown)


def _without_suggestions(error: HubError) -> ValidationFailed:
    """Suggestions name fields of the schema: not for outsiders."""
    kept = [{**one, "message": one["message"].split(" Did you mean")[0]} for one in error.data.get("errors", [])]
    return ValidationFailed(reason="; ".join(k["message"] for k in kept), errors=kept)
