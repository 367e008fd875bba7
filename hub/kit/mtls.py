"""Mutual TLS: clients that show a certificate, and a server that asks for one. Keys never on disk, no proxy or trust from the environment. Decides nothing."""

from __future__ import annotations

import asyncio
import hashlib
import os
import secrets
import ssl
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol

import httpx
import uvicorn
from cryptography import x509
from uvicorn.protocols.http.h11_impl import H11Protocol

from hub.kit.errors import HubError

LARGEST_ANSWER = 10 * 1024 * 1024  # bytes
EXTENSION = "mtls"  # of the ASGI scope: {"peer": the client certificate or None, "transport": the connection}


class Credential(Protocol):
    """A key with its certificate and chain."""

    def pem(self, password: str) -> bytes:
        """All three for OpenSSL, the key encrypted with that password."""


class NothingSent(HubError):
    """No connection came about: {reason}"""

    code: ClassVar[str] = "NOTHING_SENT"


class NeverReachable(HubError):
    """This address can never be called as it is: {reason}"""

    code: ClassVar[str] = "NEVER_REACHABLE"


class SentWithoutAnswer(HubError):
    """Something was sent and no answer came back: {reason}"""

    code: ClassVar[str] = "SENT_WITHOUT_ANSWER"


@contextmanager
def certificate_file(pem: bytes) -> Iterator[str]:
    """A path under which OpenSSL reads certificate and encrypted key: memory where the system has it, else a file that only we may read."""
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


def show(context: ssl.SSLContext, credential: Credential) -> None:
    """Let the context identify itself with the credential."""
    password = secrets.token_hex(32)
    with certificate_file(credential.pem(password)) as path:
        context.load_cert_chain(path, password=password)


def client_context(credential: Credential, trust_pem: str | None, *, legacy: bool = False) -> ssl.SSLContext:
    """TLS 1.2 or later that shows our certificate and trusts `trust_pem` (else the system's store), whatever the environment says."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if trust_pem:
        context.load_verify_locations(cadata=trust_pem)
    else:
        context.load_default_certs()
    if legacy:
        context.options |= getattr(ssl, "OP_LEGACY_SERVER_CONNECT", 0x4)
    show(context, credential)
    return context


@dataclass(frozen=True, slots=True)
class Door:
    """What one client serves: a certificate (by its fingerprint) and a trust store."""

    fingerprint: bytes
    trust: str | None
    legacy: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """Where a request goes and how long it may take."""

    url: str
    connect_seconds: float
    answer_seconds: float


@dataclass(frozen=True, slots=True)
class Answered:
    status: int
    headers: dict[str, str]
    body: bytes


class MtlsClients:
    """One client for each certificate and trust store, connections kept; `aclose` ends them."""

    def __init__(self) -> None:
        self._clients: dict[Door, httpx.AsyncClient] = {}

    async def post(self, door: Door, credential: Credential, target: Target, body: bytes, media_type: str) -> Answered:
        """`NothingSent` or `NeverReachable` only when no byte of the message has left; `SentWithoutAnswer` after that."""
        if not target.url.startswith("https://"):
            raise NeverReachable(reason="the address of the service has no TLS")
        try:
            return await _post(self._client(door, credential), target, body, media_type)
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
            if isinstance(_root(error), ssl.SSLCertVerificationError):
                raise NeverReachable(reason="the server's certificate is not trusted") from error
            raise NothingSent(reason=f"no connection: {type(error).__name__}") from error
        except (httpx.UnsupportedProtocol, httpx.InvalidURL) as error:
            raise NeverReachable(reason="the address of the service is malformed") from error
        except httpx.TransportError as error:
            raise SentWithoutAnswer(reason=type(error).__name__) from error

    async def aclose(self) -> None:
        clients = list(self._clients.values())
        self._clients.clear()
        for client in clients:
            await client.aclose()

    def _client(self, door: Door, credential: Credential) -> httpx.AsyncClient:
        if door not in self._clients:
            context = client_context(credential, door.trust, legacy=door.legacy)
            self._clients[door] = httpx.AsyncClient(verify=context, trust_env=False, follow_redirects=False)
        return self._clients[door]


async def _post(client: httpx.AsyncClient, target: Target, body: bytes, media_type: str) -> Answered:
    limits = httpx.Timeout(target.answer_seconds, connect=target.connect_seconds)
    headers = {"content-type": media_type}
    async with client.stream("POST", target.url, content=body, headers=headers, timeout=limits) as answer:
        received = bytearray()
        async for part in answer.aiter_bytes():
            received += part
            if len(received) > LARGEST_ANSWER:
                raise SentWithoutAnswer(reason="an answer of more than 10 MB")
        return Answered(answer.status_code, dict(answer.headers), bytes(received))


def _root(error: BaseException) -> BaseException:
    while error.__cause__ is not None or error.__context__ is not None:
        error = error.__cause__ or error.__context__ or error
    return error


def fingerprint(certificate_der: bytes) -> bytes:
    return hashlib.sha256(certificate_der).digest()


# ------------------------------------------------------------------ the other side, for simulators
class _Connection(H11Protocol):
    """Tells the application who is on the other side, and lets it cut the line."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        tls, app = transport.get_extra_info("ssl_object"), self.app
        der = tls.getpeercert(binary_form=True) if tls is not None else None
        known = {"peer": x509.load_der_x509_certificate(der) if der else None, "transport": transport}

        async def with_connection(scope: Any, receive: Any, send: Any) -> None:
            scope.setdefault("extensions", {})[EXTENSION] = known
            await app(scope, receive, send)

        self.app = with_connection


class MtlsServer:
    """Serves an ASGI application in the running event loop, on 127.0.0.1, to clients whose certificate `trust_pem` proves."""

    HOST = "127.0.0.1"

    def __init__(self, app: Any, credential: Credential, trust_pem: str, *, port: int = 0) -> None:
        self._app, self._credential, self._trust, self.port = app, credential, trust_pem, port
        self._server: uvicorn.Server | None = None
        self._task: asyncio.Task[None] | None = None

    @property
    def base_url(self) -> str:
        return f"https://{self.HOST}:{self.port}"

    async def start(self) -> None:
        config = uvicorn.Config(
            self._app,
            host=self.HOST,
            port=self.port,
            http=_Connection,
            ws="none",
            lifespan="off",
            log_config=None,
            log_level="critical",
            access_log=False,
            ssl_context_factory=self._tls,
        )
        self._server = uvicorn.Server(config)
        self._task = asyncio.create_task(self._server._serve())  # noqa: SLF001 - `serve` would take the signals of the process
        while not self._server.started:
            if self._task.done():
                self._task.result()
            await asyncio.sleep(0.01)
        self.port = self._server.servers[0].sockets[0].getsockname()[1]

    async def stop(self) -> None:
        if self._server is None or self._task is None:
            return
        self._server.should_exit = True
        self._server.force_exit = True
        await self._task
        for connection in list(self._server.server_state.connections):  # a client that keeps its line open
            with suppress(
                AttributeError
            ):  # closed twice, an SSL transport of Python 3.11 has let go of what it would abort
                connection.transport.abort()
        await asyncio.sleep(0)
        self._server = self._task = None

    def _tls(self, *_: Any) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(cadata=self._trust)
        show(context, self._credential)
        return context
