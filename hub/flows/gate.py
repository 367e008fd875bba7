"""The fiscal gate: goods leave a Brazilian node only with an authorized note. Elsewhere a dispatch that is asked for happens at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from hub import fiscal, fulfillment, network, orders, outbox
from hub.canon.codec import dump
from hub.canon.commands import AuthorizeInvoice
from hub.canon.states import HoldKind, OrderState
from hub.flows.note import Note, notes_for
from hub.flows.reactor import Deps, Flow
from hub.incidents import NewIncident
from hub.kit.db import Tx
from hub.ledger import Cause, Fact

OPENS = frozenset({"invoice.authorized", "invoice.contingency_entered"})
PARTS = frozenset({"fulfillment.cancelled", "fulfillment.unbundled"})
PAID = "gnre_guide.paid"
GOOD = frozenset({"AUTHORIZED", "CONTINGENCY"})
SHUTS = frozenset({"invoice.rejected", "invoice.denied"})


# Holds that stop goods at the door. STOCK does not: what is there may leave while the rest waits; nor FISCAL, which the gate itself ends.
AT_THE_DOOR = frozenset({"FRAUD", "PAYMENT", "CREDIT", "ADDRESS", "MANUAL"})


async def answer(tx: Tx, facts: Sequence[Fact], deps: Deps) -> None:
    asked = await _may_leave(tx, facts)
    places = await network.load(tx)
    abroad = {i: cause for i, (node, cause) in asked.items() if not places.nodes[node].brazilian}
    at_home = {i: cause for i, (_, cause) in asked.items() if i not in abroad}
    if at_home:
        await request_notes(tx, at_home, deps)
    opened = {
        UUID(f.data["fulfillment_id"]): f.cause for f in facts if f.type in OPENS and f.data.get("fulfillment_id")
    }
    opened |= await _paid(tx, facts)
    for waits in await fiscal.withheld(tx, list(opened)):
        del opened[waits]
    if go := {**abroad, **opened}:
        await fulfillment.dispatch(tx, go)
        await _close(tx, [UUID(f.data["order_id"]) for f in facts if f.type in OPENS], deps, facts)
    shut = [f for f in facts if f.type in SHUTS]
    if shut:
        await _shut(tx, shut, deps)


async def _may_leave(tx: Tx, facts: Sequence[Fact]) -> dict[UUID, tuple[UUID, Cause]]:
    """Fulfillment -> (node, cause): what was asked to leave and nothing holds, and what a released hold lets go on."""
    asked = {
        f.subject_id: (UUID(f.data["order_id"]), UUID(f.data["node_id"]), f.cause)
        for f in facts
        if f.type == "fulfillment.dispatch_asked"
    }
    released = {f.subject_id: f.cause for f in facts if f.type == "order.hold_released"}
    released |= await _parted(tx, [f for f in facts if f.type in PARTS])
    for row in await fulfillment.at_the_door(tx, released) if released else []:
        asked[row["fulfillment_id"]] = (row["order_id"], row["node_id"], released[row["order_id"]])
    if not asked:
        return {}
    held = await orders.open_holds(tx, [o for o, _, _ in asked.values()])
    noted = await fiscal.of_fulfillments(tx, [i for i, (o, _, _) in asked.items() if o in released])
    stopped = {o for o, holds in held.items() if AT_THE_DOOR & {h["kind"] for h in holds}}
    waiting = {i for i, note in noted.items() if note["state"] != "REJECTED"}
    free = {i: (node, cause) for i, (o, node, cause) in asked.items() if o not in stopped and i not in waiting}
    return await _together(tx, free) if free else {}


async def _parted(tx: Tx, facts: Sequence[Fact]) -> dict[UUID, Cause]:
    """Orders whose bundle became smaller: what waited for a companion may go now."""
    causes = {f.subject_id: f.cause for f in facts}
    found = {UUID(f.data["order_id"]): f.cause for f in facts if f.type == "fulfillment.unbundled"}
    for row in await fulfillment.companions(tx, causes) if causes else []:
        found[row["order_id"]] = next(iter(causes.values()))
    return found


async def _together(tx: Tx, free: dict[UUID, tuple[UUID, Cause]]) -> dict[UUID, tuple[UUID, Cause]]:
    """Those of one bundle leave when all of them are at the door, and wait for one another until then."""
    bundles: dict[UUID, list[Any]] = {}
    for row in await fulfillment.companions(tx, free):
        bundles.setdefault(row["bundle_id"], []).append(row)
    here = [r["fulfillment_id"] for members in bundles.values() for r in members if r["fulfillment_id"] not in free]
    noted = (
        {i for i, n in (await fiscal.of_fulfillments(tx, here)).items() if n["state"] != "REJECTED"} if here else set()
    )
    for members in bundles.values():
        cause = next(free[r["fulfillment_id"]][1] for r in members if r["fulfillment_id"] in free)
        ready = all(r["dispatch_requested_at"] is not None or r["state"] not in fulfillment.AT_WORK for r in members)
        for r in members:
            if not ready:
                free.pop(r["fulfillment_id"], None)
            elif r["state"] == OrderState.PACKED and r["fulfillment_id"] not in noted:
                free.setdefault(r["fulfillment_id"], (r["node_id"], cause))
    return free


async def _paid(tx: Tx, facts: Sequence[Fact]) -> dict[UUID, Cause]:
    """Goods that waited for a guide to be paid, and whose note is good."""
    waited = {
        UUID(f.data["fulfillment_id"]): f.cause
        for f in facts
        if f.type == PAID and f.data.get("before_dispatch") and f.data.get("fulfillment_id")
    }
    if not waited:
        return {}
    notes = await fiscal.of_fulfillments(tx, list(waited))
    return {i: c for i, c in waited.items() if notes[i]["state"] in GOOD}


async def request_notes(tx: Tx, asked: Mapping[UUID, Cause], deps: Deps) -> None:
    """One note for each fulfillment; what is incomplete takes no number, holds its order and names all that is missing."""
    before = await fiscal.of_fulfillments(tx, list(asked))
    for note in await notes_for(tx, asked, deps):
        try:
            numbered = await _written(tx, note, before.get(note.ask.fulfillment_id), deps)
        except fiscal.Incomplete as error:
            await _incomplete(tx, note, str(error), error.faults, deps)
            continue
        await outbox.owe(tx, [delivery(n) for n in numbered])


async def _written(tx: Tx, note: Note, before: Any, deps: Deps) -> list[fiscal.Numbered]:
    """A rejected note keeps its number; otherwise the next one of the series is taken."""
    if before is not None and before["state"] == "REJECTED":
        return [await fiscal.correct(tx, before["fiscal_document_id"], note.ask, deps.tables)]
    return await fiscal.request(tx, [note.ask], deps.tables)


def delivery(n: fiscal.Numbered) -> outbox.Delivery:
    """The note is owed to its authority; strict: a parked one holds back later words about the same note."""
    command = AuthorizeInvoice(invoice_id=n.document_id.hex, invoice=n.invoice)
    return outbox.Delivery(
        destination=f"{n.ask.connection_id.hex}:outbound",
        kind="AuthorizeInvoice",
        subject_kind="fiscal_document",
        subject_id=n.document_id,
        payload=dump(command),
        causation_id=n.ask.cause.causation_id or n.document_id,
        correlation_id=n.ask.cause.correlation_id,
        ordering_key=n.document_id.hex,
        strict=True,
        dedupe_key=f"AuthorizeInvoice:{n.document_id.hex}:{n.invoice['random_code']}",
    )


async def _incomplete(tx: Tx, note: Note, why: str, faults: Sequence[Any], deps: Deps) -> None:
    await fulfillment.withdraw_dispatch(tx, {note.ask.fulfillment_id: note.ask.cause}, why)
    await orders.place(
        tx, [orders.HoldPlaced(order_id=note.ask.order_id, kind=HoldKind.FISCAL, reason=why, cause=note.ask.cause)]
    )
    await deps.incidents.open(
        tx,
        [
            NewIncident(
                kind="invoice_incomplete",
                summary=why,
                subject_kind="fulfillment",
                subject_id=note.ask.fulfillment_id,
                order_id=note.ask.order_id,
                cause=note.ask.cause,
                data={"faults": list(faults)},
            )
        ],
    )


async def _shut(tx: Tx, shut: Sequence[Fact], deps: Deps) -> None:
    """The authority said no: the fulfillment stays PACKED, the order is held, a person decides."""
    await fulfillment.withdraw_dispatch(
        tx, {UUID(f.data["fulfillment_id"]): f.cause for f in shut}, "the authority rejected the note"
    )
    await orders.place(
        tx,
        [
            orders.HoldPlaced(
                order_id=UUID(f.data["order_id"]),
                kind=HoldKind.FISCAL,
                reason=f"the authority answered {f.data.get('code')}: {f.data.get('message')}",
                cause=f.cause,
            )
            for f in shut
        ],
    )
    await deps.incidents.open(
        tx,
        [
            NewIncident(
                kind="invoice_denied" if f.type == "invoice.denied" else "invoice_rejected",
                summary=f"The authority answered {f.data.get('code')}: {f.data.get('message')}.",
                subject_kind="fiscal_document",
                subject_id=f.subject_id,
                order_id=UUID(f.data["order_id"]),
                cause=f.cause,
                data={"code": f.data.get("code"), "fulfillment_id": f.data["fulfillment_id"]},
            )
            for f in shut
        ],
    )


async def _close(tx: Tx, order_ids: Sequence[UUID], deps: Deps, facts: Sequence[Fact]) -> None:
    """An authorized note ends the fiscal hold and the incidents about earlier refusals."""
    if not order_ids:
        return
    causes = {UUID(f.data["order_id"]): f.cause for f in facts if f.type in OPENS}
    freed = [orders.HoldReleased(order_id=i, kind=HoldKind.FISCAL, cause=causes[i]) for i in order_ids]
    await orders.release(tx, freed, note="the note is authorized")
    await deps.incidents.resolve_for_orders(
        tx, ["invoice_incomplete", "invoice_rejected"], order_ids, "the note is authorized"
    )


FLOW = Flow(
    "gate", frozenset({"fulfillment.dispatch_asked", "order.hold_released", PAID, *PARTS, *OPENS, *SHUTS}), answer
)


async def rewrite_note(tx: Tx, incident: Any, cause: Cause, deps: Deps) -> None:
    """Ask for dispatch again with the data as they are now; a rejected note is written anew under its own number."""
    fulfillment_id = (
        UUID(incident["details"]["fulfillment_id"])
        if "fulfillment_id" in incident["details"]
        else incident["subject_id"]
    )
    row = await fulfillment.lock_one(tx, fulfillment_id)
    dispatch = row["dispatch"] or {}
    await orders.release(
        tx, [orders.HoldReleased(order_id=row["order_id"], kind=HoldKind.FISCAL, cause=cause)], note="written again"
    )
    await fulfillment.ask_dispatch(
        tx,
        fulfillment.DispatchAsked(
            fulfillment_id=fulfillment_id,
            carrier=dispatch.get("carrier") or "OWN",
            service=dispatch.get("service"),
            tracking=dispatch.get("tracking"),
            cause=cause,
        ),
    )
