"""The life of a fiscal document: its states, which may follow which, and the fact that each makes. Decides; does not store."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from itertools import pairwise
from typing import ClassVar

from hub.kit.errors import HubError


class FiscalState(StrEnum):
    """PENDING: number, code and date are fixed. UNKNOWN: sent, fate unknown. VOID_PENDING: the number is given up, inutilização asked."""

    PENDING = "PENDING"
    SIGNED = "SIGNED"
    SENT = "SENT"
    UNKNOWN = "UNKNOWN"
    CONTINGENCY = "CONTINGENCY"
    AUTHORIZED = "AUTHORIZED"
    REJECTED = "REJECTED"
    DENIED = "DENIED"
    CANCELLED = "CANCELLED"
    VOID_PENDING = "VOID_PENDING"
    VOIDED = "VOIDED"


S = FiscalState

LIFE: Mapping[S, frozenset[S]] = {
    S.PENDING: frozenset({S.SIGNED, S.REJECTED, S.VOID_PENDING}),
    S.SIGNED: frozenset({S.SENT, S.CONTINGENCY, S.REJECTED, S.VOID_PENDING}),
    S.SENT: frozenset({S.AUTHORIZED, S.REJECTED, S.DENIED, S.UNKNOWN, S.SIGNED}),
    S.UNKNOWN: frozenset({S.AUTHORIZED, S.SENT, S.REJECTED, S.DENIED, S.CANCELLED, S.VOID_PENDING}),
    S.CONTINGENCY: frozenset({S.SENT}),
    S.AUTHORIZED: frozenset({S.CANCELLED}),
    S.REJECTED: frozenset({S.PENDING, S.VOID_PENDING}),
    S.DENIED: frozenset(),
    S.CANCELLED: frozenset(),
    S.VOID_PENDING: frozenset({S.VOIDED}),
    S.VOIDED: frozenset(),
}

FACTS: Mapping[S, str] = {
    S.PENDING: "invoice.requested",
    S.SIGNED: "invoice.signed",
    S.SENT: "invoice.sent",
    S.UNKNOWN: "invoice.unknown",
    S.CONTINGENCY: "invoice.contingency_entered",
    S.AUTHORIZED: "invoice.authorized",
    S.REJECTED: "invoice.rejected",
    S.DENIED: "invoice.denied",
    S.CANCELLED: "invoice.cancelled",
    S.VOID_PENDING: "invoice.void_asked",
    S.VOIDED: "invoice.number_voided",
}


class IllegalFiscalMove(HubError):
    """A fiscal document cannot go from {state} to {asked}."""

    code: ClassVar[str] = "ILLEGAL_FISCAL_MOVE"


class UnknownDocument(HubError):
    """There is no fiscal document with this id."""

    code: ClassVar[str] = "NOT_FOUND"


def path(state: S, to: S) -> tuple[S, ...]:
    """The states passed from `state` to `to`, the last one included. An answer that arrives before we noted the sending passes
    through SENT; an answer that the state already knows passes through nothing.
    """
    if state is to:
        return ()
    for between in ((), (S.SENT,), (S.SIGNED,), (S.SIGNED, S.SENT)):
        way = (*between, to)
        if all(b in LIFE[a] for a, b in pairwise((state, *way))):
            return way
    raise IllegalFiscalMove(state=state.value, asked=to.value)
