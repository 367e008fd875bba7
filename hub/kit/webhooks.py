"""Standard Webhooks (standardwebhooks.com, scheme v1): how a message is signed and how a signature is judged. Symmetric keys only."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import ClassVar

from hub.kit.errors import HubError

TOLERANCE = timedelta(minutes=5)
HEADERS = ("webhook-id", "webhook-timestamp", "webhook-signature")
_PREFIX = "whsec_"
_OFFERED = 8  # signatures of one header that are looked at


class BadSigningSecret(HubError):
    """A signing secret must be `whsec_` followed by base64 of 16 to 64 bytes."""

    code: ClassVar[str] = "BAD_SIGNING_SECRET"


def key_of(secret: str) -> bytes:
    """The key inside a `whsec_` secret; `BadSigningSecret` for any other form."""
    try:
        key = base64.b64decode(secret.removeprefix(_PREFIX), validate=True)
    except (binascii.Error, ValueError) as error:
        raise BadSigningSecret from error
    if not secret.startswith(_PREFIX) or not 16 <= len(key) <= 64:
        raise BadSigningSecret
    return key


def signature(secret: str, message_id: str, timestamp: int, body: bytes) -> str:
    """`v1,` and the base64 HMAC-SHA256 of `id.timestamp.body`; the timestamp in seconds."""
    signed = b"%s.%d.%s" % (message_id.encode(), timestamp, body)
    return "v1," + base64.b64encode(hmac.new(key_of(secret), signed, hashlib.sha256).digest()).decode()


def signed_headers(secret: str, message_id: str, body: bytes, *, now: datetime) -> dict[str, str]:
    """The three headers of a message that leaves now. `message_id` stays the same over retries and has no full stop."""
    stamp = int(now.timestamp())
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(stamp),
        "webhook-signature": signature(secret, message_id, stamp, body),
    }


def refused_unread(headers: Mapping[str, str], *, now: datetime) -> str | None:
    """Why no body could make this authentic, or None. Header names in lower case."""
    message_id, stamp, offered = (headers.get(name, "") for name in HEADERS)
    if not (message_id and stamp and offered):
        return "a signature header is missing"
    if not (stamp.isascii() and stamp.isdigit() and len(stamp) <= 12):
        return "the timestamp is not a number of seconds"
    if abs(now.timestamp() - int(stamp)) > TOLERANCE.total_seconds():
        return "the timestamp is more than 5 minutes away"
    return None


def refusal(headers: Mapping[str, str], body: bytes, *, secrets: Iterable[str], now: datetime) -> str | None:
    """Why a message is not authentic, or None if it is. Header names in lower case; every live secret is tried."""
    if reason := refused_unread(headers, now=now):
        return reason
    message_id, stamp, offered = (headers[name] for name in HEADERS)
    given = [value.encode() for value in offered.split(" ")[:_OFFERED]]
    held = False
    for secret in secrets:
        wanted = signature(secret, message_id, int(stamp), body).encode()
        for value in given:
            held |= hmac.compare_digest(wanted, value)
    return None if held else "no signature holds"
