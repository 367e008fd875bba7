"""One configured issuer as this adapter uses it: plain config and the identity from its secrets. Refuses configurations that could never send."""

from __future__ import annotations

import binascii
from base64 import b64decode
from dataclasses import dataclass
from typing import Any

from adapters.sefaz.write import Profile, TechnicalContact
from hub.canon.certificates import CertificateRefused, Identity, open_pkcs12
from hub.canon.ports import Account, NeverTry

ENVIRONMENTS = frozenset({"1", "2"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Company:
    """`base_url`: a simulator or gateway that stands for every authority. `csc`: (id, code) for NFC-e QR code version 2."""

    cnpj: str
    uf: str
    environment: str  # tpAmb
    base_url: str | None
    trust_pem: str | None
    profile: Profile
    qr_version: int
    csc: tuple[str, str] | None


def company(account: Account) -> Company:
    """The account's configuration; `NeverTry` names every field that is missing or malformed."""
    config = account.config
    faults = [
        {"at": f"config.{name}", "code": "MISSING"} for name in ("cnpj", "uf", "environment") if not config.get(name)
    ]
    environment = str(config.get("environment", ""))
    if environment and environment not in ENVIRONMENTS:
        faults.append({"at": "config.environment", "code": "UNKNOWN_CODE", "message": environment})
    base_url = config.get("base_url")
    if base_url is not None and not str(base_url).startswith("https://"):
        faults.append({"at": "config.base_url", "code": "NOT_HTTPS"})
    if faults:
        raise NeverTry("the account's configuration is incomplete", faults=tuple(faults))
    csc = account.secrets.get("csc")
    return Company(
        cnpj=str(config["cnpj"]),
        uf=str(config["uf"]),
        environment=environment,
        base_url=str(base_url).rstrip("/") if base_url else None,
        trust_pem=config.get("trust_pem"),
        profile=_profile(config),
        qr_version=int(config.get("qr_version", 3)),
        csc=(str(config.get("csc_id", "1")), csc[0]) if csc else None,
    )


def _profile(config: Any) -> Profile:
    contact = config.get("contact")
    return Profile(
        software=str(config.get("software", Profile().software)),
        contact=TechnicalContact(**{name: str(contact[name]) for name in ("tax_id", "name", "email", "phone")})
        if contact
        else None,
        readers=tuple(config.get("readers", ())),
    )


def identity(account: Account) -> Identity:
    """The newest certificate of the account's secrets: `certificate` (base64 of PKCS#12) and `certificate_password`."""
    containers, passwords = account.secrets.get("certificate", ()), account.secrets.get("certificate_password", ())
    if not containers or not passwords:
        raise NeverTry("the account has no certificate")
    try:
        return open_pkcs12(b64decode(containers[0], validate=True), passwords[0])
    except binascii.Error as error:
        raise NeverTry("the certificate is not base64") from error
    except CertificateRefused as error:
        raise NeverTry(error.sentence()) from error
