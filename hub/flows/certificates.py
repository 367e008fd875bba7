"""Certificates of issuers: checked before they are kept, kept encrypted beside the one that they replace."""

from __future__ import annotations

import binascii
from base64 import b64decode
from datetime import timedelta
from uuid import UUID

from hub import connections
from hub.canon.certificates import CertificateRefused, Identity, check_certificate, open_pkcs12
from hub.kit.db import Tx
from hub.kit.vault import Vault
from hub.ledger import Cause, append, fact

FIELDS = ("certificate", "certificate_password")
LARGEST = 100 * 1024  # bytes of a PKCS#12 file
OVERLAP = timedelta(days=1)  # what was signed with the one before may still be on its way


async def set_certificate(
    tx: Tx, vault: Vault, connection_id: UUID, container: str, password: str, cause: Cause
) -> Identity:
    """Keep a PKCS#12 file (base64) for an account, in place of the one before. Raises `CertificateRefused`, `ConnectionUnknown`; the
    certificate in use stays then.
    """
    known = {c.connection_id: c for c in await connections.of_tenant(tx)}
    if connection_id not in known:
        raise connections.ConnectionUnknown
    issuer = str(known[connection_id].config.get("cnpj") or "")
    identity = opened(container, password)
    check_certificate(identity, issuer=issuer, at=tx.now)
    for field, value in zip(FIELDS, (container, password), strict=True):
        await connections.add_secret(tx, vault, connection_id, field, value, overlap=OVERLAP)
    certificate = identity.certificate
    said = {"serial": f"{certificate.serial_number:x}", "ends": certificate.not_valid_after_utc.isoformat()}
    append(tx, [fact(tx, "certificate.set", "connection", connection_id, said, cause)])
    return identity


def opened(container: str, password: str) -> Identity:
    """The identity in it; `CertificateRefused` says what is wrong."""
    if len(container) > LARGEST:
        raise CertificateRefused(reason=f"it is larger than {LARGEST} characters")
    try:
        return open_pkcs12(b64decode(container, validate=True), password)
    except binascii.Error as error:
        raise CertificateRefused(reason="it is not base64") from error
