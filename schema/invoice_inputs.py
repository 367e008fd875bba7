"""Inputs of the mutations of notes: cancel, correct, retry, void, issue, return; modes of contingency; certificates."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated
from uuid import UUID

from schema.inputs import AddressInput, ConnectionId, LocationId
from schema.plan.scalars import Amount, Json, Quantity, Timestamp
from schema.types.enums import DeliveryEvent, DeliveryFailure, EmissionMode, ReformEvent

InvoiceId = Annotated[UUID, "fis"]


@dataclass(frozen=True, slots=True, kw_only=True)
class CancelInvoiceInput:
    invoice_id: InvoiceId
    reason: str
    goods_stayed: bool = False
    substitute_id: InvoiceId | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CorrectInvoiceInput:
    invoice_id: InvoiceId
    correction: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReformEventInput:
    invoice_id: InvoiceId
    kind: ReformEvent
    details: Json | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ShareInvoiceInput:
    invoice_id: InvoiceId
    tax_id: str
    may_authorize: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryEventInput:
    invoice_id: InvoiceId
    kind: DeliveryEvent
    at: Timestamp | None = None
    name: str | None = None
    document: str | None = None
    failure: DeliveryFailure | None = None
    reason: str | None = None
    attempt: int | None = None
    latitude: Quantity | None = None
    longitude: Quantity | None = None
    proof: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryInvoiceInput:
    invoice_id: InvoiceId


@dataclass(frozen=True, slots=True, kw_only=True)
class VoidNumbersInput:
    location_id: LocationId
    model: int = 55
    series: int
    first: int
    last: int
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReturnedUnitsInput:
    sku: str
    quantity: Quantity


@dataclass(frozen=True, slots=True, kw_only=True)
class ReturnInvoiceInput:
    invoice_id: InvoiceId
    lines: tuple[ReturnedUnitsInput, ...] | None = None
    note: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class InvoiceRecipientInput:
    name: str
    tax_id: str
    state_registration: str | None = None
    address: AddressInput


@dataclass(frozen=True, slots=True, kw_only=True)
class InvoiceLineInput:
    sku: str
    quantity: Quantity
    unit_price: Amount


@dataclass(frozen=True, slots=True, kw_only=True)
class IssueInvoiceInput:
    operation: str
    location_id: LocationId
    to_location_id: LocationId | None = None
    recipient: InvoiceRecipientInput | None = None
    lines: tuple[InvoiceLineInput, ...]
    referenced_keys: tuple[str, ...] | None = None
    note: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EmissionModeInput:
    connection_id: ConnectionId
    model: int = 55
    mode: EmissionMode
    reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CertificateInput:
    connection_id: ConnectionId
    pkcs12: str
    password: str
