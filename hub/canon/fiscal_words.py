"""The fiscal words of `hub.canon.commands`: what authorities say of notes, events, numbers and guides, and what we ask of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from hub.canon.guide import GnreGuide, GuidePayment, GuideRules


# ------------------------------------------------------------------ inward
@dataclass(frozen=True, slots=True, kw_only=True)
class InvoiceReported:
    """What the authority said of an invoice of ours. `status`: SIGNED, CONTINGENCY, SENT, AUTHORIZED, REJECTED, DENIED, UNKNOWN, CANCELLED;
    VOID_PENDING: the authority certainly has not what we will never send again.
    """

    invoice_id: str  # our fiscal document's UUID, hex
    status: str
    access_key: str | None = None
    protocol: str | None = None
    authority_code: str | None = None  # cStat
    authority_message: str | None = None  # xMotivo
    at: datetime | None = None
    signed_xml: bytes | None = None
    protocol_xml: bytes | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class InvoiceEventReported:
    """What the authority said of an event of ours. `status`: REGISTERED, REJECTED, UNKNOWN; `xml`: event and answer (procEventoNFe)."""

    event_id: str
    invoice_id: str | None
    kind: str  # of `RegisterInvoiceEvent`
    status: str
    access_key: str
    sequence: int
    protocol: str | None = None
    authority_code: str | None = None  # cStat
    authority_message: str | None = None  # xMotivo
    at: datetime | None = None
    xml: bytes | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NumbersReported:
    """What the authority said of numbers that we gave up. `status`: VOIDED, REJECTED, UNKNOWN."""

    request_id: str
    status: str
    protocol: str | None = None
    authority_code: str | None = None  # cStat
    authority_message: str | None = None  # xMotivo
    at: datetime | None = None
    xml: bytes | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthorityReported:
    """What the status service of an authority says. `code` None: no answer. `works`: it takes notes now."""

    model: int
    standby: bool
    works: bool
    code: str | None = None  # cStat
    message: str | None = None  # xMotivo
    at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class GnreGuideReported:
    """What the portal said of a guide of ours. `status`: ISSUED, PAID, REJECTED, UNKNOWN; `fields`: (field, code, words) of a refusal."""

    guide_id: str  # our guide's UUID, hex
    status: str
    receipt: str | None = None  # numeroRecibo
    code: str | None = None
    message: str | None = None
    payment: GuidePayment | None = None
    paid_on: date | None = None
    fields: tuple[tuple[str, str, str], ...] = ()
    pdf: bytes | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class GnreRulesReported:
    """What a UF wants on a guide for a revenue, as of now."""

    environment: int
    rules: GuideRules


# ------------------------------------------------------------------ outward
@dataclass(frozen=True, slots=True, kw_only=True)
class AuthorizeInvoice:
    """Build, sign and send an invoice. `invoice` is the canonical invoice as JSON (hub.canon.invoice); `signed` the stored bytes once signed."""

    invoice_id: str
    invoice: Mapping[str, Any]
    signed: bytes | None = None
    asked_before: bool = False  # a send began earlier: query by key first
    never_again: bool = False  # another note has its goods, or nobody wants it: learn its fate, do not send it
    only_sign: bool = False  # off-line: the signed note is legal as it is, it leaves when the authority is back


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisterInvoiceEvent:
    """Tell the authority something of a note. `kind`: CANCEL, CORRECT, DELIVERED and others by its issuer; AWARE, CONFIRMED, UNKNOWN_SALE, NOT_DONE by its buyer."""

    event_id: str
    kind: str
    access_key: str
    author: str  # tax id of who says it
    at: datetime
    invoice_id: str | None = None
    sequence: int = 1
    text: str | None = None  # the reason, or the correction
    protocol: str | None = None  # of the authorization: CANCEL
    details: Mapping[str, Any] | None = None  # what the kind says besides its text
    invoice: Mapping[str, Any] | None = None  # canonical invoice as JSON: EPEC
    signed: bytes | None = None
    asked_before: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class VoidNumbers:
    """Give up the numbers `first` to `last` of a series: no note will ever have them (inutilização)."""

    request_id: str
    issuer: str  # CNPJ
    model: int
    series: int
    year: int
    first: int
    last: int
    reason: str
    signed: bytes | None = None
    asked_before: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class AskAuthority:
    """Ask whether the service of an issuer's authority operates; `standby`: that of the one that stands in for it."""

    model: int
    standby: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class IssueGnreGuide:
    """Have a collection guide issued, by the rules that the UF gave."""

    guide_id: str
    guide: GnreGuide
    rules: GuideRules
    asked_before: bool = False  # a send began earlier: ask by document first
    with_sheet: bool = False  # its PDF too: slower there, so only for guides that travel with the goods


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadGnreRules:
    """Ask what a UF wants on a guide for a revenue."""

    region: str
    revenue: str
    environment: int
