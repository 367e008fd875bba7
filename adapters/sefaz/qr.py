"""`infNFeSupl` of an NFC-e: the QR code, versions 2 and 3, and the address where the key can be typed. Addresses are dated rows."""

from __future__ import annotations

from base64 import b64encode
from hashlib import sha1

from adapters.sefaz.sign import KeyProvider
from adapters.sefaz.tables import table
from adapters.sefaz.texts import escaped
from adapters.sefaz.totals import invoice_total
from hub.canon.invoice import Invoice
from hub.canon.ports import NeverTry

OFFLINE = 9  # tpEmis
Csc = tuple[str, str]  # its number, its text


def supplement(
    invoice: Invoice, key: str, digest: bytes, provider: KeyProvider, *, version: int, csc: Csc | None
) -> bytes:
    """The element for a note of model 65. `digest`: DigestValue of its infNFe. Version 2 needs a CSC; `NeverTry` without."""
    row = table("nfce_qr").find(
        invoice.issued_at.date(), uf=invoice.issuer.region, environment=str(invoice.environment)
    )
    text = version_3(invoice, key, provider) if version == 3 else version_2(invoice, key, digest, csc)
    address = row.text("qr")
    joined = f"{address}{'&' if '?' in address else '?'}p={text}"
    return (
        f"<infNFeSupl><qrCode>{escaped(joined)}</qrCode><urlChave>{escaped(row.text('consult'))}</urlChave></infNFeSupl>"
    ).encode()


def version_3(invoice: Invoice, key: str, provider: KeyProvider) -> str:
    """Key, version, environment; off-line also day, total, buyer and our signature of the text so far."""
    text = f"{key}|3|{invoice.environment}"
    if invoice.emission_type != OFFLINE:
        return text
    buyer = (invoice.buyer.tax_id if invoice.buyer else None) or ""
    kind = {14: "1", 11: "2"}.get(len(buyer), "")
    text += f"|{invoice.issued_at:%d}|{invoice_total(invoice):.2f}|{kind}|{buyer}"
    signature = provider.sign(sha1(text.encode(), usedforsecurity=False).digest())
    return f"{text}|{b64encode(signature).decode()}"


def version_2(invoice: Invoice, key: str, digest: bytes, csc: Csc | None) -> str:
    """Key, version, environment, number of the CSC and the hash with its text; off-line also day, total and digest."""
    if csc is None:
        raise NeverTry("QR code version 2 needs a CSC")
    number, secret = csc
    text = f"{key}|2|{invoice.environment}"
    if invoice.emission_type == OFFLINE:
        text += f"|{invoice.issued_at:%d}|{invoice_total(invoice):.2f}|{digest.hex()}"
    text += f"|{number.lstrip('0') or '0'}"
    return f"{text}|{sha1((text + secret).encode(), usedforsecurity=False).hexdigest().upper()}"
