"""What a node says of its pick orders moves the fulfillments on. A lower sequence is ignored, a gap is waited for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from hub import fulfillment
from hub.canon.commands import FulfillmentReported, ReportedPackage
from hub.canon.states import OrderState
from hub.flows import beside
from hub.flows.source import Inapplicable, NotYet, Source
from hub.incidents import Incidents, NewIncident
from hub.kit.db import Tx
from hub.kit.errors import HubError
from hub.kit.ids import BadId, read_id
from hub.ledger import append, fact

STEPS = {
    "ACKNOWLEDGED": OrderState.APPROVED,
    "PICKING": OrderState.PICKING,
    "PICKED": OrderState.PICKING,
    "PACKED": OrderState.PACKED,
    "DISPATCHED": OrderState.PACKED,
}
GAP = timedelta(seconds=60)
Report = tuple[FulfillmentReported, Source]


@dataclass(frozen=True, slots=True)
class _Known:
    """A report with the fulfillment that it speaks of."""

    said: FulfillmentReported
    source: Source
    row: Any
    by_number: dict[str, Any]  # our line reference -> the line's row

    def added(self, name: str, totals: dict[str, Decimal]) -> dict[UUID, Decimal]:
        """A node's numbers are totals of the pick order; what is new is the difference to what we counted. Never negative."""
        found = {self.by_number[ref]["line_id"]: n - self.by_number[ref][name] for ref, n in totals.items()}
        return {i: n for i, n in found.items() if n > 0}


async def reported(tx: Tx, reports: Sequence[Report], incidents: Incidents) -> list[HubError | None]:
    """An outcome for each report, in order: None, or why it was not applied (`NotYet`, `Inapplicable`)."""
    outcomes: list[HubError | None] = [None] * len(reports)
    ids: dict[int, UUID] = {}
    for n, (said, _) in enumerate(reports):
        try:
            ids[n] = read_id("ful", said.pick_order)
        except BadId as error:
            outcomes[n] = Inapplicable(error.sentence())
    rows, found = await fulfillment.lock(tx, ids.values()), await fulfillment.lines(tx, ids.values())
    for turn in _turns(reports, ids):
        steps: list[tuple[int, fulfillment.Progress]] = []
        for n in turn:
            row = rows.get(ids[n])
            if row is None:
                outcomes[n] = NotYet(f"pick order {reports[n][0].pick_order}", timedelta(minutes=5))
                continue
            known = _Known(*reports[n], row, {str(x["line_no"]): x for x in found[ids[n]]})
            outcomes[n] = _out_of_turn(tx, known)
            if outcomes[n] is None and not _stale(known):
                try:
                    steps += [(n, s) for s in await _steps(tx, known, incidents)]
                except HubError as error:
                    outcomes[n] = error
        refused = await fulfillment.progress(tx, [s for _, s in steps])
        for step, why in refused:
            n = next(i for i, s in steps if s is step)
            outcomes[n] = Inapplicable(why.sentence(), ({"code": why.code, "message": why.sentence()},))
        done = [n for n in turn if outcomes[n] is None and ids[n] in rows]
        odd = [beside.Beside(reports[n][0], reports[n][1].cause, rows[ids[n]], found[ids[n]]) for n in done]
        await beside.told(tx, odd, incidents)
        await _after(tx, reports, turn, outcomes, rows)
        rows, found = await fulfillment.lock(tx, ids.values()), await fulfillment.lines(tx, ids.values())
    return outcomes


def _turns(reports: Sequence[Report], ids: dict[int, UUID]) -> list[list[int]]:
    """Reports of one fulfillment go one after the other in their sequence; different ones go together."""
    by_subject: dict[UUID, list[int]] = {}
    for n, subject in ids.items():
        by_subject.setdefault(subject, []).append(n)
    turns: list[list[int]] = []
    for same in by_subject.values():
        for place, n in enumerate(sorted(same, key=lambda i: reports[i][0].sequence or 0)):
            if place == len(turns):
                turns.append([])
            turns[place].append(n)
    return turns


def _stale(known: _Known) -> bool:
    sequence = known.said.sequence
    return sequence is not None and sequence <= known.row["wms_sequence"]


def _out_of_turn(tx: Tx, known: _Known) -> HubError | None:
    """A report from the past is a fact and nothing else; one from the future waits a minute for what is missing."""
    said, row = known.said, known.row
    if _stale(known):
        told = {"status": said.status, "sequence": said.sequence, "standing": row["wms_sequence"]}
        append(
            tx, [fact(tx, "fulfillment.report_ignored", "fulfillment", row["fulfillment_id"], told, known.source.cause)]
        )
        return None
    if said.sequence is not None and said.sequence > row["wms_sequence"] + 1 and known.source.attempts < 2:
        return NotYet(f"report {row['wms_sequence'] + 1} of {said.pick_order}", GAP)
    return None


async def _steps(tx: Tx, known: _Known, incidents: Incidents) -> list[fulfillment.Progress]:
    said, row = known.said, known.row
    here, cause = row["fulfillment_id"], known.source.cause
    if said.status == "REFUSED":
        await fulfillment.ask_cancel(tx, {here: cause}, "REROUTE", said.reason or "refused by the node")
        await fulfillment.cancelled(tx, {here: cause})
        await incidents.open(tx, [_refused(known)])
        return []
    if said.status == "CANCELLED":
        await fulfillment.cancelled(tx, {here: cause})
        return []
    if said.status == "CANCEL_REFUSED":
        await fulfillment.cancel_refused(tx, {here: cause}, said.reason or "already packed")
        await incidents.open(tx, [_cancel_refused(known)])
        return []
    if said.status not in STEPS:
        raise Inapplicable(f"the status {said.status} is not known")
    return [_progress(known)]


def _progress(known: _Known) -> fulfillment.Progress:
    said = known.said
    unknown = [x.line for x in said.lines if x.line not in known.by_number]
    if unknown:
        raise Inapplicable(f"the pick order has no line {', '.join(unknown)}")
    asked = [x for x in said.lines if x.instead is None]
    picked = {x.line: x.quantity for x in asked} if said.status == "PICKED" and asked else None
    return fulfillment.Progress(
        fulfillment_id=known.row["fulfillment_id"],
        to=STEPS[said.status],
        cause=known.source.cause,
        picked=None if picked is None else known.added("picked", picked),
        packed=_packed(known),
        short=known.added("short", {x.line: x.short for x in asked}),
        reason=next((x.reason for x in said.lines if x.reason), said.reason),
        packages=tuple(_package(p, known.by_number) for p in said.packages),
        wms_reference=said.wms_id,
        sequence=said.sequence,
    )


def _packed(known: _Known) -> dict[UUID, Decimal] | None:
    """Quantities packed by line, where the packages say them."""
    if known.said.status != "PACKED":
        return None
    sums: dict[str, Decimal] = {}
    for package in known.said.packages:
        for x in package.lines:
            if x.line in known.by_number:
                sums[x.line] = sums.get(x.line, Decimal(0)) + x.quantity
    return known.added("packed", sums) if sums else None


def _package(p: ReportedPackage, by_number: dict[str, Any]) -> dict[str, Any]:
    length, width, height = p.size_mm or (None, None, None)
    return {
        "sscc": p.sscc,
        "weight_g": p.weight_g,
        "length_mm": length,
        "width_mm": width,
        "height_mm": height,
        "content": [
            {"line_id": by_number[x.line]["line_id"], "quantity": x.quantity} for x in p.lines if x.line in by_number
        ],
    }


async def _after(
    tx: Tx, reports: Sequence[Report], turn: Sequence[int], outcomes: Sequence[HubError | None], rows: dict[UUID, Any]
) -> None:
    """A node that reports DISPATCHED asks for dispatch: the gate decides."""
    for n in turn:
        said, source = reports[n]
        if said.status != "DISPATCHED" or outcomes[n] is not None:
            continue
        here = read_id("ful", said.pick_order)
        if rows[here]["dispatch_requested_at"] is not None or (said.sequence or 1) <= rows[here]["wms_sequence"]:
            continue
        first = said.packages[0] if said.packages else ReportedPackage()
        asked = fulfillment.DispatchAsked(
            fulfillment_id=here,
            carrier=first.carrier or rows[here]["carrier"] or "",
            service=first.service or rows[here]["service"],
            tracking=first.tracking,
            cause=source.cause,
        )
        await fulfillment.ask_dispatch(tx, asked)


def _refused(known: _Known) -> NewIncident:
    return _incident(
        known, "pick_refused", f"The node refused {known.said.pick_order}: {known.said.reason or 'no reason given'}."
    )


def _cancel_refused(known: _Known) -> NewIncident:
    return _incident(
        known,
        "cancel_refused",
        f"The node goes on with {known.said.pick_order}: {known.said.reason or 'already packed'}.",
    )


def _incident(known: _Known, kind: str, summary: str) -> NewIncident:
    return NewIncident(
        kind=kind,
        summary=summary,
        subject_kind="fulfillment",
        subject_id=known.row["fulfillment_id"],
        order_id=known.row["order_id"],
        cause=known.source.cause,
    )
