"""Each offered filter and sort finds an index: with sequential scans and sorts made dear, a plan that still has one has no other way."""

from __future__ import annotations

import re
from typing import Any

import graphql as g
import pytest

from schema.contract import contract
from schema.plan.bind import Page
from schema.plan.run import Reads
from schema.plan.selection import kind_of
from tests.schema.conftest import OPERATOR

CORE: Any = contract()._schema
SMALL = {"nodes", "connections"}  # a tenant has few: no index is worth its upkeep
VALUES: dict[str, list[Any]] = {
    "TextFilter": [{"eq": "x"}, {"in": ["x"]}],
    "IDFilter": [{"eq": "loc_" + "0" * 32}],
    "TimeFilter": [{"gte": "2026-01-01T00:00:00Z", "lt": "2027-01-01T00:00:00Z"}],
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
    if filter_ in ("orderId", "subjectId"):
        value = "ord_" + "0" * 32
        return [{"eq": value}] if type_.name == "IDFilter" else [value]
    if filter_ == "types":
        return [["order.placed"]]
    plain: dict[str, Any] = {
        "Boolean": True,
        "String": "x",
        "ID": ("con_" if filter_ == "connectionId" else "cor_") + "0" * 32,
    }
    return VALUES[type_.name] if type_.name in VALUES else [plain[type_.name]]


@pytest.mark.parametrize(("name", "sort", "where"), cases(), ids=str)
async def test_no_scan_and_no_sort_of_the_whole(reads: Reads, name: str, sort: str, where: dict[str, Any]) -> None:
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
    async with reads.pool.acquire(1) as conn:
        await conn.execute("SET enable_seqscan = off; SET enable_sort = off; SET enable_bitmapscan = off")
        try:
            lines = await conn.fetch("EXPLAIN " + entry.plan.sql, *entry.plan.binds({**asked.values, "$scope": {}}))
        finally:
            await conn.execute("RESET enable_seqscan; RESET enable_sort; RESET enable_bitmapscan")
    plan = "\n".join(line[0] for line in lines)
    scanned = set(re.findall(r"Seq Scan on (\w+)", plan)) - SMALL
    assert not scanned, plan
    if not where and name not in SMALL:
        below_the_page = plan.partition("->  Limit")[2]  # above it at most one page is sorted
        assert "Index" in below_the_page, plan
        assert not re.search(r"->  Sort  \(", below_the_page), plan


@pytest.mark.parametrize(("name", "archive"), [("deliveries", "outbox_done"), ("inboundMessages", "inbox_done")])
async def test_parked_rows_are_not_looked_for_in_the_archive(reads: Reads, name: str, archive: str) -> None:
    asked = reads.ask(OPERATOR, f"{{ {name}(where: {{state: PARKED}}) {{ nodes {{ id }} }} }}")
    entry, _ = reads.entry(asked)
    assert entry.plan is not None
    async with reads.pool.acquire(1) as conn:
        lines = await conn.fetch("EXPLAIN " + entry.plan.sql, *entry.plan.binds({"$scope": {}}))
    assert archive not in "\n".join(line[0] for line in lines)
