"""A set (or the envelope around it) as the hub's commands. Pure: the same bytes give the same commands, or every fault at once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Any

from adapters.x12.ack import answer, refused_duplicate
from adapters.x12.errors import NOTE, REJECT, Finding, effect
from adapters.x12.examine import Unread, examine
from adapters.x12.library import Library
from adapters.x12.order import Received, drafts, external_id
from adapters.x12.profile import DEFAULT, Profile
from adapters.x12.report import error
from adapters.x12.stock import changed, counted, reported, tracked
from adapters.x12.summary import summary
from adapters.x12.verdicts import REJECTED, InterchangeVerdict, SetVerdict
from hub.canon.commands import AckReceived, CancelAsked, CaptureOrder, DocumentRead, ExchangeRead, InwardCommand
from hub.canon.ports import NeverTry, Unmapped

STATUS = {
    "A": "accepted",
    "E": "accepted_with_errors",
    "P": "accepted_with_errors",
    "R": "rejected",
    "M": "rejected",
    "W": "rejected",
    "X": "rejected",
}
_COPIES = frozenset({"confirmation", "duplicate"})


def read_set(body: bytes, library: Library, profile: Profile | None = None) -> list[InwardCommand]:
    """`body`: an interchange with one set in it. Raises `NeverTry` with all its errors, or `Unmapped`."""
    one: SetVerdict | None = None
    around: InterchangeVerdict | None = None
    for found in examine([body], library, profile):
        if isinstance(found, Unread):
            raise NeverTry(f"unreadable: {found.reason}")
        if isinstance(found, SetVerdict):
            one = found
        else:
            around = found
    if one is None or around is None:
        raise NeverTry("there is no set in it")
    _refuse(one, around.profile)
    document = one.document
    if document is None:
        raise NeverTry("the set could not be read", faults=[error(f) for f in one.findings])
    try:
        return commands(one.set, one.kind, document, around)
    except NeverTry as fault:
        number = summary(one.kind, document)["number"]
        raise NeverTry(fault.data["reason"], faults=fault.data["faults"], number=number) from fault


def _refuse(one: SetVerdict, profile: Profile) -> None:
    """A rejected set, one without a guide, and one that asks for a person go no further."""
    faults = [error(f) for f in one.findings if effect(f, profile.tolerate) in (REJECT, NOTE)]
    if one.verdict == REJECTED:
        raise NeverTry(
            f"the {one.set} {one.control} was rejected: {faults[0]['message'] if faults else ''}", faults=faults
        )
    number = summary(one.kind, one.document)["number"] if one.document is not None else None
    unmapped = next((f for f in one.findings if f.code == "unmapped"), None)
    if unmapped is not None:
        raise Unmapped(unmapped.expected, unmapped.value or "", faults=faults, number=number)
    if any(f.code == "no_guide" for f in one.findings):
        raise NeverTry(f"there is no guide for the {one.set} {one.control}", faults=faults)
    if one.quarantined:
        raise NeverTry(
            f"the {one.set} {one.control} needs a person: {faults[0]['message']}", faults=faults, number=number
        )


def commands(set_id: str, kind: str, document: Mapping[str, Any], around: InterchangeVerdict) -> list[InwardCommand]:
    if kind == "order":
        return _order(document, around)
    if kind == "ack":
        return [ack_received(document, _usage(around))]
    if kind == "order_change":
        document = {**document, "quantities": around.profile.settings.get("poc_quantity", "total")}
    shown = summary(kind, document)
    day = date.fromisoformat(shown["date"]) if shown["date"] else None
    read = DocumentRead(kind=kind, number=str(shown["number"] or ""), data=document, date=day)
    return [read, *_news(kind, document, around)]


def _news(kind: str, document: Mapping[str, Any], around: InterchangeVerdict) -> Iterator[InwardCommand]:
    """What a document says beside being one, where the hub has a word for it."""
    if kind == "pick_confirmation":
        yield from reported(document)
    elif kind == "stock_report":
        yield from counted(document)
    elif kind == "shipment_status":
        yield from tracked(document)
    elif kind == "order_change":
        yield from changed(document, _revision(around))


def _order(document: Mapping[str, Any], around: InterchangeVerdict) -> list[InwardCommand]:
    received = Received(
        partner=around.profile.partner if around.profile is not DEFAULT else "",
        control=around.control,
        stamp=around.isa[9] + around.isa[10],
        test=around.test,
    )
    purpose = document.get("purpose")
    if purpose == "cancel":
        number = external_id(document)
        return [CancelAsked(external_id=number, reason="cancelled by the partner", revision=_revision(around))]
    if purpose in _COPIES:
        return [DocumentRead(kind=f"order_{purpose}", number=external_id(document), data=document)]
    return [CaptureOrder(draft=draft) for draft in drafts(document, received)]


def _revision(around: InterchangeVerdict) -> str:
    """Sortable: when the partner made the interchange, then its number."""
    return f"{around.isa[9]}{around.isa[10]}-{around.control}"


def _usage(around: InterchangeVerdict) -> str:
    return "T" if around.test else "P"


def ack_received(document: Mapping[str, Any], usage: str) -> AckReceived:
    """A 997 or 999: the verdict of each set that we sent, or of the group alone."""
    sets = tuple(
        (s.get("control", ""), STATUS.get(s.get("status", ""), "rejected")) for s in document.get("sets") or ()
    )
    rows = [
        {"set": s.get("set"), "control": s.get("control"), "status": s.get("status"), "errors": s.get("errors") or []}
        for s in document.get("sets") or ()
        if s.get("errors") or s.get("status") != "A"
    ]
    return AckReceived(
        group_control=document.get("group_control"),
        status=STATUS.get(document.get("status", ""), "accepted_with_errors"),
        sets=sets,
        errors=tuple(rows),
        usage=usage,
    )


def read_exchange(body: bytes, library: Library, profile: Profile | None = None) -> list[InwardCommand]:
    """`body`: one interchange as received. Its verdict with what must be answered, and the TA1s in it."""
    for found in examine([body], library, profile, documents=False):
        if isinstance(found, Unread):
            raise NeverTry(f"unreadable: {found.reason}")
        if isinstance(found, InterchangeVerdict):
            return [exchange_read(found), *technical(found)]
    raise NeverTry("there is no interchange in it")


def exchange_read(found: InterchangeVerdict) -> ExchangeRead:
    levels: Sequence[Sequence[Finding]] = [found.findings, *(g.findings for g in found.groups)]
    errors = [error(f) for level in levels for f in level]
    if found.stranger:
        words = f"the sender {'/'.join(found.sender)} is not {found.profile.partner}"
        errors.insert(0, {"code": "unknown_partner", "message": words, "segment": "ISA", "value": found.sender[1]})
    return ExchangeRead(
        control=found.control,
        sender="/".join(found.sender),
        receiver="/".join(found.receiver),
        verdict=found.verdict,
        test=found.test,
        ack=answer(found),
        if_duplicate=refused_duplicate(found),
        errors=tuple(errors),
    )


def technical(found: InterchangeVerdict) -> Iterator[AckReceived]:
    for e in found.technical:
        control, status, code = (e[i] if len(e) > i else "" for i in (1, 4, 5))
        yield AckReceived(
            group_control=None,
            interchange_control=control,
            status=STATUS.get(status, "rejected"),
            usage=_usage(found),
            errors=({"code": code},) if code and code != "000" else (),
        )
