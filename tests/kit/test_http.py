"""Outbound HTTP: only public addresses, the name kept for TLS and Host, bounded answers, and errors that say whether it left."""

from __future__ import annotations

import asyncio
import datetime as dt
import gzip
import ssl
import zlib
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from hub.kit.http import AnswerTooLarge, AnswerUnreadable, FateUnknown, NeverLeft, Sending
from tests.http_sides import SHORT, Serve, answer, exempt, server, transport


async def test_a_request_goes_out_as_it_was_given() -> None:
    seen: list[bytes] = []

    async def serve(request: bytes, writer: asyncio.StreamWriter) -> None:
        seen.append(request)
        await answer(b"done", "X-Id: 7", status="201 Created")(request, writer)

    async with exempt(serve) as (http, base):
        got = await http.send(Sending(method="POST", url=f"{base}/a?b=c", headers={"X-Key": "k"}, body=b"{}"))
    assert (got.status, got.headers["x-id"], got.body) == (201, "7", b"done")
    (request,) = seen
    assert request.startswith(b"POST /a?b=c HTTP/1.1\r\n")
    assert b"x-key: k\r\n" in request.lower()
    assert request.endswith(b"\r\n\r\n{}")


async def test_a_redirect_is_an_answer() -> None:
    async with exempt(answer(b"", "location: http://127.0.0.1/secret", status="302 Found")) as (http, base):
        got = await http.send(Sending(method="GET", url=base))
    assert (got.status, got.headers["location"]) == (302, "http://127.0.0.1/secret")


async def test_cookies_are_not_kept() -> None:
    seen: list[bytes] = []

    async def serve(request: bytes, writer: asyncio.StreamWriter) -> None:
        seen.append(request)
        await answer(b"", "set-cookie: a=b")(request, writer)

    async with exempt(serve) as (http, base):
        for _ in range(2):
            await http.send(Sending(method="GET", url=base))
    assert not any(b"cookie:" in r.lower() for r in seen)
    assert len(seen) == 2


@pytest.mark.parametrize("coding", ["gzip", "deflate", "GZIP"])
async def test_codings_are_undone(coding: str) -> None:
    packed = zlib.compress(b"text" * 1000) if coding == "deflate" else gzip.compress(b"text" * 1000, mtime=0)
    async with exempt(answer(packed, f"content-encoding: {coding}")) as (http, base):
        assert (await http.send(Sending(method="GET", url=base))).body == b"text" * 1000


@pytest.mark.parametrize(
    ("body", "header", "error"),
    [
        (b"x" * 2000, "x: y", AnswerTooLarge),
        (gzip.compress(b"\0" * 50_000_000, mtime=0), "content-encoding: gzip", AnswerTooLarge),
        (b"no gzip", "content-encoding: gzip", AnswerUnreadable),
        (gzip.compress(b"text" * 10, mtime=0)[:-9], "content-encoding: gzip", AnswerUnreadable),
        (b"", "content-encoding: br", AnswerUnreadable),
    ],
)
async def test_large_and_unreadable_answers_are_refused(body: bytes, header: str, error: type[FateUnknown]) -> None:
    async with exempt(answer(body, header)) as (http, base):
        with pytest.raises(error):
            await http.send(Sending(method="GET", url=base, most=1000))


async def cut(_request: bytes, writer: asyncio.StreamWriter) -> None:
    """Take the request and close."""


async def half(_request: bytes, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf")
    await writer.drain()


async def silent(_request: bytes, writer: asyncio.StreamWriter) -> None:
    await asyncio.sleep(5)


@pytest.mark.parametrize("serve", [cut, half, silent])
async def test_what_left_without_a_whole_answer_has_an_unknown_fate(serve: Serve) -> None:
    async with exempt(serve) as (http, base):
        with pytest.raises(FateUnknown):
            await http.send(Sending(method="POST", url=base, timeout=timedelta(seconds=0.4)))


async def test_what_found_nobody_never_left() -> None:
    async with server(cut) as port:
        pass
    async with transport(f"127.0.0.1:{port}") as http:
        with pytest.raises(NeverLeft):
            await http.send(Sending(method="POST", url=f"http://127.0.0.1:{port}", timeout=SHORT))


async def test_a_name_that_is_not_known_never_left() -> None:
    async def unknown(host: str, port: int) -> list[str]:
        raise OSError(host)

    async with transport(resolve=unknown) as http:
        with pytest.raises(NeverLeft):
            await http.send(Sending(method="POST", url="https://nowhere.example", timeout=SHORT))


async def test_a_handshake_that_fails_never_left(tmp_path: Path) -> None:
    context, _ = certificate(tmp_path, "shop.example")
    async with server(answer(), context) as port, transport(f"127.0.0.1:{port}") as http:
        with pytest.raises(NeverLeft):
            await http.send(Sending(method="POST", url=f"https://127.0.0.1:{port}", timeout=SHORT))


def certificate(folder: Path, name: str) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """(the server's context, a client's that trusts it)."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder(subject, subject, key.public_key(), x509.random_serial_number(), now, now + SHORT * 60)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    file = folder / "server.pem"
    plain = serialization.NoEncryption()
    file.write_bytes(
        made.public_bytes(serialization.Encoding.PEM)
        + key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)
    )
    server_side = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server_side.load_cert_chain(file)
    return server_side, ssl.create_default_context(cafile=str(file))


async def test_the_name_stays_in_sni_certificate_and_host(tmp_path: Path) -> None:
    context, client = certificate(tmp_path, "shop.example")
    names: list[str | None] = []
    context.sni_callback = lambda _socket, name, _context: names.append(name)
    seen: list[bytes] = []

    async def serve(request: bytes, writer: asyncio.StreamWriter) -> None:
        seen.append(request)
        await answer()(request, writer)

    async def here(host: str, port: int) -> list[str]:
        return ["127.0.0.1"]

    async with server(serve, context) as port:
        allowed = [f"{host}:{port}" for host in ("shop.example", "other.example")]
        async with transport(*allowed, resolve=here) as http:
            url = f"https://shop.example:{port}/"
            assert (await http.send(Sending(method="GET", url=url, timeout=SHORT, tls=client))).status == 200
            with pytest.raises(NeverLeft, match="certificate"):
                await http.send(Sending(method="GET", url=f"https://other.example:{port}/", timeout=SHORT, tls=client))
    assert names == ["shop.example", "other.example"]
    assert f"host: shop.example:{port}".encode() in seen[0].lower()
