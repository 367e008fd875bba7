"""Payloads of the mutations of notes, modes of contingency and certificates."""

from __future__ import annotations

from enum import StrEnum

import strawberry

from schema.mutations.payloads import made
from schema.plan.scalars import Timestamp
from schema.types.authorities import FiscalAuthority
from schema.types.connections import Connection
from schema.types.fiscal import FiscalDocument
from schema.types.invoice_parts import FiscalVoid
from schema.types.parts import UserError


@strawberry.enum
class InvoiceErrorCode(StrEnum):
    NOT_FOUND = "NOT_FOUND"
    NOT_AUTHORIZED = "NOT_AUTHORIZED"
    WINDOW_CLOSED = "WINDOW_CLOSED"
    EVENT_NOT_OFFERED = "EVENT_NOT_OFFERED"
    EVENT_WAITS = "EVENT_WAITS"
    TEXT_LENGTH = "TEXT_LENGTH"
    TOO_MANY_EVENTS = "TOO_MANY_EVENTS"
    NOTHING_TO_UNDO = "NOTHING_TO_UNDO"
    NOT_A_SUBSTITUTE = "NOT_A_SUBSTITUTE"
    BAD_PROOF = "BAD_PROOF"
    GOODS_LEFT = "GOODS_LEFT"
    ILLEGAL_FISCAL_MOVE = "ILLEGAL_FISCAL_MOVE"
    NUMBERS_USED = "NUMBERS_USED"
    BAD_RANGE = "BAD_RANGE"
    OVER_RETURNED = "OVER_RETURNED"
    NOTHING_TO_NOTE = "NOTHING_TO_NOTE"
    INVOICE_INCOMPLETE = "INVOICE_INCOMPLETE"
    NO_RULE = "NO_RULE"
    NO_ISSUER = "NO_ISSUER"
    MODE_NOT_OFFERED = "MODE_NOT_OFFERED"
    CERTIFICATE_REFUSED = "CERTIFICATE_REFUSED"


@strawberry.type
class InvoiceUserError(UserError):
    message: str
    field: list[str] | None
    code: InvoiceErrorCode


@strawberry.type
class InvoicePayload:
    invoice: FiscalDocument | None = made("invoice")
    user_errors: list[InvoiceUserError]
    replayed: bool


@strawberry.type
class VoidNumbersPayload:
    void: FiscalVoid | None = made("void")
    user_errors: list[InvoiceUserError]
    replayed: bool


@strawberry.type
class EmissionModePayload:
    authority: FiscalAuthority | None = made("authority")
    user_errors: list[InvoiceUserError]
    replayed: bool


@strawberry.type
class CertificatePayload:
    connection: Connection | None = made("connection")
    ends_at: Timestamp | None
    user_errors: list[InvoiceUserError]
    replayed: bool
