"""The routes as data: document, where each parameter goes, what is unwrapped."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

PREFIX = "/api/v1"
Path = tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """`query`: query parameter -> place in the variables. `path`: the same for path parameters. `body`: where the JSON body goes.
    `many`: (key of a list in the body, document for it). `shown`: boolean variable -> area that the role must be able to read.
    """

    method: str
    route: str
    document: str
    root: str
    summary: str
    query: Mapping[str, Path] = field(default_factory=dict)
    path: Mapping[str, Path] = field(default_factory=dict)
    body: Path | None = None
    many: tuple[str, str] | None = None
    shown: Mapping[str, str] = field(default_factory=dict)
    payload: str | None = None
    created: bool = False


_PAGE: Mapping[str, Path] = {"limit": ("first",), "cursor": ("after",)}

ENDPOINTS = (
    Endpoint(
        method="GET",
        route="/orders",
        document="rest/orders",
        root="orders",
        summary="Orders, newest first.",
        query={
            "state": ("where", "state", "eq"),
            "channel": ("where", "channel", "eq"),
            "placed_from": ("where", "placedAt", "gte"),
            "placed_to": ("where", "placedAt", "lt"),
            **_PAGE,
        },
        shown={"personal": "personal"},
    ),
    Endpoint(
        method="GET",
        route="/orders/{id}",
        document="rest/order",
        root="order",
        summary="One order. ETag is its version.",
        path={"id": ("id",)},
        shown={"personal": "personal"},
    ),
    Endpoint(
        method="POST",
        route="/orders",
        document="rest/captureOrder",
        root="captureOrder",
        summary="Capture one order, or up to 500 as {orders: [...]}. Idempotent by channel and externalId.",
        body=("input",),
        many=("orders", "rest/captureOrders"),
        payload="order",
        created=True,
    ),
    Endpoint(
        method="POST",
        route="/orders/{id}/transitions",
        document="rest/transitionOrder",
        root="transitionOrder",
        summary="Move an order. If-Match stands for expectedVersion.",
        path={"id": ("input", "orderId")},
        body=("input",),
        payload="order",
    ),
    Endpoint(
        method="GET",
        route="/inventory",
        document="rest/inventory",
        root="stockLevels",
        summary="Stock levels.",
        query={"sku": ("where", "sku", "eq"), "location": ("where", "locationId", "eq"), **_PAGE},
        shown={"stock": "stock"},
    ),
)
