"""A note ready to leave: built, checked, signed, valid. The same invoice and certificate always give the same bytes."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

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
from hub.canon.ports import Account, NeverTry

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


def prepare(invoice_json: Mapping[str, Any], account: Account) -> tuple[str, bytes]:
    """(access key, signed note) of an invoice: built, checked by our rules, signed, valid by the schema. Store the bytes before the first send.

    `NeverTry` names everything that is wrong at once.
    """
    invoice = invoice_of(invoice_json)
    ours, key = company(account), identity(account)
    faults = faults_of(invoice)
    if faults:
        raise NeverTry("the authority would reject this invoice", faults=tuple(faults))
    if str(invoice.environment) != ours.environment:
        raise NeverTry("the invoice is of another environment than the account")
    may_sign(key, invoice.issuer.tax_id or "", account.now or invoice.issued_at)
    return build(invoice, key.key, ours.profile, qr_version=ours.qr_version, csc=ours.csc)


def build(
    invoice: Invoice, key: KeyProvider, profile: Profile | None = None, *, qr_version: int = 3, csc: Csc | None = None
) -> tuple[str, bytes]:
    """(access key, signed note): written, with its QR code where the model has one, signed, valid by the schema."""
    written = write_invoice(invoice, profile)
    xml = written.xml
    if invoice.model == 65:
        more = supplement(invoice, written.key, digest_of(xml), key, version=qr_version, csc=csc)
        xml = xml[: -len(_END)] + more + _END
    return written.key, valid(sign(xml, key))


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
