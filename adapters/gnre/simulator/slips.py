"""Payment slips as banks read them (FEBRABAN, collection of public bodies): bar code, typed line, a PIX text. Fictional payee."""

from __future__ import annotations

from decimal import Decimal

FIELD = 11  # digits of a field of the typed line, before its check digit


def _digit(text: str) -> str:
    """Modulus 10: weights 2 and 1 from the right, digits of each product added."""
    products = (int(c) * (2 if n % 2 == 0 else 1) for n, c in enumerate(reversed(text)))
    return str(-sum(p // 10 + p % 10 for p in products) % 10)


def barcode(amount: Decimal, serial: int) -> str:
    """44 digits: collection (8), public body (5), amount in reais by modulus 10 (6), check digit, amount, payee, our number."""
    rest = f"{int(amount * 100):011d}0005{serial:025d}"
    return f"856{_digit('856' + rest)}{rest}"


def line_of(digits: str) -> str:
    """linhaDigitavel: four fields of eleven digits, each with its check digit."""
    fields = [digits[n : n + FIELD] for n in range(0, len(digits), FIELD)]
    return "".join(field + _digit(field) for field in fields)


def pix_text(digits: str, amount: Decimal) -> str:
    """QrcodePayload in the form of a static code; at least 100 characters, as the schema wants."""
    parts = [("00", "01"), ("26", "0014BR.GOV.BCB.PIX2536" + digits[:36]), ("52", "0000"), ("53", "986")]
    parts += [("54", f"{amount:.2f}"), ("58", "BR"), ("59", "GNRE SIMULADA"), ("60", "RECIFE"), ("62", "0503***")]
    body = "".join(f"{name}{len(value):02d}{value}" for name, value in parts) + "6304"
    return f"<qrcodePayload>{body}{_crc(body)}</qrcodePayload>"


def _crc(text: str) -> str:
    """CRC-16/CCITT-FALSE, as EMV codes end."""
    value = 0xFFFF
    for byte in text.encode():
        value ^= byte << 8
        for _ in range(8):
            value = (value << 1 ^ 0x1021) & 0xFFFF if value & 0x8000 else value << 1 & 0xFFFF
    return f"{value:04X}"
