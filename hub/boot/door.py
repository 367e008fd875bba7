"""The doors beside HTTP: partners who bring and fetch files themselves are let in to their own folders."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import ClassVar

import asyncssh
import structlog

from hub.boot import Hub
from hub.canon.carriage import Guest
from hub.kit.errors import HubError
from hub.kit.settings import Settings

log = structlog.get_logger()


class DoorTaken(HubError):
    """Nobody can be let in at port {port}: {reason}"""

    code: ClassVar[str] = "DOOR_TAKEN"


@asynccontextmanager
async def doors(hub: Hub) -> AsyncIterator[dict[str, int]]:
    """Adapter -> port of each door that the settings open."""
    settings, opened = hub.settings, {}
    async with AsyncExitStack() as stack:
        if settings.sftp_port is not None:
            for name, found in hub.adapters.items():
                if found.adapter.door is None:
                    continue
                listening = found.adapter.door.listen(
                    settings.host, settings.sftp_port, host_key(settings), lambda user: guest(hub, user)
                )
                try:
                    opened[name] = await stack.enter_async_context(listening)
                except OSError as error:
                    raise DoorTaken(port=settings.sftp_port, reason=error.strerror or "it cannot be opened") from error
                log.info("partners are let in", action="door", adapter=name, port=opened[name])
        yield opened


async def guest(hub: Hub, user: str) -> Guest | None:
    """The active account of that code with a home and keys; of two with the same code neither."""
    mine = [
        c
        for c in await hub.directory.all()
        if c.code == user and c.state == "ACTIVE" and c.config.get("sftp_home") and c.config.get("sftp_keys")
    ]
    if len(mine) != 1:
        return None
    keys = [line for line in str(mine[0].config["sftp_keys"]).splitlines() if line.strip()]
    return Guest(account=user, home=str(mine[0].config["sftp_home"]), keys=keys)


def host_key(settings: Settings) -> str:
    """Our private key as text; made once where none is, so that partners can pin it."""
    path = host_key_path(settings)
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        made = asyncssh.generate_private_key("ssh-ed25519").export_private_key()
        handle = os.open(temporary := path.with_name(f"{path.name}.{os.getpid()}"), os.O_WRONLY | os.O_CREAT, 0o600)
        with os.fdopen(handle, "wb") as opened:
            opened.write(made)
        try:
            os.link(temporary, path)  # of two that start at once one wins
        except FileExistsError:
            log.info("another process has made the host key", action="door")
        finally:
            temporary.unlink()
    return path.read_text(encoding="ascii")


def host_key_path(settings: Settings) -> Path:
    return settings.sftp_host_key_file or settings.data / "sftp_host_key"
