"""One configured issuer at the GNRE portal: plain config and the certificate from its secrets."""

from __future__ import annotations

import binascii
from base64 import b64decode
from dataclasses import dataclass

from hub.canon.certificates import CertificateRefused, Identity, open_pkcs12
from hub.canon.ports import Account, NeverTry

ENVIRONMENTS = frozenset({"1", "2"})
# The namespace of the SOAP header: manual and WSDL name the service, systems in use name the operation.
HEADERS = frozenset({"operation", "service"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Company:
    """`base_url`: a simulator or gateway; None: the portal's address of the table."""

    cnpj: str
    environment: str  # ambiente
    base_url: str | None
    trust_pem: str | None
    header: str


def company(account: Account) -> Company:
    """The account's configuration; `NeverTry` names every field that is missing or malformed."""
    config = account.config
    faults = [{"at": f"config.{name}", "code": "MISSING"} for name in ("cnpj", "environment") if not config.get(name)]
    environment, header = str(config.get("environment", "")), str(config.get("header", "operation"))
    if environment and environment not in ENVIRONMENTS:
        faults.append({"at": "config.environment", "code": "UNKNOWN_CODE", "message": environment})
    if header not in HEADERS:
        faults.append({"at": "config.header", "code": "UNKNOWN_CODE", "message": header})
    base_url = config.get("base_url")
    if base_url is not None and not str(base_url).startswith("https://"):
        faults.append({"at": "config.base_url", "code": "NOT_HTTPS"})
    if faults:
        raise NeverTry("the account's configuration is incomplete", faults=tuple(faults))
    return Company(
        cnpj=str(config["cnpj"]),
        environment=environment,
        base_url=str(base_url).rstrip("/") if base_url else None,
        trust_pem=config.get("trust_pem"),
        header=header,
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
