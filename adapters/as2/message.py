"""An AS2 message: packed (compressed, signed, encrypted) and opened again, with the digest over the exact bytes that a receipt repeats."""

from __future__ import annotations

import base64
import hashlib
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, replace

from adapters.as2 import cms, mime
from adapters.as2.account import Agreement
from adapters.as2.ber import BadEncoding
from hub.canon.carriage import Packed, Unpacked, Wanted
from hub.canon.ports import NeverTry, Request

LAYERS = 5
SIGNATURE, ENVELOPE = "application/pkcs7-signature", "application/pkcs7-mime"
# how partners write a digest -> ours; the sender's own spelling is repeated in the receipt
DIGESTS = {"sha1": "sha1", "sha256": "sha256", "sha384": "sha384", "sha512": "sha512", "md5": ""}
_NAME = re.compile(r'"((?:[^"\\]|\\.)*)"\Z')


class Refused(ValueError):
    """This message is not taken: `trouble` in the protocol's words."""

    def __init__(self, trouble: str, reason: str) -> None:
        super().__init__(reason)
        self.trouble = trouble


@dataclass(frozen=True, slots=True)
class Opened:
    """A layer at a time. `covered`: the bytes that the digest is over."""

    entity: mime.Entity
    covered: bytes
    digest: str | None = None
    signed: bool = False
    encrypted: bool = False


# ------------------------------------------------------------------ out
def pack(name: str, media_type: str, content: bytes, message_id: str, with_: Agreement) -> Packed:
    """What is signed depends on nothing but name, type and content, so that a repeated sending has the same digest."""
    disposition = f'attachment; filename="{_plain(name)}"'
    inner = mime.written(
        [("Content-Type", media_type), ("Content-Transfer-Encoding", "binary"), ("Content-Disposition", disposition)],
        content,
    )
    digest = with_.sign if with_.sign != "none" else "sha256"
    covered = content if (with_.sign, with_.encrypt, with_.compress) == ("none", "none", False) else inner
    if with_.compress:
        inner = _sealed(cms.compress(inner), "compressed-data", "smime.p7z")
        covered = covered if with_.sign == "none" else inner
    if with_.sign != "none":
        inner = _signed(inner, with_)
    if with_.encrypt != "none":
        try:
            inner = _sealed(cms.encrypt(inner, with_.partner, with_.encrypt), "enveloped-data", "smime.p7m")
        except cms.NotForThem as error:
            raise NeverTry(
                f"as2_partner_certificate: {error}; ask for an RSA certificate, or set as2_encrypt to none"
            ) from error
    outer = mime.entity(inner)
    return Packed(
        url=with_.url,
        headers={**_head(message_id, with_, digest), **_flat(outer)},
        body=outer.body,
        mic=f"{mic_of(covered, digest)}, {digest}",
        receipt=with_.receipt,  # type: ignore[arg-type]
    )


def _signed(inner: bytes, with_: Agreement) -> bytes:
    key, certificate = with_.keys[0]
    signature = mime.written(
        [
            ("Content-Type", f'{SIGNATURE}; name="smime.p7s"; smime-type=signed-data'),
            ("Content-Transfer-Encoding", "base64"),
            ("Content-Disposition", 'attachment; filename="smime.p7s"'),
        ],
        mime.wrapped(cms.sign(inner, key, certificate, with_.sign)).removesuffix(b"\r\n"),
    )
    boundary = f"signed-{secrets.token_hex(16)}"
    dashed = f"sha-{with_.sign[3:]}"
    kind = f'multipart/signed; protocol="{SIGNATURE}"; micalg="{dashed}"; boundary="{boundary}"'
    return mime.written([("Content-Type", kind)], mime.multipart([inner, signature], boundary))


def _sealed(der: bytes, kind: str, name: str) -> bytes:
    return mime.written(
        [
            ("Content-Type", f'{ENVELOPE}; smime-type={kind}; name="{name}"'),
            ("Content-Transfer-Encoding", "binary"),
            ("Content-Disposition", f'attachment; filename="{name}"'),
        ],
        der,
    )


def _head(message_id: str, with_: Agreement, digest: str) -> dict[str, str]:
    head = {**addressed(with_.ours, with_.theirs), "message-id": message_id, "subject": "EDI", "mime-version": "1.0"}
    if with_.receipt != "none":
        head["disposition-notification-to"] = "edi@localhost"
        head["disposition-notification-options"] = (
            f"signed-receipt-protocol=required, pkcs7-signature; signed-receipt-micalg=required, {digest}"
        )
    if with_.receipt == "async":
        head["receipt-delivery-option"] = with_.receipt_url
    return head


def addressed(sender: str, receiver: str) -> dict[str, str]:
    return {"as2-version": "1.2", "as2-from": _quoted(sender), "as2-to": _quoted(receiver)}


def _flat(outer: mime.Entity) -> dict[str, str]:
    """MIME headers of the outermost entity as HTTP headers."""
    names = ("Content-Type", "Content-Transfer-Encoding", "Content-Disposition")
    return {n.lower(): str(outer.headers[n]) for n in names if n in outer.headers}


def _plain(name: str) -> str:
    return re.sub(r"[^A-Za-z0-9._-]", "_", name)[:128] or "file"


def _quoted(name: str) -> str:
    return f'"{name}"' if " " in name else name


def mic_of(covered: bytes, digest: str) -> str:
    return base64.b64encode(hashlib.new(digest, covered).digest()).decode()


# ------------------------------------------------------------------ in
def sent_between(headers: Mapping[str, str]) -> tuple[str, str]:
    return named(headers.get("as2-from", "")), named(headers.get("as2-to", ""))


def named(value: str) -> str:
    """A name without its quotes."""
    found = _NAME.match(value.strip())
    return re.sub(r"\\(.)", r"\1", found.group(1)) if found else value.strip()


def wanted_of(headers: Mapping[str, str]) -> Wanted | None:
    if "disposition-notification-to" not in headers:
        return None
    options = headers.get("disposition-notification-options", "")
    digests: list[str] = []
    signed = False
    for option in options.split(";"):
        name, _, values = option.partition("=")
        listed = [v.strip() for v in values.split(",")][1:]
        signed = signed or name.strip().lower() == "signed-receipt-protocol"
        if name.strip().lower() == "signed-receipt-micalg":
            digests = listed
    known = tuple(d for d in digests if digest_named(d))
    return Wanted(url=headers.get("receipt-delivery-option"), digests=known or (("sha1",) if signed else ()))


def digest_named(text: str) -> str:
    """`sha-256`, `SHA256`, `rsa-sha256` -> sha256; empty for one that we do not know."""
    return DIGESTS.get(text.strip().lower().removeprefix("rsa-").replace("-", ""), "")


def unpack(request: Request, with_: Agreement) -> Unpacked:
    """Opened and proven, or refused with the reason; nothing of a refused one may be used."""
    wanted, message_id = wanted_of(request.headers), request.headers.get("message-id", "").strip()
    answer = Unpacked(foreign_id=message_id, wanted=wanted)
    try:
        if not message_id or len(message_id) > 998:
            raise Refused("unexpected-processing-error", "the message has no Message-ID")
        if sent_between(request.headers) != (with_.theirs, with_.ours):
            raise Refused("authentication-failed", "AS2-From and AS2-To are not those of this account")
        found = _opened(mime.of_http(request.headers, request.body), with_)
        if not _enough(found, with_.accept):
            raise Refused("insufficient-message-security", f"this account takes only {with_.accept} messages")
        asked = wanted.digests[0] if wanted is not None and wanted.digests else found.digest or "sha1"
        mic = f"{mic_of(found.covered, digest_named(asked) or 'sha1')}, {asked}"
        return replace(answer, name=found.entity.name or "file", content=found.entity.content(), mic=mic)
    except Refused as error:
        return replace(answer, trouble=error.trouble, reason=str(error))
    except (mime.BadMime, BadEncoding, LookupError) as error:
        return replace(answer, trouble="unexpected-processing-error", reason=str(error)[:300])


def _enough(found: Opened, accept: str) -> bool:
    needed = {"sealed": (True, True), "signed": (True, False), "encrypted": (False, True), "plain": (False, False)}
    signed, encrypted = needed[accept]
    return found.signed >= signed and found.encrypted >= encrypted


def _opened(outermost: mime.Entity, with_: Agreement) -> Opened:
    """Layer by layer, in whatever order they were put on. What was signed is what the digest is over."""
    found = Opened(outermost, outermost.body)
    for _ in range(LAYERS):
        kind = found.entity.kind
        if kind == "multipart/signed":
            found = _verified(found, with_)
        elif kind in (ENVELOPE, "application/x-pkcs7-mime"):
            found = _unsealed(found, with_)
        else:
            return found
    raise Refused("unexpected-processing-error", "the message has too many layers")


def _verified(found: Opened, with_: Agreement) -> Opened:
    pieces = mime.parts(found.entity)
    if len(pieces) != 2:
        raise Refused("authentication-failed", "a signed message has two parts")
    try:
        _, digest = cms.verify(pieces[0].raw, pieces[1].content(), with_.partner)
    except cms.NotSigned as error:
        raise Refused("authentication-failed", str(error)) from error
    return replace(found, entity=pieces[0], covered=pieces[0].raw, digest=digest, signed=True)


def _unsealed(found: Opened, with_: Agreement) -> Opened:
    smime = found.entity.parameter("smime-type").lower()
    content = found.entity.content()
    if smime == "compressed-data":
        try:
            inner = mime.entity(cms.decompress(content))
        except (cms.TooMuch, BadEncoding) as error:
            raise Refused("decompression-failed", str(error)) from error
        return replace(found, entity=inner, covered=found.covered if found.signed else inner.raw)
    if smime not in ("enveloped-data", ""):
        raise Refused("unexpected-processing-error", f"{smime[:40]} is not understood")
    try:
        inner = mime.entity(cms.decrypt(content, with_.keys))
    except cms.NotForUs as error:
        raise Refused("decryption-failed", str(error)) from error
    return replace(found, entity=inner, covered=found.covered if found.signed else inner.raw, encrypted=True)
