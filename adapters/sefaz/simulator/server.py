"""The authority as a server: mutual TLS with an authority of certificates of its own, on a free port of this machine."""

from __future__ import annotations

import asyncio
import secrets
import ssl
import tempfile
from datetime import datetime
from pathlib import Path
from typing import Any

import uvicorn
from cryptography import x509
from uvicorn.protocols.http.h11_impl import H11Protocol

from adapters.sefaz.certificates import Identity
from adapters.sefaz.simulator.app import Receive, Scope, SefazApp, Send, SimulatedTime
from adapters.sefaz.simulator.profiles import behavior
from adapters.sefaz.simulator.store import Store
from adapters.sefaz.testcerts import TrialRoot, make_root, pfx
from adapters.sefaz.wire import certificate_file
from hub.kit.clock import system_clock

HOST = "127.0.0.1"
PASSWORD_BYTES = 12


class _Connection(H11Protocol):
    """Tells the application who is on the other side, and lets it cut the line."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        tls, app = transport.get_extra_info("ssl_object"), self.app
        der = tls.getpeercert(binary_form=True) if tls is not None else None
        known = {"peer": x509.load_der_x509_certificate(der) if der else None, "transport": transport}

        async def with_connection(scope: Scope, receive: Receive, send: Send) -> None:
            scope.setdefault("extensions", {})["sefaz"] = known
            await app(scope, receive, send)

        self.app = with_connection


class SefazSimulator:
    """An authority for tests and the demo. `start` serves in the running event loop until `stop`.

    `profile`: a name of `PROFILES`, or a UF whose other traits are those of SP. `root`: its authority of certificates,
    made anew unless given.
    """

    def __init__(
        self,
        *,
        profile: str = "SP",
        seed: int = 0,
        state: Path | None = None,
        port: int = 0,
        root: TrialRoot | None = None,
        now: datetime | None = None,
    ) -> None:
        store = Store(state)
        store.load()
        time = SimulatedTime()
        if now is not None:
            time.shift = now - time.base()
        self.app = SefazApp(behavior=behavior(profile), store=store, seed=seed, time=time)
        self._root = root or make_root(system_clock(), name="AC do simulador")
        self._port = port
        self._server: uvicorn.Server | None = None
        self._task: asyncio.Task[None] | None = None
        self._clients: dict[str, tuple[Identity, str]] = {}

    @property
    def ca_pem(self) -> str:
        """What a client must trust (`trust_pem` of an account)."""
        return self._root.pem.decode()

    @property
    def base_url(self) -> str:
        return f"https://{HOST}:{self._port}"

    def identity(self, cnpj: str, name: str = "Empresa de teste") -> Identity:
        """The certificate of a company, made once."""
        return self._client(cnpj, name)[0]

    def client(self, cnpj: str, name: str = "Empresa de teste") -> tuple[bytes, str]:
        """(PKCS#12, password) of a company's certificate."""
        identity, password = self._client(cnpj, name)
        return pfx(identity, password), password

    def _client(self, cnpj: str, name: str) -> tuple[Identity, str]:
        if cnpj not in self._clients:
            made = self._root.issue_company(cnpj, name, now=system_clock())
            self._clients[cnpj] = (made, secrets.token_urlsafe(PASSWORD_BYTES))
        return self._clients[cnpj]

    async def start(self) -> None:
        config = uvicorn.Config(
            self.app,
            host=HOST,
            port=self._port,
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
        self._port = self._server.servers[0].sockets[0].getsockname()[1]

    async def stop(self) -> None:
        if self._server is None or self._task is None:
            return
        self._server.should_exit = True
        self._server.force_exit = True
        await self._task
        for connection in list(self._server.server_state.connections):  # a client that keeps its line open
            connection.transport.abort()
        await asyncio.sleep(0)
        self._server = self._task = None

    def _tls(self, *_: Any) -> ssl.SSLContext:
        identity = self._root.issue_server(HOST, now=system_clock())
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(cadata=self.ca_pem)
        password = secrets.token_hex(32)
        with certificate_file(identity, password.encode()) as path:
            context.load_cert_chain(path, password=password)
        return context


def write_credentials(simulator: SefazSimulator, cnpj: str, folder: Path | None) -> tuple[Path, str]:
    """Write `ca.pem` and `client.pfx` for a company; (folder, password of the PKCS#12)."""
    where = folder or Path(tempfile.mkdtemp(prefix="sefaz-"))
    where.mkdir(parents=True, exist_ok=True)
    container, password = simulator.client(cnpj)
    (where / "ca.pem").write_text(simulator.ca_pem, encoding="ascii")
    (where / "client.pfx").write_bytes(container)
    return where, password
