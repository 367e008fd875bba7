"""Replay the ledger from its first fact and compare with the tables. A difference means a change that no fact tells, or a fact that changed nothing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from hub.flows.projection import HEAD, LEVEL, LINE, LOT, SHARE, Projection
from hub.kit.db import Tx
from hub.ledger import Archived

PAGE = 5000
ZERO = Decimal(0)
FACTS = "SELECT position, type, subject_id, data FROM business_events WHERE position > $1 ORDER BY position LIMIT $2"
LIVE = {
    "order": f"SELECT order_id::text AS id, {', '.join(HEAD)} FROM orders",  # noqa: S608 - our own column names
    "line": f"SELECT line_id::text AS id, {', '.join(LINE)} FROM order_lines",  # noqa: S608 - our own column names
    "fulfillment": "SELECT fulfillment_id::text AS id, state FROM fulfillments",
    "share": f"SELECT fulfillment_id::text AS id, line_id::text AS line, {', '.join(SHARE)} FROM fulfillment_lines",  # noqa: S608 - our own column names
    "stock": f"SELECT node_id::text AS id, sku, condition, {', '.join(LEVEL)} FROM stock",  # noqa: S608 - our own column names
    "lot": "SELECT node_id::text AS id, sku, condition, lot, on_hand, expires_on::text FROM stock_lots",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """`told` by the facts and `stands` in the table, of one field of one row."""

    what: str
    key: str
    field: str
    told: Any
    stands: Any


async def replay(tx: Tx, page: int = PAGE, archives: Iterable[Archived] = ()) -> Projection:
    """Every fact of the unit's tenant, in ledger order, summed up; `archives`: those that are no longer in the database."""
    # summing up a million facts takes longer than a forgotten transaction may be idle; this one holds nobody back
    await tx.conn.execute("SET LOCAL idle_in_transaction_session_timeout = 0")
    made, last, older = Projection(), 0, iter(archives)
    waiting = next(older, None)
    while rows := await tx.conn.fetch(FACTS, last, page):
        for row in rows:
            while waiting is not None and waiting.position < row["position"]:
                made.take(waiting.fact.type, str(waiting.fact.subject_id), waiting.fact.data)
                waiting = next(older, None)
            made.take(row["type"], str(row["subject_id"]), row["data"])
        last = rows[-1]["position"]
    while waiting is not None:
        made.take(waiting.fact.type, str(waiting.fact.subject_id), waiting.fact.data)
        waiting = next(older, None)
    return made


async def differences(tx: Tx, told: Projection, most: int = 100) -> list[Difference]:
    """Where the tables are not what the facts tell, at most `most`; empty when all is well. Facts and tables are read in one
    snapshot only if the unit is REPEATABLE READ or nobody writes meanwhile.
    """
    found: list[Difference] = []
    for what, sql in LIVE.items():
        live = {_key(what, r): dict(r.items()) for r in await tx.conn.fetch(sql)}
        for each in _compare(what, _told(what, told), live):
            found.append(each)
            if len(found) == most:
                return found
    return found


def _key(what: str, row: Any) -> Any:
    if what == "share":
        return row["id"], row["line"]
    if what == "lot":
        return row["id"], row["sku"], row["condition"], row["lot"]
    return (row["id"], row["sku"], row["condition"]) if what == "stock" else row["id"]


def _told(what: str, p: Projection) -> Mapping[Any, Mapping[str, Any]]:
    told: Mapping[str, Mapping[Any, Mapping[str, Any]]] = {
        "order": p.orders,
        "line": p.lines,
        "fulfillment": {k: {"state": v} for k, v in p.fulfillments.items()},
        "share": p.shares,
        "stock": p.stock,
        "lot": p.lots,
    }
    return told[what]


FIELDS: Mapping[str, tuple[str, ...]] = {
    "order": HEAD,
    "line": LINE,
    "fulfillment": ("state",),
    "share": SHARE,
    "stock": LEVEL,
    "lot": LOT,
}


def _compare(
    what: str, told: Mapping[Any, Mapping[str, Any]], live: Mapping[Any, Mapping[str, Any]]
) -> Iterator[Difference]:
    nothing: Mapping[str, Any] = {}
    for key in sorted({*told, *live}):
        said, stands = told.get(key, nothing), live.get(key, nothing)
        for name in FIELDS[what]:
            empty = None if what in ("order", "fulfillment") or name == "expires_on" else ZERO
            one, other = said.get(name, empty), stands.get(name, empty)
            if one != other:
                yield Difference(
                    what=what,
                    key=key if isinstance(key, str) else "/".join(key),
                    field=name,
                    told=one,
                    stands=other,
                )
