"""A partner's own SFTP server on loopback: a plain one that knows nothing of the hub, and files behind it that a test can touch."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import asyncssh

from hub.canon.carriage import Dial
from hub.kit.addresses import Guard

USER = "hub"


@dataclass(frozen=True, slots=True, kw_only=True)
class SftpSide:
    """`root`: what the server shows. `key`: the private key that it lets in."""

    root: Path
    port: int
    key: str
    host_key: asyncssh.SSHKey

    @property
    def pin(self) -> str:
        return f"[127.0.0.1]:{self.port} {self.host_key.export_public_key().decode().strip()}"

    @property
    def dial(self) -> Dial:
        return Guard([f"127.0.0.1:{self.port}"]).dial

    def config(self, **more: str) -> dict[str, str]:
        """Of an account that trades here; files count as whole at the first look unless `more` says otherwise."""
        return {
            "transport": "sftp",
            "sftp_host": "127.0.0.1",
            "sftp_port": str(self.port),
            "sftp_user": USER,
            "sftp_host_key": self.pin,
            "sftp_in": "/to_hub",
            "sftp_out": "/from_hub",
            "sftp_stable": "0",
            **more,
        }

    def names(self, folder: str) -> list[str]:
        return sorted(p.name for p in (self.root / folder).iterdir() if p.is_file())


class _OneUser(asyncssh.SSHServer):  # type: ignore[misc]
    def begin_auth(self, username: str) -> bool:
        return True


@asynccontextmanager
async def sftp_side(root: Path) -> AsyncIterator[SftpSide]:
    for name in ("to_hub", "from_hub"):
        (root / name).mkdir(parents=True)
    ours, theirs = asyncssh.generate_private_key("ssh-ed25519"), asyncssh.generate_private_key("ssh-ed25519")
    allowed = asyncssh.import_authorized_keys(ours.export_public_key().decode())
    server = await asyncssh.listen(
        "127.0.0.1",
        0,
        server_factory=_OneUser,
        server_host_keys=[theirs],
        authorized_client_keys=allowed,
        sftp_factory=lambda chan: asyncssh.SFTPServer(chan, chroot=str(root).encode()),
        config=None,
    )
    try:
        key = ours.export_private_key().decode()
        yield SftpSide(root=root, port=server.get_port(), key=key, host_key=theirs)
    finally:
        server.close()
        await server.wait_closed()
