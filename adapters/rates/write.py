"""QuoteRates -> a request of contract rates/1, and what its answer means. Pure; the signature is added when the call leaves."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from adapters.rates.shapes import CONTRACT, Later, Quoted, Refused
from hub.canon.commands import OutwardCommand
from hub.canon.order import Address
from hub.canon.ports import Accepted, Account, Call, Done, FieldFault, NeverTry, Outcome, Rejected, Response, Retry
from hub.canon.rates import QuotedRate, QuoteRates, RatesQuoted

SOON = timedelta(seconds=30)
LONGEST = timedelta(hours=1)
FARTHEST = timedelta(days=7)  # a quote that lasts longer is a rate table
_ORIGIN = ("street", "number", "complement", "district", "city", "region", "postal_code", "country")
T = TypeVar("T", bound=BaseModel)


class RatesOutbound:
    """Questions for rates. Asking twice changes nothing, so silence is asked again."""

    def plan(self, command: OutwardCommand, account: Account) -> list[Call]:
        if not isinstance(command, QuoteRates):
            raise NeverTry(f"a rates service takes no {type(command).__name__}")
        body = {
            "contract": CONTRACT,
            "node": command.node,
            "origin": _place(command.origin),
            "destinations": [{"country": c, "region": r} for c, r in command.destinations],
            "weight_g": command.weight_g,
        }
        sent = json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()
        return [Call(key="0", operation="quote.request", path="/quotes", body=sent, repeatable=True)]

    def outcome(self, command: OutwardCommand, call: Call, response: Response | None, account: Account) -> Outcome:
        """200 is an answer, 202 one to come, 422 a refusal; what may heal is tried again."""
        if response is None:
            return Retry(after=SOON, reason="no answer; asking again changes nothing")
        status = response.status
        if status in (408, 425, 429) or status >= 500:
            return Retry(after=_wait(response), reason=f"the rates service answered {status}")
        if status in (401, 403):
            return Retry(after=timedelta(minutes=5), reason=f"the rates service refused our signature ({status})")
        if status == 200 and isinstance(command, QuoteRates):
            return _quoted(command, response.body, account)
        if status == 202:
            return _later(call, response)
        return _refused(status, response.body)


def _quoted(command: QuoteRates, body: bytes, account: Account) -> Outcome:
    said = _read(Quoted, body)
    if isinstance(said, Rejected):
        return said
    faults = _beside(command, said, account)
    if faults:
        return _rejected(faults)
    rates = tuple(
        QuotedRate(
            carrier=r.carrier,
            service=r.service,
            country=r.country,
            region=r.region,
            cost=r.amounts[0],
            cost_per_kg=r.amounts[1],
            currency=r.currency,
            days=r.days,
            co2e_g=r.co2e_g,
            max_weight_g=r.max_weight_g,
        )
        for r in said.rates
    )
    return Done(results=(RatesQuoted(node=said.node, rates=rates, valid_until=said.valid_until),))


def _beside(command: QuoteRates, said: Quoted, account: Account) -> list[FieldFault]:
    """What fits the shape and not the question: another node, a way that nobody asked for, a time that is over or too far."""
    found = []
    if said.node != command.node:
        found.append(FieldFault(at="node", code="OTHER_NODE", message=f"asked for {command.node}"))
    asked = {*command.destinations, *((country, "") for country, _ in command.destinations)}
    found += [
        FieldFault(at=f"rates[{n}]", code="NOT_ASKED", message=f"nobody asked for {r.country}/{r.region}")
        for n, r in enumerate(said.rates)
        if r.way not in asked
    ]
    keys = [(r.carrier, r.service, *r.way) for r in said.rates]
    found += [
        FieldFault(at=f"rates[{n}]", code="TWICE", message="a service has one rate for a way")
        for n, key in enumerate(keys)
        if key in keys[:n]
    ]
    if account.now is not None and not timedelta(0) < said.valid_until - account.now <= FARTHEST:
        found.append(FieldFault(at="valid_until", code="NOT_IN_TIME", message="must end within seven days from now"))
    return found


def _later(call: Call, response: Response) -> Outcome:
    said = _read(Later, response.body)
    if isinstance(said, Rejected):
        return said
    poll = replace(
        call,
        key="0-answer",
        operation="quote.answer",
        method="GET",
        path=f"/quotes/{said.quote}",
        purpose="read",
        body=b"",
    )
    return Accepted(poll=poll, after=_wait(response))


def _refused(status: int, body: bytes) -> Rejected:
    said = _read(Refused, body)
    if isinstance(said, Rejected) or not said.faults:
        return Rejected(code=f"HTTP_{status}", message=f"the rates service answered {status}")
    return _rejected([FieldFault(at=f.at, code=f.code, message=f.message) for f in said.faults])


def _read(shape: type[T], body: bytes) -> T | Rejected:
    """The answer, or a refusal with every place at which it is not what the contract says."""
    try:
        return shape.model_validate_json(body)
    except ValidationError as error:
        return _rejected(
            [
                FieldFault(at=".".join(map(str, e["loc"])) or "$", code=e["type"].upper(), message=e["msg"][:500])
                for e in error.errors(include_input=False, include_url=False)[:100]
            ]
        )


def _rejected(faults: list[FieldFault]) -> Rejected:
    message = "; ".join(f"{f.at}: {f.message}" for f in faults)[:2000]
    return Rejected(code=faults[0].code, message=message, fields=tuple(faults))


def _place(address: Address) -> dict[str, str]:
    """Where the parcel starts; names and tax ids stay with us."""
    return {name: value for name in _ORIGIN if (value := getattr(address, name))}


def _wait(response: Response) -> timedelta:
    """`Retry-After` in seconds where given, between one second and one hour."""
    given = response.headers.get("retry-after", "")
    if not (given.isascii() and given.isdigit() and len(given) < 8):
        return SOON
    return min(max(timedelta(seconds=int(given)), timedelta(seconds=1)), LONGEST)
