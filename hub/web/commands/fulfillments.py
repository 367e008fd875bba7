"""Mutations about fulfillments and their routing: move, dispatch, reject, plan."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from uuid import UUID

from hub import fulfillment, network, orders, routing
from hub.canon.states import OrderState
from hub.flows import Deps
from hub.flows.in_store import refuse
from hub.flows.route import allocate
from hub.fulfillment import DispatchAsked
from hub.kit.db import Tx
from hub.web.commands.work import Desk, Refused, direct
from schema.commands import Ask, Outcome, Refusal
from schema.inputs import (
    DispatchFulfillmentInput,
    PackageInput,
    PlanRouteInput,
    RejectFulfillmentInput,
    TransitionFulfillmentInput,
)

CODES = (
    "NOT_FOUND",
    "ILLEGAL_MOVE",
    "VERSION_CONFLICT",
    "ON_HOLD",
    "SHORT_PICK",
    "PACKAGE_REQUIRED",
    "DISPATCH_ALREADY_ASKED",
    "REASON_REQUIRED",
    "NOT_SPLITTABLE",
)
STOPS_DISPATCH = frozenset({"FRAUD", "PAYMENT", "CREDIT", "FISCAL", "ADDRESS", "MANUAL"})


class FulfillmentCommands:
    """`desk` carries the write path."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    async def transition_fulfillment(self, ask: Ask, input: TransitionFulfillmentInput, /) -> Outcome:  # noqa: A002 - the port's name
        return await self._desk.run(ask, CODES, lambda tx: self._move(tx, input))

    async def _move(self, tx: Tx, given: TransitionFulfillmentInput) -> Outcome:
        row = await self._row(tx, given.fulfillment_id, given.expected_version)
        state, cause = OrderState(row["state"]), direct(tx)
        orders.check_move(state, given.to)
        here = given.fulfillment_id
        if given.to in (OrderState.PICKING, OrderState.PACKED):
            picked = {x.order_line_id: x.quantity for x in given.lines} if given.lines else None
            refused = await fulfillment.progress(
                tx,
                [
                    fulfillment.Progress(
                        fulfillment_id=here, to=given.to, cause=cause, picked=picked, reason=given.reason
                    )
                ],
            )
            if refused:
                raise refused[0][1]
        elif given.to is OrderState.CANCELLED:
            await self._give_up(tx, row, given.reason)
        elif given.to is OrderState.DISPATCHED:
            await self._free(tx, row["order_id"])
            await fulfillment.ask_dispatch(
                tx, DispatchAsked(fulfillment_id=here, carrier=row["carrier"] or "OWN", cause=cause)
            )
        else:
            await fulfillment.travelled(tx, {here: (given.to, cause)})
        return _about(row)

    async def dispatch_fulfillment(self, ask: Ask, input: DispatchFulfillmentInput, /) -> Outcome:  # noqa: A002 - the port's name
        return await self._desk.run(ask, CODES, lambda tx: self._dispatch(tx, input))

    async def _dispatch(self, tx: Tx, given: DispatchFulfillmentInput) -> Outcome:
        row = await self._row(tx, given.fulfillment_id, given.expected_version)
        if not given.packages:
            raise fulfillment.PackageRequired
        if row["dispatch_requested_at"] is None:
            orders.check_move(OrderState(row["state"]), OrderState.DISPATCHED)
        await self._free(tx, row["order_id"])
        asked = DispatchAsked(
            fulfillment_id=given.fulfillment_id,
            carrier=given.carrier,
            service=given.service,
            tracking=given.tracking_number,
            packages=tuple(_package(p) for p in given.packages),
            cause=direct(tx),
        )
        await fulfillment.ask_dispatch(tx, asked)
        return _about(row)

    async def reject_fulfillment(self, ask: Ask, input: RejectFulfillmentInput, /) -> Outcome:  # noqa: A002 - the port's name
        return await self._desk.run(ask, CODES, lambda tx: self._reject(tx, input))

    async def _reject(self, tx: Tx, given: RejectFulfillmentInput) -> Outcome:
        row = await self._row(tx, given.fulfillment_id, None)
        if given.lines:
            row = await self._parted(tx, row, given)
        await self._give_up(tx, row, given.reason)
        return _about(row)

    async def _parted(self, tx: Tx, row: Any, given: RejectFulfillmentInput) -> Any:
        """What is rejected as a fulfillment of its own; all of it where nothing else is left. Nothing of it may be picked."""
        own = {x["line_id"]: x for x in (await fulfillment.lines(tx, [row["fulfillment_id"]]))[row["fulfillment_id"]]}
        wanted = given.lines or ()
        if unknown := [n for n, i in enumerate(wanted) if i not in own]:
            field = ("input", "lines", str(unknown[0]))
            raise Refused(Refusal(code="NOT_FOUND", message="The fulfillment has no such line.", field=field))
        if own.keys() <= set(wanted):
            return row
        places = await network.load(tx)
        if places.nodes[row["node_id"]].wms_connection_id is not None:
            raise fulfillment.NotSplittable(reason="its warehouse says itself what it lacks")
        part = {i: own[i]["assigned"] - own[i]["short"] for i in wanted}
        made = await fulfillment.split(tx, row["fulfillment_id"], part, direct(tx))
        return await fulfillment.lock_one(tx, made)

    async def _give_up(self, tx: Tx, row: Any, reason: str | None) -> None:
        if not reason:
            raise Refused(Refusal(code="REASON_REQUIRED", message="Say why.", field=("input", "reason")))
        await refuse(tx, row, reason, direct(tx), self._desk.reactor.deps.incidents)

    async def plan_route(self, ask: Ask, input: PlanRouteInput, /) -> Outcome:  # noqa: A002 - the port's name
        return await self._desk.run(ask, CODES, lambda tx: self._plan(tx, input))

    async def _plan(self, tx: Tx, given: PlanRouteInput) -> Outcome:
        deps = self._rules(given)
        await orders.lock_one(tx, given.order_id)
        avoid = {given.order_id: frozenset((i, "") for i in given.avoid_location_ids or ())}
        await allocate(
            tx,
            {given.order_id: direct(tx)},
            deps,
            reasons={given.order_id: "asked by a person"},
            avoid=avoid,
        )
        await self._desk.reactor.react(tx)
        rows = (await fulfillment.states(tx, [given.order_id]))[given.order_id]
        decided = await routing.latest(tx, [given.order_id])
        ids: dict[str, UUID | tuple[UUID, ...]] = {"fulfillments": tuple(r["fulfillment_id"] for r in rows)}
        return Outcome(ids={**ids, **({"decision": decided[given.order_id]} if decided else {})})

    def _rules(self, given: PlanRouteInput) -> Deps:
        """What to decide with: the live rules, or in a dry run the shadow ones, by their name."""
        deps = self._desk.reactor.deps
        if given.rules in (None, deps.rules.name):
            return deps
        shadow = deps.shadow_rules
        if given.dry_run and shadow is not None and given.rules == shadow.name:
            return replace(deps, rules=shadow, shadow_rules=None)
        names = [deps.rules.name, *([shadow.name] if shadow and given.dry_run else [])]
        raise Refused(
            Refusal(
                code="NOT_FOUND",
                message=f"The rules {given.rules} are not in force here; there are {', '.join(names)}.",
                field=("input", "rules"),
            )
        )

    async def _free(self, tx: Tx, order_id: UUID) -> None:
        held = [
            h["kind"]
            for h in (await orders.open_holds(tx, [order_id])).get(order_id, [])
            if h["kind"] in STOPS_DISPATCH
        ]
        if held:
            raise orders.OnHold(kinds=", ".join(held))

    async def _row(self, tx: Tx, fulfillment_id: UUID, expected: int | None) -> Any:
        row = await fulfillment.lock_one(tx, fulfillment_id)
        if expected is not None and row["version"] != expected:
            raise Refused(
                Refusal(
                    code="VERSION_CONFLICT",
                    message=f"The fulfillment has changed: its version is {row['version']}.",
                    field=("input", "expectedVersion"),
                    current_version=row["version"],
                )
            )
        return row


def _about(row: Any) -> Outcome:
    return Outcome(ids={"fulfillment": row["fulfillment_id"], "order": row["order_id"]})


def _package(p: PackageInput) -> dict[str, Any]:
    sizes = {"length_mm": p.length_mm, "width_mm": p.width_mm, "height_mm": p.height_mm}
    return {"sscc": p.sscc, "weight_g": p.weight_g, **sizes, "assets": list(p.asset_identifiers or ()), "content": []}
