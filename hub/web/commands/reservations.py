"""Mutations about soft reservations: keep units for a cart or a pickup, let them end later, give them back."""

from __future__ import annotations

from datetime import timedelta

from hub import inventory
from hub.kit.db import Tx
from hub.web.commands.work import Desk, Refused, direct
from schema.commands import Ask, Outcome, Refusal
from schema.inputs import ExtendReservationInput, ReleaseReservationInput, ReserveStockInput

CODES = ("NOT_FOUND", "UNKNOWN_SKU", "STOCK_SHORT", "EXPIRED", "NOT_POSITIVE", "TOO_LONG")
LONGEST = timedelta(days=30)


class ReservationCommands:
    """`desk` carries the write path."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    async def reserve_stock(self, ask: Ask, input: ReserveStockInput, /) -> Outcome:  # noqa: A002 - the port's name
        async def act(tx: Tx) -> Outcome:
            ttl = _ttl(input.ttl_seconds)
            bad = [
                Refusal(
                    code="NOT_POSITIVE",
                    message=f"The quantity of {x.sku} must be above zero, it is {x.quantity}.",
                    field=("input", "lines", str(n), "quantity"),
                )
                for n, x in enumerate(input.lines)
                if x.quantity <= 0
            ]
            if bad or not input.lines:
                raise Refused(*bad or [_nothing()])
            lines = [(x.location_id, x.sku, x.quantity) for x in input.lines]
            kept, _ = await inventory.keep(
                tx, input.reference, lines, ttl, direct(tx), all_or_nothing=input.all_or_nothing
            )
            return Outcome(ids={"reservation": kept})

        return await self._desk.run(ask, CODES, act)

    async def extend_reservation(self, ask: Ask, input: ExtendReservationInput, /) -> Outcome:  # noqa: A002 - the port's name
        async def act(tx: Tx) -> Outcome:
            try:
                await inventory.extend(tx, {input.reservation_id: tx.now + _ttl(input.ttl_seconds)}, direct(tx))
            except inventory.ReservationEnded as error:
                code = "NOT_FOUND" if error.data["state"] == "unknown" else error.code
                raise Refused(Refusal(code=code, message=error.sentence(), field=("input", "reservationId"))) from error
            return Outcome(ids={"reservation": input.reservation_id})

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


def _ttl(seconds: int) -> timedelta:
    ttl, field = timedelta(seconds=seconds), ("input", "ttlSeconds")
    if seconds <= 0:
        raise Refused(Refusal(code="NOT_POSITIVE", message=f"{seconds} seconds keep nothing.", field=field))
    if ttl > LONGEST:
        raise Refused(Refusal(code="TOO_LONG", message="A cart keeps units for 30 days at most.", field=field))
    return ttl


def _nothing() -> Refusal:
    return Refusal(code="NOT_POSITIVE", message="A reservation keeps something.", field=("input", "lines"))
