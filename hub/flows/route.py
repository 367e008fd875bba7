"""An approved order gets its nodes and its stock, in one go; what no node has waits with a hold that says so."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from hub import catalog, fulfillment, inventory, network, orders, routing
from hub.canon.states import HoldKind
from hub.flows.backorder import expected
from hub.flows.places import Places, places_of
from hub.flows.reactor import Deps, Flow
from hub.flows.states import derive_states
from hub.incidents import NewIncident
from hub.kit.db import Tx
from hub.ledger import Cause, Fact, append, fact

ZERO = Decimal(0)
GRACE = timedelta(days=1)  # how long announced goods may be late before somebody is told
TURNS = 3  # how often racers for the same units are decided anew before the rest waits for stock
Leave = Mapping[UUID, Mapping[inventory.Key, Decimal]]  # order -> its channel's buffers
Avoid = Mapping[UUID, frozenset[tuple[UUID, str]]]


async def answer(tx: Tx, facts: Sequence[Fact], deps: Deps) -> None:
    causes: dict[UUID, Cause] = {}
    reasons: dict[UUID, str] = {}
    avoid: dict[UUID, frozenset[tuple[UUID, str]]] = {}
    for f in facts:
        order_id = f.subject_id if f.subject_kind == "order" else UUID(f.data["order_id"])
        if f.type == "order.hold_released" and (f.data["still_open"] or f.data["state"] == "DRAFT"):
            continue
        if f.type == "fulfillment.cancelled" and f.data["kind"] in ("ORDER_CANCELLED", "AMENDED"):
            continue
        causes[order_id] = f.cause
        if f.type != "order.approved":
            reasons[order_id] = f.type
        if f.type in ("fulfillment.short", "fulfillment.cancelled"):
            node = UUID(f.data["node_id"])
            refused = (
                {(node, "")}
                if f.type == "fulfillment.cancelled" and f.data["kind"] == "REROUTE"
                else {(node, x[1]) for x in f.data["lines"]}
            )
            avoid[order_id] = avoid.get(order_id, frozenset()) | refused
    await allocate(tx, causes, deps, reasons=reasons, avoid=avoid)


async def allocate(
    tx: Tx,
    causes: Mapping[UUID, Cause],
    deps: Deps,
    *,
    reasons: Mapping[UUID, str] | None = None,
    avoid: Avoid | None = None,
) -> None:
    """Decide, reserve, plan. Racers that lost their units are decided again; what stays unplaced holds the order for stock."""
    rows = await orders.waiting(tx, causes)
    if not rows:
        return
    known = await catalog.find(tx, {r["sku"] for r in rows})
    demands = routing.in_order(demands_of(rows, known, avoid or {}, deps.rules, reasons or {}), deps.rules)
    nodes = await network.load(tx)
    own = await inventory.buffers(tx)
    leave = {d.order_id: own[d.channel] for d in demands if d.channel in own}
    setting = _Setting(places_of(tx, nodes, deps.rules), deps, reasons or {}, leave)
    shadow = places_of(tx, nodes, deps.shadow_rules) if deps.shadow_rules else None
    for turn in range(TURNS):
        supply = await inventory.supply(tx, {x.sku for d in demands for x in d.lines})
        if shadow is not None and turn == 0:
            beside = _decided(demands, shadow, dict(supply), leave)
        decisions = _decided(demands, setting.places, dict(supply), leave)
        if shadow is not None and turn == 0:
            found = [routing.Difference(a, b) for a, b in zip(decisions, beside, strict=True)]
            await routing.keep_differences(tx, found, deps.rules, shadow.rules)
        refused = await _reserve(tx, decisions, causes, setting)
        short = [d for d in decisions if d.unplaced and d.order_id not in refused]
        await _hold(tx, short, causes, deps, {r["order_id"]: r for r in rows})
        demands = [d for d in demands if d.order_id in refused]
        if not demands:
            return
        if turn == TURNS - 1:
            await _hold(
                tx, [x for x in decisions if x.order_id in refused], causes, deps, {r["order_id"]: r for r in rows}
            )


def demands_of(
    rows: Iterable[Any],
    known: Mapping[str, catalog.Product],
    avoid: Avoid,
    rules: routing.Rules,
    reasons: Mapping[UUID, str],
) -> list[routing.Demand]:
    """The waiting lines as questions to routing, one an order, oldest first."""
    grouped: dict[UUID, list[Any]] = {}
    for r in rows:
        grouped.setdefault(r["order_id"], []).append(r)
    return [
        routing.Demand(
            order_id=order_id,
            lines=tuple(_line(r, known.get(r["sku"]), rules) for r in lines),
            country=lines[0]["ship_country"],
            region=lines[0]["ship_region"],
            method=lines[0]["method"],
            channel=lines[0]["channel"],
            placed_at=lines[0]["placed_at"],
            promised_by=lines[0]["promised_by"],
            pickup_node_id=lines[0]["pickup_node_id"],
            avoid=avoid.get(order_id, frozenset()),
            level=lines[0]["service_level"],
            tags=frozenset(lines[0]["tags"] or ()),
            vip=not rules.vip_tags.isdisjoint(lines[0]["tags"] or ()),
            backorder=reasons.get(order_id) == "order.hold_released",
        )
        for order_id, lines in grouped.items()
    ]


def _line(row: Any, product: catalog.Product | None, rules: routing.Rules) -> routing.DemandLine:
    """Its value counts in the rules' currency; in one that they have no rate for it has none."""
    sides = (product.length_mm, product.width_mm, product.height_mm) if product else ()
    return routing.DemandLine(
        line_id=row["line_id"],
        sku=row["sku"],
        quantity=row["wanted"],
        weight_g=product.weight_g if product else None,
        longest_mm=max((x for x in sides if x), default=None),
        unit_value=row["unit_price"] * rules.rate(row["currency"]) if rules.tax else ZERO,
        hazmat=product is not None and product.hazmat,
    )


@dataclass(frozen=True, slots=True)
class _Setting:
    """What all orders of one allocation share. `reasons`: why an order is routed again; `leave`: what its channel must leave at nodes."""

    places: Places
    deps: Deps
    reasons: Mapping[UUID, str]
    leave: Leave


def _decided(
    demands: Sequence[routing.Demand], places: Places, left: dict[inventory.Key, Decimal], leave: Leave
) -> list[routing.Decision]:
    """Each order sees the units and the capacity that the ones before it have left."""
    decisions = []
    busy: dict[UUID, int] = {}
    for demand in demands:
        own = leave.get(demand.order_id)
        seen = {k: n - inventory.left_for(own, k) for k, n in left.items()} if own else left
        decision = places.board.decide(demand, seen, busy)
        for share in decision.shares:
            left[share.node_id, share.sku] -= share.quantity
        for node_id in {s.node_id for s in decision.shares}:
            busy[node_id] = busy.get(node_id, 0) + 1
        decisions.append(decision)
    return decisions


async def _reserve(
    tx: Tx,
    decisions: Sequence[routing.Decision],
    causes: Mapping[UUID, Cause],
    setting: _Setting,
) -> set[UUID]:
    """Reserve and plan what was decided; returns the orders whose units were taken by others meanwhile."""
    placed = {d.order_id: d for d in decisions if d.shares}
    claims = [_claim(d, setting.leave.get(d.order_id, {})) for d in placed.values()]
    told = {i: fact(tx, "order.allocated", "order", i, _said(d), causes[i]) for i, d in placed.items()}
    kept, refused = (
        await inventory.reserve(tx, claims, {i: f.event_id for i, f in told.items()}) if claims else ([], [])
    )
    lost = {c.owner for c in refused}
    ids = await routing.keep(
        tx, [d for d in decisions if d.order_id not in lost], setting.deps.rules, reasons=setting.reasons
    )
    for claim in kept:
        append(tx, [told[claim.owner]])
    plans = [p for c in kept for p in _plans(placed[c.owner], ids[c.owner], setting, told[c.owner].cause)]
    if plans:
        await fulfillment.plan(tx, plans)
        await orders.count(tx, [(s.line_id, "reserved", s.quantity) for c in kept for s in placed[c.owner].shares])
        load: dict[UUID, int] = {}
        for p in plans:
            load[p.node_id] = load.get(p.node_id, 0) + 1
        await network.change_load(tx, load)
        again = {i: causes[i] for i in setting.reasons if i in placed and i not in lost}
        if again:
            await derive_states(tx, again)
    return lost


def _claim(decision: routing.Decision, own: Mapping[inventory.Key, Decimal]) -> inventory.Claim:
    units: dict[inventory.Key, Decimal] = {}
    for s in decision.shares:
        units[s.node_id, s.sku] = units.get((s.node_id, s.sku), ZERO) + s.quantity
    leave = {k: inventory.left_for(own, k) for k in units} if own else {}
    return inventory.Claim(owner=decision.order_id, units=units, leave=leave)


def _said(decision: routing.Decision) -> dict[str, Any]:
    return {
        "shares": [[s.node_id, s.line_id, s.sku, s.quantity] for s in decision.shares],
        "unplaced": [[i, s, q] for i, s, q in decision.unplaced],
        "score": decision.score,
    }


def _plans(decision: routing.Decision, decision_id: UUID, setting: _Setting, cause: Cause) -> list[fulfillment.Plan]:
    found: list[fulfillment.Plan] = []
    for node_id in dict.fromkeys(s.node_id for s in decision.shares):
        chosen = decision.candidate(node_id)
        quote = decision.offers.get(node_id)
        offer = quote.offer if quote else None
        shares = [s for s in decision.shares if s.node_id == node_id]
        found.append(
            fulfillment.Plan(
                order_id=decision.order_id,
                node_id=node_id,
                decision_id=decision_id,
                method=chosen.method or "SHIP",
                ship_by=setting.places.ships_at(node_id),
                carrier=offer.carrier if offer else None,
                service=offer.service if offer else None,
                shares=tuple(
                    fulfillment.Share(line_id=s.line_id, line_no=n, sku=s.sku, quantity=s.quantity)
                    for n, s in enumerate(shares, 1)
                ),
                cause=cause,
            )
        )
    return found


async def _hold(
    tx: Tx, short: Sequence[routing.Decision], causes: Mapping[UUID, Cause], deps: Deps, rows: Mapping[UUID, Any]
) -> None:
    """Hold the orders of which a part has no node, and say what is missing."""
    if not short:
        return
    missing = {
        d.order_id: ", ".join(sorted({s for _, s, _ in d.unplaced or [(0, x.sku, 0) for x in d.shares]})) for d in short
    }
    dates = await expected(tx, short)
    await orders.place(tx, [_stock_hold(i, skus, dates.get(i), causes[i]) for i, skus in missing.items()])
    append(
        tx,
        [
            fact(tx, "order.backordered", "order", i, {"skus": missing[i], "until": d}, causes[i])
            for i, d in dates.items()
        ],
    )
    await deps.incidents.open(
        tx,
        [
            NewIncident(
                kind="out_of_stock",
                summary=f"Order {rows[i]['number']}: no node can ship {skus}.",
                subject_kind="order",
                subject_id=i,
                order_id=i,
                cause=causes[i],
                money_at_risk=rows[i]["total"],
                currency=rows[i]["currency"],
            )
            for i, skus in missing.items()
            if i not in dates
        ],
    )


def _stock_hold(order_id: UUID, skus: str, until: datetime | None, cause: Cause) -> orders.HoldPlaced:
    """With a date the order is on backorder: it waits for what is announced, and somebody is told when it has not come in time."""
    if until is None:
        return orders.HoldPlaced(order_id=order_id, kind=HoldKind.STOCK, reason=f"no node can ship {skus}", cause=cause)
    return orders.HoldPlaced(
        order_id=order_id,
        kind=HoldKind.STOCK,
        reason=f"{skus} is announced for {until:%Y-%m-%d}",
        cause=cause,
        deadline=until + GRACE,
        released_by="the goods that are announced",
    )


FLOW = Flow(
    "route",
    frozenset(
        {
            "order.approved",
            "order.hold_released",
            "order.amended",
            "order.amendment_refused",
            "fulfillment.short",
            "fulfillment.cancelled",
        }
    ),
    answer,
)
