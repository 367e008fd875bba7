"""A1 certificates: PKCS#12 opened once a process, and what must be true of one before it may sign or open a connection."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import lru_cache
from typing import ClassVar

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, PrivateFormat, pkcs12
from cryptography.x509.oid import ExtendedKeyUsageOID

from hub.kit.errors import HubError

CNPJ_OID = x509.ObjectIdentifier("2.16.76.1.3.3")  # ICP-Brasil: CNPJ of the holder, in the alternative names
BASE = 8  # the first eight characters of a CNPJ name the company (213)
WARN_AT = (30, 7, 1)  # days before the end
_PADDING, _PREHASHED = PKCS1v15(), Prehashed(SHA1())  # noqa: S303 - the schemas of the authorities fix SHA-1


class CertificateRefused(HubError):
    """This certificate cannot be used: {reason}."""

    code: ClassVar[str] = "CERTIFICATE_REFUSED"


@dataclass(frozen=True, slots=True)
class LocalKey:
    """A key in this process. Its representation names the certificate, never the key."""

    key: rsa.RSAPrivateKey
    certificate: x509.Certificate
    certificate_text: bytes  # base64 of DER, without line breaks

    def sign(self, digest: bytes) -> bytes:
        """The RSA PKCS#1 v1.5 signature of a SHA-1 digest (20 bytes)."""
        return self.key.sign(digest, _PADDING, _PREHASHED)

    def __repr__(self) -> str:
        return f"LocalKey({self.certificate.serial_number})"


@dataclass(frozen=True, slots=True)
class Identity:
    """A key, its certificate and the chain that came with it."""

    key: LocalKey
    chain: tuple[x509.Certificate, ...] = field(default=())

    @property
    def certificate(self) -> x509.Certificate:
        return self.key.certificate

    def pem(self, password: str) -> bytes:
        """Certificate, chain and the key encrypted with that password, as OpenSSL reads them."""
        chain = b"".join(each.public_bytes(Encoding.PEM) for each in (self.certificate, *self.chain))
        sealed = BestAvailableEncryption(password.encode())
        return chain + self.key.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, sealed)


@lru_cache(maxsize=64)
def open_pkcs12(container: bytes, password: str) -> Identity:
    """The identity in a PKCS#12 file (about 40 ms, then cached). `CertificateRefused` says what is wrong with it."""
    try:
        key, certificate, others = pkcs12.load_key_and_certificates(container, password.encode() or None)
    except (ValueError, UnsupportedAlgorithm) as error:
        raise CertificateRefused(reason="wrong password, or no PKCS#12 file") from error
    if not isinstance(key, rsa.RSAPrivateKey) or certificate is None:
        raise CertificateRefused(reason="it holds no RSA key with its certificate")
    return Identity(local_key(key, certificate), tuple(others))


def local_key(key: rsa.RSAPrivateKey, certificate: x509.Certificate) -> LocalKey:
    return LocalKey(key, certificate, b64encode(certificate.public_bytes(Encoding.DER)))


@lru_cache(maxsize=256)
def cnpj_of(certificate: x509.Certificate) -> str | None:
    """The CNPJ of the subject's alternative names (otherName 2.16.76.1.3.3: an OCTET, UTF8 or PRINTABLE string)."""
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return None
    for name in names.get_values_for_type(x509.OtherName):
        if name.type_id == CNPJ_OID:
            return name.value[-14:].decode("ascii", "replace")  # DER: one tag and one length byte before
    return None


def check_certificate(identity: Identity, *, issuer: str, at: datetime, roots: Sequence[x509.Certificate] = ()) -> None:
    """Raise `CertificateRefused` unless it is valid at that time, belongs to the issuer's company and may identify a client.

    With `roots`, its chain must end in one of them. `issuer` is the CNPJ on the note.
    """
    certificate = identity.certificate
    if not certificate.not_valid_before_utc <= at <= certificate.not_valid_after_utc:
        raise CertificateRefused(reason=f"valid only until {certificate.not_valid_after_utc:%Y-%m-%d}")
    holder = cnpj_of(certificate)
    if holder is None or holder[:BASE] != issuer[:BASE]:
        raise CertificateRefused(reason="it belongs to another company than the issuer")
    if not _may_identify(certificate):
        raise CertificateRefused(reason="its key usage does not allow it to identify a client")
    if roots and not trusted(certificate, identity.chain, roots, at):
        raise CertificateRefused(reason="its chain does not end in a trusted root")


def ends_within(ends: datetime, at: datetime) -> int | None:
    """The nearest of 30, 7, 1 days in which a certificate ends; None when it is further away."""
    left = ends - at
    return next((days for days in reversed(WARN_AT) if left <= timedelta(days=days)), None)


def trusted(
    certificate: x509.Certificate,
    chain: Sequence[x509.Certificate],
    roots: Sequence[x509.Certificate],
    at: datetime,
) -> bool:
    """Whether signatures lead from the certificate to one of the roots, each link valid at that time."""
    pool, current = [*chain, *roots], certificate
    for _ in range(len(pool) + 1):
        if current in roots:
            return True
        parent = next((each for each in pool if each is not current and _issued(each, current, at)), None)
        if parent is None:
            return False
        current = parent
    return False


def _issued(parent: x509.Certificate, child: x509.Certificate, at: datetime) -> bool:
    if parent.subject != child.issuer or not parent.not_valid_before_utc <= at <= parent.not_valid_after_utc:
        return False
    try:
        child.verify_directly_issued_by(parent)
    except (ValueError, TypeError, InvalidSignature):
        return False
    return True


def _may_identify(certificate: x509.Certificate) -> bool:
    try:
        usage = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    except x509.ExtensionNotFound:
        return True
    return ExtendedKeyUsageOID.CLIENT_AUTH in usage
