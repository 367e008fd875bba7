"""Mutations about stock: by a delta, to a value, between nodes, announced and received, safety and buffers. All of a call or nothing."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from hub import catalog, inventory, network
from hub.inventory import Adjusting, Adjustment, Expected, Transfer
from hub.kit.db import Tx
from hub.kit.errors import HubError
from hub.kit.ids import new_id
from hub.ledger import Cause
from hub.web.commands.work import Desk, Refused, direct
from schema.commands import Ask, Outcome, Refusal
from schema.inputs import (
    AdjustStockInput,
    AnnounceStockInput,
    ReceiveStockInput,
    SetChannelBuffersInput,
    SetSafetyStockInput,
    SetStockInput,
    TransferStockInput,
)

CODES = (
    "NOT_FOUND",
    "UNKNOWN_SKU",
    "CHANGE_FROM_QUANTITY_STALE",
    "WOULD_GO_NEGATIVE",
    "OUT_OF_BOUNDS",
    "BELOW_RESERVED",
    "STOCK_SHORT",
    "EXPIRED",
    "NOT_POSITIVE",
    "TRANSFER_TO_ITSELF",
    "ONLY_NEW_IS_ANNOUNCED",
    "NOTHING_ANNOUNCED",
)
# fault -> the field of the item that it is about
FIELDS = {
    "CHANGE_FROM_QUANTITY_STALE": "changeFromQuantity",
    "TRANSFER_TO_ITSELF": "toLocationId",
    "ONLY_NEW_IS_ANNOUNCED": "arrivesAt",
}
Item = tuple[str, UUID]  # field of an input's item, location


@dataclass(frozen=True, slots=True)
class _Call:
    """One mutation's changes; `name` and `amount` are the fields of its input that hold the items and their number."""

    changes: tuple[Adjustment, ...]
    reason: str
    name: str
    amount: str

    def outcome(self, result: Sequence[Any] | inventory.Refused, events: Sequence[UUID]) -> Outcome:
        if isinstance(result, inventory.Refused):
            return Outcome(refusals=_refused(result, self.name, self.amount).refusals)
        return Outcome(ids={"levels": tuple(r["stock_id"] for r in result)}, event_ids=tuple(events[:20]))


class StockCommands:
    """`desk` carries the write path."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    async def adjust_stock(self, ask: Ask, input: AdjustStockInput, /) -> Outcome:  # noqa: A002 - the port's name
        changes = tuple(
            Adjustment(
                node_id=c.location_id,
                sku=c.sku,
                condition=c.condition.value,
                delta=c.delta,
                lot=c.lot or None,
                expires_on=c.expires_on,
            )
            for c in input.changes
        )
        return await self._run(ask, _Call(changes, input.reason, "changes", "delta"))

    async def set_stock(self, ask: Ask, input: SetStockInput, /) -> Outcome:  # noqa: A002 - the port's name
        changes = tuple(
            Adjustment(
                node_id=c.location_id,
                sku=c.sku,
                condition=c.condition.value,
                quantity=c.quantity,
                change_from=c.change_from_quantity,
                lot=c.lot or None,
                expires_on=c.expires_on,
            )
            for c in input.levels
        )
        return await self._run(ask, _Call(changes, input.reason, "levels", "quantity"))

    async def _run(self, ask: Ask, call: _Call) -> Outcome:
        async def act(tx: Tx) -> Outcome:
            (one,) = await self._adjust(tx, [(ask, call)])
            return one

        return await self._desk.run(ask, CODES, act, together=(self._adjust, call))

    async def _adjust(self, tx: Tx, given: Sequence[tuple[Ask, _Call]]) -> list[Outcome]:
        """One call for all that wait: each has its own refusals, and those of the same level settle in their order."""
        calls = [c for _, c in given]
        outcomes = [Outcome(refusals=bad) if bad else None for bad in await _unknown(tx, calls)]
        asked = {
            n: Adjusting(changes=calls[n].changes, reason=calls[n].reason, cause=Cause(new_id(), None))
            for n, refused in enumerate(outcomes)
            if refused is None
        }
        if asked:
            done = await inventory.adjust_all(tx, list(asked.values()))
            await self._desk.reactor.react(tx)
            events: dict[UUID, list[UUID]] = {}
            for f in tx.facts:
                events.setdefault(f.correlation_id, []).append(f.event_id)
            for (n, one), result in zip(asked.items(), done, strict=True):
                outcomes[n] = calls[n].outcome(result, events.get(one.cause.correlation_id, ()))
        return [o for o in outcomes if o is not None]

    async def transfer_stock(self, ask: Ask, input: TransferStockInput, /) -> Outcome:  # noqa: A002 - the port's name
        moves = [
            Transfer(
                from_node_id=m.from_location_id,
                to_node_id=m.to_location_id,
                sku=m.sku,
                quantity=m.quantity,
                condition=m.condition.value,
                arrives_at=m.arrives_at,
                lot=m.lot or None,
            )
            for m in input.moves
        ]

        async def act(tx: Tx) -> Outcome:
            ends = [[("fromLocationId", m.from_node_id), ("toLocationId", m.to_node_id)] for m in moves]
            await _check(tx, "moves", [m.sku for m in moves], ends)
            try:
                await inventory.transfer(tx, input.reference, moves, direct(tx))
            except inventory.Refused as error:
                raise _refused(error, "moves", "quantity", len(moves)) from error
            keys = [(n, m.sku, m.condition) for m in moves for n in (m.from_node_id, m.to_node_id)]
            return await _levels(tx, keys)

        return await self._desk.run(ask, CODES, act)

    async def announce_stock(self, ask: Ask, input: AnnounceStockInput, /) -> Outcome:  # noqa: A002 - the port's name
        lines = [
            Expected(
                node_id=x.location_id,
                sku=x.sku,
                quantity=x.quantity,
                expected_at=x.expected_at,
                lot=x.lot or None,
                expires_on=x.expires_on,
            )
            for x in input.lines
        ]

        async def act(tx: Tx) -> Outcome:
            await _check(tx, "lines", [x.sku for x in lines], [[("locationId", x.node_id)] for x in lines])
            try:
                await inventory.expect(tx, input.reference, lines, direct(tx))
            except inventory.Refused as error:
                raise _refused(error, "lines", "quantity") from error
            return await _levels(tx, [(x.node_id, x.sku, "NEW") for x in lines])

        return await self._desk.run(ask, CODES, act)

    async def receive_stock(self, ask: Ask, input: ReceiveStockInput, /) -> Outcome:  # noqa: A002 - the port's name
        async def act(tx: Tx) -> Outcome:
            try:
                rows = await inventory.receive(tx, input.reference, direct(tx))
            except inventory.NothingAnnounced as error:
                raise Refused(_one(error, "reference")) from error
            return Outcome(ids={"levels": tuple(r["stock_id"] for r in rows)})

        return await self._desk.run(ask, CODES, act)

    async def set_safety_stock(self, ask: Ask, input: SetSafetyStockInput, /) -> Outcome:  # noqa: A002 - the port's name
        async def act(tx: Tx) -> Outcome:
            given = input.levels
            await _check(tx, "levels", [x.sku for x in given], [[("locationId", x.location_id)] for x in given])
            _not_negative("levels", given)
            await inventory.set_safety(tx, {(x.location_id, x.sku): x.units for x in given}, direct(tx))
            return await _levels(tx, [(x.location_id, x.sku, "NEW") for x in given])

        return await self._desk.run(ask, CODES, act)

    async def set_channel_buffers(self, ask: Ask, input: SetChannelBuffersInput, /) -> Outcome:  # noqa: A002 - the port's name
        async def act(tx: Tx) -> Outcome:
            given = input.buffers
            await _check(tx, "buffers", [x.sku or "" for x in given], [[("locationId", x.location_id)] for x in given])
            _not_negative("buffers", given)
            units = {(x.channel, x.location_id, x.sku or ""): x.units for x in given}
            return Outcome(ids={"buffers": tuple(await inventory.put_buffers(tx, units, direct(tx)))})

        return await self._desk.run(ask, CODES, act)


async def _check(tx: Tx, name: str, skus: Sequence[str], locations: Sequence[Sequence[Item]]) -> None:
    """Every location and SKU ('' is none) is known, else `Refused` with the place of each that is not."""
    places, known = await network.load(tx), await catalog.find(tx, {s for s in skus if s})
    if bad := _strange(name, skus, locations, places.nodes, known):
        raise Refused(*bad)


async def _unknown(tx: Tx, calls: Sequence[_Call]) -> list[tuple[Refusal, ...]]:
    """What each call names that is not known."""
    places, known = await network.load(tx), await catalog.find(tx, {c.sku for call in calls for c in call.changes})
    return [
        _strange(
            call.name,
            [c.sku for c in call.changes],
            [[("locationId", c.node_id)] for c in call.changes],
            places.nodes,
            known,
        )
        for call in calls
    ]


def _strange(
    name: str,
    skus: Sequence[str],
    locations: Sequence[Sequence[Item]],
    nodes: Collection[UUID],
    known: Collection[str],
) -> tuple[Refusal, ...]:
    bad = [
        _at("NOT_FOUND", "There is no such location.", name, n, field)
        for n, ends in enumerate(locations)
        for field, node_id in ends
        if node_id not in nodes
    ]
    bad += [
        _at("UNKNOWN_SKU", f"{sku} is not in the catalog.", name, n, "sku")
        for n, sku in enumerate(skus)
        if sku and sku not in known
    ]
    return tuple(bad)


def _not_negative(name: str, given: Sequence[Any]) -> None:
    bad = [
        _at("WOULD_GO_NEGATIVE", f"Units are kept, not owed: {x.units}.", name, n, "units")
        for n, x in enumerate(given)
        if x.units < 0
    ]
    if bad:
        raise Refused(*bad)


async def _levels(tx: Tx, keys: Sequence[tuple[UUID, str, str]]) -> Outcome:
    rows = await inventory.locked(tx, keys)
    return Outcome(ids={"levels": tuple(rows[k]["stock_id"] for k in dict.fromkeys(keys))})


def _refused(error: inventory.Refused, name: str, amount: str, items: int | None = None) -> Refused:
    """The faults of a call at their items. `items`: how many there were, when one item is two changes."""
    place: Callable[[int], int] = lambda n: n % items if items else n  # noqa: E731 - one word of arithmetic
    return Refused(*(_item(e, name, place(n), FIELDS.get(e.code, amount)) for n, e in error.faults))


def _item(error: HubError, name: str, place: int, field: str) -> Refusal:
    return Refusal(
        code=error.code,
        message=error.sentence(),
        field=("input", name, str(place), field),
        current_quantity=error.data.get("current"),
    )


def _at(code: str, message: str, name: str, place: int, field: str) -> Refusal:
    return Refusal(code=code, message=message, field=("input", name, str(place), field))


def _one(error: HubError, field: str) -> Refusal:
    return Refusal(code=error.code, message=error.sentence(), field=("input", field))
