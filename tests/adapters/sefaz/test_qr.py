"""QR codes of NFC-e: the published example, both versions, on-line and off-line, each valid by the schema."""

from __future__ import annotations

import json
from base64 import b64decode
from datetime import UTC, datetime
from hashlib import sha1
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA1

from adapters.sefaz import xsd
from adapters.sefaz.note import build
from adapters.sefaz.qr import version_2
from adapters.sefaz.soap import parse
from adapters.sefaz.write import NFE
from hub.canon.ports import NeverTry
from tests.adapters.sefaz.notes import identity, sale
from tests.shared import shared_path

CSC = ("000001", "SEGREDO-DE-TESTE")
OFFLINE: dict[str, Any] = {
    "emission_type": 9,
    "contingency_at": datetime(2026, 11, 21, 15, 0, tzinfo=UTC),
    "contingency_reason": "Sem conexao com a internet",
}


def code(version: int, **changes: Any) -> tuple[str, str]:
    """(text after `?p=`, key)."""
    key, signed = build(sale(1, 65, **changes), identity().key, qr_version=version, csc=CSC)
    root = parse(signed)
    assert xsd.faults(root) == []
    text = root.findtext(f".//{{{NFE}}}qrCode")
    assert text is not None
    return text.partition("?p=")[2], key


def test_the_published_example_of_version_2() -> None:
    example = json.loads(shared_path("samples/fiscal/calculo/nfce_qrcode.json").read_text(encoding="utf-8"))[
        "v2_online"
    ]
    key, _, environment, number = example["input"].split("|")
    made = version_2(sale(1, 65, environment=int(environment)), key, b"", (number, example["csc"]))
    assert made == f"{example['input']}|{example['sha1_upper_of_input_plus_csc']}"


def test_version_2_carries_the_hash_with_the_secret() -> None:
    text, key = code(2)
    begins = f"{key}|2|2|1"
    assert text == f"{begins}|{sha1((begins + CSC[1]).encode(), usedforsecurity=False).hexdigest().upper()}"
    assert CSC[1] not in text


def test_version_2_off_line_carries_day_total_and_digest() -> None:
    text, key = code(2, **OFFLINE)
    parts = text.split("|")
    assert parts[:5] == [key, "2", "2", "21", "101.80"]
    assert len(b64decode(bytes.fromhex(parts[5]))) == 20


def test_version_2_needs_a_csc() -> None:
    with pytest.raises(NeverTry):
        build(sale(1, 65), identity().key, qr_version=2)


def test_version_3_is_the_key_alone() -> None:
    text, key = code(3)
    assert text == f"{key}|3|2"


def test_version_3_off_line_is_signed() -> None:
    text, key = code(3, **OFFLINE)
    signed, _, signature = text.rpartition("|")
    assert signed == f"{key}|3|2|21|101.80||"
    public = identity().certificate.public_key()
    assert isinstance(public, RSAPublicKey)
    public.verify(b64decode(signature), signed.encode(), PKCS1v15(), SHA1())  # noqa: S303 - the standard fixes it
