"""Payment slips as banks read them (FEBRABAN, collection of public bodies): bar code, typed line, a PIX text. Fictional payee."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

_ESCAPED = str.maketrans({"(": r"\(", ")": r"\)", "\\": r"\\"})
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


def sheet(lines: Sequence[str]) -> bytes:
    """One page of PDF with these lines, in the base font that every reader has."""
    shown = "".join(f"({line.translate(_ESCAPED)}) Tj T* " for line in lines)
    stream = f"BT /F1 11 Tf 50 780 Td 16 TL {shown}ET".encode("latin-1", "replace")
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R /Resources << /Font << /F1 5 0 R >> >> >>",
        b"<< /Length %d >>\nstream\n%b\nendstream" % (len(stream), stream),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Courier >>",
    ]
    made, places = bytearray(b"%PDF-1.4\n"), []
    for number, body in enumerate(objects, 1):
        places.append(len(made))
        made += b"%d 0 obj\n%b\nendobj\n" % (number, body)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    end = len(made)
    made += b"xref\n0 %d\n0000000000 65535 f \n%b" % (len(objects) + 1, table)
    return bytes(made) + b"trailer << /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, end)


def _crc(text: str) -> str:
    """CRC-16/CCITT-FALSE, as EMV codes end."""
    value = 0xFFFF
    for byte in text.encode():
        value ^= byte << 8
        for _ in range(8):
            value = (value << 1 ^ 0x1021) & 0xFFFF if value & 0x8000 else value << 1 & 0xFFFF
    return f"{value:04X}"
