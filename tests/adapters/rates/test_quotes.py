"""Questions against the simulated service: quotes, answers that come later, refusals with their place."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import httpx
import pytest

from adapters.rates import ADAPTER
from adapters.rates.simulator import Behavior, RatesSimulator
from hub.canon.ports import Accepted, Account, Call, Done, Outcome, Rejected, Response, Retry
from hub.canon.rates import QuoteRates, RatesQuoted
from tests.adapters.rates.test_contract import ACCOUNT, ASK, NOW

SECRET = ACCOUNT.secrets["signing_secret"][0]


async def send(sim: RatesSimulator, call: Call, account: Account) -> Response:
    """The hub's HTTP client in small: authorization is added here."""
    assert ADAPTER.authorize is not None
    async with httpx.AsyncClient(transport=httpx.ASGITransport(sim.app), base_url="http://rates") as client:
        headers = ADAPTER.authorize(call, account)
        answer = await client.request(call.method, call.path, content=call.body, headers=headers)
    return Response(status=answer.status_code, headers=dict(answer.headers), body=answer.content)


async def ask(behavior: Behavior, command: QuoteRates = ASK, *, secret: str = SECRET) -> list[Outcome]:
    """The outcome of the question, and of each poll after it."""
    outbound = ADAPTER.outbound
    assert outbound is not None
    sim = RatesSimulator(secret=secret, behavior=behavior, clock=lambda: NOW)
    [call] = outbound.plan(command, ACCOUNT)
    outcomes = [outbound.outcome(command, call, await send(sim, call, ACCOUNT), ACCOUNT)]
    while isinstance(outcomes[-1], Accepted) and len(outcomes) < 5:
        poll = outcomes[-1].poll
        outcomes.append(outbound.outcome(command, poll, await send(sim, poll, ACCOUNT), ACCOUNT))
    return outcomes


async def test_a_quote_is_read_with_all_that_routing_compares() -> None:
    [done] = await ask(Behavior(prices={("SP", "EXPRESS"): Decimal("7.90")}))
    assert isinstance(done, Done)
    [quoted] = done.results
    assert isinstance(quoted, RatesQuoted)
    assert (quoted.node, quoted.valid_until) == ("CAJ", NOW + timedelta(hours=2))
    assert {(r.region, r.service): r.cost for r in quoted.rates} == {
        ("SP", "ECONOMY"): Decimal("11.00"),
        ("SP", "EXPRESS"): Decimal("7.90"),
        ("RJ", "ECONOMY"): Decimal("21.00"),
        ("RJ", "EXPRESS"): Decimal("32.00"),
    }
    assert {(r.cost_per_kg, r.currency, r.max_weight_g) for r in quoted.rates} == {(Decimal("1.20"), "BRL", 30_000)}


async def test_an_answer_to_come_is_fetched() -> None:
    first, second, third = await ask(Behavior(later=2))
    assert isinstance(first, Accepted)
    assert (first.poll.method, first.poll.purpose, first.after) == ("GET", "read", timedelta(seconds=1))
    assert isinstance(second, Accepted)
    assert isinstance(third, Done)


@pytest.mark.parametrize("status", [429, 503])
async def test_what_may_heal_is_asked_again(status: int) -> None:
    [again] = await ask(Behavior(failures=[status]))
    assert isinstance(again, Retry)
    assert again.after == timedelta(seconds=1)


async def test_a_signature_that_is_refused_waits_for_a_person() -> None:
    [again] = await ask(Behavior(), secret="whsec_ZmVkY2JhOTg3NjU0MzIxMGZlZGNiYTk4")
    assert isinstance(again, Retry)
    assert "signature" in again.reason


async def test_a_question_that_the_service_refuses_is_final_with_its_place() -> None:
    [refused] = await ask(Behavior(), replace(ASK, destinations=(), weight_g=0))
    assert isinstance(refused, Rejected)
    assert {f.at for f in refused.fields} == {"destinations", "weight_g"}


RATE = {
    "carrier": "C",
    "service": "S",
    "country": "BR",
    "region": "SP",
    "cost": "9.00",
    "currency": "BRL",
    "days": 1,
}
GOOD: dict[str, Any] = {"contract": "rates/1", "node": "CAJ", "valid_until": "2026-10-05T13:00:00Z", "rates": [RATE]}


@pytest.mark.parametrize(
    ("change", "at"),
    [
        ({"contract": "rates/2"}, "contract"),
        ({"node": "RIO"}, "node"),
        ({"valid_until": "2026-10-05T11:00:00Z"}, "valid_until"),
        ({"valid_until": "2027-10-05T11:00:00Z"}, "valid_until"),
        ({"valid_until": "2026-10-05T13:00:00"}, "valid_until"),
        ({"rates": [{**RATE, "cost": "-1"}]}, "rates.0.cost"),
        ({"rates": [{**RATE, "cost": 9.0}]}, "rates.0.cost"),
        ({"rates": [{**RATE, "currency": "real"}]}, "rates.0.currency"),
        ({"rates": [{**RATE, "days": -1}]}, "rates.0.days"),
        ({"rates": [{**RATE, "region": "AM"}]}, "rates[0]"),
        ({"rates": [RATE, RATE]}, "rates[1]"),
        ({"rates": None}, "rates"),
    ],
)
async def test_a_quote_that_cannot_be_is_refused_with_its_place(change: dict[str, Any], at: str) -> None:
    [good] = await ask(Behavior(body=json.dumps(GOOD).encode()))
    assert isinstance(good, Done)
    [bad] = await ask(Behavior(body=json.dumps({**GOOD, **change}).encode()))
    assert isinstance(bad, Rejected)
    assert at in {f.at for f in bad.fields}


@pytest.mark.parametrize("body", [b"", b"null", b"[]", b"\xff\xfe", b"[" * 50_000])
async def test_nonsense_is_no_quote(body: bytes) -> None:
    [bad] = await ask(Behavior(body=body))
    assert isinstance(bad, Rejected)
