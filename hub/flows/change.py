"""A partner's 860 amends the order: at once where it can be, else when the nodes have let go. It is answered then, as the partner has agreed to
it: with an 865 of what was asked, else with an 855 of the order as it stands. What cannot be done is an incident for a person; a change that
comes after the goods have left is refused by the 865, where there is one. What an order does not keep is told beside.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any
from uuid import UUID

from hub import catalog, orders, outbox
from hub.canon.agreement import EXACT, Tolerance
from hub.canon.party import address_of, deliver_by, ship_by
from hub.flows.acknowledge import response
from hub.flows.advise import NOTED, REJECTED, Unapplied, advise
from hub.flows.amend import Amended, amend
from hub.flows.partners import gets, owed, trading
from hub.flows.prices import Said, tolerances, unagreed
from hub.flows.reactor import Deps, Flow
from hub.flows.unkept import incident, unkept
from hub.incidents import NewIncident
from hub.kit.db import Tx
from hub.kit.errors import HubError
from hub.kit.money import plain
from hub.ledger import Fact, append, fact
from hub.orders import Amendment, AmendmentRefused, NewLine

ZERO = Decimal(0)
ADDS = frozenset({"add", "add_other"})
GONE = frozenset({"delete"})
PRICED = frozenset({"price", "price_and_quantity", "price_reschedule"})  # another price is what they ask for
FEWER, MORE = "less", "more"
SEQUENCE = re.compile("[0-9]{1,8}")
ANSWER = "order_change_response"
LEFT = frozenset({"DISPATCHED", "IN_TRANSIT", "DELIVERED", "COMPLETED"})
WAITING = "WAITING"
SETTLED = frozenset({"order.amended", "order.amendment_refused"})
KEPT = (
    "external_id",
    "release",
    "sequence",
    "placed_on",
    "lines",
)  # of a change that is answered later; its addresses are not kept
ECHOED = ("line_ref", "change", "change_code", "new_quantity", "left_to_receive", "unit", "unit_code", "price", "price_basis", "ids", "ids_codes")  # fmt: skip
SAME = frozenset({"none", "change_date", "reschedule", "replace_date"})  # of the quantity, not of the document


class QuantityContradicts(HubError):
    """Line {line} is to have {asked} units than the {stands} that stand, and the new total is said to be {said}."""

    code = "QUANTITY_CONTRADICTS"


class PriceChanged(HubError):
    """Line {line} asks for another price ({price}); a person has to agree."""

    code = "PRICE_CHANGED"


async def answer(tx: Tx, facts: Sequence[Fact], deps: Deps) -> None:
    await _settled(tx, [f for f in facts if f.type in SETTLED], deps)
    read = [f for f in facts if f.type not in SETTLED]
    changes = [f for f in read if f.data["kind"] == "order_change" and f.data["data"].get("purpose") != "cancel"]
    if not changes:
        return
    keys = {f.event_id: (f.data["channel"], str(f.data["data"].get("external_id") or "")) for f in changes}
    known = await orders.by_external(tx, sorted(set(keys.values())))
    for f in changes:  # one after the other: a second change of an order starts from what the first one left
        order_id = known.get(keys[f.event_id])
        if order_id is None:
            await _refused(tx, f, None, "we have no such order", deps)
            continue
        await orders.lock(tx, [order_id])
        if (later := await _overtaken(tx, f, order_id)) is not None:
            await advise(tx, [Unapplied(fact=f, status=REJECTED, errors=[{"message": later}])], deps)
            continue
        head = (await orders.heads(tx, [order_id]))[order_id]
        outcome = await _amended(tx, f, head, deps)
        if beside := unkept(f.data["data"], head):
            outcome = await _beside(tx, f, head, outcome, beside, deps)
        if isinstance(outcome, Amended) and (sequence := _sequence(f)) is not None:
            await orders.note_change(tx, order_id, sequence, f.subject_id)
        if isinstance(outcome, str) or outcome.state != WAITING:
            await _tell(tx, f, order_id, outcome if isinstance(outcome, str) else None, deps)


async def _beside(tx: Tx, f: Fact, head: Any, outcome: Amended | str, found: list[str], deps: Deps) -> Amended | str:
    """What no order keeps, told to a person and the partner: with the refusal, or beside what is done."""
    if isinstance(outcome, str):
        return f"{outcome} It also says what an order here does not keep: {'; '.join(found)}"
    await deps.incidents.open(tx, [incident(f, head, found)])
    errors = [{"message": f"not kept: {text}"} for text in found]
    await advise(tx, [Unapplied(fact=f, status=NOTED, errors=errors)], deps)
    return outcome


async def _settled(tx: Tx, facts: Sequence[Fact], deps: Deps) -> None:
    """Changes for which a node had to let go first are answered now, as the node has."""
    ids = {UUID(str(f.data["amendment_id"])): f for f in facts}
    rows = await orders.amendments.waited(tx, sorted(ids)) if ids else {}
    for amendment, row in rows.items():
        f, asked = ids[amendment], row["asked"]
        refusal = str(f.data["reason"]) if f.type == "order.amendment_refused" else None
        if (document := asked.get("document")) is not None:
            about = replace(f, subject_kind="message", subject_id=UUID(document["message_id"]), data=document)
            await _tell(tx, about, row["order_id"], refusal, deps)
        elif refusal is not None and asked["origin"] == "CHANNEL":
            await deps.incidents.open(tx, [_differs(f, refusal)])


async def _tell(tx: Tx, f: Fact, order_id: UUID, refusal: str | None, deps: Deps) -> None:
    """The partner's answer, or a person's work. `f`: the change."""
    head = (await orders.heads(tx, [order_id]))[order_id]
    connection = head["connection_id"] if head["connection_id"] in await trading(tx, deps) else None
    own = connection is not None and await gets(tx, deps, connection, ANSWER)
    if refusal is not None and not (own and head["state"] in LEFT):
        await _refused(tx, f, order_id, refusal, deps)
    elif connection is not None:
        if own:
            kind, said = ANSWER, answered(f.data["data"], head, refusal)
        else:
            kind, said = "order_response", _as_it_stands(head, (await orders.lines(tx, [order_id]))[order_id])
        subject = ("order", order_id)
        await outbox.owe(tx, [owed(f, connection, kind, head["number"], said, subject, order=order_id)])


def _differs(f: Fact, why: str) -> NewIncident:
    return NewIncident(
        kind="order_differs",
        summary=f"What the channel changed was not done: {why}"[:500],
        subject_kind="order",
        subject_id=f.subject_id,
        order_id=f.subject_id,
        detail=str(f.data["amendment_id"]),
        cause=f.cause,
    )


def _as_it_stands(head: Any, rows: Sequence[Any]) -> Mapping[str, Any]:
    """The 855 after a change. What the partner took away is gone: to reject it would contradict the change that is accepted."""
    standing = [{**dict(x.items()), "ordered": x["ordered"] - x["cancelled"], "cancelled": ZERO} for x in rows]
    return response(head, [x for x in standing if x["ordered"]])


async def _overtaken(tx: Tx, f: Fact, order_id: UUID) -> str | None:
    """Why a change is too late: one with a higher sequence (BCH05) stands. It is noted and changes nothing. Without numbers nobody can tell."""
    sequence, stands = _sequence(f), await orders.last_change(tx, order_id)
    if sequence is None or stands is None or sequence >= stands:
        return None
    said = {"revision": f"change {sequence}", "standing": f"change {stands}"}
    append(tx, [fact(tx, "order.old_revision_seen", "order", order_id, said, f.cause)])
    return f"the change has the sequence {sequence}, and {stands} was applied before: nothing was changed"


def _sequence(f: Fact) -> int | None:
    told = str(f.data["data"].get("sequence") or "").strip()
    return int(told) if SEQUENCE.fullmatch(told) else None


async def _refused(tx: Tx, f: Fact, order_id: UUID | None, why: str, deps: Deps) -> None:
    """A person's, and the partner is told where it wants to be."""
    await deps.incidents.open(tx, [_incident(f, order_id, why)])
    await advise(tx, [Unapplied(fact=f, status=REJECTED, errors=[{"message": why}])], deps)


def answered(asked: Mapping[str, Any], head: Any, refusal: str | None) -> Mapping[str, Any]:
    """The canonical 865: each line of the change as the partner asked for it, accepted or rejected with the whole."""
    status = "accepted" if refusal is None else "rejected"
    told = {
        "purpose": "original",
        "answer": status,
        "external_id": asked.get("external_id"),
        "release": asked.get("release"),
        "sequence": asked.get("sequence"),
        "placed_on": asked.get("placed_on") or head["placed_at"].date().isoformat(),
        "number": head["order_id"].hex[:22],
        "lines": [_echo(x, status) for x in asked.get("lines") or ()],
    }
    return {k: v for k, v in told.items() if v not in (None, "")}


def _echo(line: Mapping[str, Any], status: str) -> dict[str, Any]:
    said = {"status": status, "quantity": line.get("new_quantity"), "unit": line.get("unit")}
    answer = {k: v for k, v in said.items() if v not in (None, "")} if said["quantity"] else {"status": status}
    return {**{k: line[k] for k in ECHOED if line.get(k) not in (None, "")}, "answers": [answer]}


async def _amended(tx: Tx, f: Fact, head: Any, deps: Deps) -> Amended | str:
    """Done, or waiting for a node; else why not, in words."""
    order_id, account = head["order_id"], head["connection_id"]
    rows = {r["external_id"]: r for r in orders.sold((await orders.lines(tx, [order_id]))[order_id])}
    allowed = await tolerances(tx, [account], deps)
    try:
        ask = _amendment(f, head, rows, allowed.get(account, EXACT))
    except HubError as error:
        return error.sentence()
    if (dearer := await _unagreed(tx, head, ask.add, deps)) is not None:
        return dearer
    [outcome] = await amend(tx, [ask])
    return outcome.sentence() if isinstance(outcome, AmendmentRefused) else outcome


async def _unagreed(tx: Tx, head: Any, added: Sequence[NewLine], deps: Deps) -> str | None:
    """The new lines whose price is not the one agreed with the order's customer, in words."""
    who = head["customer_id"]
    terms = (await catalog.terms(tx, [who])).get(who) if added and who is not None else None
    if terms is None or terms.price_list is None:
        return None
    said = [
        Said(
            line=x.external_id or "without a number",
            sku=x.sku,
            quantity=x.quantity,
            price=x.unit_price,
            price_list=terms.price_list,
            connection_id=head["connection_id"],
        )
        for x in added
    ]
    return "; ".join(text for text in await unagreed(tx, said, deps) if text is not None) or None


def _amendment(f: Fact, head: Any, rows: Mapping[str, Any], tolerance: Tolerance) -> Amendment:
    """Quantities in all and new lines, days, and another ship-to. Raises `UnknownLine`, `PriceChanged` or `QuantityContradicts`."""
    quantities: dict[UUID, Decimal] = {}
    added: list[NewLine] = []
    for line in f.data["data"].get("lines") or ():
        ref, change = str(line.get("line_ref") or ""), line.get("change")
        if change in ADDS:
            added.append(_new(line, ref))
            continue
        row = rows.get(ref)
        if row is None:
            raise orders.UnknownLine(line=ref)
        near = EXACT if change in PRICED else tolerance
        if line.get("price") is not None and not near.covers(Decimal(str(line["price"])), row["unit_price"]):
            raise PriceChanged(line=ref, price=line["price"])
        if change not in SAME:
            delta = f.data["data"].get("quantities") == "delta"
            quantities[row["line_id"]] = _wanted(line, change, row["ordered"] - row["cancelled"], delta=delta)
    reason = f"the partner's change {f.data['data'].get('sequence') or f.data['number']}"
    dates = f.data["data"].get("dates") or {}
    ship_to = address_of((f.data["data"].get("parties") or {}).get("ship_to"))
    return Amendment(
        order_id=head["order_id"],
        reason=reason,
        cause=f.cause,
        quantities=quantities,
        add=tuple(added),
        ship_to=None if ship_to is None or orders.same_place(ship_to, head) else ship_to,
        promised_by=deliver_by(dates),
        ship_by=ship_by(dates),
        origin="CHANNEL",
        document={
            "message_id": f.subject_id.hex,
            "channel": f.data["channel"],
            "data": {k: v for k, v in f.data["data"].items() if k in KEPT},
        },
    )


def _wanted(line: Mapping[str, Any], change: str | None, now: Decimal, *, delta: bool) -> Decimal:
    """POC03 is the new total; where the partner's profile says `delta`, more and less are by so many units. Raises `QuantityContradicts`."""
    said = Decimal(str(line.get("new_quantity") or 0))
    if change in GONE:
        return ZERO
    if delta and change in (FEWER, MORE):
        return max(ZERO, now - said) if change == FEWER else now + said
    if (change == FEWER and said > now) or (change == MORE and said < now):
        asked = "fewer" if change == FEWER else "more"
        raise QuantityContradicts(line=line.get("line_ref"), asked=asked, stands=plain(now), said=plain(said))
    return said


def _new(line: Mapping[str, Any], ref: str) -> NewLine:
    ids = line.get("ids") or {}
    sku = ids.get("sku") or ids.get("buyer_sku") or ids.get("upc") or ids.get("gtin") or ""
    return NewLine(
        sku=sku,
        quantity=Decimal(str(line.get("new_quantity") or 0)),
        unit_price=Decimal(str(line.get("price") or 0)),
        external_id=ref or None,
        title=line.get("description"),
    )


def _incident(f: Fact, order_id: UUID | None, why: str) -> NewIncident:
    number = f.data["data"].get("external_id")
    return NewIncident(
        kind="order_change_refused",
        summary=f"The partner's change of order {number} was not applied: {why}"[:500],
        subject_kind="message",
        subject_id=f.subject_id,
        order_id=order_id,
        cause=f.cause,
        data={"number": number, "channel": f.data["channel"]},
    )


FLOW = Flow("change", frozenset({"document.read", *SETTLED}), answer)
