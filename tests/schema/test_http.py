"""The POST entry: bodies, documents, transports, statuses, masking, cost."""

from __future__ import annotations

import hashlib
from typing import Any

import httpx
import orjson
import pytest

from tests.schema.conftest import Site

ACCEPT = {"accept": "application/graphql-response+json"}


async def test_a_read_answers_data_and_cost(site: Site) -> None:
    answer = await site.post("{ orders(first: 2) { nodes { id number lines { sku } } } }", role="OPERATOR")
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("application/json")
    body = answer.json()
    assert len(body["data"]["orders"]["nodes"]) == 2
    assert body["extensions"]["cost"]["requestedQueryCost"] == 2 + 2 * (1 + 5)
    assert body["extensions"]["cost"]["throttleStatus"]["maximumAvailable"] == 20_000


async def test_the_actual_cost_counts_the_rows_that_came(site: Site) -> None:
    body = (await site.post("{ locations(first: 50) { nodes { id } } connections { nodes { id } } }")).json()
    assert body["extensions"]["cost"]["requestedQueryCost"] == 2 + 50 + 2 + 20
    assert body["extensions"]["cost"]["actualQueryCost"] == 2 + 4 + 2 + 3


REFUSED: list[tuple[str, dict[str, Any], str, int, int]] = [
    ("syntax", {"query": "{ orders("}, "GRAPHQL_PARSE_FAILED", 200, 400),
    ("unknown field", {"query": "{ nothing }"}, "GRAPHQL_VALIDATION_FAILED", 200, 400),
    ("no query", {}, "BAD_REQUEST", 400, 400),
    ("variables", {"query": "{ me { role } }", "variables": 3}, "BAD_REQUEST", 400, 400),
    (
        "value",
        {"query": "query($n: Int) { orders(first: $n) { nodes { id } } }", "variables": {"n": "x"}},
        "BAD_VALUE",
        200,
        400,
    ),
    ("id", {"query": '{ order(id: "x") { id } }'}, "BAD_ID", 200, 400),
    ("kind of id", {"query": '{ order(id: "prd_' + "0" * 32 + '") { id } }'}, "BAD_ID", 200, 400),
    ("cursor", {"query": '{ orders(after: "zzz") { nodes { id } } }'}, "BAD_CURSOR", 200, 400),
    ("page", {"query": "{ orders(first: 101) { nodes { id } } }"}, "PAGE_TOO_LARGE", 200, 400),
    ("one way only", {"query": "{ order { id } }"}, "BAD_REQUEST", 400, 400),
    (
        "cost",
        {
            "query": "{ orders(first: 100) { nodes { fulfillments { lines { sku } shipments { packages { sscc } events { code } } } } } }"
        },
        "MAX_COST_EXCEEDED",
        200,
        400,
    ),
    ("depth", {"query": "{" + "a{" * 500 + "b" + "}" * 501}, "LIMIT_EXCEEDED", 200, 400),
    ("aliases", {"query": "{" + " ".join(f"a{i}: me {{ role }}" for i in range(31)) + "}"}, "LIMIT_EXCEEDED", 200, 400),
    ("stored", {"documentId": "sha256:0"}, "UNKNOWN_DOCUMENT", 200, 400),
    (
        "apq",
        {"extensions": {"persistedQuery": {"version": 1, "sha256Hash": "0" * 64}}},
        "PERSISTED_QUERY_NOT_FOUND",
        200,
        400,
    ),
    (
        "nul",
        {"query": "query($s: String) { product(sku: $s) { id } }", "variables": {"s": "a\0b"}},
        "BAD_VALUE",
        200,
        400,
    ),
    (
        "date",
        {"query": '{ orders(where: {placedAt: {lt: "yesterday"}}) { nodes { id } } }'},
        "GRAPHQL_VALIDATION_FAILED",
        200,
        400,
    ),
]


@pytest.mark.parametrize(("body", "code", "plain", "strict"), [r[1:] for r in REFUSED], ids=[r[0] for r in REFUSED])
async def test_a_refusal_has_its_code_and_status(
    site: Site, body: dict[str, Any], code: str, plain: int, strict: int
) -> None:
    answer = await site.send(body)
    assert (answer.json()["errors"][0]["extensions"]["code"], answer.status_code) == (code, plain)
    answer = await site.send(body, headers=ACCEPT)
    assert answer.status_code == strict
    assert answer.headers["content-type"].startswith("application/graphql-response+json")


async def test_who_is_not_known_is_refused(site: Site) -> None:
    answer = await site.send({"query": "{ me { role } }"}, role="NOBODY")
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == "Bearer"


async def test_an_area_that_is_not_open(site: Site) -> None:
    answer = await site.post("{ orders { nodes { customer { name } } } }", role="ANALYST")
    assert (answer.status_code, answer.json()["errors"][0]["extensions"]["code"]) == (403, "FORBIDDEN")
    answer = await site.post("{ orders { nodes { shipTo { city region countryCode } } } }", role="ANALYST")
    assert answer.status_code == 200
    answer = await site.post("{ orders { nodes { shipTo { street } } } }", role="ANALYST")
    assert answer.status_code == 403


async def test_outsiders_see_no_schema_and_no_suggestion(site: Site) -> None:
    answer = await site.post("{ __schema { queryType { name } } }", role="ANALYST")
    assert answer.json()["errors"][0]["extensions"]["code"] == "FORBIDDEN"
    assert "orders" in (await site.post("{ order_s { id } }")).text
    assert "Did you mean" not in (await site.post("{ orderz { id } }", role="ANALYST")).text
    assert (await site.post("{ __schema { queryType { name } } }")).json()["data"]["__schema"]["queryType"][
        "name"
    ] == "Query"


async def test_outsiders_send_stored_documents_only(site: Site) -> None:
    answer = await site.post("{ products { nodes { id } } }", role="STOREFRONT")
    assert answer.json()["errors"][0]["extensions"]["code"] == "UNKNOWN_DOCUMENT"


async def test_a_query_is_remembered_by_its_hash(site: Site) -> None:
    query = "{ me { role tenant } }"
    extensions = {"persistedQuery": {"version": 1, "sha256Hash": hashlib.sha256(query.encode()).hexdigest()}}
    assert (await site.send({"query": query, "extensions": extensions})).json()["data"]["me"]["tenant"] == "1"
    assert (await site.send({"extensions": extensions})).json()["data"]["me"]["role"] == "OPERATOR"
    wrong = {"persistedQuery": {"version": 1, "sha256Hash": "0" * 64}}
    assert (await site.send({"query": query, "extensions": wrong})).status_code == 400


async def test_limits_of_the_body(site: Site) -> None:
    assert (await site.raw(b" " * (1 << 20) + b"{}")).status_code == 413
    assert (await site.raw(b"[" * 100_000)).status_code == 400
    assert (await site.raw(orjson.dumps({"query": "{ me { role } }", "x": [[[]]] * 100}))).status_code == 200
    deep: Any = []
    for _ in range(100):
        deep = [deep]
    assert (await site.raw(orjson.dumps({"query": "{ me { role } }", "variables": {"x": deep}}))).status_code == 400
    assert (await site.raw(b"[]")).status_code == 400


async def test_only_post_and_only_json(site: Site) -> None:
    async with httpx.AsyncClient() as client:
        assert (await client.get(site.url)).status_code == 405
        answer = await client.post(site.url, content=b"{}", headers={"content-type": "text/plain"})
        assert answer.status_code == 400


async def test_a_subscription_needs_a_stream(site: Site) -> None:
    answer = await site.post("subscription { orderChanged { cursor } }")
    assert (answer.status_code, answer.json()["errors"][0]["extensions"]["code"]) == (406, "NOT_ACCEPTABLE")


async def test_a_bucket_runs_dry(site: Site) -> None:
    query = "{ orders(first: 90) { nodes { lines { id } fulfillments { id } } } }"
    answers = [await site.post(query, role="POOR") for _ in range(5)]
    assert answers[0].status_code == 200
    last = answers[-1]
    assert last.json()["errors"][0]["extensions"]["code"] == "THROTTLED"
    assert int(last.headers["retry-after"]) >= 1


async def test_a_query_as_events_for_clients_that_take_nothing_else(site: Site) -> None:
    answer = await site.send({"query": "{ me { role } }"}, headers={"accept": "text/event-stream"})
    assert answer.text.startswith('event: next\ndata: {"data":{"me":{"role":"OPERATOR"}}')
    assert answer.text.endswith("event: complete\ndata:\n\n")
