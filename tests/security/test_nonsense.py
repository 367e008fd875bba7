"""GraphQL and REST under nonsense: a typed error each time, never a 500, never a trace of our insides."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from hub.cli.story.stage import Stage

pytestmark = pytest.mark.slow
DEEP = "{ orders { nodes { fulfillments { " * 60 + "id" + " } } } }" * 60
WIDE = "{ " + " ".join(f"a{n}: me {{ role }}" for n in range(5000)) + " }"
BODIES: dict[str, bytes] = {
    "nothing": b"",
    "no JSON": b"{",
    "not UTF-8": b'{"query": "\xff\xfe"}',
    "null": b"null",
    "a list": b"[]",
    "a list of requests": b'[{"query": "{ me { role } }"}]',
    "a number for the query": b'{"query": 7}',
    "no query": b'{"variables": {}}',
    "an empty query": b'{"query": ""}',
    "a torn query": b'{"query": "{ me { "}',
    "an unknown field": b'{"query": "{ nothing }"}',
    "an unknown operation": b'{"query": "query A { me { role } }", "operationName": "B"}',
    "variables that are a list": b'{"query": "query ($n: String!) { order(number: $n) { id } }", "variables": [1]}',
    "a variable of another type": b'{"query": "query ($n: String!) { order(number: $n) { id } }", "variables": {"n": {"a": 1}}}',
    "a missing variable": b'{"query": "query ($n: String!) { order(number: $n) { id } }"}',
    "a NUL": b'{"query": "query ($n: String!) { order(number: $n) { id } }", "variables": {"n": "a\\u0000b"}}',
    "a lone surrogate": b'{"query": "query ($n: String!) { order(number: $n) { id } }", "variables": {"n": "\\ud800"}}',
    "an id that is none": b'{"query": "{ node(id: \\"ord_zz\\") { id } }"}',
    "a cursor that is none": b'{"query": "{ orders(first: 5, after: \\"%%%\\") { nodes { id } } }"}',
    "a page without end": b'{"query": "{ orders(first: 100000000) { nodes { id } } }"}',
    "a page below nothing": b'{"query": "{ orders(first: -1) { nodes { id } } }"}',
    "too deep": orjson.dumps({"query": DEEP}),
    "too wide": orjson.dumps({"query": WIDE}),
    "braces": orjson.dumps({"query": "{" * 100_000}),
    "deep JSON": b'{"variables":' + b"[" * 100_000,
    "too large": orjson.dumps({"query": "{ me { role } }", "variables": {"x": "y" * 3_000_000}}),
    "a number without end": orjson.dumps(
        {
            "query": 'mutation ($i: ReserveStockInput!) { reserveStock(input: $i) @idempotent(key: "k") { userErrors { code } } }',
            "variables": {"i": {"reference": "x", "lines": [{"sku": "x", "quantity": "1e999999"}]}},
        }
    ),
    "a subscription by POST": b'{"query": "subscription { nothing }"}',
    "a fragment that spreads itself": b'{"query": "query { ...A } fragment A on Query { ...A }"}',
}


def typed(answer: Any) -> list[str]:
    """The codes of an answer that refuses."""
    assert answer.status_code < 500, answer.text[:300]
    assert "Traceback" not in answer.text
    assert "asyncpg" not in answer.text
    body = answer.json()
    return [e["extensions"]["code"] for e in body.get("errors", [])]


@pytest.mark.parametrize("what", BODIES)
async def test_graphql_answers_nonsense_with_a_code(stage: Stage, what: str) -> None:
    head = {"Authorization": f"Bearer {stage.company.api_key}", "Content-Type": "application/json"}
    answer = await stage.client.post(stage.urls["graphql"], content=BODIES[what], headers=head)
    if answer.status_code == 200 and "errors" not in answer.json():
        data = answer.json()["data"]
        assert all(not v or "userErrors" in v for v in data.values()), data
        return
    codes = typed(answer)
    assert codes
    assert all(code.isupper() and code != "INTERNAL" for code in codes), codes


@pytest.mark.parametrize("head", [{}, {"Authorization": "Bearer nothing"}, {"Authorization": "Basic eDp5"}], ids=str)
async def test_who_is_nobody_gets_401_with_a_code(stage: Stage, head: dict[str, str]) -> None:
    answer = await stage.client.post(stage.urls["graphql"], json={"query": "{ orders { nodes { id } } }"}, headers=head)
    assert typed(answer) == ["UNAUTHENTICATED"]


REST = {
    "an id that is none": ("GET", "/orders/nothing", b""),
    "an unknown id": ("GET", "/orders/ord_" + "0" * 32, b""),
    "no JSON": ("POST", "/orders", b"{"),
    "a list": ("POST", "/orders", b"[]"),
    "empty": ("POST", "/orders", b"{}"),
    "a page that is none": ("GET", "/orders?first=many", b""),
    "an unknown path": ("GET", "/nothing", b""),
}


@pytest.mark.parametrize("what", REST)
async def test_rest_answers_nonsense_below_500(stage: Stage, what: str) -> None:
    method, path, body = REST[what]
    head = {
        "Authorization": f"Bearer {stage.company.api_key}",
        "Content-Type": "application/json",
        "Idempotency-Key": "k",
    }
    answer = await stage.client.request(method, f"{stage.urls['rest']}{path}", content=body, headers=head)
    assert 400 <= answer.status_code < 500, (answer.status_code, answer.text[:300])
    assert "Traceback" not in answer.text
