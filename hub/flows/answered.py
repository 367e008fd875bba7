"""A partner's answer to what we sent moves the state of our sets: every arrow of it, and what to do when it fits nothing."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, cast
from uuid import UUID

from hub import connections, timers
from hub.canon.commands import AckReceived
from hub.connections import SetAcked
from hub.connections.exchanges import AckState
from hub.flows.source import Source
from hub.flows.unanswered import KIND
from hub.incidents import Incidents, NewIncident
from hub.kit.db import Tx
from hub.kit.errors import HubError
from hub.ledger import append, fact

_PLACE = re.compile("[0-9]{1,6}")  # AK302


async def acks_received(
    tx: Tx, items: Sequence[tuple[AckReceived, Source]], incidents: Incidents
) -> list[HubError | None]:
    """One for nothing that we sent is an incident, never guessed; of two that contradict each other the first stays. What came in an
    interchange that is refused moves nothing.
    """
    for said, source in items:
        if source.refused is not None:
            continue
        moved = await _moved(tx, said, source)
        if moved is None:
            if said.status == "accepted_with_errors":
                await incidents.open(tx, [_noted(said, source)])
            continue
        whole = await _whole(tx, said, source)
        named = {control.lstrip("0") for control, _ in said.sets}
        if (not moved and whole is None) or named - {m.set_control.lstrip("0") for m in moved}:
            await incidents.open(tx, [_unmatched(said, source)])
        found: list[NewIncident] = []
        bad = [m.document_id for m in moved if m.changed and m.new == "rejected"]
        ours = await connections.segments(tx, bad)
        for one in moved:
            found += _told(tx, one, said, source, ours)
        await incidents.open(tx, found)
        if whole is not None and (not moved or any(m.changed for m in moved)):
            await incidents.open(tx, [_interchange(whole, said, source)])
        await timers.cancel(tx, _answered(moved), kinds=[KIND])
    return [source.refused for _, source in items]


async def _moved(tx: Tx, said: AckReceived, source: Source) -> list[SetAcked] | None:
    """None: a TA1 that only says that the envelope arrived; it moves nothing, but must fit something that we sent."""
    states = cast("Mapping[str, AckState]", dict(said.sets) or {"*": said.status})
    if said.interchange_control and said.status != "rejected":
        return None if await _sent(tx, said, source) else []
    return await connections.acked(
        tx,
        source.connection_id,
        states,
        interchange=said.interchange_control,
        group=said.group_control,
        usage=said.usage,
    )


async def _whole(tx: Tx, said: AckReceived, source: Source) -> UUID | None:
    """The interchange of ours that is rejected; one that holds acknowledgements only has no set that could move."""
    return await _sent(tx, said, source) if said.status == "rejected" else None


async def _sent(tx: Tx, said: AckReceived, source: Source) -> UUID | None:
    if not said.interchange_control:
        return None
    return await connections.sent_as(tx, source.connection_id, said.interchange_control, said.usage)


def _answered(moved: Sequence[SetAcked]) -> list[UUID]:
    """Exchanges of which nothing is waited for any more: what these answers spoke of are all their sets, as we send one set in each."""
    return sorted({m.exchange_id for m in moved})


def _told(
    tx: Tx, one: SetAcked, said: AckReceived, source: Source, ours: Mapping[tuple[UUID, int], Any]
) -> list[NewIncident]:
    told = {"set": one.set_id, "control": one.set_control, "from": one.old, "to": one.new, "number": one.number}
    if one.contradicts:
        append(tx, [fact(tx, "ack.contradicted", "exchange", one.exchange_id, told, source.cause)])
        return [_contradicted(one, source)]
    if one.changed:
        append(tx, [fact(tx, "ack.received", "exchange", one.exchange_id, told, source.cause)])
    return [_rejected(one, said, source, ours)] if one.changed and one.new == "rejected" else []


def _unmatched(said: AckReceived, source: Source) -> NewIncident:
    return NewIncident(
        kind="ack_unmatched",
        summary=f"An acknowledgement for group {said.group_control or '-'}, interchange {said.interchange_control or '-'} fits nothing that we sent.",
        subject_kind="message",
        subject_id=source.message_id,
        cause=source.cause,
    )


def _interchange(exchange_id: UUID, said: AckReceived, source: Source) -> NewIncident:
    return NewIncident(
        kind="interchange_rejected",
        summary=f"The partner rejected our interchange {said.interchange_control} with everything in it.",
        subject_kind="exchange",
        subject_id=exchange_id,
        cause=source.cause,
        data={"errors": list(said.errors)},
    )


def _noted(said: AckReceived, source: Source) -> NewIncident:
    return NewIncident(
        kind="interchange_noted",
        summary=f"The partner took our interchange {said.interchange_control}, and found a fault in its envelope.",
        subject_kind="message",
        subject_id=source.message_id,
        cause=source.cause,
        data={"errors": list(said.errors)},
    )


def _rejected(one: SetAcked, said: AckReceived, source: Source, ours: Mapping[tuple[UUID, int], Any]) -> NewIncident:
    """With what the partner faults beside the segment of ours that it means."""
    own = [e for e in said.errors if str(e.get("control", "")).lstrip("0") in ("", one.set_control.lstrip("0"))]
    return NewIncident(
        kind="document_rejected",
        summary=f"The partner rejected our {one.set_id} {one.number or one.set_control}.",
        subject_kind="exchange",
        subject_id=one.exchange_id,
        detail=f"{one.group_control}/{one.set_control}",
        cause=source.cause,
        data={"errors": [_resolved(e, one.document_id, ours) for e in own]},
    )


def _resolved(error: Mapping[str, Any], document: UUID, ours: Mapping[tuple[UUID, int], Any]) -> Mapping[str, Any]:
    faults = []
    for fault in error.get("errors") or ():
        place = str(fault.get("position", ""))
        row = ours.get((document, int(place))) if _PLACE.fullmatch(place) else None
        faults.append({**fault, "ours": row["raw"], "name": row["name"]} if row is not None else fault)
    return {**error, "errors": faults}


def _contradicted(one: SetAcked, source: Source) -> NewIncident:
    return NewIncident(
        kind="ack_contradicted",
        summary=f"The partner said first that our {one.set_id} {one.number or one.set_control} is {one.old}, now {one.new}; the first stays.",
        subject_kind="exchange",
        subject_id=one.exchange_id,
        detail=f"{one.group_control}/{one.set_control}",
        cause=source.cause,
    )
