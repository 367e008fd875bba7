"""CMS (RFC 5652, 3274): signatures checked against the certificates that we were given, never against those that came along; contents
decrypted; bytes packed and unpacked within limits. The library signs and encrypts.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Sequence
from typing import Any

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.padding import PKCS7
from cryptography.hazmat.primitives.serialization import Encoding, pkcs7

from adapters.as2 import ber
from adapters.as2.ber import BadEncoding, Node

Key = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey
Keys = Sequence[tuple[Key, x509.Certificate]]
DATA, SIGNED, ENVELOPED = "1.2.840.113549.1.7.1", "1.2.840.113549.1.7.2", "1.2.840.113549.1.7.3"
COMPRESSED, ZLIB = "1.2.840.113549.1.9.16.1.9", "1.2.840.113549.1.9.16.3.8"
CONTENT_TYPE, MESSAGE_DIGEST = "1.2.840.113549.1.9.3", "1.2.840.113549.1.9.4"
RSA, PSS, OAEP = "1.2.840.113549.1.1.1", "1.2.840.113549.1.1.10", "1.2.840.113549.1.1.7"
SIGNING: dict[str, Any] = {"sha256": hashes.SHA256, "sha384": hashes.SHA384, "sha512": hashes.SHA512}
SEALING: dict[str, Any] = {"aes128": algorithms.AES128, "aes256": algorithms.AES256}
DIGESTS: dict[str, tuple[str, Callable[[], Any]]] = {
    "1.3.14.3.2.26": ("sha1", hashes.SHA1),
    "2.16.840.1.101.3.4.2.1": ("sha256", hashes.SHA256),
    "2.16.840.1.101.3.4.2.2": ("sha384", hashes.SHA384),
    "2.16.840.1.101.3.4.2.3": ("sha512", hashes.SHA512),
}
# object identifier -> name, key bytes, cipher
CIPHERS: dict[str, tuple[str, int, Any]] = {
    "2.16.840.1.101.3.4.1.2": ("aes128", 16, algorithms.AES),
    "2.16.840.1.101.3.4.1.22": ("aes192", 24, algorithms.AES),
    "2.16.840.1.101.3.4.1.42": ("aes256", 32, algorithms.AES),
    "1.2.840.113549.3.7": ("3des", 24, TripleDES),
}
AGREED = 0xA1
MOST, RATIO = 50 * 1024 * 1024, 100  # bytes, and times the packed size


class NotSigned(ValueError):
    """The signature is none of the partner's, or not of these bytes; the text says which."""


class NotForUs(ValueError):
    """The content cannot be decrypted with our keys; the text says why."""


class NotForThem(ValueError):
    """Nothing can be encrypted for the partner's certificates; the text says why."""


class TooMuch(ValueError):
    """Unpacked it would be larger than we take."""


# ------------------------------------------------------------------ signatures
def sign(content: bytes, key: Key, certificate: x509.Certificate, digest: str) -> bytes:
    """A detached signature over exactly these bytes, as DER."""
    builder = pkcs7.PKCS7SignatureBuilder().set_data(content).add_signer(certificate, key, SIGNING[digest]())
    options = [pkcs7.PKCS7Options.DetachedSignature, pkcs7.PKCS7Options.Binary, pkcs7.PKCS7Options.NoCapabilities]
    return builder.sign(Encoding.DER, options)


def verify(content: bytes, signature: bytes, trusted: Sequence[x509.Certificate]) -> tuple[x509.Certificate, str]:
    """(the trusted certificate that signed exactly these bytes, digest). Raises `NotSigned`."""
    try:
        kind, body = ber.read(signature).parts(ber.SEQUENCE)[:2]
        if kind.oid() != SIGNED:
            raise NotSigned("it is no signature")
        signers = next(iter(body)).parts(ber.SEQUENCE)[-1].parts(ber.SET)
        reasons = []
        for signer in signers:
            try:
                return _signer(content, signer.parts(ber.SEQUENCE), trusted)
            except NotSigned as error:
                reasons.append(str(error))
    except (IndexError, StopIteration, ValueError) as error:
        if isinstance(error, NotSigned):
            raise
        raise NotSigned(f"the signature cannot be read: {error}") from error
    raise NotSigned("; ".join(reasons) or "nobody signed")


def _signer(content: bytes, parts: list[Node], trusted: Sequence[x509.Certificate]) -> tuple[x509.Certificate, str]:
    """version, sid, digestAlgorithm, [0] signedAttrs, signatureAlgorithm, signature."""
    certificate = next((c for c in trusted if _is_of(parts[1], c)), None)
    if certificate is None:
        raise NotSigned("the signer's certificate is none that we were given")
    found = DIGESTS.get(parts[2].parts()[0].oid())
    if found is None:
        raise NotSigned("the digest is none that we know")
    name, digest = found
    attributes = parts[3] if parts[3].tag == 0xA0 else None
    algorithm, value = parts[4 if attributes is not None else 3], parts[5 if attributes is not None else 4]
    covered = content
    if attributes is not None:
        _matches(attributes, content, digest)
        covered = bytes((ber.SET,)) + bytes(attributes.whole[1:])
    _checked(certificate, value.octets(), covered, digest(), algorithm.parts()[0].oid())
    return certificate, name


def _is_of(sid: Node, certificate: x509.Certificate) -> bool:
    if sid.tag == 0x80:  # subjectKeyIdentifier
        try:
            held = certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
        except x509.ExtensionNotFound:
            return False
        return held.digest == bytes(sid.content)
    issuer, serial = sid.parts(ber.SEQUENCE)
    return serial.integer() == certificate.serial_number and bytes(issuer.whole) == certificate.issuer.public_bytes()


def _matches(attributes: Node, content: bytes, digest: Callable[[], Any]) -> None:
    held = {a.parts()[0].oid(): a.parts()[1].parts(ber.SET) for a in attributes}
    own = hashes.Hash(digest())
    own.update(content)
    said = held.get(MESSAGE_DIGEST)
    if not said or said[0].octets() != own.finalize():
        raise NotSigned("these are not the bytes that were signed")
    kind = held.get(CONTENT_TYPE)
    if not kind or kind[0].oid() != DATA:
        raise NotSigned("the signature is of another kind of content")


def _checked(certificate: x509.Certificate, value: bytes, covered: bytes, digest: Any, algorithm: str) -> None:
    key = certificate.public_key()
    try:
        if isinstance(key, rsa.RSAPublicKey) and algorithm == PSS:
            key.verify(value, covered, padding.PSS(padding.MGF1(digest), padding.PSS.AUTO), digest)
        elif isinstance(key, rsa.RSAPublicKey):
            key.verify(value, covered, padding.PKCS1v15(), digest)
        elif isinstance(key, ec.EllipticCurvePublicKey):
            key.verify(value, covered, ec.ECDSA(digest))
        else:
            raise NotSigned("the certificate's key is of a kind that we do not know")
    except (InvalidSignature, UnsupportedAlgorithm, ValueError) as error:
        if isinstance(error, NotSigned):
            raise
        raise NotSigned("the signature does not hold") from error


# ------------------------------------------------------------------ envelopes
def encrypt(content: bytes, certificates: Sequence[x509.Certificate], cipher: str) -> bytes:
    """For the holder of the first of them whose key is RSA, as DER: with EC keys a key must be agreed on, which the library cannot do.
    Raises `NotForThem`.
    """
    certificate = next((c for c in certificates if isinstance(c.public_key(), rsa.RSAPublicKey)), None)
    if certificate is None:
        raise NotForThem(
            "the partner's certificate has no RSA key: it proves signatures, but nothing can be encrypted for it"
        )
    builder = pkcs7.PKCS7EnvelopeBuilder().set_data(content).add_recipient(certificate)
    return builder.set_content_encryption_algorithm(SEALING[cipher]).encrypt(Encoding.DER, [pkcs7.PKCS7Options.Binary])


def decrypt(envelope: bytes, keys: Keys) -> bytes:
    """With whichever of our keys it was made for. Raises `NotForUs`."""
    try:
        kind, body = ber.read(envelope).parts(ber.SEQUENCE)[:2]
        if kind.oid() != ENVELOPED:
            raise NotForUs("it is no envelope")
        parts = next(iter(body)).parts(ber.SEQUENCE)
        recipients = next(p for p in parts if p.tag == ber.SET)
        content = next(p for p in parts[parts.index(recipients) + 1 :] if p.tag == ber.SEQUENCE).parts()
        algorithm, sealed = content[1].parts(), content[2].octets()
        found = CIPHERS.get(algorithm[0].oid())
        if found is None:
            raise NotForUs(f"the cipher {algorithm[0].oid()} is none that we know")
        _, size, cipher = found
        key = _content_key(recipients, keys)
        if len(key) != size:
            raise NotForUs("the key does not fit the cipher")
        opened = Cipher(cipher(key), modes.CBC(algorithm[1].octets())).decryptor()
        padded = opened.update(sealed) + opened.finalize()
        unpadder = PKCS7(cipher.block_size).unpadder()
        return unpadder.update(padded) + unpadder.finalize()
    except (BadEncoding, IndexError, StopIteration, ValueError) as error:
        if isinstance(error, NotForUs):
            raise
        raise NotForUs("the envelope cannot be opened") from error


def _content_key(recipients: Node, keys: Keys) -> bytes:
    """A KeyTransRecipientInfo: version, rid, keyEncryptionAlgorithm, encryptedKey. Keys that must be agreed on ([1], RFC 5753) are refused."""
    agreed = False
    for recipient in recipients:
        agreed = agreed or recipient.tag == AGREED
        if recipient.tag != ber.SEQUENCE:
            continue
        _, rid, algorithm, value = recipient.parts()[:4]
        for key, certificate in keys:
            if _is_of(rid, certificate) and isinstance(key, rsa.RSAPrivateKey):
                return key.decrypt(value.octets(), _padding(algorithm.parts()))
    if agreed:
        raise NotForUs("it was encrypted for an EC key, which we cannot open: encrypt for our RSA certificate")
    raise NotForUs("it was made for a certificate that is not ours")


def _padding(algorithm: list[Node]) -> padding.AsymmetricPadding:
    if algorithm[0].oid() == RSA:
        return padding.PKCS1v15()
    if algorithm[0].oid() != OAEP:
        raise NotForUs("the key was sealed in a way that we do not know")
    digest: Any = hashes.SHA1  # the default of RFC 4055, also for the mask
    mask: Any = hashes.SHA1
    for each in algorithm[1] if len(algorithm) > 1 else ():
        inner = next(iter(each)).parts()
        if each.tag == 0xA0:
            digest = _oaep_digest(inner[0])
        elif each.tag == 0xA1:
            mask = _oaep_digest(inner[1].parts()[0])
    return padding.OAEP(padding.MGF1(mask()), digest(), None)


def _oaep_digest(name: Node) -> Callable[[], Any]:
    found = DIGESTS.get(name.oid())
    if found is None:
        raise NotForUs("the key was sealed with a digest that we do not know")
    return found[1]


# ------------------------------------------------------------------ compression
def compress(content: bytes) -> bytes:
    """CompressedData with zlib, as DER."""
    algorithm = ber.write(ber.SEQUENCE, ber.oid_bytes(ZLIB))
    packed = ber.write(0xA0, ber.write(ber.OCTETS, zlib.compress(content)))
    inner = ber.write(ber.SEQUENCE, ber.oid_bytes(DATA), packed)
    body = ber.write(ber.SEQUENCE, ber.write(ber.INTEGER, b"\0"), algorithm, inner)
    return ber.write(ber.SEQUENCE, ber.oid_bytes(COMPRESSED), ber.write(0xA0, body))


def decompress(data: bytes) -> bytes:
    """Never more than `MOST` bytes or `RATIO` times what came. Raises `TooMuch`, `BadEncoding`."""
    try:
        kind, body = ber.read(data).parts(ber.SEQUENCE)[:2]
        _, algorithm, inner = next(iter(body)).parts(ber.SEQUENCE)
        if kind.oid() != COMPRESSED or algorithm.parts()[0].oid() != ZLIB:
            raise BadEncoding("it is packed in a way that we do not know")
        packed = next(iter(inner.parts()[1])).octets()
        unpacker = zlib.decompressobj()
        limit = min(MOST, max(len(packed), 1024) * RATIO)
        out = unpacker.decompress(packed, limit)
        if unpacker.unconsumed_tail:
            raise TooMuch(f"unpacked it has more than {limit} bytes")
        whole = out + unpacker.flush()
    except (IndexError, StopIteration, ValueError, zlib.error) as error:
        if isinstance(error, BadEncoding | TooMuch):
            raise
        raise BadEncoding("it cannot be unpacked") from error
    if not unpacker.eof:
        raise BadEncoding("what was packed is cut off")
    return whole
