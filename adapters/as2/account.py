"""An account's side of AS2: names, addresses, our keys and the partner's certificates, all from config and secrets. Every live key counts."""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import pkcs12

from hub.canon.ports import Account, NeverTry

CHOICES = {
    "as2_sign": ("sha256", "sha384", "sha512", "none"),
    "as2_encrypt": ("aes256", "aes128", "none"),
    "as2_receipt": ("sync", "async", "none"),
    "as2_accept": ("sealed", "signed", "encrypted", "plain"),
}
Key = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey
Pair = tuple[Key, x509.Certificate]


@dataclass(frozen=True, slots=True)
class Agreement:
    """What both sides agreed on. Keys and certificates newest first: the first is used, all are believed."""

    ours: str
    theirs: str
    url: str
    sign: str
    encrypt: str
    compress: bool
    receipt: str
    receipt_url: str
    accept: str
    keys: tuple[Pair, ...]
    partner: tuple[x509.Certificate, ...]


def agreement(account: Account) -> Agreement:
    """Raises `NeverTry` that names the field."""
    config = account.config
    chosen = {name: str(config.get(name) or allowed[0]) for name, allowed in CHOICES.items()}
    for name, value in chosen.items():
        if value not in CHOICES[name]:
            raise NeverTry(f"{name} is {value!r}, none of {', '.join(CHOICES[name])}")
    for name in ("as2_from", "as2_to"):
        if not _is_name(config.get(name)):
            raise NeverTry(f"{name} must have 1 to 128 printable ASCII characters, no quotes")
    if chosen["as2_receipt"] == "async" and not config.get("as2_receipt_url"):
        raise NeverTry("asynchronous receipts need as2_receipt_url")
    return Agreement(
        ours=str(config["as2_from"]),
        theirs=str(config["as2_to"]),
        url=str(config.get("as2_url") or ""),
        sign=chosen["as2_sign"],
        encrypt=chosen["as2_encrypt"],
        compress=str(config.get("as2_compress", "")).lower() == "true",
        receipt=chosen["as2_receipt"],
        receipt_url=str(config.get("as2_receipt_url") or ""),
        accept=chosen["as2_accept"],
        keys=_keys(account),
        partner=_partner(account),
    )


def _is_name(value: Any) -> bool:
    return (
        isinstance(value, str)
        and 1 <= len(value) <= 128
        and value.isascii()
        and value.isprintable()
        and '"' not in value
    )


def _keys(account: Account) -> tuple[Pair, ...]:
    passwords = account.secrets.get("as2_key_password", ())
    found: list[Pair] = []
    for text in account.secrets.get("as2_key", ()):
        try:
            container = base64.b64decode(text, validate=True)
        except binascii.Error as error:
            raise NeverTry("the secret as2_key is not base64") from error
        found.append(_opened(container, passwords))
    if not found:
        raise NeverTry("the account has no secret as2_key")
    return tuple(found)


def _opened(container: bytes, passwords: Any) -> Pair:
    """While a key is changed both passwords are live."""
    reason = "the account has no secret as2_key_password"
    for password in passwords:
        found = _pair(container, password)
        if found is not None:
            return found
        reason = "the secret as2_key cannot be used: wrong password, or no PKCS#12 file with an RSA or EC key and its certificate"
    raise NeverTry(reason)


@lru_cache(maxsize=64)
def _pair(container: bytes, password: str) -> Pair | None:
    """Opening takes about 40 ms."""
    try:
        key, certificate, _ = pkcs12.load_key_and_certificates(container, password.encode() or None)
    except (ValueError, UnsupportedAlgorithm):
        return None
    return (key, certificate) if isinstance(key, Key) and certificate is not None else None


def _partner(account: Account) -> tuple[x509.Certificate, ...]:
    found: list[x509.Certificate] = []
    for text in account.secrets.get("as2_partner_certificate", ()):
        try:
            found += x509.load_pem_x509_certificates(text.encode())
        except ValueError as error:
            raise NeverTry("the secret as2_partner_certificate is no certificate in PEM") from error
    if not found:
        raise NeverTry("the account has no secret as2_partner_certificate")
    return tuple(found)
