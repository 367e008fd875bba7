"""Receipts (MDN, RFC 3798 and 4130): written and signed by us, and read when they are the partner's."""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping
from email.message import Message
from email.parser import BytesHeaderParser
from email.policy import compat32

from adapters.as2 import cms, mime
from adapters.as2.account import Agreement
from adapters.as2.message import SIGNATURE, addressed, digest_named
from hub.canon.carriage import Receipt, ReceiptRead, Unpacked
from hub.canon.ports import NeverTry, NotAuthentic

REPORT = "multipart/report"
AGENT = "order-hub"
_HEADERS = BytesHeaderParser(policy=compat32)
_UNSAFE = re.compile(r"[^\x20-\x7e]")


def receipt(opened: Unpacked, with_: Agreement, message_id: str) -> Receipt:
    """What became of a message, signed where the sender asked for it. Positive ones repeat the digest of what was received."""
    boundary = f"report-{secrets.token_hex(16)}"
    kind = f'{REPORT}; report-type=disposition-notification; boundary="{boundary}"'
    report = mime.written([("Content-Type", kind)], mime.multipart(_report(opened, with_), boundary))
    digests = opened.wanted.digests if opened.wanted is not None else ()
    if digests:
        report = _signed(report, with_, _signable(digests))
    whole = mime.entity(report)
    head = {**addressed(with_.ours, with_.theirs), "message-id": message_id, "mime-version": "1.0"}
    return Receipt(headers={**head, "content-type": str(whole.headers["Content-Type"])}, body=whole.body)


def _report(opened: Unpacked, with_: Agreement) -> list[bytes]:
    words = (
        "The message was received and kept."
        if opened.trouble is None
        else f"The message was not taken: {opened.reason}."
    )
    disposition = "processed" if opened.trouble is None else f"processed/error: {opened.trouble}"
    fields = [
        f"Reporting-UA: {AGENT}",
        f"Original-Recipient: rfc822; {with_.ours}",
        f"Final-Recipient: rfc822; {with_.ours}",
        f"Original-Message-ID: {_UNSAFE.sub('', opened.foreign_id)[:998]}",
        f"Disposition: automatic-action/MDN-sent-automatically; {disposition}",
    ]
    if opened.mic is not None:
        fields.append(f"Received-Content-MIC: {opened.mic}")
    told = _UNSAFE.sub("?", words).encode() + b"\r\n"
    return [
        mime.written([("Content-Type", "text/plain; charset=us-ascii"), ("Content-Transfer-Encoding", "7bit")], told),
        mime.written(
            [("Content-Type", "message/disposition-notification"), ("Content-Transfer-Encoding", "7bit")],
            "".join(f"{line}\r\n" for line in fields).encode("ascii", "replace"),
        ),
    ]


def _signable(digests: tuple[str, ...]) -> str:
    """The sender's first wish that is still safe to sign with."""
    return next((d for d in map(digest_named, digests) if d in ("sha256", "sha384", "sha512")), "sha256")


def _signed(report: bytes, with_: Agreement, digest: str) -> bytes:
    key, certificate = with_.keys[0]
    signature = mime.written(
        [("Content-Type", f'{SIGNATURE}; name="smime.p7s"'), ("Content-Transfer-Encoding", "base64")],
        mime.wrapped(cms.sign(report, key, certificate, digest)).removesuffix(b"\r\n"),
    )
    boundary = f"signed-{secrets.token_hex(16)}"
    kind = f'multipart/signed; protocol="{SIGNATURE}"; micalg="sha-{digest[3:]}"; boundary="{boundary}"'
    return mime.written([("Content-Type", kind)], mime.multipart([report, signature], boundary))


def is_receipt(headers: Mapping[str, str], body: bytes) -> bool:
    """A report, or a signed one."""
    try:
        whole = mime.of_http(headers, body)
        if whole.kind == "multipart/signed":
            return mime.parts(whole)[0].kind == REPORT
    except mime.BadMime:
        return False
    return whole.kind == REPORT


def read_receipt(headers: Mapping[str, str], body: bytes, with_: Agreement) -> ReceiptRead:
    """Whatever it says must be signed by the partner where we sign (RFC 4130 section 7.2 and 7.3): anybody could give another. Raises
    `NotAuthentic`, and `NeverTry` for what is no receipt.
    """
    try:
        whole, signed = mime.of_http(headers, body), False
        if whole.kind == "multipart/signed":
            whole, signed = _proven(whole, with_), True
        if whole.kind != REPORT:
            raise NeverTry(f"the answer is {whole.kind}, no receipt")
        said = next((p for p in mime.parts(whole) if p.kind == "message/disposition-notification"), None)
        if said is None:
            raise NeverTry("the receipt has no disposition")
        fields = _HEADERS.parsebytes(said.content().lstrip(b"\r\n") + b"\r\n\r\n")
    except mime.BadMime as error:
        raise NeverTry(f"the receipt cannot be read: {error}") from error
    if not signed and with_.sign != "none":
        raise NotAuthentic("the receipt is not signed")
    return ReceiptRead(
        foreign_id=" ".join(str(fields.get("Original-Message-ID", "")).split()),
        mic=str(fields["Received-Content-MIC"]).strip() if "Received-Content-MIC" in fields else None,
        trouble=_trouble(fields),
        signed=signed,
    )


def _proven(whole: mime.Entity, with_: Agreement) -> mime.Entity:
    pieces = mime.parts(whole)
    if len(pieces) != 2:
        raise NotAuthentic("a signed receipt has two parts")
    try:
        cms.verify(pieces[0].raw, pieces[1].content(), with_.partner)
    except cms.NotSigned as error:
        raise NotAuthentic(str(error)) from error
    return pieces[0]


def _trouble(fields: Message) -> str | None:
    """`processed` and `processed/warning` mean that it has the message."""
    _, _, said = str(fields.get("Disposition", "")).partition(";")
    word, _, modifier = said.strip().partition(":")
    plain = word.strip().lower()
    if plain == "processed" or plain.startswith("processed/warning"):
        return None
    return modifier.strip()[:200] or plain[:200] or "the receipt says nothing"


def same_mic(one: str, other: str | None) -> bool:
    """Digests are compared by value; their names are spelled in several ways."""
    if other is None:
        return False
    (value, _, name), (theirs, _, named) = one.partition(","), other.partition(",")
    return value.strip() == theirs.strip() and digest_named(name) == digest_named(named)
