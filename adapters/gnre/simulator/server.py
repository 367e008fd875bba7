"""The portal as a server: mutual TLS with an authority of certificates of its own, on a free port of this machine."""

from __future__ import annotations

import secrets
import tempfile
from pathlib import Path

from adapters.gnre.simulator.app import GnreApp
from hub.canon.trialcerts import TrialRoot, make_root, pfx
from hub.kit.clock import system_clock
from hub.kit.mtls import MtlsServer

PASSWORD_BYTES = 12


class GnreSimulator:
    """A portal for tests and the demo. `start` serves in the running event loop until `stop`. `root`: made anew unless given."""

    def __init__(self, *, seed: int = 0, port: int = 0, root: TrialRoot | None = None) -> None:
        self.app = GnreApp(seed=seed)
        self._root = root or make_root(system_clock(), name="AC do simulador GNRE")
        credential = self._root.issue_server(MtlsServer.HOST, now=system_clock())
        self._server = MtlsServer(self.app, credential, self.ca_pem, port=port)

    @property
    def ca_pem(self) -> str:
        """What a client must trust (`trust_pem` of an account)."""
        return self._root.pem.decode()

    @property
    def base_url(self) -> str:
        return self._server.base_url

    def client(self, cnpj: str, name: str = "Empresa de teste") -> tuple[bytes, str]:
        """(PKCS#12, password) of a company's certificate, made anew."""
        password = secrets.token_urlsafe(PASSWORD_BYTES)
        return pfx(self._root.issue_company(cnpj, name, now=system_clock()), password), password

    async def start(self) -> None:
        await self._server.start()

    async def stop(self) -> None:
        await self._server.stop()


def write_credentials(simulator: GnreSimulator, cnpj: str, folder: Path | None) -> tuple[Path, str]:
    """Write `ca.pem` and `client.pfx` for a company; (folder, password of the PKCS#12)."""
    where = folder or Path(tempfile.mkdtemp(prefix="gnre-"))
    where.mkdir(parents=True, exist_ok=True)
    container, password = simulator.client(cnpj)
    (where / "ca.pem").write_text(simulator.ca_pem, encoding="ascii")
    (where / "client.pfx").write_bytes(container)
    return where, password
