"""Shopify's other side for demo and tests: a stateful shop behind the Admin GraphQL API, strict about the vendor's rules, that can misbehave."""

from __future__ import annotations

import base64
import gzip
import hmac
import json
import os
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

import httpx
from graphql import (
    DocumentNode,
    FieldNode,
    GraphQLSchema,
    GraphQLSyntaxError,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionSetNode,
    build_client_schema,
    parse,
    validate,
)
from graphql.execution.values import get_variable_values
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from adapters.shopify.documents import API_VERSION, PATH
from adapters.shopify.edits import Edits
from adapters.shopify.nodes import order_node
from adapters.shopify.rules import Broken, arguments_of, broken, fields_of, idempotency_key
from adapters.shopify.shop import Body, Refused, Shop, Webhook
from adapters.shopify.write import sku_term

CONTRACT = f"contracts/shopify/admin_{API_VERSION}.json.gz"


class AnswerLost(Exception):
    """The request was carried out and its answer never arrived."""


@dataclass(slots=True)
class Faults:
    """How the shop misbehaves: counts of next requests, and the share of webhooks that get lost."""

    throttle: int = 0
    fail: int = 0  # answered 503, not carried out
    lose_answers: int = 0  # carried out, then the connection is cut
    lost_webhooks: float = 0.0
    repeated_webhooks: int = 1
    rng: random.Random = field(default_factory=lambda: random.Random(7))


class Simulator:
    """`schema`: the published contract; with it every document and its variables are validated as well."""

    def __init__(self, shop: Shop, schema: GraphQLSchema | None = None) -> None:
        self.shop = shop
        self.schema = schema
        self.faults = Faults()
        self.edits = Edits(shop)
        self.answered: dict[str, tuple[str, Body]] = {}  # idempotency key -> (request, payload)
        self.seen: list[tuple[str, Body]] = []  # (field, arguments) of every request carried out
        self.fields: dict[str, Callable[[FieldNode, Body, Mapping[str, Any]], Any]] = {
            "orders": self._orders,
            "order": lambda _node, args, _vars: self._order(args["id"]),
            "inventoryItems": self._items,
            "productVariants": self._variants,
            "nodes": self._nodes,
            "fulfillmentCreate": lambda _node, args, _vars: {"fulfillment": self.shop.fulfill(args["fulfillment"])},
            "fulfillmentTrackingInfoUpdate": self._tracking,
            "inventorySetQuantities": self._set_quantities,
            "orderCancel": self._cancel,
            "orderEditBegin": lambda _node, args, _vars: self.edits.begin(args["id"]),
            "orderEditSetQuantity": lambda _node, args, _vars: self.edits.set_quantity(args),
            "orderEditAddVariant": lambda _node, args, _vars: self.edits.add_variant(args),
            "orderEditAddLineItemDiscount": lambda _node, args, _vars: self.edits.discount(args),
            "orderEditCommit": lambda _node, args, _vars: self.edits.commit(args),
            "metafieldsSet": self._metafields,
        }

    def app(self) -> Starlette:
        """The ASGI app: the Admin API, and `/sim/*` to place orders and set faults from outside."""
        return Starlette(
            routes=[
                Route(PATH, self._graphql, methods=["POST"]),
                Route("/sim/orders", self._place, methods=["POST"]),
                Route("/sim/faults", self._set_faults, methods=["POST"]),
                Route("/sim/state", self._state, methods=["GET"]),
            ]
        )

    # -------------------------------------------------------------- HTTP
    async def _graphql(self, request: Request) -> Response:
        token = request.headers.get("x-shopify-access-token", "")
        if not hmac.compare_digest(token.encode(), self.shop.access_token.encode()):
            return JSONResponse({"errors": "[API] Invalid API key or access token"}, 401)
        if self.faults.fail > 0:
            self.faults.fail -= 1
            return JSONResponse({"errors": "Service Unavailable"}, 503)
        if self.faults.throttle > 0:
            self.faults.throttle -= 1
            return JSONResponse(_throttled())
        try:
            asked = await request.json()
        except ValueError:
            return JSONResponse({"errors": "not JSON"}, 400)
        answer = self.execute(asked)
        if self.faults.lose_answers > 0:
            self.faults.lose_answers -= 1
            raise AnswerLost
        return JSONResponse(answer)

    async def _place(self, request: Request) -> Response:
        return JSONResponse({"id": self.shop.place(await request.json())["id"]}, 201)

    async def _set_faults(self, request: Request) -> Response:
        for name, value in (await request.json()).items():
            if name not in ("throttle", "fail", "lose_answers", "lost_webhooks", "repeated_webhooks"):
                return JSONResponse({"unknown": name}, 422)
            setattr(self.faults, name, value)
        return JSONResponse({})

    async def _state(self, request: Request) -> Response:
        shop = self.shop
        return JSONResponse(
            {
                "orders": {
                    key: {
                        "financial_status": order.get("financial_status"),
                        "fulfillment_status": order.get("fulfillment_status"),
                        "cancelled_at": order.get("cancelled_at"),
                        "fulfillments": shop.fulfillments[key],
                    }
                    for key, order in shop.orders.items()
                },
                "metafields": shop.metafields,
                "levels": [{"item": i, "location": at, "available": n} for (i, at), n in shop.levels.items()],
                "webhooks_owed": len(shop.owed),
            }
        )

    # -------------------------------------------------------------- GraphQL
    def execute(self, body: Body) -> Body:
        """One request. Errors of schema and rules are top-level errors, as the vendor gives them."""
        variables = body.get("variables") or {}
        try:
            document = parse(body["query"])
        except GraphQLSyntaxError as error:
            return _errors("PARSE_ERROR", error.message)
        faults = self._invalid(document, variables)
        if faults:
            return _errors("GRAPHQL_VALIDATION_FAILED", "; ".join(faults))
        refused = broken(document, variables)
        hard = [rule for rule in refused if not rule.user_error]
        if hard:
            return _errors(hard[0].code, hard[0].message)
        data: Body = {}
        for node in fields_of(document):
            name = node.name.value
            if name not in self.fields:
                return _errors("UNDEFINED_FIELD", f"the simulator does not know {name}")
            arguments = arguments_of(node, variables)
            payload = self._run(node, arguments, variables, [rule for rule in refused if rule.user_error])
            self.seen.append((name, arguments))
            data[node.alias.value if node.alias else name] = _project(payload, node.selection_set)
        cost = {"requestedQueryCost": 10, "throttleStatus": _STATUS}
        return {"data": data, "extensions": {"cost": cost}}

    def _run(self, node: FieldNode, arguments: Body, variables: Mapping[str, Any], refused: list[Broken]) -> Any:
        errors = "orderCancelUserErrors" if node.name.value == "orderCancel" else "userErrors"
        if refused:
            rows = [{"field": list(rule.at), "code": rule.code, "message": rule.message} for rule in refused]
            return {errors: rows}
        try:
            payload = self.fields[node.name.value](node, arguments, variables)
        except Refused as refusal:
            return {errors: [{"field": None, "code": code, "message": text} for code, text in refusal.errors]}
        return {errors: [], **payload} if isinstance(payload, dict) else payload

    def _invalid(self, document: DocumentNode, variables: Mapping[str, Any]) -> list[str]:
        if self.schema is None:
            return []
        faults = [error.message for error in validate(self.schema, document)]
        operation = next(node for node in document.definitions if isinstance(node, OperationDefinitionNode))
        coerced = get_variable_values(self.schema, operation.variable_definitions or (), dict(variables))
        return faults + ([error.message for error in coerced] if isinstance(coerced, list) else [])

    # -------------------------------------------------------------- fields
    def _orders(self, node: FieldNode, args: Body, variables: Mapping[str, Any]) -> Body:
        found = sorted(self.shop.orders.values(), key=lambda order: (order["updated_at"], order["id"]))
        text = args.get("query") or ""
        if "updated_at:>=" in text:
            start = _moment(text.partition("updated_at:>=")[2].strip("'"))
            found = [order for order in found if _moment(order["updated_at"]) >= start]
        start_at, size = int(args.get("after") or 0), int(args.get("first") or 50)
        page = found[start_at : start_at + size]
        more = start_at + size < len(found)
        info = {"hasNextPage": more, "endCursor": str(start_at + len(page))}
        return {"nodes": [order_node(order) for order in page], "pageInfo": info}

    def _order(self, key: str) -> Body | None:
        short = key.rpartition("/")[2]
        order = self.shop.orders.get(short)
        if order is None:
            return None
        shown = self.edits.shown(short)
        shown["lineItems"]["pageInfo"] = {"hasNextPage": False, "endCursor": None}
        shown["fulfillmentOrders"] = {"nodes": self.shop.fulfillment_orders[short]}
        shown["fulfillments"] = self.shop.fulfillments[short]
        return shown

    def _items(self, node: FieldNode, args: Body, variables: Mapping[str, Any]) -> Body:
        text = str(args.get("query"))
        nodes = [{"id": item, "sku": sku} for sku, item in self.shop.items.items() if sku_term(sku) in text]
        return {"nodes": nodes}

    def _variants(self, node: FieldNode, args: Body, variables: Mapping[str, Any]) -> Body:
        text = str(args.get("query"))
        found = self.shop.variants.items()
        return {"nodes": [{"id": key, "sku": x["sku"]} for key, x in found if sku_term(x["sku"]) in text]}

    def _nodes(self, node: FieldNode, args: Body, variables: Mapping[str, Any]) -> list[Body | None]:
        """`nodes` of inventory items with their level at the one location asked for."""
        location = str(variables.get("location"))
        found: list[Body | None] = []
        for item in args["ids"]:
            available = self.shop.levels.get((item, location))
            level = None if available is None else {"quantities": [{"name": "available", "quantity": available}]}
            found.append({"id": item, "inventoryLevel": level} if item in self.shop.items.values() else None)
        return found

    def _tracking(self, node: FieldNode, args: Body, variables: Mapping[str, Any]) -> Body:
        found = self.shop.fulfillment(args["fulfillmentId"])
        if found is None:
            raise Refused(("NOT_FOUND", "Fulfillment does not exist."))
        found["trackingInfo"] = [args["trackingInfoInput"]]
        return {"fulfillment": found}

    def _set_quantities(self, node: FieldNode, args: Body, variables: Mapping[str, Any]) -> Body:
        key = str(idempotency_key(node, variables))
        asked = json.dumps(args["input"], sort_keys=True)
        if key in self.answered:
            before, payload = self.answered[key]
            if before != asked:
                raise Refused(("IDEMPOTENCY_KEY_PARAMETER_MISMATCH", "The key was used with other parameters."))
            return payload
        self.shop.set_levels(args["input"]["quantities"])
        payload = {"inventoryAdjustmentGroup": {"id": self.shop.gid("InventoryAdjustmentGroup")}}
        self.answered[key] = (asked, payload)
        return payload

    def _cancel(self, node: FieldNode, args: Body, variables: Mapping[str, Any]) -> Body:
        key = str(args["orderId"]).rpartition("/")[2]
        order = self.shop.orders.get(key)
        if order is None:
            raise Refused(("NOT_FOUND", "Order does not exist"))
        if order.get("cancelled_at"):
            raise Refused(("INVALID", "Order has already been cancelled"))
        if order.get("fulfillment_status") in ("partial", "fulfilled"):
            raise Refused(("INVALID", "Cannot cancel an order that has been fulfilled"))
        self.shop.cancel(key, str(args["reason"]).lower())
        return {"job": {"id": self.shop.gid("Job"), "done": False}}

    def _metafields(self, node: FieldNode, args: Body, variables: Mapping[str, Any]) -> Body:
        made = []
        for row in args["metafields"]:
            same = ("ownerId", "namespace", "key")
            kept = [old for old in self.shop.metafields if any(old.get(name) != row.get(name) for name in same)]
            self.shop.metafields = [*kept, {**row, "id": self.shop.gid("Metafield")}]
            made.append(self.shop.metafields[-1])
        return {"metafields": made}

    # -------------------------------------------------------------- webhooks
    async def deliver(self, client: httpx.AsyncClient, url: str) -> list[int]:
        """Send every webhook owed, signed; some get lost, some come more than once. The statuses of those sent."""
        owed, self.shop.owed = self.shop.owed, []
        statuses = []
        for webhook in owed:
            if self.faults.rng.random() < self.faults.lost_webhooks:
                continue
            body = json.dumps(webhook.body).encode()
            for _ in range(self.faults.repeated_webhooks):
                answer = await client.post(url, content=body, headers=signed(self.shop, webhook, body))
                statuses.append(answer.status_code)
        return statuses


def signed(shop: Shop, webhook: Webhook, body: bytes) -> dict[str, str]:
    """The headers that Shopify sends with a webhook."""
    digest = hmac.digest(shop.client_secret.encode(), body, sha256)
    return {
        "Content-Type": "application/json",
        "X-Shopify-Topic": webhook.topic,
        "X-Shopify-Hmac-Sha256": base64.b64encode(digest).decode(),
        "X-Shopify-Shop-Domain": shop.domain,
        "X-Shopify-API-Version": API_VERSION,
        "X-Shopify-Event-Id": webhook.event_id,
        "X-Shopify-Triggered-At": shop.clock().isoformat(),
    }


def contract(path: Path | None = None) -> GraphQLSchema | None:
    """The published schema: from a file, or below the folder named by HUB_CONTRACTS; None where there is neither."""
    if path is None:
        if "HUB_CONTRACTS" not in os.environ:
            return None
        path = Path(os.environ["HUB_CONTRACTS"]) / CONTRACT.removeprefix("contracts/")
    if not path.exists():
        return None
    with gzip.open(path) as file:
        return build_client_schema(json.load(file)["data"], assume_valid=True)


_STATUS = {"maximumAvailable": 2000.0, "currentlyAvailable": 1990, "restoreRate": 100.0}


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _errors(code: str, message: str) -> Body:
    return {"errors": [{"message": message, "extensions": {"code": code}}]}


def _throttled() -> Body:
    status = {"maximumAvailable": 2000.0, "currentlyAvailable": 10, "restoreRate": 100.0}
    answer = _errors("THROTTLED", "Throttled")
    return {**answer, "extensions": {"cost": {"requestedQueryCost": 510, "throttleStatus": status}}}


def _project(value: Any, selection: SelectionSetNode | None) -> Any:
    """The part of a payload that the selection asks for; what the shop does not know is null."""
    if selection is None or value is None:
        return value
    if isinstance(value, list):
        return [_project(element, selection) for element in value]
    shown: Body = {}
    for node in selection.selections:
        if isinstance(node, FieldNode):
            shown[node.alias.value if node.alias else node.name.value] = _project(
                value.get(node.name.value), node.selection_set
            )
        elif isinstance(node, InlineFragmentNode):
            shown |= _project(value, node.selection_set)
    return shown
