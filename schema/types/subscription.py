"""Subscriptions and what each of their events holds. They are answered by `schema.live`; the executor never runs one."""

from __future__ import annotations

import inspect
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from typing import Any

import strawberry
from strawberry.tools import create_type

from hub.canon.states import OrderState
from schema.plan.scalars import Timestamp
from schema.plan.selection import NotCovered
from schema.types.enums import QueueState, Severity
from schema.types.incidents import Incident
from schema.types.inventory import StockLevel
from schema.types.ledger import BusinessEvent
from schema.types.orders import Order
from schema.types.queues import Delivery, InboundMessage


@strawberry.type
class OrderChange:
    cursor: str
    fact_type: str
    at: Timestamp
    order: Order


@strawberry.type
class InventoryChange:
    cursor: str
    fact_type: str
    at: Timestamp
    level: StockLevel


@strawberry.type
class IncidentChange:
    cursor: str
    fact_type: str
    at: Timestamp
    incident: Incident


@strawberry.type
class QueueChange:
    cursor: str
    fact_type: str
    at: Timestamp
    delivery: Delivery | None
    message: InboundMessage | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """`subjects`: kind of the fact's subject -> field of the change that shows it; empty: the fact itself. `tests`: argument ->
    (column, what it is compared as). `facts`: argument -> attribute of the fact. `moves`: levels that the fact's movements touch.
    """

    subjects: dict[str, str]
    tests: dict[str, tuple[str, str]]
    facts: dict[str, str]
    moves: bool = False


IDS = list[strawberry.ID] | None
TEXTS = list[str] | None

SUBSCRIPTIONS: dict[str, tuple[Any, Source, dict[str, Any]]] = {
    "order_changed": (
        OrderChange,
        Source(
            subjects={"order": "order"},
            tests={"channel": ("channel", "text"), "states": ("state", "texts")},
            facts={"orderId": "subject_id"},
        ),
        {"order_id": strawberry.ID | None, "channel": str | None, "states": list[OrderState] | None},
    ),
    "business_events": (
        BusinessEvent,
        Source(
            subjects={},
            tests={},
            facts={"types": "type", "subjectId": "subject_id", "correlationId": "correlation_id"},
        ),
        {"types": TEXTS, "subject_id": strawberry.ID | None, "correlation_id": strawberry.ID | None},
    ),
    "inventory_changed": (
        InventoryChange,
        Source(
            subjects={"stock": "level"},
            tests={"skus": ("sku", "texts"), "locationIds": ("location_id", "loc")},
            facts={},
            moves=True,
        ),
        {"skus": TEXTS, "location_ids": IDS},
    ),
    "incidents": (
        IncidentChange,
        Source(
            subjects={"incident": "incident"},
            tests={"kinds": ("kind", "texts"), "severities": ("severity", "texts")},
            facts={},
        ),
        {"kinds": TEXTS, "severities": list[Severity] | None},
    ),
    "queue_changed": (
        QueueChange,
        Source(subjects={"delivery": "delivery", "message": "message"}, tests={"states": ("state", "texts")}, facts={}),
        {"states": list[QueueState] | None},
    ),
}


def _field(name: str, shown: Any, source: Source, arguments: dict[str, Any]) -> Any:
    async def resolve(**_given: Any) -> AsyncGenerator[Any, None]:
        raise NotCovered(name)
        yield

    keyword = inspect.Parameter.KEYWORD_ONLY
    resolve.__signature__ = inspect.Signature(  # type: ignore[attr-defined]
        [
            inspect.Parameter(n, keyword, annotation=a, default=strawberry.UNSET)
            for n, a in {**arguments, "after": str | None}.items()
        ],
        return_annotation=AsyncGenerator[shown, None],
    )
    field: Any = strawberry.subscription(resolver=resolve, metadata={"source": source, "area": None})
    field.python_name = name
    return field


Subscription = create_type("Subscription", [_field(n, *parts) for n, parts in SUBSCRIPTIONS.items()])
