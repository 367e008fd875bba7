"""Payloads of the mutations around a note: collection guides, notes issued to us, the accountants' month."""

from __future__ import annotations

from enum import StrEnum

import strawberry

from schema.mutations.payloads import made
from schema.types.guides import GnreGuide
from schema.types.incoming import IncomingNote
from schema.types.parts import UserError


@strawberry.enum
class FiscalDutyErrorCode(StrEnum):
    NOT_FOUND = "NOT_FOUND"
    ILLEGAL_MOVE = "ILLEGAL_MOVE"
    REASON_REQUIRED = "REASON_REQUIRED"
    BAD_MONTH = "BAD_MONTH"
    NOTHING_TO_MATCH = "NOTHING_TO_MATCH"


@strawberry.type
class FiscalDutyUserError(UserError):
    message: str
    field: list[str] | None
    code: FiscalDutyErrorCode


@strawberry.type
class GnreGuidePayload:
    guide: GnreGuide | None = made("guide")
    user_errors: list[FiscalDutyUserError]
    replayed: bool


@strawberry.type
class IncomingNotePayload:
    note: IncomingNote | None = made("note")
    user_errors: list[FiscalDutyUserError]
    replayed: bool


@strawberry.type
class FiscalMonthPayload:
    url: str | None = strawberry.field(description="Where the zip is downloaded with the same key.")
    notes: int | None = strawberry.field(description="Numbers of the month, those without a document included.")
    user_errors: list[FiscalDutyUserError]
    replayed: bool
