"""What a log line may not show: secrets and personal data, found by the name of the key and by the look of the value."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

SHOWN = "[redacted]"
DEEPEST = 8

# One of these words in a key's name hides the value, whatever it looks like.
WORDS = frozenset(
    {"password", "passwd", "pwd", "passphrase", "secret", "token", "bearer", "authorization", "cookie", "session",
     "signature", "hmac", "credential", "credentials", "pfx", "pem", "jwt", "dsn", "kek", "dek",
     "email", "mail", "phone", "telephone", "cpf", "cnpj", "birthday", "birthdate", "street"}
)  # fmt: skip
PHRASES = (
    "api_key",
    "private_key",
    "signing_key",
    "tax_id",
    "database_url",
    "set_cookie",
    "customer_name",
    "post_code",
)

_ASSIGNED = "password|passwd|pwd|secret|token|api[_-]?key|client[_-]?secret|(?:access|refresh)[_-]?token|signature|sig"
_CPF_WEIGHTS = (11, 10, 9, 8, 7, 6, 5, 4, 3, 2)
_CNPJ_WEIGHTS = (6, 5, 4, 3, 2, 9, 8, 7, 6, 5, 4, 3, 2)


def _check_digits_hold(number: str) -> bool:
    """True for a CPF (11 digits) or a CNPJ (12 letters or digits, then 2 digits) whose check digits are right."""
    values = [ord(sign) - 48 for sign in number]
    weights = _CPF_WEIGHTS if len(number) == 11 else _CNPJ_WEIGHTS
    return len(set(number)) > 1 and all(
        -sum(v * w for v, w in zip(values[:n], weights[-n:], strict=True)) % 11 % 10 == values[n]
        for n in (len(number) - 2, len(number) - 1)
    )


def _bare_number(match: re.Match[str]) -> str:
    """Digits alone could be any id: only those with right check digits are hidden."""
    return SHOWN if _check_digits_hold(match[0]) else match[0]


Replacement = str | Callable[[re.Match[str]], str]

# In this order. Every repetition is bounded or cannot overlap with what follows: no input makes these slow.
PATTERNS: tuple[tuple[re.Pattern[str], Replacement], ...] = (
    (re.compile(r"-----BEGIN [A-Z0-9 ]{1,40}-----.*?(?:-----END [A-Z0-9 ]{1,40}-----|\Z)", re.DOTALL), SHOWN),
    (re.compile(r"\b(Bearer|Basic)\s+[A-Za-z0-9._~+/=-]{8,}", re.IGNORECASE), rf"\1 {SHOWN}"),
    (re.compile(r"\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*"), SHOWN),
    (re.compile(r"(://[^\s/:@]{0,200}:)[^\s/@]{1,500}@"), rf"\1{SHOWN}@"),
    (re.compile(rf"(?<![A-Za-z])((?:{_ASSIGNED})[\"']?\s{{0,5}}[:=]\s{{0,5}}[\"']?)[^\s\"',&;}}]+", re.IGNORECASE), rf"\1{SHOWN}"),
    (re.compile(r"[\w.+%-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,8}"), SHOWN),
    (re.compile(r"(?<!\d)\d{3}\.\d{3}\.\d{3}-\d{2}(?!\d)"), SHOWN),
    (re.compile(r"(?<![0-9A-Z])[0-9A-Z]{2}\.[0-9A-Z]{3}\.[0-9A-Z]{3}/[0-9A-Z]{4}-\d{2}(?!\d)"), SHOWN),
    (re.compile(r"(?<![0-9A-Za-z])(?:\d{11}|[0-9A-Z]{12}\d{2})(?![0-9A-Za-z])"), _bare_number),
)  # fmt: skip


def hides(key: str) -> bool:
    """True if a key of this name, in any spelling (apiKey, API-KEY, api_key), holds what may not be shown."""
    snake = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", key).lower().replace("-", "_").replace(".", "_")
    return not WORDS.isdisjoint(snake.split("_")) or any(phrase in snake for phrase in PHRASES)


def redact_text(text: str) -> str:
    for pattern, replacement in PATTERNS:
        text = pattern.sub(replacement, text)
    return text


def redact(value: Any, *, depth: int = 0) -> Any:
    """A copy fit for a log: plain data only, bytes by their length, foreign objects by their redacted text."""
    if value is None or isinstance(value, bool | float | Decimal | UUID | date | datetime):
        return value
    if isinstance(value, str):
        return redact_text(value)
    if isinstance(value, int):
        return value if redact_text(str(value)) == str(value) else SHOWN
    if isinstance(value, bytes | bytearray | memoryview):
        return f"<{len(value)} bytes>"
    if depth >= DEEPEST:
        return "..."
    if isinstance(value, Mapping):
        return {redact_text(str(k)): _entry(str(k), v, depth=depth) for k, v in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [redact(part, depth=depth + 1) for part in value]
    return redact_text(str(value))


def _entry(key: str, value: Any, *, depth: int) -> Any:
    if hides(key):
        return value if value is None or isinstance(value, bool) else SHOWN
    return redact(value, depth=depth + 1)
