"""A small warehouse that speaks wms/1: takes pick orders, works on them step by step or by itself, and misbehaves on request.

It keeps its own idea of a valid request (SCHEMA) and shares with the adapter only the signature scheme and the contract's rules.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import httpx
import jsonschema
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from adapters.wms.rules import faults_of
from hub.kit.clock import Clock, rfc3339, system_clock
from hub.kit.money import plain
from hub.kit.webhooks import refusal, signed_headers

DEMO_SECRET = "whsec_ZGVtby1vbmx5LXNlY3JldC1vZi1odWI="
STEPS = ("acknowledged", "picking", "picked", "packed", "dispatched")
_TEXT = {"type": "string", "minLength": 1}
_MAYBE = {"type": ["string", "null"]}
_QUANTITY = {"type": "string", "pattern": r"^[0-9]{1,14}(\.[0-9]{1,4})?$"}
SCHEMA: Mapping[str, Any] = {
    "type": "object",
    "required": ["type", "pick_order", "order", "node", "version", "lines", "documents"],
    "properties": {
        "type": {"const": "pick_order.requested"},
        "pick_order": _TEXT,
        "order": _TEXT,
        "node": _TEXT,
        "version": {"type": "integer", "minimum": 1},
        "ship_by": _MAYBE,
        "service": _MAYBE,
        "notes": _MAYBE,
        "documents": {"type": "array"},
        "ship_to": {"type": ["object", "null"], "required": ["country"], "additionalProperties": {"type": "string"}},
        "lines": {
            "type": "array",
            "minItems": 1,
            "items": {
                "type": "object",
                "required": ["line", "sku", "title", "quantity", "serial_required"],
                "properties": {
                    "line": _TEXT,
                    "sku": _TEXT,
                    "title": {"type": "string"},
                    "quantity": _QUANTITY,
                    "gtin": {"type": "string", "pattern": "^[0-9]{8,14}$"},
                    "lots": {
                        "type": "array",
                        "minItems": 1,
                        "items": {
                            "type": "object",
                            "required": ["lot", "quantity"],
                            "additionalProperties": False,
                            "properties": {"lot": _TEXT, "quantity": _QUANTITY},
                        },
                    },
                    "serial_required": {"type": "boolean"},
                },
            },
        },
    },
}
_VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)


@dataclass(frozen=True, slots=True, kw_only=True)
class Behavior:
    """How the warehouse works. `no_stock` is known when it acknowledges, `not_found` when it picks: pieces short of a SKU."""

    auto: bool = False  # go through all steps by itself
    pause: timedelta = timedelta(0)  # before each step
    no_stock: Mapping[str, Decimal] = field(default_factory=dict)
    not_found: Mapping[str, Decimal] = field(default_factory=dict)
    refuse: frozenset[str] = frozenset()  # SKUs that it does not carry: the pick order is refused
    refuse_cancel: bool = False
    duplicates: int = 0  # further deliveries of each callback
    out_of_order: bool = False  # callbacks leave in pairs, the later one first
    drop: frozenset[str] = frozenset()  # steps whose callback is never sent
    failures: Sequence[int] = ()  # answers to the next requests, before any works
    carrier: str = "CORREIOS"
    service: str = "SEDEX"


@dataclass(slots=True, kw_only=True)
class Work:
    """One pick order as the warehouse knows it. `messages`: what it has said of it, in order."""

    request: Mapping[str, Any]
    wms_id: str
    number: int
    step: int = 0
    cancelled: bool = False
    refused: bool = False
    access_key: str | None = None
    released: bool = False
    there: dict[str, Decimal] = field(default_factory=dict)  # line -> pieces
    messages: list[dict[str, Any]] = field(default_factory=list)

    @property
    def over(self) -> bool:
        return self.cancelled or self.refused or self.step >= len(STEPS)


class WmsSimulator:
    """`app` is served to the hub; callbacks go to `hook_url` through `client`."""

    def __init__(
        self,
        *,
        hook_url: str,
        client: httpx.AsyncClient,
        secret: str = DEMO_SECRET,
        behavior: Behavior | None = None,
        clock: Clock = system_clock,
    ) -> None:
        self.hook_url = hook_url
        self.client = client
        self.secret = secret
        self.behavior = behavior or Behavior()
        self.clock = clock
        self.work: dict[str, Work] = {}
        self.answers: list[tuple[str, int]] = []  # (webhook-id, the hub's answer), in order of sending
        self._failures = list(self.behavior.failures)
        self._journal: list[str] = []  # pick orders in order of change
        self._counts = 0  # stock reports sent
        self._tasks: set[asyncio.Task[None]] = set()
        self.app = Starlette(
            routes=[
                Route("/pick-orders", self._signed(self._request), methods=["POST"]),
                Route("/pick-orders", self._signed(self._list), methods=["GET"]),
                Route("/pick-orders/{id}", self._signed(self._state), methods=["GET"]),
                Route("/pick-orders/{id}/cancel", self._signed(self._cancel), methods=["POST"]),
                Route("/pick-orders/{id}/release", self._signed(self._release), methods=["POST"]),
            ]
        )

    # -------------------------------------------------------------- driven by a test or a demo
    async def step(self, pick_order: str) -> str | None:
        """Do the next step and tell the hub; its name, or None if there is none left."""
        done = self._advance(self.work[pick_order])
        if done:
            await self._tell(self.work[pick_order].messages[-1:])
        return done

    async def run(self, pick_order: str) -> None:
        """All steps that are left; callbacks as the behavior says."""
        work = self.work[pick_order]
        held: list[dict[str, Any]] = []
        while self._advance(work):
            await asyncio.sleep(self.behavior.pause.total_seconds())
            held.append(work.messages[-1])
            if not self.behavior.out_of_order or len(held) == 2:
                await self._tell(held[::-1])
                held = []
        await self._tell(held)

    async def report_stock(
        self,
        node: str,
        counts: Mapping[tuple[str, str], Decimal],
        lots: Mapping[tuple[str, str, str], Decimal] | None = None,
    ) -> None:
        """An absolute count by (SKU, condition), and by (SKU, condition, lot) of what lies in lots."""
        self._counts += 1
        units = [((*k, None), n) for k, n in counts.items()] + [(k, n) for k, n in (lots or {}).items()]
        lines = [
            {"sku": sku, "condition": condition, "on_hand": plain(n), "lot": lot} for (sku, condition, lot), n in units
        ]
        body = {"type": "stock.reported", "node": node, "at": rfc3339(self.clock()), "mode": "absolute", "lines": lines}
        await self._send(f"stock_{node}_{self._counts}", body)

    async def settle(self) -> None:
        """Wait for all that it does by itself."""
        while self._tasks:
            await asyncio.gather(*self._tasks)

    async def close(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    # -------------------------------------------------------------- the shelf
    def _advance(self, work: Work) -> str | None:
        if work.over:
            return None
        name = STEPS[work.step]
        work.step += 1
        lines = work.request["lines"]
        if name == "acknowledged":
            body = self._acknowledged(work)
        elif name == "picking":
            body = {}
        elif name == "picked":
            body = {"lines": [self._picked(work, x) for x in lines]}
            if not any(work.there.values()):
                work.step = len(STEPS)  # nothing to pack
        else:
            body = {"packages": [self._package(work, leaving=name == "dispatched")]}
        self._note(work, f"pick_order.{name}", body)
        return name

    def _acknowledged(self, work: Work) -> dict[str, Any]:
        lines = work.request["lines"]
        work.refused = any(x["sku"] in self.behavior.refuse for x in lines)
        if work.refused:
            return {"result": "refused", "lines": [], "reason": "UNKNOWN_SKU", "wms_id": work.wms_id}
        said = [self._short(work, x, Decimal(x["quantity"]), self.behavior.no_stock, "accepted") for x in lines]
        work.refused = not any(work.there.values())
        if work.refused:
            return {"result": "refused", "lines": said, "reason": "NO_STOCK", "wms_id": work.wms_id}
        result = "accepted_short" if any(x["short"] != "0" for x in said) else "accepted"
        return {"result": result, "lines": said, "wms_id": work.wms_id}

    def _picked(self, work: Work, line: Mapping[str, Any]) -> dict[str, Any]:
        return self._short(work, line, work.there[line["line"]], self.behavior.not_found, "picked")

    @staticmethod
    def _short(
        work: Work, line: Mapping[str, Any], wanted: Decimal, short: Mapping[str, Decimal], name: str
    ) -> dict[str, Any]:
        asked = Decimal(line["quantity"])
        there = max(wanted - short.get(line["sku"], Decimal(0)), Decimal(0))
        work.there[line["line"]] = there
        return {
            "line": line["line"],
            name: plain(there),
            "short": plain(asked - there),
            "reason": "NO_STOCK" if there < asked else None,
        }

    def _package(self, work: Work, *, leaving: bool) -> dict[str, Any]:
        held = [{"line": line, "quantity": plain(n)} for line, n in work.there.items() if n]
        package = {"sscc": sscc(work.number), "lines": held}
        if not leaving:
            return {**package, "weight_g": 500, "size_mm": [300, 200, 150]}
        tracking = f"AA{work.number:09d}BR"
        return {**package, "carrier": self.behavior.carrier, "service": self.behavior.service, "tracking": tracking}

    def _note(self, work: Work, kind: str, body: Mapping[str, Any]) -> None:
        pick_order = work.request["pick_order"]
        head = {"type": kind, "pick_order": pick_order, "sequence": len(work.messages) + 1}
        work.messages.append({**head, "at": rfc3339(self.clock()), **body})
        self._journal.append(pick_order)

    # -------------------------------------------------------------- callbacks
    async def _tell(self, messages: Sequence[Mapping[str, Any]]) -> None:
        for message in messages:
            if message["type"].removeprefix("pick_order.") in self.behavior.drop:
                continue
            for _ in range(1 + self.behavior.duplicates):
                await self._send(f"{message['pick_order']}_{message['sequence']}", message)

    async def _send(self, message_id: str, body: Mapping[str, Any]) -> None:
        """Deliver; up to 5 tries while the hub is away. The id stays the same."""
        raw = json.dumps(body, ensure_ascii=False).encode()
        for tries in range(1, 6):
            headers = {
                "content-type": "application/json",
                **signed_headers(self.secret, message_id, raw, now=self.clock()),
            }
            try:
                status = (await self.client.post(self.hook_url, content=raw, headers=headers)).status_code
            except httpx.TransportError:
                status = 0
            self.answers.append((message_id, status))
            if 0 < status < 500:
                return
            await asyncio.sleep(0.05 * 2**tries)

    def _later(self, what: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(what)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    # -------------------------------------------------------------- its API
    def _signed(
        self, handler: Callable[[Request, bytes], Awaitable[Response]]
    ) -> Callable[[Request], Awaitable[Response]]:
        async def checked(request: Request) -> Response:
            body = await request.body()
            reason = refusal(dict(request.headers), body, secrets=[self.secret], now=self.clock())
            if reason:
                return JSONResponse({"message": reason}, 401)
            if self._failures:
                return JSONResponse({"message": "not now"}, self._failures.pop(0), {"retry-after": "1"})
            return await handler(request, body)

        return checked

    async def _request(self, request: Request, body: bytes) -> Response:
        try:
            asked = json.loads(body)
        except ValueError:
            return JSONResponse({"faults": [{"at": "$", "code": "NOT_READABLE", "message": "not JSON"}]}, 422)
        found = [
            {"at": e.json_path, "code": "SCHEMA", "message": e.message[:200]} for e in _VALIDATOR.iter_errors(asked)
        ]
        found = found or [{"at": f.at, "code": f.code, "message": f.message} for f in faults_of(asked)]
        if found:
            return JSONResponse({"faults": found}, 422)
        known = self.work.get(asked["pick_order"])
        if known:
            return JSONResponse({"wms_id": known.wms_id}, 409)
        number = len(self.work) + 1
        self.work[asked["pick_order"]] = Work(request=asked, wms_id=f"W{number:06d}", number=number)
        if self.behavior.auto:
            self._later(self.run(asked["pick_order"]))
        return JSONResponse({"wms_id": f"W{number:06d}"}, 202)

    async def _state(self, request: Request, body: bytes) -> Response:
        work = self.work.get(request.path_params["id"])
        if work is None:
            return JSONResponse({"message": "unknown pick order"}, 404)
        return JSONResponse(_state_of(work))

    async def _list(self, request: Request, body: bytes) -> Response:
        """States that changed after the cursor, each once, in order of their last change."""
        since, limit = int(request.query_params.get("since", "0")), int(request.query_params.get("limit", "100"))
        last = {pick_order: i for i, pick_order in enumerate(self._journal, 1)}
        page = sorted((i, pick_order) for pick_order, i in last.items() if i > since)[:limit]
        states = [_state_of(self.work[pick_order]) for _, pick_order in page]
        return JSONResponse({"pick_orders": states, "next": str(page[-1][0]) if page else str(since)})

    async def _cancel(self, request: Request, body: bytes) -> Response:
        work = self.work.get(request.path_params["id"])
        if work is None:
            return JSONResponse({"faults": [{"at": "pick_order", "code": "UNKNOWN", "message": "not here"}]}, 422)
        packed = work.step > STEPS.index("packed")
        if work.cancelled:
            return JSONResponse({}, 202)
        if packed or self.behavior.refuse_cancel:
            self._note(work, "pick_order.cancel_refused", {"reason": "ALREADY_PACKED" if packed else "REFUSED"})
        else:
            work.cancelled = True
            self._note(work, "pick_order.cancelled", {"reason": json.loads(body).get("reason")})
        self._later(self._tell(work.messages[-1:]))
        return JSONResponse({}, 202)

    async def _release(self, request: Request, body: bytes) -> Response:
        work = self.work.get(request.path_params["id"])
        if work is None:
            return JSONResponse({"faults": [{"at": "pick_order", "code": "UNKNOWN", "message": "not here"}]}, 422)
        work.released, work.access_key = True, json.loads(body).get("access_key")
        return JSONResponse({}, 202)

    def misbehave(self, **changes: Any) -> None:
        """Change its behavior from now on."""
        self.behavior = replace(self.behavior, **changes)
        self._failures = list(changes.get("failures", self._failures))


def _state_of(work: Work) -> dict[str, Any]:
    return {
        "type": "pick_order.state",
        "pick_order": work.request["pick_order"],
        "wms_id": work.wms_id,
        "sequence": len(work.messages),
        "at": work.messages[-1]["at"] if work.messages else None,
        "messages": work.messages,
    }


def sscc(number: int) -> str:
    """A serial shipping container code: 17 digits and the check digit of GS1 (mod 10, weights 3 and 1 from the right)."""
    digits = f"{7891234567890000 + number:017d}"
    total = sum(int(c) * (3 if i % 2 == 0 else 1) for i, c in enumerate(reversed(digits)))
    return f"{digits}{-total % 10}"
