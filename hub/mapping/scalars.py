"""Foreign scalars to ours: decimals, integers, instants, codes, Brazilian tax ids. Each raises `Fault`; none guesses."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from functools import lru_cache
from typing import Any, cast

from hub.mapping.codes import COUNTRIES, CURRENCIES
from hub.mapping.faults import Fault, type_name

_DECIMAL = re.compile(r"[+-]?[0-9]{1,18}(\.[0-9]{1,10})?\Z")
_COMMA = re.compile(r"[+-]?[0-9]{1,18}(,[0-9]{1,10})?\Z")
_INTEGER = re.compile(r"[+-]?[0-9]{1,18}(\.0{1,10})?\Z")
_INSTANT = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)[Tt ](\d\d):(\d\d):(\d\d)(?:\.(\d{1,12}))?(?:([Zz])|([+-])(\d\d):?(\d\d))?\Z", re.ASCII
)
_DATE = re.compile(r"\d{4}-\d\d-\d\d\Z", re.ASCII)
_PREFIX = re.compile(r"[A-Z]{2}-(?=.)")
_MOST_DIGITS = 28  # what decimal arithmetic keeps exactly
_NOISE = 9  # decimals of a JSON number behind which only binary arithmetic speaks


def decimal(value: Any) -> Decimal:
    """A JSON number, or text of digits with a point. NOT_DECIMAL for commas, currency signs, words, exponents in text."""
    if type(value) is str:
        return _decimal_of(value)
    if type(value) is Decimal:
        if abs(value.adjusted()) > _MOST_DIGITS or len(value.as_tuple().digits) > _MOST_DIGITS:
            raise Fault("NOT_DECIMAL", value)
        return value if cast("int", value.as_tuple().exponent) >= -_NOISE else _without_noise(value)
    if type(value) is int:
        if abs(value) > 10**_MOST_DIGITS:
            raise Fault("NOT_DECIMAL", value)
        return Decimal(value)
    raise wrong_type(value, "a decimal")


def _without_noise(value: Decimal) -> Decimal:
    """59.900000000000006 is what a shop's binary arithmetic makes of 59.90; in text nobody writes so."""
    short = round(value, _NOISE)
    kept = short.normalize()
    return kept if cast("int", kept.as_tuple().exponent) <= 0 else kept.quantize(Decimal(1))


@lru_cache(maxsize=4096)
def _decimal_of(text: str) -> Decimal:
    """Amounts repeat (0.00, the price of a bestseller): reading one again costs a look-up."""
    if _DECIMAL.match(text):
        return Decimal(text)
    raise Fault("NOT_DECIMAL", text)


def comma_decimal(value: Any) -> Decimal:
    """`12,50`, as Correios writes it."""
    if type(value) is str and _COMMA.match(value):
        return Decimal(value.replace(",", "."))
    if type(value) is str:
        raise Fault("NOT_DECIMAL", value, 'expected a decimal such as "12,50"')
    raise wrong_type(value, "a text")


def cents(value: Any) -> Decimal:
    """An integer number of hundredths."""
    return Decimal(integer(value)).scaleb(-2)


def integer(value: Any) -> int:
    """2, 2.0, "2" and "2.0" are 2."""
    if type(value) is int:
        return value
    if type(value) is str:
        if _INTEGER.match(value):
            return int(value.partition(".")[0])
        raise Fault("NOT_INTEGER", value)
    if type(value) is Decimal:
        if decimal(value) == value.to_integral_value():
            return int(value)
        raise Fault("NOT_INTEGER", value)
    raise wrong_type(value, "a whole number")


def boolean(value: Any) -> bool:
    if type(value) is bool:
        return value
    raise wrong_type(value, "true or false")


def text(value: Any) -> str:
    """A text, or the digits of a number; a boolean, an object or a list is WRONG_SHAPE."""
    if type(value) is str:
        return value
    if type(value) is int:
        return str(value)
    if type(value) is Decimal:
        return format(decimal(value), "f")
    raise wrong_type(value, "a text or a number")


def instant(value: Any) -> datetime:
    """RFC 3339 with offset, in UTC; fractional digits after the sixth are cut."""
    return _instant(value, offset_needed=True)


def utc(value: Any) -> datetime:
    """A time that is documented as UTC and may come without offset."""
    return _instant(value, offset_needed=False)


def _instant(value: Any, *, offset_needed: bool) -> datetime:
    if type(value) is not str:
        raise wrong_type(value, "a text")
    found = _INSTANT.match(value)
    if not found or (offset_needed and not (found[8] or found[9])):
        raise Fault("NOT_INSTANT", value)
    year, month, day, hour, minute, second = (int(found[i]) for i in range(1, 7))
    zone = UTC
    if found[9]:
        away = timedelta(hours=int(found[10]), minutes=int(found[11]))
        zone = timezone(away if found[9] == "+" else -away) if away < timedelta(days=1) else UTC
        if away >= timedelta(days=1):
            raise Fault("NOT_INSTANT", value)
    micros = int((found[7] or "0").ljust(6, "0")[:6])
    try:
        return datetime(year, month, day, hour, minute, second, micros, tzinfo=zone).astimezone(UTC)
    except (ValueError, OverflowError):
        raise Fault("NOT_INSTANT", value) from None


def calendar_date(value: Any) -> date:
    if type(value) is not str:
        raise wrong_type(value, "a text")
    if not _DATE.match(value):
        raise Fault("NOT_INSTANT", value, 'expected a date such as "2026-10-05"')
    try:
        return date.fromisoformat(value)
    except ValueError:
        raise Fault("NOT_INSTANT", value, 'expected a date such as "2026-10-05"') from None


def country(value: Any) -> str | None:
    """ISO 3166-1 alpha-2, from alpha-2 or alpha-3."""
    code = need_text(value).strip().upper()
    if code in COUNTRIES:
        return COUNTRIES[code]
    raise Fault("BAD_CODE", value, "expected an ISO 3166-1 country such as BR or BRA")


def currency(value: Any) -> str:
    code = need_text(value).strip().upper()
    if code in CURRENCIES:
        return code
    raise Fault("BAD_CODE", value, "expected an ISO 4217 currency such as BRL")


def region(value: Any) -> str:
    """Without its country: `BR-SP` is `SP`."""
    return _PREFIX.sub("", need_text(value).strip(), count=1)


def digits(value: Any) -> str | None:
    return "".join(c for c in text(value) if c in "0123456789") or None


def br_tax_id(value: Any) -> str:
    """CPF (11 digits) or CNPJ (14, letters allowed before the check digits, IN RFB 2.229/2024), check digits verified."""
    code = "".join(c for c in need_text(value).upper() if c.isascii() and c.isalnum())
    if len(code) == 11 and code.isdigit():
        weights = (range(10, 1, -1), range(11, 1, -1))
    elif len(code) == 14 and code[12:].isdigit():
        weights = ([5, 4, 3, 2, 9, 8, 7, 6, 5, 4, 3, 2], [6, 5, 4, 3, 2, 9, 8, 7, 6, 5, 4, 3, 2])  # type: ignore[assignment]
    else:
        raise Fault("BAD_CODE", value, "expected a CPF of 11 digits or a CNPJ of 14 characters")
    body = code[: len(code) - 2]
    for row in weights:
        rest = sum((ord(c) - 48) * w for c, w in zip(body, row, strict=True)) % 11
        body += str(0 if rest < 2 else 11 - rest)
    if body != code or len(set(code)) == 1:
        raise Fault("BAD_CODE", value, "the check digits of this CPF or CNPJ are wrong")
    return code


def need_text(value: Any) -> str:
    if type(value) is str:
        return value
    raise wrong_type(value, "a text")


def wrong_type(value: Any, wanted: str) -> Fault:
    return Fault("WRONG_SHAPE", value, f"{type_name(value)} where {wanted} is expected")


def instant_text(moment: datetime) -> str:
    """RFC 3339 in UTC; a fraction only where there is one."""
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def revision_text(revision: datetime | int) -> str:
    """A change mark as text that sorts as the marks do: fixed-width UTC, or 20 digits."""
    if isinstance(revision, datetime):
        return revision.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    return f"{revision:020d}"
