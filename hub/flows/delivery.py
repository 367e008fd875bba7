"""A delivery on its way: what is known of it, and what its end means."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from uuid import UUID

from hub import connections, outbox
from hub.canon.commands import (
    AskAuthority,
    AuthorizeInvoice,
    GnreGuideReported,
    InvoiceEventReported,
    InvoiceReported,
    InwardCommand,
    IssueGnreGuide,
    NumbersReported,
    OutwardCommand,
    RegisterInvoiceEvent,
    VoidNumbers,
)
from hub.canon.ports import (
    Accepted,
    Account,
    Adapter,
    Call,
    Done,
    FieldFault,
    NeverTry,
    Outcome,
    Rejected,
    Retry,
    Unknown,
    Unmapped,
)
from hub.flows.note_fate import refused_unsent
from hub.flows.source import Source
from hub.incidents import NewIncident
from hub.kit.lease import Failure
from hub.ledger import Cause

SIGNED = AuthorizeInvoice | RegisterInvoiceEvent | VoidNumbers


@dataclass(slots=True)
class Work:
    """One leased delivery and what its calls have learnt so far."""

    owed: outbox.Claimed
    connection: connections.Connection
    account: Account
    adapter: Adapter
    command: OutwardCommand
    over: bool = False  # there is nothing left to send
    refusal: NeverTry | Unmapped | None = None  # why its bytes could not be prepared
    fixed: Call | None = None
    references: dict[str, str] = field(default_factory=dict)
    results: list[InwardCommand] = field(default_factory=list)
    attempts: list[outbox.Attempt] = field(default_factory=list)

    @property
    def cause(self) -> Cause:
        return Cause(self.owed.correlation_id, self.owed.delivery_id)


@dataclass(frozen=True, slots=True)
class Ended:
    """A delivery that was answered, or not, and what follows from it."""

    work: Work
    outcome: Outcome

    @property
    def news(self) -> list[InwardCommand]:
        more = () if isinstance(self.outcome, Done) else getattr(self.outcome, "results", ())
        return [*self.work.results, *more]

    @property
    def over(self) -> bool:
        return isinstance(self.outcome, Done) or _said_no(self.outcome)

    @property
    def tells(self) -> bool:
        """Whether it says something of the destination. Silence is an answer to the question whether an authority is there."""
        return not isinstance(self.work.command, AskAuthority) and (
            bool(self.work.attempts) or not isinstance(self.outcome, Done)
        )

    @property
    def answered(self) -> bool:
        last = self.work.attempts[-1].status if self.work.attempts else None
        return last is not None and not (isinstance(self.outcome, Retry) and self.outcome.outage)

    @property
    def refused_guide(self) -> bool:
        results = getattr(self.outcome, "results", ())
        return any(isinstance(n, GnreGuideReported) and n.status == "REJECTED" for n in results)


def _said_no(outcome: Outcome) -> bool:
    """A note, an event or a range that is refused for good: the room knows it, an incident follows from its fact, and what is asked
    next about the same note must not wait behind this row.
    """
    return isinstance(outcome, Rejected) and any(
        isinstance(n, InvoiceReported | InvoiceEventReported | NumbersReported) and n.status in ("REJECTED", "DENIED")
        for n in outcome.results
    )


def connection_of(destination: str) -> UUID:
    return UUID(destination.partition(":")[0])


def source_of(work: Work) -> Source:
    return Source(
        message_id=work.owed.delivery_id,
        connection_id=work.connection.connection_id,
        channel=work.connection.code,
        cause=work.cause,
        attempts=work.owed.attempts,
    )


def learnt(work: Work) -> list[connections.ForeignRef]:
    return [
        connections.ForeignRef(
            subject_id=work.owed.subject_id, connection_id=work.connection.connection_id, name=n, value=v
        )
        for n, v in work.references.items()
    ]


def failure_of(work: Work, outcome: Outcome) -> Failure:
    status = work.attempts[-1].status if work.attempts else None
    fingerprint = f"{work.connection.adapter}:{work.owed.kind}"
    if isinstance(outcome, Rejected):
        text = f"{outcome.code}: {outcome.message}"
        text += "".join(f"; {f.at}: {f.message}" for f in outcome.fields)
        mark = f"{fingerprint}:{outcome.code}"
        return Failure(leased=work.owed.leased, error=text[:2000], park=True, fingerprint=mark, status=status)
    if isinstance(outcome, Unknown):
        return Failure(
            leased=work.owed.leased, error=outcome.reason, fingerprint=f"{fingerprint}:UNKNOWN", status=status
        )
    after = outcome.after if isinstance(outcome, Retry | Accepted) else timedelta()
    reason = outcome.reason if isinstance(outcome, Retry) else "the other side is still working on it"
    return Failure(
        leased=work.owed.leased,
        error=reason,
        after=after,
        untried=not work.attempts or isinstance(outcome, Accepted) or (isinstance(outcome, Retry) and outcome.outage),
        fingerprint=f"{fingerprint}:RETRY",
        status=status,
    )


def faults_of(error: NeverTry | Unmapped) -> tuple[FieldFault, ...]:
    return tuple(
        FieldFault(at=str(f.get("at", "")), code=str(f.get("code", "")), message=str(f.get("message", "")))
        for f in error.data["faults"]
    )


def refused(work: Work, error: NeverTry | Unmapped) -> tuple[InwardCommand, ...]:
    """A note that our own checks refuse was never sent: it is rejected, and its number is still ours. A guide likewise."""
    if isinstance(work.command, IssueGnreGuide) and not work.command.asked_before:
        named = tuple((f.at, f.code, f.message) for f in faults_of(error))
        return (
            GnreGuideReported(
                guide_id=work.command.guide_id, status="REJECTED", code=error.code, message=str(error), fields=named
            ),
        )
    if work.owed.prepared or not isinstance(work.command, SIGNED) or work.command.signed:
        return ()
    said = "; ".join(filter(None, [str(error), *(f"{f.at}: {f.message or f.code}" for f in faults_of(error))]))
    return refused_unsent(work.command, error.code, said[:500])


def incident_of(work: Work, error: str) -> NewIncident:
    return NewIncident(
        kind="delivery_parked",
        summary=f"{work.owed.kind} to {work.connection.label} failed: {error}"[:500],
        subject_kind="delivery",
        subject_id=work.owed.delivery_id,
        cause=work.cause,
        data={"kind": work.owed.kind},
    )
