"""Mutations about kept searches: a search is kept only if its list would take it."""

from __future__ import annotations

from hub import orders
from hub.kit.db import Tx
from hub.web.commands.work import Desk, Refused
from schema.changes import DeleteSearchesInput, SaveSearchInput
from schema.commands import Ask, Outcome, Refusal
from schema.searches import faults

CODES = ("NOT_FOUND", "BAD_SEARCH")


class SearchCommands:
    """`desk` carries the write path."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    async def save_search(self, ask: Ask, input: SaveSearchInput, /) -> Outcome:  # noqa: A002 - the port's name
        async def act(tx: Tx) -> Outcome:
            if found := faults(input.about, input.where, input.order_by):
                raise Refused(*(Refusal(code="BAD_SEARCH", message=m, field=("input", *path)) for path, m in found))
            query = {k: v for k, v in (("where", input.where), ("orderBy", input.order_by)) if v is not None}
            search_id = await orders.save_search(tx, input.name, input.about, query, shared=input.shared)
            return Outcome(ids={"search": search_id}, data={"deleted": 0})

        return await self._desk.run(ask, CODES, act)

    async def delete_searches(self, ask: Ask, input: DeleteSearchesInput, /) -> Outcome:  # noqa: A002 - the port's name
        async def act(tx: Tx) -> Outcome:
            gone = await orders.drop_searches(tx, input.search_ids)
            return Outcome(data={"deleted": len(gone)})

        return await self._desk.run(ask, CODES, act)
