"""Partners' folders: a file that is whole becomes messages, and is archived when they are committed."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import structlog

from hub import inbox
from hub.canon.ports import Adapter, NeverTry, Request
from hub.connections import Connection, Directory
from hub.flows.exchange import repeated
from hub.incidents import Incidents, NewIncident
from hub.kit import failpoint
from hub.kit.db import Database
from hub.kit.doorbell import Doorbell
from hub.kit.folder import FileTooLarge, Folder, FolderUnusable
from hub.kit.ids import new_id
from hub.ledger import Cause

log = structlog.get_logger()
LARGEST = 256 * 1024 * 1024  # bytes of a file


class Folders:
    """Looks at the `inbox` folder of every connection that has one. `stable`: how long a file must not have changed."""

    def __init__(
        self,
        db: Database,
        bell: Doorbell,
        directory: Directory,
        adapters: Mapping[str, Adapter],
        incidents: Incidents,
        *,
        stable: timedelta = timedelta(seconds=5),
    ) -> None:
        self._db, self._bell, self._directory, self._adapters = db, bell, directory, adapters
        self._incidents, self._stable = incidents, stable
        self._folders: dict[UUID, Folder] = {}
        self._unusable: set[UUID] = set()  # told of already

    async def look(self) -> int:
        """Take in what is whole now; returns how many files. A folder that cannot be used is told once and keeps no other waiting."""
        taken = 0
        for connection in await self._directory.all():
            path = connection.config.get("inbox")
            if path and connection.state == "ACTIVE":
                taken += await self._one(connection, Path(str(path)))
        if taken:
            self._bell.ring("inbox", "outbox")
        return taken

    async def _one(self, connection: Connection, path: Path) -> int:
        folder = self._folders.setdefault(connection.connection_id, Folder(path, stable=self._stable))
        taken = 0
        try:
            for file in await folder.whole(self._db.clock()):
                taken += await self._take(connection, folder, file)
        except FolderUnusable as error:
            if connection.connection_id not in self._unusable:
                self._unusable.add(connection.connection_id)
                await self._told(connection, "transport_refused", error.sentence())
        else:
            self._unusable.discard(connection.connection_id)
        return taken

    async def _take(self, connection: Connection, folder: Folder, file: Path) -> int:
        """One file, kept before it is moved. One that cannot be taken in goes to `error`, and is told."""
        try:
            body = await folder.read(file, most=LARGEST)
            if body is None:
                return 0
            await take_in(self._db, self._directory, self._adapters, connection, file.name, body)
        except (NeverTry, FileTooLarge) as error:
            await self._told(connection, "file_refused", f"{file.name[:80]}: {error.sentence()}", detail=file.name[:80])
            await folder.archive(file, to="error")
            return 0
        failpoint.passing("folders.kept")
        await folder.archive(file)
        return 1

    async def _told(self, connection: Connection, kind: str, sentence: str, *, detail: str = "") -> None:
        log.warning(sentence, action="folder", connection=connection.code)
        await tell(self._db, self._incidents, connection, kind, sentence, detail=detail)


async def tell(
    db: Database, incidents: Incidents, connection: Connection, kind: str, sentence: str, *, detail: str = ""
) -> None:
    """An incident at the connection, in a unit of its own."""
    async with db.unit(tenant=connection.tenant, actor="folders") as tx:
        told = NewIncident(
            kind=kind,
            summary=f"{connection.label}: {sentence}"[:500],
            subject_kind="connection",
            subject_id=connection.connection_id,
            detail=detail,
            cause=Cause(tx.correlation_id, None),
        )
        await incidents.open(tx, [told])


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
    envelopes = await asyncio.to_thread(push.envelopes, request, account)  # a large file is seconds of work
    async with db.unit(tenant=connection.tenant, actor="folders") as tx:
        kept = await inbox.receive(tx, connection.connection_id, envelopes, correlation_id=new_id())
        await repeated(tx, connection.connection_id, envelopes, kept)
    return kept
