"""Routes of stock: levels, movements, lots, adjustments, reservations."""

from __future__ import annotations

from schema.rest.endpoint import PAGE, Endpoint

INVENTORY = (
    Endpoint(
        method="GET",
        route="/inventory",
        document="rest/inventory",
        root="stockLevels",
        summary="Stock levels.",
        query={"sku": ("where", "sku", "eq"), "location": ("where", "locationId", "eq"), **PAGE},
        shown={"stock": "stock"},
    ),
    Endpoint(
        method="GET",
        route="/inventory/movements",
        document="rest/movements",
        root="stockMovements",
        summary="What changed stock and why, newest first.",
        query={
            "sku": ("where", "sku", "eq"),
            "location": ("where", "locationId", "eq"),
            "cause": ("where", "cause"),
            "lot": ("where", "lot", "eq"),
            "from": ("where", "at", "gte"),
            "to": ("where", "at", "lt"),
            **PAGE,
        },
    ),
    Endpoint(
        method="GET",
        route="/inventory/lots",
        document="rest/lots",
        root="stockLots",
        summary="Lots, first expired first.",
        query={
            "sku": ("where", "sku", "eq"),
            "location": ("where", "locationId", "eq"),
            "expires_before": ("where", "expiresOn", "lt"),
            **PAGE,
        },
    ),
    Endpoint(
        method="POST",
        route="/inventory/adjustments",
        document="rest/adjustStock",
        root="adjustStock",
        summary="Change stock by deltas, all of them or none.",
        body=("input",),
        payload="levels",
    ),
    Endpoint(
        method="POST",
        route="/inventory/counts",
        document="rest/setStock",
        root="setStock",
        summary="Set stock to what was counted, compared with what was seen before; all of it or nothing.",
        body=("input",),
        payload="levels",
    ),
    Endpoint(
        method="POST",
        route="/inventory/transfers",
        document="rest/transferStock",
        root="transferStock",
        summary="Move stock between locations, at once or announced for a date.",
        body=("input",),
        payload="levels",
    ),
    Endpoint(
        method="GET",
        route="/reservations",
        document="rest/reservations",
        root="reservations",
        summary="Soft reservations.",
        query={
            "state": ("where", "state"),
            "reference": ("where", "reference", "eq"),
            "sku": ("where", "sku", "eq"),
            **PAGE,
        },
    ),
    Endpoint(
        method="POST",
        route="/reservations",
        document="rest/reserveStock",
        root="reserveStock",
        summary="Keep units for a cart or a pickup until they expire.",
        body=("input",),
        payload="reservation",
    ),
)
