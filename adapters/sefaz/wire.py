"""Mutual TLS to the authorities: one client a certificate, keys never on disk, no proxy or trust from the environment. Decides nothing."""

from __future__ import annotations

import os
import secrets
import ssl
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta

import httpx
from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, PrivateFormat

from adapters.sefaz.authorities import Endpoint, endpoint
from adapters.sefaz.certificates import CertificateRefused, Identity, check_certificate
from adapters.sefaz.company import Company, company, identity
from hub.canon.ports import Account, AnswerLost, Call, NeverTry, Response, TryAgain
from hub.kit.clock import system_clock

LARGEST_ANSWER = 10 * 1024 * 1024  # bytes
PAUSE = timedelta(seconds=10)  # after a connection that never came about


@contextmanager
def certificate_file(identity: Identity, password: bytes) -> Iterator[str]:
    """A path under which OpenSSL reads certificate and encrypted key: memory where the system has it, else a file that only we may read."""
    pem = b"".join(each.public_bytes(Encoding.PEM) for each in (identity.certificate, *identity.chain))
    pem += identity.key.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(password))
    if hasattr(os, "memfd_create"):
        file = os.memfd_create("identity", os.MFD_CLOEXEC)
        try:
            os.write(file, pem)
            yield f"/proc/self/fd/{file}"
        finally:
            os.close(file)
        return
    with tempfile.NamedTemporaryFile() as named:  # 0600, unlinked on leaving
        named.write(pem)
        named.flush()
        yield named.name


def client_context(identity: Identity, trust_pem: str | None, *, legacy: bool = False) -> ssl.SSLContext:
    """TLS 1.2 or later that shows our certificate and trusts `trust_pem` (else the system's store), whatever the environment says."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if trust_pem:
        context.load_verify_locations(cadata=trust_pem)
    else:
        context.load_default_certs()
    if legacy:
        context.options |= getattr(ssl, "OP_LEGACY_SERVER_CONNECT", 0x4)
    password = secrets.token_hex(32)
    with certificate_file(identity, password.encode()) as path:
        context.load_cert_chain(path, password=password)
    return context


@dataclass(frozen=True, slots=True)
class _Door:
    """What one client serves: a certificate and a trust store."""

    fingerprint: bytes
    trust: str | None
    legacy: bool


class SefazWire:
    """Sends planned calls. Keeps one client for each certificate; `aclose` ends them."""

    def __init__(self) -> None:
        self._clients: dict[_Door, httpx.AsyncClient] = {}

    async def send(self, call: Call, account: Account) -> Response:
        """`TryAgain` or `NeverTry` only when no byte of the message has left; `AnswerLost` after that."""
        ours, key = company(account), identity(account)
        where = endpoint(call, ours, (account.now or system_clock()).date())
        self._refuse(account, ours, key, where)
        client = self._client(key, ours, where)
        try:
            return await _post(client, where, call)
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
            if isinstance(_root(error), ssl.SSLCertVerificationError):
                raise NeverTry("the server's certificate is not trusted") from error
            raise TryAgain(after=PAUSE, reason=f"no connection: {type(error).__name__}") from error
        except (httpx.UnsupportedProtocol, httpx.InvalidURL) as error:
            raise NeverTry("the address of the service is malformed") from error
        except httpx.TransportError as error:
            raise AnswerLost(reason=type(error).__name__) from error

    async def aclose(self) -> None:
        clients = list(self._clients.values())
        self._clients.clear()
        for client in clients:
            await client.aclose()

    def _refuse(self, account: Account, ours: Company, key: Identity, where: Endpoint) -> None:
        """What must not even open a connection: a foreign or expired certificate, an address without TLS."""
        if not where.url.startswith("https://"):
            raise NeverTry("the address of the service has no TLS")
        if account.now is None:
            return
        try:
            check_certificate(key, issuer=ours.cnpj, at=account.now)
        except CertificateRefused as error:
            raise NeverTry(error.sentence()) from error

    def _client(self, key: Identity, ours: Company, where: Endpoint) -> httpx.AsyncClient:
        door = _Door(_fingerprint(key.certificate), ours.trust_pem, where.legacy_tls)
        if door not in self._clients:
            context = client_context(key, ours.trust_pem, legacy=where.legacy_tls)
            self._clients[door] = httpx.AsyncClient(verify=context, trust_env=False, follow_redirects=False)
        return self._clients[door]


def _fingerprint(certificate: x509.Certificate) -> bytes:
    return certificate.fingerprint(SHA256())


async def _post(client: httpx.AsyncClient, where: Endpoint, call: Call) -> Response:
    limits = httpx.Timeout(where.answer_seconds, connect=where.connect_seconds)
    async with client.stream(
        "POST", where.url, content=call.body, headers={"content-type": call.media_type}, timeout=limits
    ) as answer:
        body = bytearray()
        async for part in answer.aiter_bytes():
            body += part
            if len(body) > LARGEST_ANSWER:
                raise AnswerLost(reason="an answer of more than 10 MB")
        return Response(status=answer.status_code, headers=dict(answer.headers), body=bytes(body))


def _root(error: BaseException) -> BaseException:
    while error.__cause__ is not None or error.__context__ is not None:
        error = error.__cause__ or error.__context__ or error
    return error
