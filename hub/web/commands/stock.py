"""Mutations about stock: by a delta, to a value, reserve and release. All of a call or nothing."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from hub import inventory, network
from hub.inventory import Adjustment
from hub.kit.db import Tx
from hub.kit.errors import HubError
from hub.web.commands.work import Desk, Refused, direct
from schema.commands import Ask, Outcome, Refusal
from schema.inputs import AdjustStockInput, ReleaseReservationInput, ReserveStockInput, SetStockInput

CODES = (
    "NOT_FOUND",
    "UNKNOWN_SKU",
    "CHANGE_FROM_QUANTITY_STALE",
    "WOULD_GO_NEGATIVE",
    "BELOW_RESERVED",
    "STOCK_SHORT",
    "EXPIRED",
)


class StockCommands:
    """`desk` carries the write path."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    async def adjust_stock(self, ask: Ask, input: AdjustStockInput, /) -> Outcome:  # noqa: A002 - the port's name
        changes = [
            Adjustment(node_id=c.location_id, sku=c.sku, condition=c.condition.value, delta=c.delta)
            for c in input.changes
        ]
        return await self._desk.run(ask, CODES, lambda tx: self._adjust(tx, changes, input.reason, "changes"))

    async def set_stock(self, ask: Ask, input: SetStockInput, /) -> Outcome:  # noqa: A002 - the port's name
        changes = [
            Adjustment(
                node_id=c.location_id,
                sku=c.sku,
                condition=c.condition.value,
                quantity=c.quantity,
                change_from=c.change_from_quantity,
            )
            for c in input.levels
        ]
        return await self._desk.run(ask, CODES, lambda tx: self._adjust(tx, changes, input.reason, "levels"))

    async def _adjust(self, tx: Tx, changes: Sequence[Adjustment], reason: str, name: str) -> Outcome:
        places = await network.load(tx)
        unknown = [n for n, c in enumerate(changes) if c.node_id not in places.nodes]
        if unknown:
            raise Refused(
                *(
                    Refusal(
                        code="NOT_FOUND",
                        message="There is no such location.",
                        field=("input", name, str(n), "locationId"),
                    )
                    for n in unknown
                )
            )
        try:
            rows = await inventory.adjust(tx, changes, reason, direct(tx))
        except inventory.Refused as error:
            raise Refused(*(_refusal(e, name, n) for n, e in error.faults)) from error
        return Outcome(ids={"levels": tuple(r["stock_id"] for r in rows)})

    async def reserve_stock(self, ask: Ask, input: ReserveStockInput, /) -> Outcome:  # noqa: A002 - the port's name
        async def act(tx: Tx) -> Outcome:
            lines = [(x.location_id, x.sku, x.quantity) for x in input.lines]
            ttl = timedelta(seconds=input.ttl_seconds)
            kept, _ = await inventory.keep(
                tx, input.reference, lines, ttl, direct(tx), all_or_nothing=input.all_or_nothing
            )
            return Outcome(ids={"reservation": kept})

        return await self._desk.run(ask, CODES, act)

    async def release_reservation(self, ask: Ask, input: ReleaseReservationInput, /) -> Outcome:  # noqa: A002 - the port's name
        async def act(tx: Tx) -> Outcome:
            if not await inventory.give_back(tx, [input.reservation_id], "RELEASED", direct(tx)):
                raise Refused(
                    Refusal(
                        code="NOT_FOUND",
                        message="There is no such active reservation.",
                        field=("input", "reservationId"),
                    )
                )
            return Outcome(ids={"reservation": input.reservation_id})

        return await self._desk.run(ask, CODES, act)


def _refusal(error: HubError, name: str, place: int) -> Refusal:
    current: Any = error.data.get("current")
    return Refusal(
        code=error.code, message=error.sentence(), field=("input", name, str(place)), current_quantity=current
    )
