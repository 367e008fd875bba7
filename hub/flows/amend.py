"""A placed order is changed: at once where nothing is at work, else when the nodes have let go. A node that refuses ends the amendment."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from hub import catalog, fulfillment, network, orders
from hub.canon.states import HoldKind, OrderState
from hub.flows.reactor import Deps, Flow, Reactor
from hub.flows.states import derive_states
from hub.kit.db import Tx
from hub.kit.errors import HubError
from hub.kit.ids import new_id
from hub.ledger import Cause, Fact, append, fact
from hub.orders import Amendment, AmendmentRefused

ZERO = Decimal(0)
SUBSTITUTION = "substitution:allowed"  # the tag by which a customer allows other goods


@dataclass(frozen=True, slots=True, kw_only=True)
class Amended:
    """`state`: APPLIED, or WAITING for the fulfillments in `waits_for` to end."""

    amendment_id: UUID
    order_id: UUID
    state: str
    changes: tuple[Mapping[str, Any], ...]
    currency: str
    total_before: Decimal
    total_after: Decimal
    tax_before: Decimal
    tax_after: Decimal
    waits_for: tuple[UUID, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """What the amendment would do. `stock`: (node, SKU) -> units more or fewer reserved. `unplaced`: SKU -> units that no node has.
    `ships_by`: when the last live fulfillment leaves.
    """

    amended: Amended
    stock: Mapping[tuple[UUID, str], Decimal]
    unplaced: Mapping[str, Decimal]
    ships_by_before: datetime | None
    ships_by_after: datetime | None
    holds: tuple[str, ...]


Outcome = Amended | AmendmentRefused


async def amend(tx: Tx, asks: Sequence[Amendment]) -> list[Outcome]:
    """An outcome for each, in order; one for each order at most. A refused one changes nothing and does not disturb its neighbours."""
    planned = await _plan(tx, asks)
    steps = [(new_id(), p) for p in planned if isinstance(p, orders.amendments.Step)]
    waits = [(i, s) for i, s in steps if s.planned.stop]
    now = [(i, s) for i, s in steps if not s.planned.stop]
    if steps:
        states = {i: "WAITING" if s.planned.stop else "APPLIED" for i, s in steps}
        await orders.amendments.note(tx, [(i, s, states[i]) for i, s in steps])
    if now:
        await _apply(tx, now)
    if waits:
        await _stop(tx, [s for _, s in waits])
    done = {id(s): _amended(i, s) for i, s in steps}
    return [done[id(p)] if isinstance(p, orders.amendments.Step) else p for p in planned]


async def _plan(tx: Tx, asks: Sequence[Amendment]) -> list[orders.amendments.Step | AmendmentRefused]:
    ids = [a.order_id for a in asks]
    await orders.lock(tx, ids)
    heads, lines = await orders.heads(tx, ids), await orders.lines(tx, ids)
    work, pending = await fulfillment.work(tx, ids), await orders.amendments.waiting_amendments(tx, ids)
    ending = await orders.ending(tx, ids)
    skus = {n.sku for a in asks for n in a.add}
    kits = await catalog.kits(tx, skus) if skus else {}
    products = await catalog.find(tx, skus | {part for parts in kits.values() for part in parts}) if skus else {}
    whole = frozenset(s for s in products if kits.get(s, {}).keys() <= products.keys())
    ids_of = {s: p.product_id for s, p in products.items()}
    places = frozenset((await network.load(tx)).nodes) if any(a.pickup_node_id for a in asks) else frozenset[UUID]()
    found: list[orders.amendments.Step | AmendmentRefused] = []
    for ask in asks:
        try:
            head = _open_head(ask, heads, pending, ending)
            own = lines[ask.order_id]
            plan = orders.plan(ask, head, own, _work(work.get(ask.order_id, [])), whole, places)
        except AmendmentRefused as refusal:
            found.append(refusal)
            continue
        found.append(orders.amendments.Step(ask=ask, planned=plan, head=head, lines=own, products=ids_of, kits=kits))
    return found


def _open_head(
    ask: Amendment, heads: Mapping[UUID, Any], pending: Mapping[UUID, Any], ending: Mapping[UUID, str]
) -> Any:
    fault: HubError | None = None
    head = heads.get(ask.order_id)
    if head is None:
        fault = orders.UnknownOrder(order_id=ask.order_id)
    elif ask.expected_version not in (None, head["version"]):
        fault = orders.VersionConflict(current=head["version"], expected=ask.expected_version)
    elif ask.order_id in ending:
        fault = orders.OrderClosed(state="being cancelled")
    elif ask.order_id in pending:
        fault = orders.AmendmentWaits()
    if fault is not None:
        raise AmendmentRefused([(("orderId",), fault)])
    return head


def _work(rows: Sequence[Any]) -> list[orders.Work]:
    grouped: dict[UUID, list[Any]] = {}
    for r in rows:
        grouped.setdefault(r["fulfillment_id"], []).append(r)
    return [
        orders.Work(
            fulfillment_id=i,
            free=own[0]["state"] == OrderState.APPROVED and own[0]["cancel_requested_at"] is None,
            units={r["line_id"]: r["units"] for r in own},
        )
        for i, own in grouped.items()
    ]


async def _stop(tx: Tx, steps: Sequence[orders.amendments.Step]) -> None:
    """Ask the nodes to let go; one without a WMS does so at once."""
    places = await network.load(tx)
    causes = {i: s.ask.cause for s in steps for i in s.planned.stop}
    asked = await fulfillment.ask_cancel(tx, causes, "AMENDED", "the order is amended")
    free = [r for r in asked if not places.nodes[r["node_id"]].wms_connection_id]
    if free:
        await fulfillment.cancelled(tx, {r["fulfillment_id"]: causes[r["fulfillment_id"]] for r in free})


async def _apply(tx: Tx, steps: Sequence[tuple[UUID, orders.amendments.Step]]) -> None:
    """Apply; a hold for stock or address is looked at anew, the state follows, and routing answers the fact."""
    await orders.amendments.apply(tx, steps)
    causes = {s.ask.order_id: s.ask.cause for _, s in steps}
    freed = [orders.HoldReleased(order_id=i, kind=HoldKind.STOCK, cause=c) for i, c in causes.items()]
    freed += [
        orders.HoldReleased(order_id=s.ask.order_id, kind=HoldKind.ADDRESS, cause=s.ask.cause)
        for _, s in steps
        if s.ask.ship_to is not None
    ]
    await orders.release(tx, freed, note="the order was amended")
    await derive_states(tx, causes)


def _amended(amendment_id: UUID, step: orders.amendments.Step) -> Amended:
    head, planned = step.head, step.planned
    return Amended(
        amendment_id=amendment_id,
        order_id=step.ask.order_id,
        state="WAITING" if planned.stop else "APPLIED",
        changes=planned.changes,
        currency=head["currency"],
        total_before=head["total"],
        total_after=head["total"] + planned.total,
        tax_before=head["tax_total"],
        tax_after=head["tax_total"] + planned.tax,
        waits_for=planned.stop,
    )


async def preview(tx: Tx, ask: Amendment, reactor: Reactor) -> Preview:
    """The same code in a savepoint that is undone, as if every node agreed. Raises `AmendmentRefused`; writes nothing."""
    trial = replace(tx, facts=[], answered=0, born=set(tx.born), before_commit=[], after_commit=[])
    before = await _ships_by(tx, ask.order_id)
    await tx.conn.execute("SAVEPOINT preview")
    try:
        [outcome] = await amend(trial, [ask])
        if isinstance(outcome, AmendmentRefused):
            raise outcome
        await fulfillment.cancelled(trial, dict.fromkeys(outcome.waits_for, ask.cause))
        await reactor.react(trial)
        rows = (await orders.lines(trial, [ask.order_id]))[ask.order_id]
        held = await orders.open_holds(trial, [ask.order_id])
        return Preview(
            amended=outcome,
            stock=_reserved(trial.facts),
            unplaced={r["sku"]: n for r in rows if (n := r["ordered"] - r["cancelled"] - r["reserved"]) > 0},
            ships_by_before=before,
            ships_by_after=await _ships_by(trial, ask.order_id),
            holds=tuple(h["kind"] for h in held.get(ask.order_id, [])),
        )
    finally:
        await tx.conn.execute("ROLLBACK TO SAVEPOINT preview")
        tx.remembered.clear()


async def _ships_by(tx: Tx, order_id: UUID) -> datetime | None:
    rows = (await fulfillment.work(tx, [order_id])).get(order_id, [])
    return max((r["ship_by"] for r in rows), default=None)


def _reserved(facts: Sequence[Fact]) -> dict[tuple[UUID, str], Decimal]:
    sums: dict[tuple[UUID, str], Decimal] = {}
    for f in facts:
        if f.type == "order.allocated":
            units = [(UUID(node), sku, Decimal(n)) for node, _, sku, n in f.data["shares"]]
        elif f.type == "fulfillment.cancelled":
            units = [(UUID(f.data["node_id"]), x[1], -Decimal(x[2])) for x in f.data["lines"]]
        else:
            continue
        for node, sku, n in units:
            sums[node, sku] = sums.get((node, sku), ZERO) + n
    return {k: n for k, n in sums.items() if n}


async def substitution(
    tx: Tx, order_id: UUID, line_id: UUID, sku: str, reason: str, cause: Cause
) -> Amendment | AmendmentRefused:
    """The amendment that puts other goods in place of those of a line, at the same price, where the customer allowed it
    (tag `substitution:allowed`).
    """
    allowed = await orders.tagged(tx, [order_id], SUBSTITUTION)
    line = next((x for x in (await orders.lines(tx, [order_id])).get(order_id, []) if x["line_id"] == line_id), None)
    if line is None or order_id not in allowed:
        return AmendmentRefused([(("lineId",), orders.NoSubstitute(sku=line["sku"] if line else line_id))])
    wanted = line["ordered"] - line["cancelled"]
    new = orders.NewLine(sku=sku, quantity=wanted, unit_price=line["unit_price"], discount=line["discount"], title=None)
    return Amendment(order_id=order_id, reason=reason, cause=cause, add=(new,), quantities={line_id: ZERO})


# ------------------------------------------------------------------ what nodes answer
async def answer(tx: Tx, facts: Sequence[Fact], deps: Deps) -> None:
    """The last node has let go: plan anew and apply. One goes on, or the order ends: the amendment is refused."""
    by_order: dict[UUID, list[Fact]] = {}
    for f in facts:
        order_id = f.subject_id if f.subject_kind == "order" else UUID(f.data["order_id"])
        by_order.setdefault(order_id, []).append(f)
    waiting = await orders.amendments.waiting_amendments(tx, list(by_order))
    if not waiting:
        return
    work = await fulfillment.work(tx, waiting)
    refused: list[tuple[Any, str, Cause]] = []
    ready: list[tuple[Any, Cause]] = []
    for order_id, row in waiting.items():
        own = by_order[order_id]
        if why := _against(own, row):
            refused.append((row, why, own[-1].cause))
        elif not {str(w["fulfillment_id"]) for w in work.get(order_id, [])} & set(row["waits_for"]):
            ready.append((row, own[-1].cause))
    await _settle(tx, ready, refused)


def _against(facts: Sequence[Fact], row: Any) -> str | None:
    for f in facts:
        if f.type == "order.cancel_asked":
            return "the order is cancelled"
        if str(f.subject_id) in row["waits_for"] and f.type != "fulfillment.cancelled":
            return (
                "the goods have left" if f.type == "fulfillment.dispatched" else f"the node goes on: {f.data['reason']}"
            )
    return None


async def _settle(tx: Tx, ready: Sequence[tuple[Any, Cause]], refused: Sequence[tuple[Any, str, Cause]]) -> None:
    planned = []
    if ready:
        ended = [(row["amendment_id"], "APPLIED", None) for row, _ in ready]
        await orders.amendments.settle(tx, ended)
        planned = await _plan(tx, [orders.amendments.asked_again(row, cause) for row, cause in ready])
    late, steps = list[tuple[Any, str, Cause]](), list[tuple[UUID, orders.amendments.Step]]()
    for (row, cause), p in zip(ready, planned, strict=True):
        if isinstance(p, AmendmentRefused):
            late.append((row, p.sentence(), cause))
        elif p.planned.stop:
            late.append((row, "other nodes have taken it up meanwhile", cause))
        else:
            steps.append((row["amendment_id"], p))
    if steps:
        await _apply(tx, steps)
    gone = [*refused, *late]
    await orders.amendments.settle(tx, [(row["amendment_id"], "REFUSED", why) for row, why, _ in gone])
    for row, why, cause in gone:
        said = {"amendment_id": row["amendment_id"], "reason": why}
        append(tx, [fact(tx, "order.amendment_refused", "order", row["order_id"], said, cause)])


FLOW = Flow(
    "amend",
    frozenset({"order.cancel_asked", "fulfillment.cancelled", "fulfillment.cancel_refused", "fulfillment.dispatched"}),
    answer,
)
