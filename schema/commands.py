"""The port through which mutations act: one method a mutation, plain inputs, outcomes without SQL. `hub.flows` stands behind it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Protocol
from uuid import UUID

from hub.kit.db import Connection
from schema.inputs import (
    AdjustStockInput,
    AssignIncidentInput,
    CancelOrderInput,
    CaptureOrderInput,
    ConnectionStateInput,
    DispatchFulfillmentInput,
    IncidentStepInput,
    PlaceHoldInput,
    PlanRouteInput,
    QueueInput,
    RejectFulfillmentInput,
    ReleaseHoldInput,
    ReleaseReservationInput,
    ReserveStockInput,
    ResolveIncidentInput,
    SetStockInput,
    SnoozeIncidentInput,
    TransitionFulfillmentInput,
    TransitionOrderInput,
)
from schema.principal import Principal


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """One entry of `userErrors`. `code`: a name of the area's enum; `field`: the path from `input` on, in GraphQL
    names: `("input", "lines", "0", "sku")`; among many, `input` stands for the one in question.
    """

    code: str
    message: str
    field: tuple[str, ...] | None = None
    allowed_transitions: tuple[str, ...] | None = None
    current_version: int | None = None
    current_quantity: Decimal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What a command did. `ids`: payload field -> id or ids of the objects to show (a missing one is null or empty).
    `data`: plain payload fields (`changed`), and under an object's name what needs no read (`{"order": {"number", "state",
    "version"}}`). With `refusals` nothing was written.
    """

    ids: Mapping[str, UUID | tuple[UUID, ...]] = field(default_factory=dict)
    event_ids: tuple[UUID, ...] = ()
    data: Mapping[str, Any] = field(default_factory=dict)
    refusals: tuple[Refusal, ...] = ()
    replayed: bool = False


Look = Callable[[Connection, Outcome], Awaitable[None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """Who asks for which mutation. `key` and `input_hash` are of the idempotency store. `look` is given for a dry run: it is
    called with the unit's connection and the outcome before the unit is rolled back, and reads what would have been.
    """

    principal: Principal
    mutation: str
    key: str | None
    input_hash: bytes
    look: Look | None = None


class Commands(Protocol):
    """Raises `IdempotencyKeyReused`, `IdempotencyInProgress`, `Unavailable` of `schema.errors` and `hub.kit.db`; everything that
    the caller can mend is a refusal.
    """

    async def capture_order(self, ask: Ask, given: CaptureOrderInput, /) -> Outcome: ...
    async def capture_orders(self, ask: Ask, given: tuple[CaptureOrderInput, ...], /) -> tuple[Outcome, ...]: ...
    async def transition_order(self, ask: Ask, given: TransitionOrderInput, /) -> Outcome: ...
    async def cancel_order(self, ask: Ask, given: CancelOrderInput, /) -> Outcome: ...
    async def place_hold(self, ask: Ask, given: PlaceHoldInput, /) -> Outcome: ...
    async def release_hold(self, ask: Ask, given: ReleaseHoldInput, /) -> Outcome: ...
    async def adjust_stock(self, ask: Ask, given: AdjustStockInput, /) -> Outcome: ...
    async def set_stock(self, ask: Ask, given: SetStockInput, /) -> Outcome: ...
    async def reserve_stock(self, ask: Ask, given: ReserveStockInput, /) -> Outcome: ...
    async def release_reservation(self, ask: Ask, given: ReleaseReservationInput, /) -> Outcome: ...
    async def plan_route(self, ask: Ask, given: PlanRouteInput, /) -> Outcome: ...
    async def transition_fulfillment(self, ask: Ask, given: TransitionFulfillmentInput, /) -> Outcome: ...
    async def dispatch_fulfillment(self, ask: Ask, given: DispatchFulfillmentInput, /) -> Outcome: ...
    async def reject_fulfillment(self, ask: Ask, given: RejectFulfillmentInput, /) -> Outcome: ...
    async def assign_incident(self, ask: Ask, given: AssignIncidentInput, /) -> Outcome: ...
    async def run_incident_step(self, ask: Ask, given: IncidentStepInput, /) -> Outcome: ...
    async def snooze_incident(self, ask: Ask, given: SnoozeIncidentInput, /) -> Outcome: ...
    async def resolve_incident(self, ask: Ask, given: ResolveIncidentInput, /) -> Outcome: ...
    async def retry_deliveries(self, ask: Ask, given: QueueInput, /) -> Outcome: ...
    async def ignore_deliveries(self, ask: Ask, given: QueueInput, /) -> Outcome: ...
    async def retry_messages(self, ask: Ask, given: QueueInput, /) -> Outcome: ...
    async def ignore_messages(self, ask: Ask, given: QueueInput, /) -> Outcome: ...
    async def set_connection_state(self, ask: Ask, given: ConnectionStateInput, /) -> Outcome: ...
