"""The fiscal gate: goods leave a Brazilian node only with an authorized note. Elsewhere a dispatch that is asked for happens at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

from hub import connections, fiscal, fulfillment, network, orders, outbox
from hub.canon.commands import AuthorizeInvoice
from hub.canon.states import HoldKind, OrderState
from hub.flows.authority import to_authority
from hub.flows.joint import ENDED, notes_of, of_bearers
from hub.flows.missing import no_rule, refusal, told, where
from hub.flows.note import Note, notes_for
from hub.flows.note_events import owe_events
from hub.flows.reactor import Deps, Flow
from hub.incidents import NewIncident
from hub.kit.db import Tx
from hub.ledger import Cause, Fact

OPENS = frozenset({"invoice.authorized", "invoice.contingency_entered"})
PARTS = frozenset({"fulfillment.cancelled", "fulfillment.unbundled"})
GOES_ON = "fulfillment.cancel_refused"
TAKEN_BACK = frozenset({"invoice.cancelled", "invoice.void_asked"})
PAID = "gnre_guide.paid"
RELEASED = "order.hold_released"
GOOD = frozenset({"AUTHORIZED", "CONTINGENCY"})
SHUTS = frozenset({"invoice.rejected", "invoice.denied"})
REFUSED = frozenset({"113", "114"})  # cStat: who stands in is switched off: the note is written anew, nobody waits
NOTHING: Mapping[UUID, UUID] = {}
EPEC, OFFLINE = 4, 9  # tpEmis
PORTS: Mapping[int, str] = {6: "standby", 7: "standby", OFFLINE: "offline"}
CNPJ = 14  # digits
Members = Mapping[UUID, Sequence[tuple[UUID, UUID | None]]]  # bearer of a note -> (fulfillment, order)


# Holds that stop goods at the door. STOCK does not: what is there may leave while the rest waits; nor FISCAL, which the gate itself ends.
AT_THE_DOOR = frozenset({"FRAUD", "PAYMENT", "CREDIT", "ADDRESS", "MANUAL"})


async def answer(tx: Tx, facts: Sequence[Fact], deps: Deps) -> None:
    mended = {f.subject_id: f.cause for f in facts if f.type == RELEASED and f.data.get("kind") == HoldKind.FISCAL}
    if mended:
        await _again(tx, mended, deps)
    asked = await _may_leave(tx, facts)
    places = await network.load(tx)
    abroad = {i: cause for i, (node, cause) in asked.items() if not places.nodes[node].brazilian}
    at_home = {i: cause for i, (_, cause) in asked.items() if i not in abroad}
    if at_home:
        await _request(tx, at_home, deps)
    good = [f for f in facts if f.type in OPENS and _about_goods(f)]
    opened = {UUID(f.data["fulfillment_id"]): f.cause for f in good}
    opened |= await _paid(tx, facts)
    opened |= await _going_on(tx, facts)
    for waits in await fiscal.withheld(tx, list(opened)):
        del opened[waits]
    members = await of_bearers(tx, opened)
    rows = await fulfillment.lock(tx, _ids(members)) if members else {}
    if go := {**abroad, **_let_go(members, opened, rows)}:
        await fulfillment.dispatch(tx, go)
    await _close(tx, {o: f.cause for f in good for o in _orders(members, f)}, deps)
    shut = [f for f in facts if f.type in SHUTS and _about_goods(f) and f.data.get("code") not in REFUSED]
    if shut:
        await _shut(tx, shut, deps)


async def _again(tx: Tx, mended: Mapping[UUID, Cause], deps: Deps) -> None:
    """The fiscal hold is off: what was refused at the door asks again, what left over the counter gets its note."""
    await fulfillment.ask_again(tx, mended)
    gone = {r["fulfillment_id"]: mended[r["order_id"]] for r in await fulfillment.handed_over(tx, mended)}
    noted = await notes_of(tx, gone) if gone else {}
    bare = {i: c for i, c in gone.items() if i not in noted or noted[i]["state"] == "REJECTED"}
    if bare:
        await request_notes(tx, bare, deps, model=65)


def _about_goods(f: Fact) -> bool:
    """Of a note with which goods leave: not of a return, nor of one whose goods left with another note or that nobody wants any more."""
    return bool(f.data.get("fulfillment_id")) and not any(f.data.get(n) for n in ("refers_to", "replaced", "unwanted"))


async def _may_leave(tx: Tx, facts: Sequence[Fact]) -> dict[UUID, tuple[UUID, Cause]]:
    """Fulfillment -> (node, cause): what was asked to leave and nothing holds, and what a released hold lets go on."""
    asked = {
        f.subject_id: (UUID(f.data["order_id"]), UUID(f.data["node_id"]), f.cause)
        for f in facts
        if f.type == "fulfillment.dispatch_asked"
    }
    released = {f.subject_id: f.cause for f in facts if f.type == RELEASED and f.data.get("kind") != HoldKind.FISCAL}
    released |= await _parted(tx, [f for f in facts if f.type in PARTS])
    again = {f.subject_id: f.cause for f in facts if f.type == GOES_ON} | await _bare(tx, facts)
    for row in await fulfillment.waiting_at_the_door(tx, again) if again else []:
        released[row["order_id"]] = again[row["fulfillment_id"]]
    for row in await fulfillment.at_the_door(tx, released) if released else []:
        asked[row["fulfillment_id"]] = (row["order_id"], row["node_id"], released[row["order_id"]])
    if not asked:
        return {}
    held = await orders.open_holds(tx, [o for o, _, _ in asked.values()])
    noted = await notes_of(tx, [i for i, (o, _, _) in asked.items() if o in released])
    stopped = {o for o, holds in held.items() if AT_THE_DOOR & {h["kind"] for h in holds}}
    waiting = {i for i, note in noted.items() if note["state"] not in ENDED}
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
    noted = {i for i, n in (await notes_of(tx, here)).items() if n["state"] not in ENDED} if here else set()
    for members in bundles.values():
        cause = next(free[r["fulfillment_id"]][1] for r in members if r["fulfillment_id"] in free)
        ready = all(
            r["state"] not in fulfillment.AT_WORK
            or (r["dispatch_requested_at"] is not None and r["cancel_requested_at"] is None)
            for r in members
        )
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


async def _going_on(tx: Tx, facts: Sequence[Fact]) -> dict[UUID, Cause]:
    """Bearers of good notes whose goods a node was asked to stop, and goes on with."""
    asked = {f.subject_id: f.cause for f in facts if f.type == GOES_ON}
    bearers = await fulfillment.bearers(tx, asked)
    notes = await notes_of(tx, asked) if asked else {}
    return {bearers[i]: c for i, c in asked.items() if i in notes and notes[i]["state"] in GOOD}


async def _bare(tx: Tx, facts: Sequence[Fact]) -> dict[UUID, Cause]:
    """What shared a note that was taken back, because one of the others does not leave: it needs a note of its own."""
    ended = {
        UUID(f.data["fulfillment_id"]): f.cause for f in facts if f.type in TAKEN_BACK and f.data.get("fulfillment_id")
    }
    members = await of_bearers(tx, ended)
    return {i: ended[b] for b, group in members.items() if len(group) > 1 for i, _ in group}


def _ids(members: Members) -> list[UUID]:
    return [i for group in members.values() for i, _ in group]


def _orders(members: Members, f: Fact) -> list[UUID]:
    """Orders that stand on the note of this fact."""
    group = members.get(UUID(f.data["fulfillment_id"]), [])
    return [UUID(f.data["order_id"]), *(o for _, o in group if o is not None)]


def _let_go(members: Members, opened: Mapping[UUID, Cause], rows: Mapping[UUID, Any]) -> dict[UUID, Cause]:
    """All that stand on one note leave together; none does while a node has not answered whether it stops."""
    free = [
        (b, group)
        for b, group in members.items()
        if not any(rows[i]["cancel_requested_at"] and rows[i]["state"] in fulfillment.AT_WORK for i, _ in group)
    ]
    return {i: opened[b] for b, group in free for i, _ in group}


async def _request(tx: Tx, asked: Mapping[UUID, Cause], deps: Deps) -> None:
    """Goods that a consumer collects get a note of the counter (model 65), all others one for the road. What a node was asked to
    stop waits for its answer.
    """
    standing = [r["fulfillment_id"] for r in await fulfillment.waiting_at_the_door(tx, asked)]
    rows = await fulfillment.lock(tx, standing)
    heads = await orders.heads(tx, {r["order_id"] for r in rows.values()})
    collected = {i for i, r in rows.items() if r["method"] == "PICKUP" and not _company(heads[r["order_id"]])}
    for model, mine in ((65, collected), (55, rows.keys() - collected)):
        if mine:
            await request_notes(tx, {i: asked[i] for i in sorted(mine)}, deps, model=model)


def _company(head: Any) -> bool:
    return len(head["customer_tax_id"] or head["ship_tax_id"] or "") == CNPJ


async def request_notes(
    tx: Tx,
    asked: Mapping[UUID, Cause],
    deps: Deps,
    *,
    model: int = 55,
    replaces: Mapping[UUID, UUID] = NOTHING,
) -> None:
    """One note for each fulfillment, or for all of a pack; what is incomplete takes no number, holds its orders and names all that
    is missing. `model` 65: goods that left over the counter. `replaces`: fulfillment -> the note whose fate is unknown.
    """
    before = await fiscal.of_fulfillments(tx, list(asked))
    for note in await notes_for(tx, asked, deps, model=model):
        ask = await _replacing(tx, note.ask, replaces) if replaces else note.ask
        try:
            numbered = await _written(tx, ask, before.get(note.fulfillment_id), deps)
        except fiscal.Incomplete as error:
            await _incomplete(tx, note, error.faults, deps)
        except fiscal.NoRule as error:
            await _incomplete(tx, note, [no_rule(error)], deps)
        else:
            await owe_notes(tx, numbered)


async def _replacing(tx: Tx, ask: fiscal.InvoiceAsk, replaces: Mapping[UUID, UUID]) -> fiscal.InvoiceAsk:
    """The bearer of a pack may be another one than before: the note that is replaced was of any of them."""
    bearer = ask.fulfillment_id
    members = (await of_bearers(tx, [bearer]))[bearer] if bearer is not None else []
    return replace(ask, replaces=next((replaces[i] for i, _ in members if i in replaces), None))


async def _written(tx: Tx, ask: fiscal.InvoiceAsk, before: Any, deps: Deps) -> list[fiscal.Numbered]:
    """A rejected note keeps its number; otherwise the next one of the series is taken."""
    if before is None or before["state"] != "REJECTED" or before["model"] != ask.request.model:
        return await fiscal.request(tx, [ask], deps.tables)
    again = await fiscal.correct(tx, before["fiscal_document_id"], ask, deps.tables)
    await remember_key(tx, again)
    return [again]


async def remember_key(tx: Tx, again: fiscal.Numbered | fiscal.Renewed) -> None:
    """Should the authority have the build before after all, we know that it was ours (539)."""
    if again.earlier_key is not None:
        ref = connections.ForeignRef(
            subject_id=again.document_id,
            connection_id=again.connection_id,
            name="earlier_keys",
            value=again.earlier_key,
        )
        await connections.learn(tx, [ref])


async def owe_notes(tx: Tx, numbered: Sequence[fiscal.Numbered | fiscal.Renewed]) -> None:
    """Each goes to its authority; by EPEC its summary goes first, to the national one."""
    epec = [n for n in numbered if n.invoice["emission_type"] == EPEC]
    await owe_events(tx, await fiscal.ask_epec(tx, epec))
    await outbox.owe(tx, [delivery(n) for n in numbered if n.invoice["emission_type"] != EPEC])


def delivery(n: fiscal.Numbered | fiscal.Renewed) -> outbox.Delivery:
    """The note is owed to its authority. What stands in for a silent authority has a destination of its own, so that the silence of the one does not keep notes from the other."""
    emission = n.invoice["emission_type"]
    command = AuthorizeInvoice(invoice_id=n.document_id.hex, invoice=n.invoice, only_sign=emission == OFFLINE)
    key = f"{n.document_id.hex}:{n.invoice['random_code']}"
    port = PORTS.get(emission, "outbound")
    return to_authority(n.connection_id, command, ("fiscal_document", n.document_id), n.cause, key, port=port)


async def _incomplete(tx: Tx, note: Note, faults: Sequence[fiscal.Fault], deps: Deps) -> None:
    """The orders wait with a hold that says what is missing and where to set it."""
    why, places = told(note, faults), [{**f, "where": where(note, f)} for f in faults]
    [group] = (await of_bearers(tx, [note.fulfillment_id])).values()
    await fulfillment.withdraw_dispatch(tx, {i: note.ask.cause for i, _ in group}, why)
    held = [note.order_id, *(o for _, o in group if o is not None)]
    await orders.place(
        tx, [orders.HoldPlaced(order_id=o, kind=HoldKind.FISCAL, reason=why, cause=note.ask.cause) for o in held]
    )
    await deps.incidents.open(
        tx,
        [
            NewIncident(
                kind="invoice_incomplete",
                summary=why,
                subject_kind="fulfillment",
                subject_id=note.fulfillment_id,
                order_id=note.order_id,
                cause=note.ask.cause,
                data={"faults": places},
            )
        ],
    )


async def _shut(tx: Tx, shut: Sequence[Fact], deps: Deps) -> None:
    """The authority said no: the fulfillments stay PACKED, their orders are held, a person decides."""
    members = await of_bearers(tx, [UUID(f.data["fulfillment_id"]) for f in shut])
    refused = {i: f.cause for f in shut for i, _ in members[UUID(f.data["fulfillment_id"])]}
    await fulfillment.withdraw_dispatch(tx, refused, "the authority rejected the note")
    await orders.place(
        tx,
        [
            orders.HoldPlaced(
                order_id=order_id,
                kind=HoldKind.FISCAL,
                reason=refusal(f.data.get("code"), f.data.get("message")),
                cause=f.cause,
            )
            for f in shut
            for order_id in _orders(members, f)
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


async def _close(tx: Tx, causes: Mapping[UUID, Cause], deps: Deps) -> None:
    """An authorized note ends the fiscal holds and the incidents about earlier refusals."""
    if not causes:
        return
    order_ids = sorted(causes)
    freed = [orders.HoldReleased(order_id=i, kind=HoldKind.FISCAL, cause=causes[i]) for i in order_ids]
    await orders.release(tx, freed, note="the note is authorized")
    await deps.incidents.resolve_for_orders(
        tx, ["invoice_incomplete", "invoice_rejected"], order_ids, "the note is authorized"
    )


FLOW = Flow(
    "gate",
    frozenset({"fulfillment.dispatch_asked", RELEASED, GOES_ON, PAID, *PARTS, *OPENS, *SHUTS, *TAKEN_BACK}),
    answer,
)


async def rewrite_note(tx: Tx, incident: Any, cause: Cause, deps: Deps) -> None:
    """Have the note written with the data as they are now; a rejected one is written anew under its own number."""
    freed = orders.HoldReleased(order_id=incident["order_id"], kind=HoldKind.FISCAL, cause=cause)
    if not await orders.release(tx, [freed], note="written again"):
        await _again(tx, {incident["order_id"]: cause}, deps)
