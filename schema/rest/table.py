"""The routes as data: document, where each parameter goes, what is unwrapped."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

PREFIX = "/api/v1"
Path = tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """`query`: query parameter -> place in the variables. `path`: the same for path parameters. `body`: where the JSON body goes.
    `many`: (key of a list in the body, document for it). `flags`: query parameters that are true or false. `shown`: boolean variable -> area that the role must be able to read.
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
    flags: frozenset[str] = frozenset()
    shown: Mapping[str, str] = field(default_factory=dict)
    payload: str | None = None
    created: bool = False


_PAGE: Mapping[str, Path] = {"limit": ("first",), "cursor": ("after",)}


def _of_order(what: str, mutation: str, summary: str, payload: str = "order") -> Endpoint:
    return Endpoint(
        method="POST",
        route=f"/orders/{{id}}/{what}",
        document=f"rest/{mutation}",
        root=mutation,
        summary=summary,
        path={"id": ("input", "orderId")},
        body=("input",),
        payload=payload,
    )


def _of_fulfillment(what: str, mutation: str, summary: str, payload: str = "fulfillment") -> Endpoint:
    return Endpoint(
        method="POST",
        route=f"/fulfillments/{{id}}/{what}",
        document=f"rest/{mutation}",
        root=mutation,
        summary=summary,
        path={"id": ("input", "fulfillmentId")},
        body=("input",),
        payload=payload,
    )


def _did(
    route: str, mutation: str, summary: str, payload: str, of: str | None = None, *, created: bool = False
) -> Endpoint:
    """A command by POST. `of`: the field of the input that the path names."""
    return Endpoint(
        method="POST",
        route=route,
        document=f"rest/{mutation}",
        root=mutation,
        summary=summary,
        path={"id": ("input", of)} if of else {},
        body=("input",),
        payload=payload,
        created=created,
    )


def _of_invoice(what: str, mutation: str, summary: str) -> Endpoint:
    return _did(f"/fiscal-documents/{{id}}/{what}", mutation, summary, "invoice", "invoiceId")


_FISCAL = (
    Endpoint(
        method="GET",
        route="/fiscal-documents",
        document="rest/fiscalDocuments",
        root="fiscalDocuments",
        summary="Notes, newest first, with what they wait for.",
        query={
            "state": ("where", "state"),
            "code": ("where", "authorityCode"),
            "key": ("where", "accessKey"),
            "order": ("where", "orderId", "eq"),
            "from": ("where", "issuedAt", "gte"),
            "to": ("where", "issuedAt", "lt"),
            **_PAGE,
        },
    ),
    Endpoint(
        method="GET",
        route="/fiscal-documents/{id}",
        document="rest/fiscalDocument",
        root="fiscalDocument",
        summary="One note with its events, and its tax plan line by line with base, rate, rule and source.",
        path={"id": ("id",)},
    ),
    _did(
        "/fiscal-documents",
        "issueInvoice",
        "Issue a note without a sale: a transfer, a remittance.",
        "invoice",
        created=True,
    ),
    _of_invoice("cancellation", "cancelInvoice", "Cancel a note inside the window of its UF."),
    _of_invoice("corrections", "correctInvoice", "Issue a correction letter; it stands for all before it."),
    _of_invoice("retry", "retryInvoice", "Write a rejected note again under its number."),
    _of_invoice("shares", "shareInvoice", "Let a carrier or an accountant fetch the note."),
    _of_invoice("returns", "returnInvoice", "Issue our entry note for goods that came back."),
    _of_invoice("delivery-events", "tellDeliveryEvent", "Tell of a delivery, a failed one, or take it back."),
    _of_invoice("reform-events", "tellReformEvent", "Tell an event of the tax reform."),
    Endpoint(
        method="GET",
        route="/fiscal-voids",
        document="rest/fiscalVoids",
        root="fiscalVoids",
        summary="Numbers given up.",
        query={"state": ("where", "state"), "from": ("where", "askedAt", "gte"), **_PAGE},
    ),
    _did("/fiscal-voids", "voidNumbers", "Give up a range of numbers that no note has used.", "void"),
    Endpoint(
        method="GET",
        route="/fiscal-authorities",
        document="rest/fiscalAuthorities",
        root="fiscalAuthorities",
        summary="What each authority said of itself, and the mode in which notes are issued.",
        query=_PAGE,
    ),
    _did("/fiscal-authorities/mode", "setEmissionMode", "Enter or leave contingency.", "authority"),
    _did(
        "/connections/{id}/certificate",
        "setCertificate",
        "A new A1 certificate, checked before it replaces the one in use.",
        "connection",
        "connectionId",
    ),
    Endpoint(
        method="GET",
        route="/gnre-guides",
        document="rest/gnreGuides",
        root="gnreGuides",
        summary="Collection guides with line, bar code and PIX.",
        query={
            "state": ("where", "state"),
            "region": ("where", "region", "eq"),
            "order": ("where", "orderId", "eq"),
            "code": ("where", "code", "eq"),
            **_PAGE,
        },
    ),
    _did("/gnre-guides/{id}/payment", "payGnreGuide", "It is paid: goods that waited may leave.", "guide", "guideId"),
    _did("/gnre-guides/{id}/retry", "retryGnreGuide", "Write a refused guide anew.", "guide", "guideId"),
    Endpoint(
        method="GET",
        route="/incoming-notes",
        document="rest/incomingNotes",
        root="incomingNotes",
        summary="Notes that others issued to us.",
        query={
            "status": ("where", "status"),
            "stance": ("where", "stance"),
            "issuer": ("where", "issuerTaxId", "eq"),
            "key": ("where", "accessKey", "eq"),
            "from": ("where", "receivedAt", "gte"),
            "to": ("where", "receivedAt", "lt"),
            "matched": ("where", "matched"),
            "whole": ("where", "whole"),
            **_PAGE,
        },
        flags=frozenset({"matched", "whole"}),
    ),
    _did("/incoming-notes/{id}/manifestation", "manifestIncomingNote", "Say what we know of it.", "note", "noteId"),
    _did("/incoming-notes/{id}/match", "matchIncomingNote", "Which order it delivers, or returns.", "note", "noteId"),
)

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
            "updated_from": ("where", "updatedAt", "gte"),
            "promised_to": ("where", "promisedBy", "lt"),
            "number": ("where", "number", "eq"),
            "external_id": ("where", "externalId", "eq"),
            "pack": ("where", "groupId"),
            "sku": ("where", "sku", "eq"),
            "tag": ("where", "tag"),
            "hold": ("where", "holdKind"),
            "payment_state": ("where", "paymentState"),
            "method": ("where", "method"),
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
        route="/orders/{id}/timeline",
        document="rest/timeline",
        root="order",
        summary="What happened to an order, in sentences.",
        path={"id": ("id",)},
    ),
    _of_order("amendments", "amendOrder", "Preview an amendment (dryRun, the default) or confirm it.", "effect"),
    _of_order("substitutions", "substituteLine", "Other goods for a line, where the customer allowed it.", "effect"),
    _of_order("cancellation", "cancelOrder", "Stop an order, or some of its lines."),
    _of_order("holds", "placeHold", "Keep an order where it is."),
    _of_order("releases", "releaseHold", "End a hold."),
    _of_order("approvals", "approveOrder", "Give the next approval that is missing."),
    Endpoint(
        method="GET",
        route="/holds",
        document="rest/holds",
        root="holds",
        summary="Holds, the oldest first.",
        query={"kind": ("where", "kind"), "due_before": ("where", "deadline", "lt"), **_PAGE},
    ),
    Endpoint(
        method="POST",
        route="/bundles",
        document="rest/bundleOrders",
        root="bundleOrders",
        summary="Let orders of one customer leave as one shipment.",
        body=("input",),
        payload="fulfillments",
    ),
    Endpoint(
        method="POST",
        route="/bundles/{id}/release",
        document="rest/unbundle",
        root="unbundle",
        summary="Let each leave alone again.",
        path={"id": ("input", "bundleId")},
        body=("input",),
        payload="fulfillments",
    ),
    _of_fulfillment("split", "splitFulfillment", "Part units that leave apart.", "fulfillments"),
    _of_fulfillment("hand-over", "handOver", "Give collected goods to who brings the code."),
    _of_fulfillment("rejection", "rejectFulfillment", "A store cannot do it: another node is looked for."),
    Endpoint(
        method="GET",
        route="/inventory",
        document="rest/inventory",
        root="stockLevels",
        summary="Stock levels.",
        query={"sku": ("where", "sku", "eq"), "location": ("where", "locationId", "eq"), **_PAGE},
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
            **_PAGE,
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
            **_PAGE,
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
            **_PAGE,
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
    Endpoint(
        method="GET",
        route="/searches",
        document="rest/savedSearches",
        root="savedSearches",
        summary="Searches that you kept or others share, by name. `query` fits the list that `about` names.",
        query={"about": ("where", "about", "eq"), "name": ("where", "name", "eq"), **_PAGE},
    ),
    _did("/searches", "saveSearch", "Keep a search that its list would take, or keep it anew.", "search"),
    _did("/searches/deletions", "deleteSearches", "Forget searches of yours; answers how many went.", "deleted"),
    Endpoint(
        method="GET",
        route="/route-decisions",
        document="rest/routeDecisions",
        root="routeDecisions",
        summary="Why orders were routed as they were, newest first.",
        query={
            "order": ("where", "orderId", "eq"),
            "mode": ("where", "mode"),
            "rules_version": ("where", "rulesVersion", "eq"),
            "from": ("where", "at", "gte"),
            "to": ("where", "at", "lt"),
            **_PAGE,
        },
    ),
    *_FISCAL,
)
