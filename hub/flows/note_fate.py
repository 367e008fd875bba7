"""A note on its way out as its room sees it now: whether there is anything left to send, and what signing alone makes legal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

from hub import fiscal
from hub.canon.commands import (
    AskAuthority,
    AuthorityReported,
    AuthorizeInvoice,
    InvoiceEventReported,
    InvoiceReported,
    InwardCommand,
    NumbersReported,
    OutwardCommand,
    RegisterInvoiceEvent,
    VoidNumbers,
)
from hub.fiscal import FiscalState
from hub.kit.db import Tx

S = FiscalState
ON_ITS_WAY = frozenset({S.PENDING, S.SIGNED, S.SENT, S.UNKNOWN, S.CONTINGENCY})
EPEC, OFFLINE = 4, 9  # tpEmis


async def as_they_stand(tx: Tx, commands: Sequence[OutwardCommand]) -> list[OutwardCommand | None]:
    """The commands, those of notes marked where they must not be sent again and with bytes that were signed before; None for one whose note
    has come to an end or was given up.
    """
    ids = [UUID(c.invoice_id) for c in commands if isinstance(c, AuthorizeInvoice)]
    notes = await fiscal.standing(tx, ids) if ids else {}
    return [_stands(c, notes) if isinstance(c, AuthorizeInvoice) else c for c in commands]


def _stands(command: AuthorizeInvoice, notes: Mapping[UUID, Any]) -> AuthorizeInvoice | None:
    note = notes.get(UUID(command.invoice_id))
    if note is None or S(note["state"]) not in ON_ITS_WAY:
        return None
    unwanted = note["replaced_by_id"] is not None or note["unwanted"] is not None
    never = unwanted and S(note["state"]) in {S.SENT, S.UNKNOWN}
    return replace(command, never_again=never, signed=note["signed_xml"])


def born_of_signing(command: AuthorizeInvoice, key: str, signed: bytes) -> list[InvoiceReported]:
    """SIGNED; an off-line note is legal from then on, and its goods may leave. One whose EPEC is registered was legal before."""
    emission = command.invoice["emission_type"]
    status = "CONTINGENCY" if emission == EPEC else "SIGNED"
    news = InvoiceReported(invoice_id=command.invoice_id, status=status, access_key=key, signed_xml=signed)
    if emission != OFFLINE:
        return [news]
    return [news, InvoiceReported(invoice_id=command.invoice_id, status="CONTINGENCY", access_key=key)]


def silence(command: AskAuthority) -> AuthorityReported:
    """Nobody answered the question whether the service operates, and that is the answer."""
    return AuthorityReported(model=command.model, standby=command.standby, works=False)


def refused_unsent(
    command: AuthorizeInvoice | RegisterInvoiceEvent | VoidNumbers, code: str, said: str
) -> tuple[InwardCommand, ...]:
    """What our own checks refuse never left: the note's number is still ours, the event or the range may be asked for again."""
    words: dict[str, Any] = {"status": "REJECTED", "authority_code": code, "authority_message": said}
    if isinstance(command, AuthorizeInvoice):
        return (InvoiceReported(invoice_id=command.invoice_id, **words),)
    if isinstance(command, VoidNumbers):
        return (NumbersReported(request_id=command.request_id, **words),)
    return (
        InvoiceEventReported(
            event_id=command.event_id,
            invoice_id=command.invoice_id,
            kind=command.kind,
            access_key=command.access_key,
            sequence=command.sequence,
            **words,
        ),
    )
