"""XML signatures as the authorities want them: RSA-SHA1, inclusive C14N, one constant SignedInfo. Signs canonical bytes as they are; verifies any document."""

from __future__ import annotations

import binascii
import re
from base64 import b64decode, b64encode
from copy import deepcopy
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha1
from io import BytesIO
from typing import ClassVar, Literal, Protocol

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA1
from lxml import etree

from hub.kit.errors import HubError

DSIG = "http://www.w3.org/2000/09/xmldsig#"
C14N = "http://www.w3.org/TR/2001/REC-xml-c14n-20010315"
RSA_SHA1 = f"{DSIG}rsa-sha1"
DIGEST_SHA1 = f"{DSIG}sha1"
ENVELOPED = f"{DSIG}enveloped-signature"
SIGNED_ELEMENTS = ("infNFe", "infEvento", "infInut")

Verdict = Literal["valid", "invalid", "absent"]

_HEAD = (
    f'<CanonicalizationMethod Algorithm="{C14N}"></CanonicalizationMethod>'
    f'<SignatureMethod Algorithm="{RSA_SHA1}"></SignatureMethod>'
    '<Reference URI="#'
).encode()
_MIDDLE = (
    f'"><Transforms><Transform Algorithm="{ENVELOPED}"></Transform><Transform Algorithm="{C14N}"></Transform></Transforms>'
    f'<DigestMethod Algorithm="{DIGEST_SHA1}"></DigestMethod><DigestValue>'
).encode()
_TAIL = b"</DigestValue></Reference></SignedInfo>"
_ALONE = f'<SignedInfo xmlns="{DSIG}">'.encode()
_INSIDE = f'<Signature xmlns="{DSIG}"><SignedInfo>'.encode()
_VALUE = b"<SignatureValue>"
_CERTIFICATE = b"</SignatureValue><KeyInfo><X509Data><X509Certificate>"
_END = b"</X509Certificate></X509Data></KeyInfo></Signature>"
_ROOT = re.compile(rb'<(\w+) xmlns="([^"]+)"')
_ID = re.compile(rb' Id="([^"]+)"')


class NothingToSign(HubError):
    """The document has no element {element} with an Id, or is not in the form that this writer gives."""

    code: ClassVar[str] = "NOTHING_TO_SIGN"


class KeyProvider(Protocol):
    """A private key and its certificate, wherever they are."""

    @property
    def certificate(self) -> x509.Certificate: ...

    @property
    def certificate_text(self) -> bytes:
        """The certificate as base64 of DER without line breaks."""

    def sign(self, digest: bytes) -> bytes:
        """The RSA PKCS#1 v1.5 signature of a SHA-1 digest (20 bytes)."""


def digest_of(document: bytes, element: str = "infNFe") -> bytes:
    """DigestValue (base64) of the signed element of a canonical document of ours."""
    return _digest(document, element)[1]


def _digest(document: bytes, element: str) -> tuple[bytes, bytes]:
    """(Id, base64 of the SHA-1): the slice gets the root's namespace after its name, which makes it its own C14N."""
    tag = element.encode()
    start, end = document.find(b"<" + tag + b" "), document.rfind(b"</" + tag + b">")
    root, name = _ROOT.match(document), _ID.search(document, max(start, 0), max(start, 0) + 200)
    if start < 0 or end < 0 or root is None or name is None:
        raise NothingToSign(element=element)
    after = start + 1 + len(tag)
    whole = sha1(b"<" + tag + b' xmlns="' + root[2] + b'"', usedforsecurity=False)
    whole.update(memoryview(document)[after : end + len(tag) + 3])
    return name[1], b64encode(whole.digest())


def sign(document: bytes, key: KeyProvider, element: str = "infNFe") -> bytes:
    """`document` with its `Signature` before the root's end tag. The bytes must be canonical, as `write` makes them."""
    identifier, digest = _digest(document, element)
    core = _HEAD + identifier + _MIDDLE + digest + _TAIL
    value = b64encode(key.sign(sha1(_ALONE + core, usedforsecurity=False).digest()))
    cut = document.rindex(b"</")
    whole = memoryview(document)
    return b"".join((whole[:cut], _INSIDE, core, _VALUE, value, _CERTIFICATE, key.certificate_text, _END, whole[cut:]))


# ------------------------------------------------------------------ verification
@dataclass(frozen=True, slots=True, kw_only=True)
class Signed:
    """What a signature says of its document. `certificate` None: absent or unreadable."""

    verdict: Verdict
    digest: str | None = None
    certificate: x509.Certificate | None = None
    form: bool = False  # algorithms, transforms and reference are the official ones
    digest_agrees: bool = False


def verify(parent: etree._Element) -> Signed:
    """The verdict on the Signature of an `NFe`, `evento` or `inutNFe`, taken as a document of its own. Trust and dates are not judged."""
    signature = parent.find(f"{{{DSIG}}}Signature")
    if signature is None:  # one in a foreign namespace is there, and wrong
        return Signed(verdict="invalid" if any(_local(each) == "Signature" for each in parent) else "absent")
    target = next((each for each in parent if _local(each) in SIGNED_ELEMENTS), None)
    certificate = _certificate(signature)
    digest = signature.findtext(f".//{{{DSIG}}}DigestValue")
    if target is None or not _official(signature, target.get("Id")):
        return Signed(verdict="invalid", digest=digest, certificate=certificate)
    agrees = (
        digest is not None and b64encode(sha1(c14n(target), usedforsecurity=False).digest()).decode() == digest.strip()
    )
    good = agrees and certificate is not None and _value_good(signature, certificate)
    return Signed(
        verdict="valid" if good else "invalid", digest=digest, certificate=certificate, form=True, digest_agrees=agrees
    )


def c14n(element: etree._Element) -> bytes:
    """Inclusive C14N 1.0 of an element re-rooted: only the namespaces that it uses are in scope."""
    alone = deepcopy(element)
    alone.tail = None
    out = BytesIO()
    etree.ElementTree(alone).write_c14n(out, with_comments=False)
    return out.getvalue()


def _local(element: etree._Element) -> str:
    return etree.QName(element).localname if isinstance(element.tag, str) else ""


def _official(signature: etree._Element, identifier: str | None) -> bool:
    found = [
        [each.get("Algorithm") for each in signature.iterfind(f"{{{DSIG}}}SignedInfo/{path}")]
        for path in (
            f"{{{DSIG}}}CanonicalizationMethod",
            f"{{{DSIG}}}SignatureMethod",
            f"{{{DSIG}}}Reference/{{{DSIG}}}Transforms/{{{DSIG}}}Transform",
            f"{{{DSIG}}}Reference/{{{DSIG}}}DigestMethod",
        )
    ]
    references = [each.get("URI") for each in signature.iterfind(f"{{{DSIG}}}SignedInfo/{{{DSIG}}}Reference")]
    return found == [[C14N], [RSA_SHA1], [ENVELOPED, C14N], [DIGEST_SHA1]] and references == [f"#{identifier}"]


def _certificate(signature: etree._Element) -> x509.Certificate | None:
    return _loaded(signature.findtext(f"{{{DSIG}}}KeyInfo/{{{DSIG}}}X509Data/{{{DSIG}}}X509Certificate") or "")


@lru_cache(maxsize=256)
def _loaded(text: str) -> x509.Certificate | None:
    """The certificate of that base64: a company signs many documents with one."""
    try:
        return x509.load_der_x509_certificate(b64decode("".join(text.split()), validate=True))
    except (ValueError, binascii.Error):
        return None


def _value_good(signature: etree._Element, certificate: x509.Certificate) -> bool:
    info = signature.find(f"{{{DSIG}}}SignedInfo")
    text = signature.findtext(f"{{{DSIG}}}SignatureValue") or ""
    public = certificate.public_key()
    if info is None or not isinstance(public, rsa.RSAPublicKey):
        return False
    try:
        public.verify(b64decode("".join(text.split()), validate=True), c14n(info), PKCS1v15(), SHA1())  # noqa: S303 - the schema fixes SHA-1
    except (InvalidSignature, ValueError, binascii.Error):
        return False
    return True
