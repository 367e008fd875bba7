"""Each offered filter and sort finds an index: the plans for tables that are believed to be huge are kept in plans.json."""

from __future__ import annotations

import json
import os
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import asyncpg
import graphql as g
import pytest

from schema.contract import contract
from schema.plan.bind import Page
from schema.plan.run import Reads, scope_of
from schema.plan.selection import kind_of
from tests.schema.conftest import OPERATOR

CORE: Any = contract()._schema
GOLDEN = Path(__file__).parent / "plans.json"
# rows a page times pages: a table of some pages seems to hold tens of millions of rows
BELIEVE = """UPDATE pg_class SET reltuples = 5000000, relpages = 1
WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace AND relname <> ALL (ARRAY['nodes', 'connections', 'tenants', 'moves']);
DELETE FROM pg_statistic WHERE starelid IN (SELECT oid FROM pg_class WHERE relnamespace = 'public'::regnamespace)"""
SMALL = {"nodes", "connections"}  # a tenant has few: no index is worth its upkeep
SHORT = {"locations", "connections", "partners"}  # lists of those
VALUES: dict[str, list[Any]] = {
    "TextFilter": [{"eq": "x"}, {"in": ["x"]}],
    "TimeFilter": [{"gte": "2026-01-01T00:00:00Z", "lt": "2027-01-01T00:00:00Z"}],
    "DayFilter": [{"gte": "2026-01-01", "lt": "2027-01-01"}],
    "OrderStateFilter": [{"eq": "PACKED"}, {"in": ["PACKED"]}],
}


def cases() -> list[tuple[str, str, dict[str, Any]]]:
    found: list[tuple[str, str, dict[str, Any]]] = []
    for name, field in CORE.query_type.fields.items():
        page = kind_of(CORE.query_type, name)
        if not isinstance(page, Page):
            continue
        sorts = list(page.sorts) if "orderBy" in field.args else [""]
        found += [(name, sort, {}) for sort in sorts]
        where = field.args["where"].type.fields if "where" in field.args else {}
        for filter_, input_ in where.items():
            found += [(name, sorts[0], {filter_: v}) for v in values(name, filter_, g.get_named_type(input_.type))]
    return found


def values(name: str, filter_: str, type_: Any) -> list[Any]:
    if g.is_enum_type(type_):
        return [next(iter(type_.values))]
    if type_.name == "IDFilter":
        page: Any = kind_of(CORE.query_type, name)
        return [{"eq": f"{page.filters[filter_].prefix}_" + "0" * 32}]
    if filter_ == "subjectId":
        return ["ord_" + "0" * 32]
    if filter_ == "types":
        return [["order.placed"]]
    plain: dict[str, Any] = {
        "Boolean": True,
        "String": "x",
        "ID": ("con_" if filter_ == "connectionId" else "cor_") + "0" * 32,
    }
    return VALUES[type_.name] if type_.name in VALUES else [plain[type_.name]]


def asked_of(reads: Reads, name: str, sort: str, where: dict[str, Any]) -> tuple[str, list[Any]]:
    """(SQL, binds) of the list with this sort and filter."""
    field = CORE.query_type.fields[name]
    given: list[tuple[str, str, Any]] = []
    if where:
        given.append(("where", field.args["where"].type.name, where))
    if sort:
        given.append(("orderBy", field.args["orderBy"].type.name, {"field": sort, "direction": "DESC"}))
    head = ", ".join(f"${n}: {t}" for n, t, _ in given)
    args = ", ".join(["first: 50", *(f"{n}: ${n}" for n, _, _ in given)])
    query = f"query{'(' + head + ')' if head else ''} {{ {name}({args}) {{ nodes {{ id }} }} }}"
    asked = reads.ask(OPERATOR, query, {n: v for n, _, v in given})
    entry, _ = reads.entry(asked)
    assert entry.plan is not None
    return entry.plan.sql, list(entry.plan.binds({**asked.values, "$scope": scope_of(OPERATOR)}))


@asynccontextmanager
async def pretending(dsn: str, first: str = "") -> AsyncIterator[Any]:
    """A connection that reads as the API does and whose planner believes that each table holds tens of millions of rows.
    `first` is done before, and undone at the end.
    """
    conn: Any = await asyncpg.connect(dsn)
    transaction = conn.transaction()
    await transaction.start()
    try:
        if first:
            await conn.execute(first)
        await conn.execute(BELIEVE)
        await conn.execute(
            "SET LOCAL ROLE hub_read; SET LOCAL hub.tenant = 1; SET LOCAL plan_cache_mode = force_generic_plan;"
            # months that are empty would be scanned, as they may
            " SET LOCAL enable_seqscan = off"
        )
        yield conn
    finally:
        await transaction.rollback()
        await conn.close()


WHOLES = """SELECT part.relname AS part, whole.relname AS whole FROM pg_inherits
JOIN pg_class part ON part.oid = inhrelid JOIN pg_class whole ON whole.oid = inhparent WHERE part.relkind IN ('i', 'r')"""


async def explained(conn: Any, sql: str, binds: list[Any]) -> str:
    """The plan, in which what belongs to a month bears the name of the whole."""
    wholes = {r["part"]: r["whole"] for r in await conn.fetch(WHOLES)}
    plan = "\n".join(line[0] for line in await conn.fetch("EXPLAIN " + sql, *binds))
    return re.sub(r"\w+", lambda word: wholes.get(word[0], word[0]), plan)


def faults(plan: str, name: str, where: dict[str, Any]) -> list[str]:
    """What a plan does that it must not at ten million rows."""
    found = [f"scans {table}" for table in sorted(set(re.findall(r"Seq Scan on (\w+)", plan)) - SMALL)]
    if not where and name not in SHORT:
        below_the_page = plan.partition("->  Limit")[2]  # above it at most one page is sorted
        if "Index" not in below_the_page:
            found.append("finds no index")
        if re.search(r"->  Sort  \(", below_the_page):
            found.append("sorts more than a page")
    return found


SCANNED = re.compile(r"(Index (?:Only )?Scan(?: Backward)?) using (\w+) on (\w+).*(?:\n +(Index Cond: .*))?")


def shape(plan: str) -> list[str]:
    """What a plan reads and by what, of tables that grow: months and estimates left out. Where an index is used for its order, by its name; where
    rows are found by it, by their columns; where neither, any would do.
    """
    found = set()
    for way, index, table, condition in SCANNED.findall(plan):
        if table in SMALL:
            continue
        columns = sorted(set(re.findall(r"\b([a-z_]+)(?:\)::\w+)? (?:=|<|>|<=|>=) ", condition)) - {"tenant_id"})
        if "Backward" in way:
            found.add(f"{table}: backward by {index}")
        else:
            found.add(f"{table}: by {', '.join(columns) or 'any'}")
    found |= {f"bitmap of {index}" for index in re.findall(r"Bitmap Index Scan on (\w+)", plan)}
    told = {f.partition(":")[0] for f in found if not f.endswith(": by any")}
    return sorted(f for f in found if not (f.endswith(": by any") and f.partition(":")[0] in told))


def title(name: str, sort: str, where: dict[str, Any]) -> str:
    return " ".join(filter(None, [name, sort and f"by {sort}", json.dumps(where) if where else ""]))


async def plans_of(reads: Reads, dsn: str) -> dict[str, list[str]]:
    made, wrong = {}, []
    async with pretending(dsn) as conn:
        for case in cases():
            plan = await explained(conn, *asked_of(reads, *case))
            made[title(*case)] = shape(plan)
            wrong += [f"{title(*case)}: {fault}\n{plan}" for fault in faults(plan, case[0], case[2])]
    assert not wrong, "\n\n".join(wrong)
    return made


async def test_plans_of_every_filter_and_sort_are_the_golden_ones(reads: Reads, filled: str) -> None:
    """HUB_GOLDEN=write writes them anew; look at the difference before you keep it."""
    made = await plans_of(reads, filled)
    if os.environ.get("HUB_GOLDEN") == "write":
        GOLDEN.write_text(json.dumps(made, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    kept = json.loads(GOLDEN.read_text(encoding="utf-8"))
    assert set(kept) == set(made)
    assert {t: (kept[t], made[t]) for t in made if kept[t] != made[t]} == {}


@pytest.mark.parametrize(
    ("index", "case"),
    [
        ("orders_placed", ("orders", "PLACED_AT", {})),
        ("orders_number", ("orders", "NUMBER", {})),
        ("stock_movements_at", ("stockMovements", "AT", {})),
        ("incidents_opened", ("incidents", "OPENED_AT", {})),
        ("orders_customer_tax", ("orders", "PLACED_AT", {"customerTaxId": "x"})),
        ("orders_state_placed", ("orders", "PLACED_AT", {"state": {"eq": "PACKED"}})),
        ("order_lines_sku", ("orders", "PLACED_AT", {"sku": {"eq": "x"}})),
        ("outbox_done_kind", ("deliveries", "", {"kind": {"eq": "x"}})),
    ],
)
async def test_a_missing_index_is_seen(
    reads: Reads, filled: str, index: str, case: tuple[str, str, dict[str, Any]]
) -> None:
    async with pretending(filled, f"DROP INDEX {index}") as conn:
        plan = await explained(conn, *asked_of(reads, *case))
    kept = json.loads(GOLDEN.read_text(encoding="utf-8"))[title(*case)]
    assert faults(plan, case[0], case[2]) or shape(plan) != kept


@pytest.mark.parametrize(("name", "archive"), [("deliveries", "outbox_done"), ("inboundMessages", "inbox_done")])
async def test_parked_rows_are_not_looked_for_in_the_archive(reads: Reads, name: str, archive: str) -> None:
    asked = reads.ask(OPERATOR, f"{{ {name}(where: {{state: PARKED}}) {{ nodes {{ id }} }} }}")
    entry, _ = reads.entry(asked)
    assert entry.plan is not None
    async with reads.pool.acquire(1) as conn:
        lines = await conn.fetch("EXPLAIN " + entry.plan.sql, *entry.plan.binds({"$scope": {}}))
    assert archive not in "\n".join(line[0] for line in lines)
