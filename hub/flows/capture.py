"""A draft becomes an order, once. What holds it opens an incident where a person must act."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from hub import catalog, network, orders
from hub.canon.order import OrderDraft
from hub.canon.states import HoldKind
from hub.flows.amend import amend
from hub.flows.reactor import Deps
from hub.flows.screen import screened
from hub.incidents import NewIncident
from hub.kit.db import Tx
from hub.kit.errors import HubError
from hub.ledger import Cause, append, fact

# hold -> kind of the incident that asks a person for it
INCIDENTS = {
    HoldKind.CATALOG: "unknown_sku",
    HoldKind.ADDRESS: "address_incomplete",
    HoldKind.PAYMENT: "payment_not_captured",
    HoldKind.FRAUD: "fraud_suspected",
    HoldKind.CREDIT: "credit_exceeded",
}

Faults = list[tuple[tuple[str, ...], HubError]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Incoming:
    """A draft at the door. `channel` is the connection's code."""

    draft: OrderDraft
    channel: str
    cause: Cause
    connection_id: UUID | None = None
    message_id: UUID | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CaptureOutcome:
    """`captured` or `faults`, never both."""

    captured: orders.Captured | None = None
    faults: Faults | None = None


async def capture(tx: Tx, incoming: Sequence[Incoming], deps: Deps) -> list[CaptureOutcome]:
    """An outcome for each draft, in order. A faulty draft changes nothing and does not disturb its neighbours."""
    outcomes: list[CaptureOutcome | None] = [None] * len(incoming)
    good: list[int] = []
    for place, one in enumerate(incoming):
        found = orders.faults(one.draft)
        if found:
            outcomes[place] = CaptureOutcome(faults=found)
        else:
            good.append(place)
    for turn in _turns(incoming, good):
        captures = await screened(tx, await _prepared(tx, [incoming[i] for i in turn]), deps)
        done = await _captured(tx, captures, deps)
        for place, one_done in zip(turn, done, strict=True):
            outcomes[place] = CaptureOutcome(captured=one_done)
    return [o for o in outcomes if o is not None]


def _turns(incoming: Sequence[Incoming], places: Sequence[int]) -> list[list[int]]:
    """Drafts of one order go one after the other, oldest revision first; all others go together."""
    by_order: dict[tuple[str, str], list[int]] = {}
    for i in places:
        by_order.setdefault((incoming[i].channel, incoming[i].draft.external_id), []).append(i)
    turns: list[list[int]] = []
    for same in by_order.values():
        for n, i in enumerate(sorted(same, key=lambda j: incoming[j].draft.revision)):
            if n == len(turns):
                turns.append([])
            turns[n].append(i)
    return turns


async def _prepared(tx: Tx, incoming: Sequence[Incoming]) -> list[orders.Capture]:
    skus = {x.sku for one in incoming for x in one.draft.lines}
    kits = await catalog.kits(tx, skus)
    products = await catalog.find(tx, skus | {part for parts in kits.values() for part in parts})
    products = {
        s: p for s, p in products.items() if kits.get(s, {}).keys() <= products.keys()
    }  # else nobody can pick it
    parties: dict[int, UUID] = {}
    for channel in sorted({one.channel for one in incoming}):
        mine = [(n, one) for n, one in enumerate(incoming) if one.channel == channel]
        found = await catalog.put_customers(tx, channel, [one.draft.customer for _, one in mine if one.draft.customer])
        parties |= {n: found[c] for n, one in mine if (c := one.draft.customer) and c in found}
    pickups = {one.draft.pickup.node for one in incoming if one.draft.pickup}
    places = await network.load(tx) if pickups else None
    nodes = {code: n.node_id for code in pickups if places and (n := places.node(code))}
    return [
        orders.Capture(
            draft=one.draft,
            channel=one.channel,
            cause=one.cause,
            products=_known(one.draft, products, kits),
            kits={x.sku: kits[x.sku] for x in one.draft.lines if x.sku in kits and x.sku in products},
            connection_id=one.connection_id,
            customer_id=parties.get(n),
            pickup_node_id=nodes.get(one.draft.pickup.node) if one.draft.pickup else None,
            message_id=one.message_id,
        )
        for n, one in enumerate(incoming)
    ]


def _known(draft: OrderDraft, products: Mapping[str, catalog.Product], kits: orders.Kits) -> dict[str, UUID]:
    """SKU -> product, of what the draft asks for and what its kits consist of."""
    skus = {x.sku for x in draft.lines}
    return {s: products[s].product_id for s in skus.union(*(kits[k] for k in skus & kits.keys())) if s in products}


async def _captured(tx: Tx, captures: Sequence[orders.Capture], deps: Deps) -> list[orders.Captured]:
    made, there = await orders.insert_new(tx, captures)
    again = await orders.say_again(tx, there) if there else []
    differing = [r for r in again if r.differs or r.moved]
    reasons = await _amend(tx, [r for r in differing if r.ask])
    unsettled = [r for r in differing if r.captured.order_id in reasons or not r.ask]
    await deps.incidents.open(
        tx,
        [i for c in made for i in _incidents_of(c)]
        + [_differs(r, reasons.get(r.captured.order_id) or r.why) for r in unsettled],
    )
    append(
        tx,
        [
            fact(
                tx,
                "order.cancel_asked",
                "order",
                r.captured.order_id,
                {"reason": "cancelled at the channel", "origin": "CHANNEL"},
                r.captured.capture.cause,
            )
            for r in again
            if r.cancelled
        ],
    )
    by_capture = {id(c.capture): c for c in [*made, *(r.captured for r in again)]}
    return [by_capture[id(c)] for c in captures]


def _incidents_of(captured: orders.Captured) -> list[NewIncident]:
    draft = captured.capture.draft
    return [
        NewIncident(
            kind=INCIDENTS[h.kind],
            summary=f"Order {captured.number} waits: {h.reason}.",
            subject_kind="order",
            subject_id=captured.order_id,
            order_id=captured.order_id,
            cause=captured.capture.cause,
            data={"hold": h.kind.value},
            money_at_risk=draft.totals.total,
            currency=draft.currency,
        )
        for h in captured.holds
        if h.kind in INCIDENTS
    ]


async def _amend(tx: Tx, revised: Sequence[orders.Revised]) -> dict[UUID, str]:
    """Try the channel's changed lines as amendments; order -> why not, of those that were refused."""
    outcomes = await amend(tx, [r.ask for r in revised if r.ask]) if revised else []
    refused: dict[UUID, str] = {}
    for r, outcome in zip(revised, outcomes, strict=True):
        if isinstance(outcome, orders.AmendmentRefused):
            refused[r.captured.order_id] = outcome.sentence()
        else:
            await orders.amendments.revision_applied(tx, r.captured.order_id, r.captured.capture.draft.revision)
    return refused


def _differs(revised: orders.Revised, why: str | None) -> NewIncident:
    captured = revised.captured
    what = " and ".join(x for x, so in (("other lines", revised.differs), ("another ship-to", revised.moved)) if so)
    return NewIncident(
        kind="order_differs",
        summary=f"Order {captured.number} came again with {what}. {why or 'What stands was not changed.'}",
        subject_kind="order",
        subject_id=captured.order_id,
        order_id=captured.order_id,
        detail=captured.capture.draft.revision,
        cause=captured.capture.cause,
    )
