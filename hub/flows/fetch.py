"""Files that wait at partners' servers: one of us looks, what is whole becomes messages, and is moved away there after the commit."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

import structlog

from hub import connections
from hub.canon.carriage import Carrier, Dial, Shelf
from hub.canon.ports import Account, Adapter, NeverTry, TryAgain
from hub.connections import Connection, Directory
from hub.flows.folders import take_in, tell
from hub.incidents import Incidents
from hub.kit import failpoint
from hub.kit.db import Database
from hub.kit.doorbell import Doorbell
from hub.kit.errors import HubError

log = structlog.get_logger()
EVERY = timedelta(seconds=60)
LEASE = timedelta(minutes=5)  # for one file; whoever dies is taken over after it


class Fetch:
    """Looks at every active account whose config names a carrier as its `transport`; `every` is its pace unless the account has its own."""

    def __init__(
        self,
        db: Database,
        bell: Doorbell,
        directory: Directory,
        adapters: Mapping[str, Adapter],
        dial: Dial,
        incidents: Incidents,
        *,
        every: timedelta = EVERY,
    ) -> None:
        self._db, self._bell, self._directory, self._adapters = db, bell, directory, adapters
        self._dial, self._incidents, self._every = dial, incidents, every

    async def look(self) -> int:
        """Take in what is whole; returns how many files."""
        taken = 0
        for connection in await self._directory.all():
            named = self._adapters.get(str(connection.config.get("transport", "")))
            if named is not None and named.carrier is not None and connection.state == "ACTIVE":
                taken += await self._one(connection, named.carrier)
        if taken:
            self._bell.ring("inbox", "outbox")
        return taken

    async def _one(self, connection: Connection, carrier: Carrier) -> int:
        async with self._db.unit(tenant=connection.tenant, actor="fetch") as tx:
            claimed = await connections.claim_sweep(tx, connection.connection_id, tx.now + LEASE)
        if claimed is None:
            return 0
        _, account = await self._directory.of(connection.connection_id)
        taken, trouble = 0, None
        try:
            async with carrier.open(account, self._dial) as shelf:
                for name in await shelf.whole():
                    taken += await self._file(connection, account, shelf, name)
        except (TryAgain, NeverTry) as error:
            trouble = error
            log.warning("a partner's server", action="fetch", connection=connection.code, reason=error.sentence())
        await self._rest(claimed, account, trouble)
        return taken

    async def _file(self, connection: Connection, account: Account, shelf: Shelf, name: str) -> int:
        """One file, kept before it is moved. One that cannot be taken in goes to `error` there, and is told."""
        try:
            body = await shelf.read(name)
            await take_in(self._db, self._directory, self._adapters, connection, name, body)
        except TryAgain as error:
            log.info("a file is not whole yet", action="fetch", file=name, reason=error.sentence())
            return 0
        except NeverTry as error:
            log.warning("a file cannot be taken in", action="fetch", file=name, reason=error.sentence())
            refused = f"{name[:80]}: {error.sentence()}"
            await tell(self._db, self._incidents, connection, "file_refused", refused, detail=name[:80])
            await shelf.away(name, to="error")
            return 0
        failpoint.passing("folders.kept")
        await shelf.away(name, to="archive")
        async with self._db.unit(tenant=connection.tenant, actor="fetch") as tx:
            await connections.rest_sweep(tx, connection.connection_id, tx.now + LEASE)
        return 1

    async def _rest(self, connection: Connection, account: Account, trouble: HubError | None) -> None:
        """Until the next look; what is wrong stands at the connection. What a person must mend is an incident at once."""
        every = account.config.get("fetch_every")
        pause = timedelta(seconds=float(every)) if every is not None else self._every
        async with self._db.unit(tenant=connection.tenant, actor="fetch") as tx:
            await connections.rest_sweep(tx, connection.connection_id, tx.now + pause)
            if trouble is not None or connection.last_error is not None or connection.last_ok_at is None:
                said = trouble.sentence() if trouble else None
                await connections.set_state(tx, connection.connection_id, "ACTIVE", error=said)
        if isinstance(trouble, NeverTry):
            await tell(self._db, self._incidents, connection, "transport_refused", trouble.sentence())
