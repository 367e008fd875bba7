"""Mutations about orders: capture, move, cancel, hold and release."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from hub import connections, fulfillment, network, orders
from hub.canon.order import Address, Customer, DraftLine, OrderDraft, Pickup, Totals
from hub.canon.states import FulfillmentMethod, HoldKind, OrderState, PaymentState
from hub.flows import CaptureOutcome, Incoming, capture, cart
from hub.flows.cancel import PartAsked, cancel_part
from hub.fulfillment import AT_WORK
from hub.kit.clock import rfc3339
from hub.kit.db import Tx
from hub.kit.ids import new_id, public_id
from hub.ledger import Cause, append, fact
from hub.orders import ADVANCE
from hub.web.commands.work import Desk, Refused, direct
from schema.commands import Ask, Outcome, Refusal
from schema.inputs import (
    AddressInput,
    CancelOrderInput,
    CaptureOrderInput,
    OrderLineInput,
    PlaceHoldInput,
    ReleaseHoldInput,
    TransitionOrderInput,
)

CODES = (
    "NOT_FOUND",
    "ILLEGAL_MOVE",
    "VERSION_CONFLICT",
    "ON_HOLD",
    "STOCK_SHORT",
    "REASON_REQUIRED",
    "ALREADY_SHIPPED",
)
# errors of a draft -> code of the API
ZERO = Decimal(0)


class OrderCommands:
    """`desk` carries the write path."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    async def capture_order(self, ask: Ask, input: CaptureOrderInput, /) -> Outcome:  # noqa: A002 - the port's name
        return await self._desk.run(
            ask, CODES, lambda tx: self._capture(tx, ask, input), together=(self._capture_together, input)
        )

    async def capture_orders(self, ask: Ask, inputs: tuple[CaptureOrderInput, ...], /) -> tuple[Outcome, ...]:
        """Each has its own outcome; they share one unit, and the key of the whole call."""
        found: list[Outcome] = []

        async def act(tx: Tx) -> Outcome:
            found[:] = await self._capture_all(tx, ask, inputs)
            kept = [{"order": o.ids["order"].hex if isinstance(o.ids.get("order"), UUID) else None} for o in found]  # type: ignore[union-attr]
            return Outcome(data={"orders": kept})

        whole = await self._desk.run(ask, CODES, act)
        if whole.replayed:
            return tuple(
                Outcome(ids={"order": UUID(o["order"])} if o["order"] else {}, replayed=True)
                for o in whole.data["orders"]
            )
        return tuple(found)

    async def _capture_together(self, tx: Tx, given: Sequence[tuple[Ask, CaptureOrderInput]]) -> Sequence[Outcome]:
        return await self._capture_all(tx, given[0][0], tuple(one for _, one in given))

    async def _capture(self, tx: Tx, ask: Ask, given: CaptureOrderInput) -> Outcome:
        (one,) = await self._capture_all(tx, ask, (given,))
        return one

    async def _capture_all(self, tx: Tx, ask: Ask, inputs: tuple[CaptureOrderInput, ...]) -> list[Outcome]:
        accounts = {(c.code): c.connection_id for c in await connections.of_tenant(tx)} if len(inputs) else {}
        places = await network.load(tx) if any(i.pickup_location_id for i in inputs) else None
        incoming = []
        for given in inputs:
            node = places.nodes.get(given.pickup_location_id) if places and given.pickup_location_id else None
            draft = draft_of(given, tx.now, node.code if node else None)
            channel = ask.principal.channel or given.channel
            cause = Cause(new_id(), None)
            incoming.append(Incoming(draft=draft, channel=channel, cause=cause, connection_id=accounts.get(channel)))
        done = await capture(tx, incoming, self._desk.reactor.deps)
        await self._desk.reactor.react(tx)
        heads = await orders.brief(tx, [o.captured.order_id for o in done if o.captured])
        events: dict[UUID, list[UUID]] = {}
        for f in tx.facts:
            events.setdefault(f.correlation_id, []).append(f.event_id)
        return [
            self._outcome(o, heads, events.get(i.cause.correlation_id, ())) for o, i in zip(done, incoming, strict=True)
        ]

    def _outcome(
        self, outcome: CaptureOutcome, heads: Mapping[UUID, Mapping[str, Any]], events: Sequence[UUID]
    ) -> Outcome:
        if outcome.faults:
            return Outcome(
                refusals=tuple(
                    Refusal(code=e.code, message=e.sentence(), field=("input", *path)) for path, e in outcome.faults
                )
            )
        captured = outcome.captured
        if captured is None:
            raise ValueError("a draft without faults was captured")
        if captured.outcome == "OLD_REVISION":
            return Outcome(
                ids={"order": captured.order_id},
                refusals=(
                    Refusal(
                        code="OLD_REVISION",
                        message="A newer revision stands; this one was recorded.",
                        field=("input", "revision"),
                    ),
                ),
            )
        return Outcome(
            ids={"order": captured.order_id},
            event_ids=tuple(events[:20]),
            data={"order": dict(heads[captured.order_id])},
            replayed=captured.outcome == "REPEATED",
        )

    async def transition_order(self, ask: Ask, input: TransitionOrderInput, /) -> Outcome:  # noqa: A002 - the port's name
        return await self._desk.run(ask, CODES, lambda tx: self._transition(tx, input))

    async def _transition(self, tx: Tx, given: TransitionOrderInput) -> Outcome:
        row = await self._checked(tx, given.order_id, given.expected_version)
        state, to, cause = OrderState(row["state"]), given.to, direct(tx)
        orders.check_move(state, to)
        if to is OrderState.CANCELLED:
            if not given.reason:
                raise Refused(
                    Refusal(code="REASON_REQUIRED", message="A cancellation has a reason.", field=("input", "reason"))
                )
            append(tx, [fact(tx, "order.cancel_asked", "order", given.order_id, {"reason": given.reason}, cause)])
            return Outcome(ids={"order": given.order_id})
        if row["open_holds"] and to not in orders.allowed(state, on_hold=True):
            raise await self._held(tx, given.order_id)
        if to is OrderState.APPROVED:
            await orders.approve(tx, {given.order_id: cause})
            return Outcome(ids={"order": given.order_id})
        await self._move_all(tx, given.order_id, to, cause)
        return Outcome(ids={"order": given.order_id})

    async def _move_all(self, tx: Tx, order_id: UUID, to: OrderState, cause: Cause) -> None:
        """Every live fulfillment that is behind goes to `to`; dispatch is asked for, so that the gate decides."""
        rows = [r for r in (await fulfillment.states(tx, [order_id]))[order_id] if r["state"] != OrderState.CANCELLED]
        behind = [r for r in rows if ADVANCE[OrderState(r["state"])] < ADVANCE[to]]
        if not behind:
            raise Refused(
                Refusal(code="ILLEGAL_MOVE", message="No node works on this order yet.", field=("input", "to"))
            )
        if to in (OrderState.PICKING, OrderState.PACKED):
            steps = [fulfillment.Progress(fulfillment_id=r["fulfillment_id"], to=to, cause=cause) for r in behind]
            refused = await fulfillment.progress(tx, steps)
            if refused:
                raise refused[0][1]
        elif to is OrderState.DISPATCHED:
            for r in behind:
                await fulfillment.ask_dispatch(
                    tx,
                    fulfillment.DispatchAsked(
                        fulfillment_id=r["fulfillment_id"], carrier=r["carrier"] or "OWN", cause=cause
                    ),
                )
        else:
            await fulfillment.travelled(tx, {r["fulfillment_id"]: (to, cause) for r in behind})

    async def cancel_order(self, ask: Ask, input: CancelOrderInput, /) -> Outcome:  # noqa: A002 - the port's name
        return await self._desk.run(ask, CODES, lambda tx: self._cancel(tx, input))

    async def _cancel(self, tx: Tx, given: CancelOrderInput) -> Outcome:
        row = await self._checked(tx, given.order_id, given.expected_version)
        if not given.reason.strip():
            raise Refused(
                Refusal(code="REASON_REQUIRED", message="A cancellation has a reason.", field=("input", "reason"))
            )
        state = OrderState(row["state"])
        if state not in AT_WORK and state is not OrderState.DRAFT:
            code = "ILLEGAL_MOVE" if state is OrderState.CANCELLED else "ALREADY_SHIPPED"
            raise Refused(
                Refusal(
                    code=code,
                    message=f"An order that is {state.value} cannot be cancelled.",
                    allowed_transitions=_allowed(row),
                )
            )
        if given.line_ids:
            return await self._cancel_lines(tx, given)
        said = {"reason": given.reason}
        append(tx, [fact(tx, "order.cancel_asked", "order", given.order_id, said, direct(tx))])
        return Outcome(ids={"order": given.order_id})

    async def _cancel_lines(self, tx: Tx, given: CancelOrderInput) -> Outcome:
        """All that is left of these lines; of every line it is the whole order."""
        own = {x["line_id"]: x for x in (await orders.lines(tx, [given.order_id]))[given.order_id]}
        asked = given.line_ids or ()
        if unknown := [str(n) for n, i in enumerate(asked) if i not in own]:
            raise Refused(
                *(
                    Refusal(code="UNKNOWN_LINE", message="The order has no such line.", field=("input", "lineIds", n))
                    for n in unknown
                )
            )
        lines = tuple((own[i]["external_id"], own[i]["ordered"]) for i in asked)
        part = PartAsked(order_id=given.order_id, lines=lines, reason=given.reason, cause=direct(tx))
        [outcome] = await cancel_part(tx, [part])
        if isinstance(outcome, orders.AmendmentRefused):
            raise Refused(
                *(Refusal(code=e.code, message=e.sentence(), field=("input", "lineIds")) for _, e in outcome.faults)
            )
        return Outcome(ids={"order": given.order_id})

    async def place_hold(self, ask: Ask, input: PlaceHoldInput, /) -> Outcome:  # noqa: A002 - the port's name
        return await self._desk.run(ask, CODES, lambda tx: self._hold(tx, input))

    async def _hold(self, tx: Tx, given: PlaceHoldInput) -> Outcome:
        await orders.lock_one(tx, given.order_id)
        if not given.reason.strip():
            raise Refused(Refusal(code="REASON_REQUIRED", message="A hold has a reason.", field=("input", "reason")))
        if given.deadline is not None and given.deadline <= tx.now:
            said = "A deadline lies in the future."
            raise Refused(Refusal(code="DEADLINE_PASSED", message=said, field=("input", "deadline")))
        hold = orders.HoldPlaced(
            order_id=given.order_id,
            kind=HoldKind(given.kind),
            reason=given.reason,
            cause=direct(tx),
            deadline=given.deadline,
            then=given.then.value.lower(),
        )
        await orders.place(tx, [hold])
        return Outcome(ids={"order": given.order_id})

    async def release_hold(self, ask: Ask, input: ReleaseHoldInput, /) -> Outcome:  # noqa: A002 - the port's name
        return await self._desk.run(ask, CODES, lambda tx: self._release(tx, input))

    async def _release(self, tx: Tx, given: ReleaseHoldInput) -> Outcome:
        await orders.lock_one(tx, given.order_id)
        freed = orders.HoldReleased(order_id=given.order_id, kind=HoldKind(given.kind), cause=direct(tx))
        if not await orders.release(tx, [freed], note=given.note):
            raise Refused(
                Refusal(code="NOT_FOUND", message=f"There is no open {given.kind} hold.", field=("input", "kind"))
            )
        return Outcome(ids={"order": given.order_id})

    async def _checked(self, tx: Tx, order_id: UUID, expected: int | None) -> Any:
        row = await orders.lock_one(tx, order_id)
        if expected is not None and row["version"] != expected:
            raise Refused(
                Refusal(
                    code="VERSION_CONFLICT",
                    message=f"The order has changed: its version is {row['version']}.",
                    field=("input", "expectedVersion"),
                    current_version=row["version"],
                )
            )
        return row

    async def _held(self, tx: Tx, order_id: UUID) -> Refused:
        kinds = [h["kind"] for h in (await orders.open_holds(tx, [order_id])).get(order_id, [])]
        return Refused(Refusal(code="ON_HOLD", message=f"Held: {', '.join(kinds)}.", field=("input", "to")))


def _allowed(row: Any) -> tuple[str, ...]:
    return tuple(s.value for s in orders.allowed(OrderState(row["state"]), on_hold=row["open_holds"] > 0))


def draft_of(given: CaptureOrderInput, now: datetime, pickup: str | None) -> OrderDraft:
    """The canonical draft of an API order: prices include tax, totals are computed; a stated total must equal them."""
    lines = tuple(_line(n, x) for n, x in enumerate(given.lines, 1))
    goods = sum((x.unit_price * x.quantity for x in lines), ZERO)
    discount = sum((x.discount for x in lines), ZERO)
    shipping = given.shipping or ZERO
    total = given.totals.total if given.totals else goods - discount + shipping
    address = address_of(given.ship_to)
    return OrderDraft(
        external_id=given.external_id,
        revision=given.revision or "0",
        placed_at=given.placed_at or now,
        currency=given.currency_code,
        lines=lines,
        totals=Totals(goods=goods, discount=discount, shipping=shipping, total=total, tax_included=True),
        payment_state=given.payment_state or PaymentState.PENDING,
        customer=Customer(
            name=given.customer.name,
            email=given.customer.email,
            phone=given.customer.phone,
            tax_id=given.customer.tax_id,
        ),
        ship_to=replace(address, tax_id=address.tax_id or given.customer.tax_id),
        bill_to=address_of(given.bill_to) if given.bill_to else None,
        pickup=Pickup(node=pickup) if pickup else None,
        method=FulfillmentMethod(given.method) if given.method else FulfillmentMethod.SHIP,
        promised_by=given.promised_by,
        notes=given.note,
        tags=given.tags or (),
        references=(("captured", rfc3339(now)), *_kept(given.reservation_id)),
    )


def _kept(reservation_id: UUID | None) -> tuple[tuple[str, str], ...]:
    """What the cart kept becomes this order's."""
    return ((cart.REFERENCE, public_id("rsv", reservation_id)),) if reservation_id else ()


def _line(number: int, x: OrderLineInput) -> DraftLine:
    return DraftLine(
        external_id=str(x.line_no or number),
        sku=x.sku,
        quantity=x.quantity,
        unit_price=x.unit_price,
        discount=x.discount or ZERO,
        title=x.title,
    )


def address_of(a: AddressInput) -> Address:
    """The canonical address."""
    return Address(
        country=a.country_code,
        name=a.name,
        street=a.street,
        number=a.number,
        complement=a.complement,
        district=a.district,
        city=a.city,
        region=a.region,
        postal_code=a.postcode,
        phone=a.phone,
        tax_id=a.tax_id,
    )
