"""A partner who takes documents and whose account says which nodes it may see is told our stock by an 846: all of it, when something changed,
not more often than the account wishes. Zero is told; what is absent is not zero.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from hub import connections, inventory, network, outbox, timers
from hub.canon.codec import dump
from hub.canon.commands import WriteDocument
from hub.flows import stock_push
from hub.flows.partners import trading
from hub.flows.reactor import Deps, Flow
from hub.kit.db import Tx
from hub.kit.money import plain
from hub.ledger import Fact

KIND = "stock_report"
EVERY = 60  # minutes between two reports, where the account says nothing (`stock.every`)
ZERO = Decimal(0)
_START = datetime(2020, 1, 1, tzinfo=UTC)


async def answer(tx: Tx, facts: Sequence[Fact], deps: Deps) -> None:
    """One timer an account, at the next full interval: whatever changes until then is in that report."""
    partners = await trading(tx, deps)
    told = [c for c in await connections.of_tenant(tx) if c.connection_id in partners and c.config.get("stock")]
    if not told or not any(stock_push.keys_of(f) for f in facts):
        return
    await timers.set_timers(tx, [_timer(c, tx.now, facts[0]) for c in told])


def _timer(c: connections.Connection, now: datetime, f: Fact) -> timers.Timer:
    every = timedelta(minutes=int(c.config["stock"].get("every", EVERY)))
    return timers.Timer(
        kind=KIND,
        subject_kind="connection",
        subject_id=c.connection_id,
        at=_START + every * ((now - _START) // every + 1),
        dedupe_key=c.connection_id.hex,
        causation_id=f.event_id,
        correlation_id=f.correlation_id,
    )


async def passed(tx: Tx, fired: Sequence[timers.Fired]) -> None:
    """The timers' answer: a report for each location that the account names."""
    accounts = {c.connection_id: c for c in await connections.of_tenant(tx)}
    codes = {n.code: n.node_id for n in (await network.load(tx)).nodes.values()}
    documents: list[outbox.Delivery] = []
    for f in fired:
        c = accounts.get(f.subject_id)
        locations: Mapping[str, Any] = (c.config.get("stock") or {}).get("locations") or {} if c else {}
        seen = {
            str(theirs): [codes[x] for x, t in locations.items() if t == theirs and x in codes]
            for theirs in locations.values()
        }
        for theirs, nodes in sorted(seen.items()):
            if c is not None and nodes:
                rows = await inventory.at_nodes(tx, nodes)
                documents += [_owed(c, f, theirs, place, data) for place, data in _documents(c, theirs, rows, tx.now)]
    await outbox.owe(tx, documents)


def _documents(
    c: connections.Connection, theirs: str, rows: Sequence[Any], now: datetime
) -> list[tuple[int, Mapping[str, Any]]]:
    """Available and dated incoming by SKU, pooled over the location's nodes, less the account's buffer; parts of 10,000 lines."""
    told = c.config["stock"]
    buffer, names = Decimal(str(told.get("buffer", 0))), told.get("skus") or {}
    available: dict[str, Decimal] = {}
    coming: dict[str, list[tuple[str, Decimal]]] = {}
    for r in rows:
        available[r["sku"]] = available.get(r["sku"], ZERO) + max(ZERO, r["available"])
        if r["incoming"]:
            coming.setdefault(r["sku"], []).extend((day, Decimal(n)) for day, n in r["dated"])
    lines = [_line(names.get(s, s), max(ZERO, n - buffer), coming.get(s, ())) for s, n in sorted(available.items())]
    head = {
        "purpose": "00",
        "report": "SI",
        "date": now.date().isoformat(),
        "time": now.strftime("%H:%M"),
        "parties": {"ship_from": {"name": theirs, "scheme": "92", "id": theirs, "code": "WH"}},
    }
    stamp = now.strftime("%y%m%d%H%M%S")
    return [
        (at, {**head, "reference": f"{stamp}-{at // 10_000 + 1}", "lines": lines[at : at + 10_000]})
        for at in range(0, len(lines), 10_000)
    ]


def _line(sku: str, available: Decimal, coming: Sequence[tuple[str, Decimal]]) -> dict[str, Any]:
    quantities: list[dict[str, Any]] = [{"kind": "available", "quantity": plain(available), "unit": "EA"}]
    if coming:
        days = [{"quantity": plain(n), "unit": "EA", "kind": "018", "date": day} for day, n in sorted(coming)]
        quantities.append(
            {"kind": "on_order", "quantity": plain(sum((n for _, n in coming), ZERO)), "unit": "EA", "expected": days}
        )
    return {"ids": {"sku": sku}, "quantities": quantities}


def _owed(
    c: connections.Connection, f: timers.Fired, theirs: str, place: int, data: Mapping[str, Any]
) -> outbox.Delivery:
    return outbox.Delivery(
        destination=c.destination("outbound"),
        kind="WriteDocument",
        subject_kind="connection",
        subject_id=c.connection_id,
        payload=dump(WriteDocument(kind="stock_report", number=str(data["reference"]), data=data)),
        causation_id=f.timer_id,
        correlation_id=f.correlation_id,
        ordering_key="documents",
        dedupe_key=f"stock_report:{f.timer_id.hex}:{theirs}:{place}",
    )


FLOW = Flow("stock_report", stock_push.FLOW.answers, answer)
