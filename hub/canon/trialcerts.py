"""Certificates for tests, samples and simulators: an authority of our own, and A1-like certificates with the CNPJ where ICP-Brasil puts it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    pkcs12,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from hub.canon.certificates import CNPJ_OID, Identity, local_key

BITS, EXPONENT = 2048, 65537
UTF8_STRING = 0x0C  # ASN.1 tag


@dataclass(frozen=True, slots=True)
class TrialRoot:
    """A certificate authority that nobody outside this process trusts."""

    key: rsa.RSAPrivateKey
    certificate: x509.Certificate

    @property
    def pem(self) -> bytes:
        return self.certificate.public_bytes(Encoding.PEM)

    def issue_company(self, cnpj: str, name: str, *, now: datetime, days: int = 365) -> Identity:
        """An A1-like certificate of a company."""
        key = rsa.generate_private_key(EXPONENT, BITS)
        authority = x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key())
        builder = _company(cnpj, name, self.certificate.subject, key, now=now, days=days)
        certificate = builder.add_extension(authority, critical=False).sign(self.key, SHA256())
        return Identity(local_key(key, certificate), (self.certificate,))

    def issue_server(self, host: str, *, now: datetime, days: int = 365) -> Identity:
        """A server's certificate for a name or an address."""
        key = rsa.generate_private_key(EXPONENT, BITS)
        builder = _builder(host, self.certificate.subject, key, now, days)
        builder = _leaf(builder, _server_name(host), ExtendedKeyUsageOID.SERVER_AUTH)
        authority = x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key())
        certificate = builder.add_extension(authority, critical=False).sign(self.key, SHA256())
        return Identity(local_key(key, certificate), (self.certificate,))


def self_made(cnpj: str, name: str, *, now: datetime, days: int = 365) -> Identity:
    """A company's certificate signed by itself: for a sample that carries its own proof."""
    key = rsa.generate_private_key(EXPONENT, BITS)
    certificate = _company(cnpj, name, None, key, now=now, days=days).sign(key, SHA256())
    return Identity(local_key(key, certificate))


def _company(
    cnpj: str, name: str, issuer: x509.Name | None, key: rsa.RSAPrivateKey, *, now: datetime, days: int
) -> x509.CertificateBuilder:
    other = x509.OtherName(CNPJ_OID, bytes((UTF8_STRING, len(cnpj))) + cnpj.encode())
    builder = _builder(f"{name}:{cnpj}", issuer, key, now, days)
    return _leaf(builder, other, ExtendedKeyUsageOID.CLIENT_AUTH)


def _leaf(
    builder: x509.CertificateBuilder, name: x509.GeneralName, usage: x509.ObjectIdentifier
) -> x509.CertificateBuilder:
    return (
        builder.add_extension(x509.SubjectAlternativeName([name]), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(signs=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([usage]), critical=False)
    )


def _server_name(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(host))
    except ValueError:
        return x509.DNSName(host)


def _builder(
    common: str, issuer: x509.Name | None, key: rsa.RSAPrivateKey, now: datetime, days: int
) -> x509.CertificateBuilder:
    subject = x509.Name(
        [x509.NameAttribute(NameOID.COUNTRY_NAME, "BR"), x509.NameAttribute(NameOID.COMMON_NAME, common[:64])]
    )
    begins = now.astimezone(UTC).replace(microsecond=0) - timedelta(days=1)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer or subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begins)
        .not_valid_after(begins + timedelta(days=days + 1))
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )


def _usage(*, signs: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True,
        content_commitment=not signs,
        key_encipherment=not signs,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs,
        crl_sign=signs,
        encipher_only=False,
        decipher_only=False,
    )


def make_root(now: datetime, *, days: int = 3650, name: str = "AC de teste") -> TrialRoot:
    key = rsa.generate_private_key(EXPONENT, BITS)
    certificate = (
        _builder(name, None, key, now, days)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(signs=True), critical=True)
        .sign(key, SHA256())
    )
    return TrialRoot(key, certificate)


def pfx(identity: Identity, password: str) -> bytes:
    """The identity as a PKCS#12 file."""
    return pkcs12.serialize_key_and_certificates(
        b"a1",
        identity.key.key,
        identity.certificate,
        list(identity.chain),
        BestAvailableEncryption(password.encode()),
    )
