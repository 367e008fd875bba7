"""All mutations as data: name, input, payload, area of rights, whether a key is required."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import strawberry
from strawberry.tools import create_type

from schema import inputs as i
from schema.mutations import payloads as p
from schema.mutations.inputs import input_type
from schema.plan.selection import NotCovered


@dataclass(frozen=True, slots=True, kw_only=True)
class Mutation:
    """`dry`: the input's flag that asks for a preview. `many`: the argument is `inputs`, at most 500."""

    input: type
    payload: type
    area: str
    key_required: bool = False
    many: bool = False
    dry: str | None = None


_ORDER = {"payload": p.OrderPayload, "area": "orders"}
_STOCK = {"payload": p.StockPayload, "area": "stock"}
_FULFILLMENT = {"payload": p.FulfillmentPayload, "area": "fulfillment"}
_INCIDENT = {"payload": p.IncidentPayload, "area": "incidents"}
_QUEUE: dict[str, Any] = {"input": i.QueueInput, "payload": p.QueuePayload, "area": "queues"}
_RESERVATION: dict[str, Any] = {"payload": p.ReservationPayload, "area": "reservations", "key_required": True}

MUTATIONS: Mapping[str, Mutation] = {
    "capture_order": Mutation(input=i.CaptureOrderInput, **_ORDER),  # type: ignore[arg-type]
    "capture_orders": Mutation(input=i.CaptureOrderInput, payload=p.BulkOrderPayload, area="orders", many=True),
    "transition_order": Mutation(input=i.TransitionOrderInput, **_ORDER),  # type: ignore[arg-type]
    "cancel_order": Mutation(input=i.CancelOrderInput, **_ORDER),  # type: ignore[arg-type]
    "place_hold": Mutation(input=i.PlaceHoldInput, **_ORDER),  # type: ignore[arg-type]
    "release_hold": Mutation(input=i.ReleaseHoldInput, **_ORDER),  # type: ignore[arg-type]
    "adjust_stock": Mutation(input=i.AdjustStockInput, key_required=True, **_STOCK),  # type: ignore[arg-type]
    "set_stock": Mutation(input=i.SetStockInput, **_STOCK),  # type: ignore[arg-type]
    "reserve_stock": Mutation(input=i.ReserveStockInput, **_RESERVATION),
    "release_reservation": Mutation(input=i.ReleaseReservationInput, **_RESERVATION),
    "plan_route": Mutation(input=i.PlanRouteInput, payload=p.RoutePayload, area="routing", dry="dry_run"),
    "transition_fulfillment": Mutation(input=i.TransitionFulfillmentInput, **_FULFILLMENT),  # type: ignore[arg-type]
    "dispatch_fulfillment": Mutation(input=i.DispatchFulfillmentInput, **_FULFILLMENT),  # type: ignore[arg-type]
    "reject_fulfillment": Mutation(input=i.RejectFulfillmentInput, **_FULFILLMENT),  # type: ignore[arg-type]
    "assign_incident": Mutation(input=i.AssignIncidentInput, **_INCIDENT),  # type: ignore[arg-type]
    "run_incident_step": Mutation(input=i.IncidentStepInput, **_INCIDENT),  # type: ignore[arg-type]
    "snooze_incident": Mutation(input=i.SnoozeIncidentInput, **_INCIDENT),  # type: ignore[arg-type]
    "resolve_incident": Mutation(input=i.ResolveIncidentInput, **_INCIDENT),  # type: ignore[arg-type]
    "retry_deliveries": Mutation(**_QUEUE),
    "ignore_deliveries": Mutation(**_QUEUE),
    "retry_messages": Mutation(**_QUEUE),
    "ignore_messages": Mutation(**_QUEUE),
    "set_connection_state": Mutation(input=i.ConnectionStateInput, payload=p.ConnectionPayload, area="connections"),
}


def _field(name: str, mutation: Mutation) -> Any:
    """The strawberry field. The executor never runs it: `schema.mutations.run` answers every mutation."""

    def resolve(**_given: Any) -> Any:
        raise NotCovered(name)

    argument = "inputs" if mutation.many else "input"
    made = input_type(mutation.input)
    annotation: Any = list[made] if mutation.many else made  # type: ignore[valid-type]
    resolve.__signature__ = inspect.Signature(  # type: ignore[attr-defined]
        [inspect.Parameter(argument, inspect.Parameter.KEYWORD_ONLY, annotation=annotation)]
    )
    field: Any = strawberry.field(
        resolver=resolve, graphql_type=mutation.payload, metadata={"mutation": mutation, "area": None}
    )
    field.python_name = name
    return field


MutationType = create_type("Mutation", [_field(n, m) for n, m in MUTATIONS.items()])
