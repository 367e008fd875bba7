"""The authority as a server: mutual TLS with an authority of certificates of its own, on a free port of this machine."""

from __future__ import annotations

import secrets
import tempfile
from datetime import datetime
from pathlib import Path

from adapters.sefaz.simulator.app import SefazApp, SimulatedTime
from adapters.sefaz.simulator.profiles import behavior
from adapters.sefaz.simulator.store import Store
from hub.canon.certificates import Identity
from hub.canon.trialcerts import TrialRoot, make_root, pfx
from hub.kit.clock import system_clock
from hub.kit.mtls import MtlsServer

PASSWORD_BYTES = 12


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
        credential = self._root.issue_server(MtlsServer.HOST, now=system_clock())
        self._server = MtlsServer(self.app, credential, self.ca_pem, port=port)
        self._clients: dict[str, tuple[Identity, str]] = {}

    @property
    def ca_pem(self) -> str:
        """What a client must trust (`trust_pem` of an account)."""
        return self._root.pem.decode()

    @property
    def base_url(self) -> str:
        return self._server.base_url

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
        await self._server.start()

    async def stop(self) -> None:
        await self._server.stop()


def write_credentials(simulator: SefazSimulator, cnpj: str, folder: Path | None) -> tuple[Path, str]:
    """Write `ca.pem` and `client.pfx` for a company; (folder, password of the PKCS#12)."""
    where = folder or Path(tempfile.mkdtemp(prefix="sefaz-"))
    where.mkdir(parents=True, exist_ok=True)
    container, password = simulator.client(cnpj)
    (where / "ca.pem").write_text(simulator.ca_pem, encoding="ascii")
    (where / "client.pfx").write_bytes(container)
    return where, password
