"""A small rates service that speaks rates/1: prices by distance of UFs, checks signatures and questions, and misbehaves on request.

It keeps its own idea of a valid question (SCHEMA) and shares with the adapter only the signature scheme.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from typing import Any

import jsonschema
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from hub.kit.clock import Clock, rfc3339, system_clock
from hub.kit.webhooks import refusal

DEMO_SECRET = "whsec_ZGVtby1vbmx5LXNlY3JldC1vZi1odWI="
_PLACE = {
    "type": "object",
    "required": ["country", "region"],
    "additionalProperties": False,
    "properties": {"country": {"type": "string", "pattern": "^[A-Z]{2}$"}, "region": {"type": "string"}},
}
SCHEMA: Mapping[str, Any] = {
    "type": "object",
    "required": ["contract", "node", "origin", "destinations", "weight_g"],
    "additionalProperties": False,
    "properties": {
        "contract": {"const": "rates/1"},
        "node": {"type": "string", "minLength": 1},
        "origin": {
            "type": "object",
            "required": ["country", "postal_code"],
            "additionalProperties": {"type": "string"},
        },
        "destinations": {"type": "array", "minItems": 1, "maxItems": 100, "items": _PLACE},
        "weight_g": {"type": "integer", "minimum": 1, "maximum": 100_000},
    },
}
_VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)


@dataclass(slots=True, kw_only=True)
class Behavior:
    """How the service works. `later`: polls that find nothing yet; `failures`: answers to the next requests, before any works."""

    later: int = 0
    failures: list[int] = field(default_factory=list)
    lasts: timedelta = timedelta(hours=2)
    prices: dict[tuple[str, str], Decimal] = field(default_factory=dict)  # (region, service) -> cost
    body: bytes | None = None  # said in place of any quote


@dataclass(slots=True)
class _Asked:
    question: Mapping[str, Any]
    polls: int


class RatesSimulator:
    """`app` is served to the hub; `questions` are those that it took."""

    def __init__(
        self, *, secret: str = DEMO_SECRET, behavior: Behavior | None = None, clock: Clock = system_clock
    ) -> None:
        self.secret, self.behavior, self.clock = secret, behavior or Behavior(), clock
        self.questions: list[Mapping[str, Any]] = []
        self._open: dict[str, _Asked] = {}
        self.app = Starlette(
            routes=[
                Route("/quotes", self._ask, methods=["POST"]),
                Route("/quotes/{quote}", self._answer, methods=["GET"]),
            ]
        )

    async def _ask(self, request: Request) -> Response:
        body = await request.body()
        if (stop := self._stopped(request, body)) is not None:
            return stop
        try:
            question = json.loads(body)
        except ValueError:
            return JSONResponse({"faults": [{"at": "$", "code": "NOT_JSON", "message": "not JSON"}]}, 422)
        faults = [
            {"at": ".".join(map(str, e.absolute_path)) or "$", "code": "INVALID", "message": e.message[:200]}
            for e in _VALIDATOR.iter_errors(question)
        ]
        if faults:
            return JSONResponse({"faults": faults}, 422)
        self.questions.append(question)
        if self.behavior.later:
            quote = f"q{len(self.questions)}"
            self._open[quote] = _Asked(question, self.behavior.later)
            return JSONResponse({"quote": quote}, 202, headers={"retry-after": "1"})
        return self._quoted(question)

    async def _answer(self, request: Request) -> Response:
        if (stop := self._stopped(request, b"")) is not None:
            return stop
        asked = self._open.get(request.path_params["quote"])
        if asked is None:
            return JSONResponse({"faults": [{"at": "quote", "code": "UNKNOWN", "message": "no such quote"}]}, 404)
        asked.polls -= 1
        if asked.polls > 0:
            return JSONResponse({"quote": request.path_params["quote"]}, 202, headers={"retry-after": "1"})
        return self._quoted(asked.question)

    def _stopped(self, request: Request, body: bytes) -> Response | None:
        if self.behavior.failures:
            return JSONResponse({}, self.behavior.failures.pop(0), headers={"retry-after": "1"})
        reason = refusal(request.headers, body, secrets=[self.secret], now=self.clock())
        return JSONResponse({"faults": [{"code": "SIGNATURE", "message": reason}]}, 401) if reason else None

    def _quoted(self, question: Mapping[str, Any]) -> Response:
        if self.behavior.body is not None:
            return Response(self.behavior.body, media_type="application/json")
        kilos = Decimal(question["weight_g"]) / 1000
        origin = question["origin"].get("region")
        rates = [
            self._rate(place, service, days, near=place["region"] == origin, kilos=kilos)
            for place in question["destinations"]
            for service, days in (("ECONOMY", 5), ("EXPRESS", 1))
        ]
        said = {
            "contract": "rates/1",
            "node": question["node"],
            "valid_until": rfc3339(self.clock() + self.behavior.lasts),
            "rates": rates,
        }
        return JSONResponse(said)

    def _rate(self, place: Mapping[str, str], service: str, days: int, *, near: bool, kilos: Decimal) -> dict[str, Any]:
        plain = (Decimal(9) if near else Decimal(19)) + kilos * 2 + (Decimal(11) if service == "EXPRESS" else 0)
        cost = self.behavior.prices.get((place["region"], service), plain)
        return {
            "carrier": "Rapida",
            "service": service,
            **place,
            "cost": f"{cost:.2f}",
            "cost_per_kg": "1.20",
            "currency": "BRL",
            "days": days if near else days + 2,
            "co2e_g": 120 if near else 450,
            "max_weight_g": 30_000,
        }
