"""A partner's document that was right in form and cannot be applied as it is, is answered with an 824 where the partner has agreed to get one:
which set it was, and in words what is wrong. Its acknowledgement, which speaks of syntax, stands. Once for each set, however often it is read.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from textwrap import wrap
from typing import Any
from uuid import UUID

from hub import connections, outbox
from hub.canon.states import HoldKind
from hub.flows.partners import owed
from hub.flows.prices import PRICES, agreement
from hub.flows.reactor import Deps, Flow
from hub.kit.db import Tx
from hub.ledger import Fact

KIND = "application_advice"
REJECTED, NOTED = "rejected", "accepted_with_errors"
MOST = 100  # errors that one advice names
TEXT, REST, VALUE = 60, 80, 99  # longest texts of an error, of a remark beside it, of the value that is meant
HOLDS = frozenset({HoldKind.CATALOG, PRICES})  # a product that we do not know, a price that is not the agreed one
OTHER, GENERAL = "ZZZ", "GEN"  # the code of an error that is told in words; the kind of a remark
ORDERS, INVOICES, OTHERS = "PO", "IV", "TN"  # what the reference is the number of
REFERENCES = {"850": ORDERS, "860": ORDERS, "875": ORDERS, "810": INVOICES, "880": INVOICES}


@dataclass(frozen=True, slots=True, kw_only=True)
class Unapplied:
    """Why the document that came as (or became) the fact's subject is not applied, or not yet. `errors`: those of a reader of documents, with
    `message` at least, `segment`, `segment_position`, `element` and `value` where they are known.
    """

    fact: Fact
    status: str
    errors: Sequence[Mapping[str, Any]]


async def answer(tx: Tx, facts: Sequence[Fact], deps: Deps) -> None:
    new = {f.subject_id for f in facts if f.type == "order.placed"}
    await advise(tx, [u for f in facts if (u := _unapplied(f, new)) is not None], deps)


def _unapplied(f: Fact, new: Collection[UUID]) -> Unapplied | None:
    """A hold that is placed later is not the document's."""
    if f.type == "message.parked":
        problems = [x for x in f.data.get("problems") or () if x.get("message")]
        return Unapplied(fact=f, status=REJECTED, errors=problems or [{"message": str(f.data["error"])}])
    if f.type == "order.hold_placed" and f.subject_id in new and (told := _told(f)):
        return Unapplied(fact=f, status=NOTED, errors=[{"message": text} for text in told])
    return None


def _told(f: Fact) -> list[str]:
    """Of a hold that has several reasons only those that are the partner's: what else holds its order is none of its business."""
    parts = f.data.get("parts") or [(f.data["rule"], f.data["reason"])]
    return [str(reason) for rule, reason in parts if HOLDS & {f.data["kind"], rule}]


async def advise(tx: Tx, found: Sequence[Unapplied], deps: Deps) -> None:
    """What came otherwise, was rejected in form, or is from a partner without such an agreement is nobody's here."""
    if not found:
        return
    willing = {c.connection_id for c in await connections.of_tenant(tx) if c.state != "PAUSED" and _takes(c, deps)}
    if not willing:
        return
    sets = await connections.received_as(tx, sorted({u.fact.subject_id for u in found}))
    told: dict[str, tuple[Unapplied, Any]] = {}
    for u in found:
        for x in sets.get(u.fact.subject_id, ()):
            if x["connection_id"] in willing:
                number = x["document_id"].hex[:22]
                told[number] = (_both(told[number][0], u) if number in told else u, x)
    before = await connections.sent_numbers(tx, sorted(told)) if told else frozenset()
    await outbox.owe(tx, [_delivery(tx, number, *of) for number, of in told.items() if number not in before])


def _both(one: Unapplied, other: Unapplied) -> Unapplied:
    """The worse of two verdicts on one document, and the reasons of both."""
    status = REJECTED if REJECTED in (one.status, other.status) else NOTED
    return replace(one, status=status, errors=(*one.errors, *other.errors))


def _takes(c: connections.Connection, deps: Deps) -> bool:
    return KIND in agreement(c, deps).documents


def _delivery(tx: Tx, number: str, u: Unapplied, theirs: Any) -> outbox.Delivery:
    """`number`: ours of the advice, made of the document that it is about."""
    order = theirs["subject_id"] if theirs["subject_kind"] == "order" else None
    item = {
        "status": u.status,
        "kind": REFERENCES.get(theirs["set_id"], OTHERS) if theirs["number"] else OTHERS,
        "reference": (theirs["number"] or theirs["set_control"])[:30],
        "group_control": theirs["group_control"],
        "control": theirs["set_control"],
        "set": theirs["set_id"],
        "errors": [_error(x) for x in u.errors[:MOST]],
    }
    said = {"purpose": "00", "number": number, "date": tx.now.date().isoformat(), "items": [item]}
    subject = (str(theirs["subject_kind"]), theirs["subject_id"])
    made = owed(u.fact, theirs["connection_id"], KIND, number, said, subject, order=order)
    return replace(made, dedupe_key=f"{KIND}:{number}")


def _error(error: Mapping[str, Any]) -> dict[str, Any]:
    """In words, with the place where it is known; what is too long for one text goes on in remarks."""
    words = " ".join(str(error["message"]).split())
    first = next(iter(wrap(words, TEXT)), "")
    rest = wrap(words[len(first) :].strip(), REST)
    told = {
        "code": OTHER,
        "text": first,
        "segment": error.get("segment"),
        "position": _text(error.get("segment_position")),
        "element": _text(error.get("element")),
        "value": (_text(error.get("value")) or "")[:VALUE],
        "remarks": [{"kind": GENERAL, "text": x} for x in rest],
    }
    return {k: v for k, v in told.items() if v}


def _text(value: Any) -> str | None:
    return None if value is None else str(value)


FLOW = Flow("advise", frozenset({"message.parked", "order.placed", "order.hold_placed"}), answer)
