"""A note whose goods do not leave is taken back: unsent, its number is voided; authorized, it is cancelled; unknown, as soon as its fate is known."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from uuid import UUID

from hub import fiscal, timers
from hub.fiscal import EventAsk, Series
from hub.flows.note_events import owe_voids, tell_authority
from hub.flows.reactor import Deps, Flow
from hub.incidents import NewIncident
from hub.kit.db import Tx
from hub.kit.errors import HubError
from hub.ledger import Cause, Fact

VOID = "void_numbers"
HOUR = timedelta(hours=1)  # numbers given up wait until the next full hour, so that neighbours go together
UNSOLD = "Pedido cancelado antes da saida da mercadoria"  # xJust
ELSEWHERE = "Mercadoria acobertada por outra nota, emitida em contingencia"


async def answer(tx: Tx, facts: Sequence[Fact], deps: Deps) -> None:
    asked = {f.subject_id: (UNSOLD, f.cause) for f in facts if f.type == "invoice.cancel_asked"}
    if asked:
        ending = await fiscal.end_notes(tx, asked)
        await _cancel(tx, {i: asked[i] for i in ending.cancel}, deps)
    known = [f for f in facts if f.data.get("replaced") or f.data.get("unwanted")]
    authorized = {f.subject_id: f.cause for f in facts if f.type == "invoice.authorized"}
    twins = await fiscal.substituted(tx, list(authorized)) if authorized else {}
    await _substitute(tx, twins, authorized, deps)
    good = {f.subject_id: (_why(f), f.cause) for f in known if f.subject_id in authorized and f.subject_id not in twins}
    await _cancel(tx, good, deps)
    refused = {f.subject_id: f.cause for f in known if f.type == "invoice.rejected"}
    if refused:
        await fiscal.give_up(tx, refused)
    given_up = [f for f in facts if f.type == "invoice.void_asked"]
    if given_up:
        await timers.set_timers(tx, [_timer(tx, f) for f in given_up])
    bare = [f for f in facts if f.type == "invoice.rejected" and not f.data.get("fulfillment_id") and f not in known]
    await deps.incidents.open(tx, [*(_refused(f) for f in facts if f.type in REFUSALS), *map(_rejected, bare)])


def _why(f: Fact) -> str:
    return str(f.data.get("unwanted") or ELSEWHERE)


async def _cancel(tx: Tx, notes: dict[UUID, tuple[str, Cause]], deps: Deps) -> None:
    await _tell(tx, [EventAsk(document_id=i, kind="CANCEL", text=t, cause=c) for i, (t, c) in notes.items()], deps)


async def _substitute(
    tx: Tx, twins: Mapping[UUID, tuple[UUID, bool]], authorized: Mapping[UUID, Cause], deps: Deps
) -> None:
    """The authority has two NFC-e of one sale: the first is cancelled in favor of the one that the buyer holds, as soon as both are there."""
    asks = [
        EventAsk(
            document_id=i,
            kind="SUBSTITUTED",
            text=ELSEWHERE,
            cause=authorized.get(i) or authorized[by],
            substitute_id=by,
        )
        for i, (by, known) in twins.items()
        if known
    ]
    await _tell(tx, asks, deps)


async def _tell(tx: Tx, asks: Sequence[EventAsk], deps: Deps) -> None:
    """Each on its own: one that comes too late is somebody's business and keeps no other."""
    for ask in asks:
        try:
            await tell_authority(tx, [ask], deps)
        except HubError as error:
            await deps.incidents.open(tx, [_too_late(ask.document_id, error, ask.cause)])


def _too_late(document_id: UUID, error: HubError, cause: Cause) -> NewIncident:
    return NewIncident(
        kind="note_not_cancelled",
        summary=f"A note that nobody wants any more cannot be cancelled: {error.sentence()}",
        subject_kind="fiscal_document",
        subject_id=document_id,
        cause=cause,
        data={"code": error.code},
    )


REFUSALS = {
    "invoice.event_rejected": "invoice_event_rejected",
    "numbers.void_rejected": "void_rejected",
}


def _refused(f: Fact) -> NewIncident:
    what = (
        f"its {f.data['kind'].lower()} event" if "kind" in f.data else f"to void {f.data['first']} to {f.data['last']}"
    )
    return NewIncident(
        kind=REFUSALS[f.type],
        summary=f"The authority refused {what}: {f.data.get('code')} {f.data.get('message')}."[:500],
        subject_kind=f.subject_kind,
        subject_id=f.subject_id,
        order_id=UUID(f.data["order_id"]) if f.data.get("order_id") else None,
        detail=str(f.data.get("kind", "")),
        cause=f.cause,
        data={"code": f.data.get("code")},
    )


def _rejected(f: Fact) -> NewIncident:
    """A note that no dispatch waits for: a return, a transfer."""
    return NewIncident(
        kind="invoice_rejected",
        summary=f"The authority answered {f.data.get('code')}: {f.data.get('message')}."[:500],
        subject_kind="fiscal_document",
        subject_id=f.subject_id,
        order_id=UUID(f.data["order_id"]) if f.data.get("order_id") else None,
        cause=f.cause,
        data={"code": f.data.get("code")},
    )


# ------------------------------------------------------------------ numbers
def _timer(tx: Tx, f: Fact) -> timers.Timer:
    names = ("issuer_tax_id", "environment", "model", "series")
    payload = {n: f.data[n] for n in names}
    at = tx.now.replace(minute=0, second=0, microsecond=0) + HOUR
    return timers.Timer(
        kind=VOID,
        subject_kind="fiscal_document",
        subject_id=f.subject_id,
        at=at,
        payload=payload,
        dedupe_key=":".join(str(payload[n]) for n in names),
        correlation_id=f.correlation_id,
        causation_id=f.event_id,
    )


async def void(tx: Tx, fired: Sequence[timers.Fired]) -> None:
    """The timer's answer: numbers given up are voided, neighbours together."""
    for f in fired:
        p = f.payload
        series = Series(issuer=p["issuer_tax_id"], environment=p["environment"], model=p["model"], number=p["series"])
        await owe_voids(tx, await fiscal.void_given_up(tx, series))


FLOW = Flow(
    "retract",
    frozenset(
        {
            "invoice.cancel_asked",
            "invoice.authorized",
            "invoice.rejected",
            "invoice.void_asked",
            *REFUSALS,
        }
    ),
    answer,
)
