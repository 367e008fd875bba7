"""The AS2 station (tests/as2_station.py) seen from a test: keys for both sides, its process, what it got, and sending through it."""

from __future__ import annotations

import asyncio
import base64
import json
import os
import shutil
import sys
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    pkcs12,
)
from cryptography.x509.oid import NameOID

STATION = Path(__file__).with_name("as2_station.py")
PASSWORD = "trial"


def needs_openssl() -> None:
    """Skipped aloud where the other implementation is not installed; in CI it must be."""
    if shutil.which("openssl") is None:
        if os.environ.get("CI"):
            pytest.fail("the openssl program is missing: AS2 is verified against it")
        pytest.skip("the openssl program is not installed")


@dataclass(frozen=True, slots=True)
class Person:
    """A key with its own certificate."""

    key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey
    certificate: x509.Certificate

    @property
    def pem(self) -> str:
        return self.certificate.public_bytes(Encoding.PEM).decode()

    @property
    def pfx(self) -> str:
        sealed = pkcs12.serialize_key_and_certificates(
            b"hub", self.key, self.certificate, None, BestAvailableEncryption(PASSWORD.encode())
        )
        return base64.b64encode(sealed).decode()


@cache
def person(name: str, *, ends: datetime | None = None, curve: bool = False) -> Person:
    """`curve`: its key is EC (P-256), else RSA."""
    key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey
    key = (
        ec.generate_private_key(ec.SECP256R1())
        if curve
        else rsa.generate_private_key(public_exponent=65537, key_size=2048)
    )
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=400))
        .not_valid_after(ends or now + timedelta(days=400))
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )
    return Person(key, builder.sign(key, hashes.SHA256()))


@dataclass(frozen=True, slots=True, kw_only=True)
class Station:
    """`hub` and `partner`: the two sides' keys. `port`: where the partner receives, when it is serving."""

    folder: Path
    hub: Person
    partner: Person
    port: int = 0

    def config(self, mode: str = "ok", **more: Any) -> dict[str, Any]:
        url = f"http://127.0.0.1:{self.port}/as2?mode={mode}"
        return {"transport": "as2", "as2_from": "HUB", "as2_to": "STATION", "as2_url": url, **more}

    @property
    def secrets(self) -> dict[str, str]:
        return {"as2_key": self.hub.pfx, "as2_key_password": PASSWORD, "as2_partner_certificate": self.partner.pem}

    async def send(self, url: str, content: bytes, **options: Any) -> dict[str, Any]:
        """Through the station's process; what it says of the answer."""
        file = self.folder / "order.edi"
        file.write_bytes(content)
        return await self.run("send", str(self.folder), url, str(file), json.dumps(options))

    async def run(self, *arguments: str) -> dict[str, Any]:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-I",
            str(STATION),
            *arguments,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        out, err = await process.communicate()
        assert process.returncode == 0, err.decode()
        found: dict[str, Any] = json.loads(out)
        return found

    def got(self) -> list[tuple[dict[str, Any], bytes]]:
        """(what the station saw, content) of each message that it received."""
        files = sorted(self.folder.glob("got-*.json"), key=lambda p: int(p.stem[4:]))
        return [(json.loads(p.read_text()), p.with_suffix(".bin").read_bytes()) for p in files]


def station_at(folder: Path, *, curves: Collection[str] = ()) -> Station:
    """Keys and files; nothing runs yet. `curves`: who has an EC key, of `hub` and `partner`."""
    needs_openssl()
    folder.mkdir()
    hub = person(f"hub of {folder.name}", curve="hub" in curves)
    partner = person(folder.name, curve="partner" in curves)
    (folder / "cert.pem").write_text(partner.pem)
    (folder / "hub.pem").write_text(hub.pem)
    private = partner.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (folder / "key.pem").write_bytes(private)
    return Station(folder=folder, hub=hub, partner=partner)


@asynccontextmanager
async def serving(station: Station) -> AsyncIterator[Station]:
    """The station's process, listening."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-I", str(STATION), "serve", str(station.folder), stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    try:
        port = int(await asyncio.wait_for(process.stdout.readline(), 30))
        yield Station(folder=station.folder, hub=station.hub, partner=station.partner, port=port)
    finally:
        process.kill()
        await process.wait()
