"""Generated operations: the compiled bytes are the executor's bytes. HUB_MANY sets how many."""

from __future__ import annotations

import os
import random
from typing import Any

import graphql as g
import orjson
import pytest

from hub.kit.errors import HubError
from schema.plan.run import Reads
from tests.schema.conftest import OPERATOR, roles
from tests.schema.writer import Writer

MANY = int(os.environ.get("HUB_MANY", "200"))
SEED = int(os.environ.get("HUB_SEED", "7"))
UNBOUND = frozenset({"Query.me", "Query.nodes"})


async def answered(reads: Reads, query: str, me: Any = OPERATOR, **variables: Any) -> Any:
    asked = reads.ask(me, query, variables)
    entry, _ = reads.entry(asked)
    return orjson.loads((await reads.read(asked, entry)).data)


async def known(reads: Reads) -> tuple[dict[str, list[str]], dict[str, list[str]]]:
    """(cursors of each list, ids of each kind)."""
    cursors: dict[str, list[str]] = {}
    ids: dict[str, list[str]] = {"ord": ["ord_" + "0" * 32], "cor": []}
    ids |= {kind: [kind + "_" + "0" * 32] for kind in ("bdl", "pty")}
    query: Any = reads.core.query_type
    for name, field in query.fields.items():
        if "first" in field.args:
            found = (await answered(reads, f"{{ {name}(first: 40) {{ edges {{ cursor node {{ id }} }} }} }}"))[name]
            cursors[name] = [e["cursor"] for e in found["edges"][::7]]
            for edge in found["edges"][::5]:
                ids.setdefault(edge["node"]["id"][:3], []).append(edge["node"]["id"])
    orders = (await answered(reads, "{ orders(first: 20) { nodes { correlationId customer { id } lines { id } } } }"))[
        "orders"
    ]["nodes"]
    ids["cor"] += [o["correlationId"] for o in orders]
    ids["bdl"] = ["bdl_" + "0" * 32]
    ids["pty"] = [o["customer"]["id"] for o in orders if o["customer"]]
    ids["oln"] = [x["id"] for o in orders for x in o["lines"]]
    return cursors, ids


async def outcome(call: Any) -> tuple[str, Any]:
    try:
        made = await call
    except HubError as error:
        return "refused", error.code
    return made.path, made.data


async def test_compiled_bytes_are_the_executors(reads: Reads) -> None:
    cursors, ids = await known(reads)
    paths = {"compiled": 0, "executor": 0, "refused": 0}
    for n in range(MANY):
        rng = random.Random(SEED * 100_003 + n)
        me = rng.choice(roles(ids)) if n % 3 == 2 else OPERATOR
        query, variables = Writer(reads.core, rng, cursors, ids, UNBOUND).operation()
        if any("conflict" in p.message for p in g.validate(reads.core, g.parse(query))):
            continue
        try:
            asked = reads.ask(me, query, variables)
            entry, _ = reads.entry(asked)
        except HubError as error:
            if error.code not in ("FORBIDDEN", "MAX_COST_EXCEEDED", "LIMIT_EXCEEDED"):
                raise
            continue
        how, body = await outcome(reads.read(asked, entry))
        _, wanted = await outcome(reads.execute(asked))
        paths[how] += 1
        assert body == wanted, f"seed {SEED} n {n} {me.role}\n{query}\n{variables}\n{body!r:.900}\n{wanted!r:.900}"
    assert paths["compiled"] >= 0.95 * sum(paths.values()), paths
    assert paths["compiled"] >= MANY // 2


@pytest.mark.parametrize("role", ["STOREFRONT", "PORTAL", "PARTNER"])
async def test_own_rows_only(reads: Reads, role: str) -> None:
    _, ids = await known(reads)
    me = next(r for r in roles(ids) if r.role == role)
    asked = reads.ask(me, "{ orders(first: 100) { nodes { id channel } } }")
    entry, _ = reads.entry(asked)
    found = orjson.loads((await reads.read(asked, entry)).data)["orders"]["nodes"]
    everything = (await answered(reads, "{ orders(first: 100) { nodes { id channel } } }"))["orders"]["nodes"]
    assert 0 < len(found) < len(everything)
    if role == "STOREFRONT":
        assert {o["channel"] for o in found} == {me.channel}
