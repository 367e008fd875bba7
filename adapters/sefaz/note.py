"""A note ready to leave: built, checked, signed, valid. The same invoice and certificate always give the same bytes."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, TypeVar

from adapters.sefaz import xsd
from adapters.sefaz.company import company, identity
from adapters.sefaz.qr import Csc, supplement
from adapters.sefaz.read import Answer, Protocol
from adapters.sefaz.rules import faults_of
from adapters.sefaz.sign import KeyProvider, digest_of, sign
from adapters.sefaz.soap import parse
from adapters.sefaz.write import Profile, write_invoice
from hub.canon.certificates import CertificateRefused, Identity, check_certificate
from hub.canon.commands import AuthorizeInvoice, InvoiceReported
from hub.canon.invoice import Invoice
from hub.canon.invoice_json import InvoiceUnreadable, invoice_from_json
from hub.canon.ports import Account, NeverTry, Prepared, Unmapped

In = TypeVar("In")
Out = TypeVar("Out")
Refusal = NeverTry | Unmapped
REFUSALS = (NeverTry, Unmapped)
_KEY = re.compile(rb' Id="NFe([0-9A-Z]{44})"')
_DIGEST = re.compile(rb"<DigestValue>([^<]+)</DigestValue>")
_END = b"</NFe>"


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """A signed note as far as its answers need it."""

    invoice_id: str
    key: str
    digest: str
    signed: bytes
    on: date  # emission, which chooses the rules

    def reported(self, status: str, protocol: Protocol | None = None, answer: Answer | None = None) -> InvoiceReported:
        said = protocol or answer
        return InvoiceReported(
            invoice_id=self.invoice_id,
            status=status,
            access_key=self.key,
            protocol=protocol.number if protocol else None,
            authority_code=said.code if said else None,
            authority_message=said.message if said else None,
            at=said.at if said else None,
            signed_xml=self.signed,
            protocol_xml=protocol.xml if protocol else None,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """An invoice that may become a note, and what signs it."""

    invoice: Invoice
    key: KeyProvider
    profile: Profile | None = None
    qr_version: int = 3
    csc: Csc | None = None


def prepare(invoice_json: Mapping[str, Any], account: Account) -> tuple[str, bytes]:
    """(access key, signed note) of one invoice; `NeverTry` names everything that is wrong at once."""
    return _only(prepare_notes([(invoice_json, account)]))


def build(
    invoice: Invoice, key: KeyProvider, profile: Profile | None = None, *, qr_version: int = 3, csc: Csc | None = None
) -> tuple[str, bytes]:
    """(access key, signed note) of one invoice that was not checked by our rules."""
    return _only(build_notes([Draft(invoice=invoice, key=key, profile=profile, qr_version=qr_version, csc=csc)]))


def prepare_notes(asked: Sequence[tuple[Mapping[str, Any], Account]]) -> list[Prepared]:
    """(access key, signed note) of each invoice: read, checked by our rules, built, signed, valid by the schema. Store the bytes before
    the first send. What is wrong with one, all of it at once, is its own answer.
    """
    return build_notes(_each(lambda one: _draft(*one), asked))


def build_notes(drafts: Sequence[Draft | Refusal]) -> list[Prepared]:
    """Each draft written, with its QR code where the model has one; then all signed; then all judged by the schema. By stages, because
    what a stage uses stays in the processor's caches: 0.7 of the time that one note after the other takes.
    """
    written = _each(_written, drafts)
    signed = _each(lambda one: (one[0], sign(one[1], one[2])), written)
    return list(_each(lambda one: (one[0], valid(one[1])), signed))


def _each(step: Callable[[In], Out], items: Sequence[In | Refusal]) -> list[Out | Refusal]:
    """The step on every item that nothing is wrong with so far."""
    done: list[Out | Refusal] = []
    for item in items:
        if isinstance(item, REFUSALS):
            done.append(item)
            continue
        try:
            done.append(step(item))
        except REFUSALS as error:
            done.append(error)
    return done


def _only(prepared: Sequence[Prepared]) -> tuple[str, bytes]:
    (one,) = prepared
    if isinstance(one, REFUSALS):
        raise one
    return one


def _draft(invoice_json: Mapping[str, Any], account: Account) -> Draft:
    invoice = invoice_of(invoice_json)
    ours, key = company(account), identity(account)
    faults = faults_of(invoice)
    if faults:
        raise NeverTry("the authority would reject this invoice", faults=tuple(faults))
    if str(invoice.environment) != ours.environment:
        raise NeverTry("the invoice is of another environment than the account")
    may_sign(key, invoice.issuer.tax_id or "", account.now or invoice.issued_at)
    return Draft(invoice=invoice, key=key.key, profile=ours.profile, qr_version=ours.qr_version, csc=ours.csc)


def _written(draft: Draft) -> tuple[str, bytes, KeyProvider]:
    written = write_invoice(draft.invoice, draft.profile)
    xml = written.xml
    if draft.invoice.model == 65:
        digest = digest_of(xml)
        more = supplement(draft.invoice, written.key, digest, draft.key, version=draft.qr_version, csc=draft.csc)
        xml = xml[: -len(_END)] + more + _END
    return written.key, xml, draft.key


def invoice_of(invoice_json: Mapping[str, Any]) -> Invoice:
    try:
        return invoice_from_json(invoice_json)
    except InvoiceUnreadable as error:
        raise NeverTry("the stored invoice cannot be read", faults=error.data["faults"]) from error


def may_sign(key: Identity, author: str, at: datetime) -> None:
    """`NeverTry` unless the certificate is valid at that time and of the author's company."""
    try:
        check_certificate(key, issuer=author, at=at)
    except CertificateRefused as error:
        raise NeverTry(error.sentence()) from error


def valid(signed: bytes, event_type: str | None = None, *, known: bool = True) -> bytes:
    """The bytes, when their official schema has nothing against them; `NeverTry` else. `known` False: an event whose schema does not
    come with the hub.
    """
    element = parse(signed)
    found = xsd.faults(element, event_type) if known else xsd.detail_faults(element, event_type or "")
    if found is None and not known:
        raise NeverTry(f"the schema of the event {event_type} is not configured: set {xsd.SCHEMA_FOLDER}")
    if found:
        told = tuple({"at": "xml", "code": "SCHEMA", "message": each} for each in found)
        raise NeverTry("the document is not valid by the official schema", faults=told)
    return signed


def note_of(command: AuthorizeInvoice, account: Account) -> Note:
    """The command's note: its stored bytes, else the bytes that `prepare` gives."""
    signed = command.signed if command.signed is not None else prepare(command.invoice, account)[1]
    key, digest = _KEY.search(signed), _DIGEST.search(signed)
    if key is None or digest is None:
        raise NeverTry("the stored bytes are no signed note")
    emitted = datetime.fromisoformat(str(command.invoice["issued_at"])).date()
    return Note(
        invoice_id=command.invoice_id, key=key[1].decode(), digest=digest[1].decode(), signed=signed, on=emitted
    )
