"""Hostile requests: each is refused with its code, and nothing grows."""

from __future__ import annotations

import random
from typing import Any

import orjson
import pytest

from tests.schema.conftest import Site

CODES = {
    "BAD_REQUEST", "BAD_VALUE", "BAD_ID", "BAD_CURSOR", "PAGE_TOO_LARGE", "LIMIT_EXCEEDED", "MAX_COST_EXCEEDED", "GRAPHQL_PARSE_FAILED",
    "GRAPHQL_VALIDATION_FAILED", "UNKNOWN_DOCUMENT", "PERSISTED_QUERY_NOT_FOUND", "FORBIDDEN", "UNAUTHENTICATED", "NOT_ACCEPTABLE", "THROTTLED",
    "IDEMPOTENCY_KEY_REQUIRED",
}  # fmt: skip

NESTED = "{ orders(first: 100) { nodes { lines { product { stock { location { id } } } } events(first: 100) { nodes { id } } } } }"
ATTACKS: dict[str, tuple[str, str]] = {
    "500 deep": ("{" + "orders{" * 500 + "x" + "}" * 501, "LIMIT_EXCEEDED"),
    "14 deep": (
        "{ orders { nodes { fulfillments { order { fulfillments { order { fulfillments { order { fulfillments { order { fulfillments { order { id } } } } } } } } } } } } }",
        "LIMIT_EXCEEDED",
    ),
    "deep by fragments": (
        "{ orders { nodes { ...a } } } "
        + " ".join(
            f"fragment {x} on Order {{ fulfillments {{ order {{ ...{y} }} }} }}"
            for x, y in zip("abcdefg", "bcdefgh", strict=True)
        )
        + " fragment h on Order { id }",
        "LIMIT_EXCEEDED",
    ),
    "5,000 aliases": ("{" + " ".join(f"a{i}: me {{ role }}" for i in range(5_000)) + "}", "LIMIT_EXCEEDED"),
    "20,000 duplicate fields": ("{ me {" + " role" * 20_000 + "} }", "LIMIT_EXCEEDED"),
    "duplicates below the limit": ("{ me {" + " role" * 1_900 + "} }", "GRAPHQL_VALIDATION_FAILED"),
    "5,000 directives": ("{ me { role " + "@include(if: true)" * 5_000 + " } }", "LIMIT_EXCEEDED"),
    "51 directives": ("{ me { " + " ".join("role @include(if: true)" for _ in range(51)) + " } }", "LIMIT_EXCEEDED"),
    "nested lists": (NESTED, "MAX_COST_EXCEEDED"),
    "21 roots": ("{" + " ".join("__typename" for _ in range(21)) + "}", "LIMIT_EXCEEDED"),
    "1,000 root mutations": (
        "mutation {"
        + " ".join(
            f'a{i}: placeHold(input: {{orderId: "x", kind: FRAUD, reason: ""}}) {{ replayed }}' for i in range(60)
        )
        + "}",
        "LIMIT_EXCEEDED",
    ),
    "fragment cycle": (
        "{ orders { nodes { ...a } } } fragment a on Order { ...b } fragment b on Order { ...a }",
        "GRAPHQL_VALIDATION_FAILED",
    ),
    "introspection in circles": (
        "{ __schema { types { fields { type { fields { type { fields { type { fields { type { fields { type { fields { name } } } } } } } } } } } } } }",
        "GRAPHQL_VALIDATION_FAILED",
    ),
    "a huge page by literal": ("{ orders(first: 2147483647) { nodes { id } } }", "PAGE_TOO_LARGE"),
    "a negative page": ("{ orders(first: -1) { nodes { id } } }", "PAGE_TOO_LARGE"),
    "a number beyond int": ("{ orders(first: 99999999999) { nodes { id } } }", "GRAPHQL_VALIDATION_FAILED"),
    "sql in an id": ('{ order(id: "ord_\'; DROP TABLE orders; --") { id } }', "BAD_ID"),
    "sql in a text": ('{ orders(where: {number: {startsWith: "\'; DROP TABLE orders; --"}}) { nodes { id } } }', ""),
    "several operations": ("query A { me { role } } query B { me { role } }", "BAD_REQUEST"),
    "nothing": ("", "GRAPHQL_PARSE_FAILED"),
    "a comment bomb": ("#" * 40_000 + "\n{ me { role } }", "LIMIT_EXCEEDED"),
}


@pytest.mark.parametrize("name", ATTACKS)
async def test_an_attack_is_refused(site: Site, name: str) -> None:
    query, code = ATTACKS[name]
    answer = await site.post(query)
    found = answer.json().get("errors", [{"extensions": {"code": ""}}])[0]["extensions"]["code"]
    assert found == code, answer.text[:300]
    assert answer.status_code < 500


async def test_bodies_at_random_never_break_the_server(site: Site) -> None:
    rng = random.Random(11)
    good: dict[str, Any] = {
        "query": "query($n: Int, $a: String, $w: OrderWhere) { orders(first: $n, after: $a, where: $w) { nodes { id lines { sku } } pageInfo { endCursor } } }",
        "variables": {"n": 3, "a": None, "w": {"number": {"startsWith": "N"}, "state": {"in": ["PACKED"]}}},
    }
    pieces: list[Any] = [
        None,
        -1,
        1e300,
        "",
        "\0",
        "\ud7ff",
        "x" * 5_000,
        [],
        {},
        [[]],
        True,
        "ord_",
        {"eq": None},
        {"in": [None]},
        2**63,
        "é",
    ]
    for _ in range(250):
        body = orjson.loads(orjson.dumps(good))
        kind = rng.random()
        if kind < 0.4:
            body["variables"][rng.choice(["n", "a", "w"])] = rng.choice(pieces)
        elif kind < 0.6:
            body["variables"]["w"][rng.choice(["number", "state", "placedAt", "tag", "locationId"])] = rng.choice(
                pieces
            )
        elif kind < 0.8:
            text = list(body["query"])
            for _ in range(rng.randint(1, 4)):
                text[rng.randrange(len(text))] = rng.choice('{}()$:!"\\@#x 0é\n')
            body["query"] = "".join(text)
        else:
            body[rng.choice(["query", "variables", "operationName", "extensions", "documentId"])] = rng.choice(pieces)
        answer = await site.raw(orjson.dumps(body))
        assert answer.status_code < 500, (body, answer.text)
        if "errors" in answer.json():
            assert answer.json()["errors"][0]["extensions"]["code"] in CODES, (body, answer.text)
