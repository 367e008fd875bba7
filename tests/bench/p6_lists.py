"""P6: every list with every filter and sort that it offers, and the same with its count. One line each for the slowest and for all.

Meant for a filled database: `make bench ONLY=P6 ORDERS=1000000`. Filters are asked with values that are frequent, rare and absent.
"""

from __future__ import annotations

import asyncio
import json
import os
import time
from typing import Any

import asyncpg
import graphql as g

from schema.contract import contract
from schema.plan.bind import Filter, Page
from schema.plan.selection import kind_of
from tests.bench import bodies
from tests.bench.client import Load
from tests.bench.line import Figures, line
from tests.bench.proc import cpu_seconds, rss_mib
from tests.bench.stand import Stand, standing

TIMES = 12
SLOW = 1.0  # seconds: one such answer says enough
CORE: Any = contract()._schema
Case = tuple[str, str, dict[str, Any]]
# a frequent, a rare and an absent value for each filter by text; the rest is taken from its type
TEXTS: dict[str, tuple[str, ...]] = {
    "number": ("G000000010", "none"),
    "externalId": ("gen-10", "none"),
    "channel": ("shopify", "none"),
    "customerTaxId": ("00000000010", "none"),
    "sku": ("GEN-000001", "none"),
    "gtin": ("none",),
    "code": ("GEN-1", "none"),
    "kind": ("late", "SendPickOrder", "none"),
    "owner": ("none",),
    "destination": ("none",),
    "topic": ("orders/create", "none"),
    "accessKey": (f"{11:044d}", "none"),
    "tag": ("none",),
}
RECENT = {"gte": "2026-01-01T00:00:00Z", "lt": "2027-01-01T00:00:00Z"}
OLD = {"gte": "2001-01-01T00:00:00Z", "lt": "2002-01-01T00:00:00Z"}


def cases(ids: dict[str, str]) -> list[Case]:
    """(list, sort, filter) of everything that is offered."""
    found: list[Case] = []
    for name, field in CORE.query_type.fields.items():
        page = kind_of(CORE.query_type, name)
        if not isinstance(page, Page):
            continue
        sorts = list(page.sorts) if "orderBy" in field.args else [""]
        where = field.args["where"].type.fields if "where" in field.args else {}
        tests: list[dict[str, Any]] = [{}]
        for filter_, input_ in where.items():
            tests += [{filter_: v} for v in values(page.filters[filter_], filter_, input_.type, ids)]
        found += [(name, sort, test) for sort in sorts for test in tests]
    return found


def values(kind: Filter, name: str, given: Any, ids: dict[str, str]) -> list[Any]:
    type_ = g.get_named_type(given)
    if g.is_enum_type(type_):
        return list(type_.values)
    if name == "types":
        return [["order.placed"], ["none.none"]]
    if type_.name == "TimeFilter":
        return [RECENT, OLD]
    if type_.name == "DayFilter":
        return [{k: v[:10] for k, v in times.items()} for times in (RECENT, OLD)]
    if type_.name == "Boolean":
        return [True]
    texts: tuple[str, ...]
    if kind.prefix is not None:
        texts = (ids.get(name, f"{kind.prefix}_{'0' * 32}"),)
    elif g.is_input_object_type(type_) and g.is_enum_type(g.get_named_type(type_.fields["eq"].type)):
        states = list(g.get_named_type(type_.fields["eq"].type).values)
        return [{"eq": s} for s in states] + [{"in": states[:1]}, {"in": states[:3]}]
    else:
        texts = TEXTS.get(name, ("none",))
    if g.is_input_object_type(type_):
        return [{"eq": t} for t in texts] + [{"in": list(texts)}]
    return list(texts)


async def known(dsn: str, tenant: int) -> dict[str, str]:
    conn: Any = await asyncpg.connect(dsn)
    try:
        order = await conn.fetchval("SELECT order_id FROM orders WHERE tenant_id = $1 LIMIT 1", tenant)
        node = await conn.fetchval("SELECT node_id FROM nodes WHERE tenant_id = $1 AND code = 'GEN-1'", tenant)
        connection = await conn.fetchval(
            "SELECT connection_id FROM connections WHERE tenant_id = $1 AND code = 'generated'", tenant
        )
    finally:
        await conn.close()
    subject = f"ord_{order.hex}"
    return {
        "orderId": subject,
        "subjectId": subject,
        "locationId": f"loc_{node.hex}",
        "connectionId": f"con_{connection.hex}",
        "correlationId": f"cor_{order.hex}",
    }


def asked(case: Case, *, counted: bool) -> tuple[str, dict[str, Any]]:
    name, sort, where = case
    field = CORE.query_type.fields[name]
    given: dict[str, tuple[str, Any]] = {}
    if where:
        given["where"] = (str(field.args["where"].type), where)
    if sort:
        given["orderBy"] = (str(field.args["orderBy"].type), {"field": sort, "direction": "DESC"})
    head = ", ".join(f"${n}: {t}" for n, (t, _) in given.items())
    args = ", ".join(["first: 50", *(f"{n}: ${n}" for n in given)])
    total = " totalCount { value exact }" if counted else ""
    query = f"query{f'({head})' if head else ''} {{ {name}({args}) {{ nodes {{ id }}{total} }} }}"
    return query, {n: v for n, (_, v) in given.items()}


async def measured(stand: Stand, case: Case, *, counted: bool) -> list[float]:
    """Milliseconds, sorted; the first two answers make the plan and do not count."""
    target = stand.graphql()
    request = bodies.query(target, *asked(case, counted=counted))
    wire = await target.connect()
    took = []
    try:
        for n in range(TIMES + 2):
            began = time.perf_counter()
            status, body = await wire.ask(request)
            if not bodies.answered(status, body) and b'"TIMEOUT"' not in body:
                raise RuntimeError(f"{case}: {body[:300]!r}")
            seconds = time.perf_counter() - began
            if n > 1 or (n and seconds > SLOW):
                took.append(seconds * 1000)
            if n and seconds > SLOW:
                break
    finally:
        wire.close()
    return sorted(took)


async def lists(stand: Stand) -> None:
    ids = await known(stand.dsn, stand.company.tenant)
    orders = await stand.orders()
    for counted in (False, True):
        every: list[tuple[float, Case]] = []
        all_took: list[float] = []
        before, began = cpu_seconds(stand.roots), time.perf_counter()
        for case in cases(ids):
            took = await measured(stand, case, counted=counted)
            all_took += took
            every.append((took[int(len(took) * 0.95)], case))
            if "BENCH_ALL" in os.environ:
                print(json.dumps({"case": case, "counted": counted, "p50_ms": took[len(took) // 2], "p95_ms": took[-1]}), flush=True)  # noqa: T201 # fmt: skip
        every.sort(key=lambda e: -e[0])
        load = Load(len(all_took), time.perf_counter() - began, sorted(all_took))
        cpu = (cpu_seconds(stand.roots) - before) * 1000 / len(all_took)
        found = Figures(
            rate=load.rate,
            p50=load.at(0.5),
            p95=load.at(0.95),
            p99=load.at(0.99),
            cpu_ms=cpu,
            rss=rss_mib(stand.roots[:1]),
        )
        line(
            "P6",
            f"pages of 50: each of {len(every)} offered pairs of filter and sort{', with its count' if counted else ''}",
            found,
            clients=1,
            orders=orders,
            ceiling=None,
            goal="p95 < 50 ms of every pair",
            met=every[0][0] < 50,
            slowest=[{"p95_ms": round(ms, 1), "list": n, "sort": s, "where": w} for ms, (n, s, w) in every[:5]],
            above_50_ms=sum(1 for ms, _ in every if ms >= 50),
        )


async def main() -> None:
    async with standing() as stand:
        if not await stand.orders():
            raise SystemExit("P6 needs orders: make bench ONLY=P6 ORDERS=1000000")
        await lists(stand)


if __name__ == "__main__":
    asyncio.run(main())
