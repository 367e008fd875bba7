"""Partners' folders: a file that is whole becomes messages, and is archived when they are committed."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import structlog

from hub import inbox
from hub.canon.ports import Adapter, NeverTry, Request
from hub.connections import Connection, Directory
from hub.flows.exchange import repeated
from hub.kit import failpoint
from hub.kit.db import Database
from hub.kit.doorbell import Doorbell
from hub.kit.folder import Folder
from hub.kit.ids import new_id

log = structlog.get_logger()


class Folders:
    """Looks at the `inbox` folder of every connection that has one. `stable`: how long a file must not have changed."""

    def __init__(
        self,
        db: Database,
        bell: Doorbell,
        directory: Directory,
        adapters: Mapping[str, Adapter],
        *,
        stable: timedelta = timedelta(seconds=5),
    ) -> None:
        self._db, self._bell, self._directory, self._adapters, self._stable = db, bell, directory, adapters, stable
        self._folders: dict[UUID, Folder] = {}

    async def look(self) -> int:
        """Take in what is whole now; returns how many files."""
        taken = 0
        for connection in await self._directory.all():
            path = connection.config.get("inbox")
            if path and connection.state == "ACTIVE":
                folder = self._folders.setdefault(
                    connection.connection_id, Folder(Path(str(path)), stable=self._stable)
                )
                for file in await folder.whole(self._db.clock()):
                    taken += await self._take(connection, folder, file)
        if taken:
            self._bell.ring("inbox", "outbox")
        return taken

    async def _take(self, connection: Connection, folder: Folder, file: Path) -> int:
        body = await folder.read(file)
        try:
            await take_in(self._db, self._directory, self._adapters, connection, file.name, body)
        except NeverTry as error:
            log.warning("a file cannot be taken in", action="folder", file=file.name, reason=error.sentence())
            await folder.archive(file, to="error")
            return 0
        failpoint.passing("folders.kept")
        await folder.archive(file)
        return 1


async def take_in(
    db: Database,
    directory: Directory,
    adapters: Mapping[str, Adapter],
    connection: Connection,
    name: str,
    body: bytes,
) -> list[inbox.Received]:
    """A partner's file becomes messages, in one commit, whichever way it came. `NeverTry`: nothing can be made of it."""
    push = adapters[connection.adapter].push
    if push is None:
        raise NeverTry(f"the adapter {connection.adapter} takes no files")
    _, account = await directory.of(connection.connection_id)
    request = Request(method="PUT", path=name, query={}, headers={}, body=body)
    envelopes = push.envelopes(request, account)
    async with db.unit(tenant=connection.tenant, actor="folders") as tx:
        kept = await inbox.receive(tx, connection.connection_id, envelopes, correlation_id=new_id())
        await repeated(tx, connection.connection_id, envelopes, kept)
    return kept
