"""Inputs of the mutations around a note: collection guides, notes issued to us, the accountants' month."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated
from uuid import UUID

from schema.plan.scalars import Day
from schema.types.enums import Stance

GuideId = Annotated[UUID, "gnr"]
IncomingNoteId = Annotated[UUID, "inn"]
PurchaseOrderId = Annotated[UUID, "por"]
FiscalId = Annotated[UUID, "fis"]


@dataclass(frozen=True, slots=True, kw_only=True)
class GnreGuideInput:
    guide_id: GuideId


@dataclass(frozen=True, slots=True, kw_only=True)
class GnreGuidePaidInput:
    guide_id: GuideId
    paid_on: Day


@dataclass(frozen=True, slots=True, kw_only=True)
class ManifestInput:
    note_id: IncomingNoteId
    stance: Stance
    reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MatchNoteInput:
    note_id: IncomingNoteId
    purchase_order_id: PurchaseOrderId | None = None
    document_id: FiscalId | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FiscalMonthInput:
    month: str
    environment: int = 1
