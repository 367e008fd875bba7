"""Channels are also swept, because every vendor loses pushes: what changed since the last look, with an overlap."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

import structlog

from hub import connections, inbox
from hub.canon.ports import Adapter, AnswerLost, NeverTry, TryAgain
from hub.connections import Connection, Directory
from hub.flows.post import Post
from hub.kit.db import Database
from hub.kit.doorbell import Doorbell
from hub.kit.ids import new_id

log = structlog.get_logger()
EVERY = timedelta(minutes=10)


class Sweep:
    """Asks each active connection whose adapter can be asked, when its turn has come."""

    def __init__(
        self,
        db: Database,
        bell: Doorbell,
        directory: Directory,
        adapters: Mapping[str, Adapter],
        post: Post,
        *,
        every: timedelta = EVERY,
    ) -> None:
        self._db, self._bell, self._directory, self._adapters, self._post, self._every = (
            db,
            bell,
            directory,
            adapters,
            post,
            every,
        )

    async def look(self) -> int:
        """Sweep what is due; returns how many messages were new."""
        fresh = 0
        for connection in await self._directory.all():
            adapter = self._adapters.get(connection.adapter)
            due = connection.swept_at is None or self._db.clock() - connection.swept_at >= self._every
            if (
                due
                and connection.state == "ACTIVE"
                and adapter is not None
                and adapter.pull is not None
                and connection.config.get("sweep", True)
            ):
                fresh += await self.one(connection)
        if fresh:
            self._bell.ring("inbox")
        return fresh

    async def one(self, connection: Connection) -> int:
        adapter = self._adapters[connection.adapter]
        if adapter.pull is None:
            return 0
        _, account = await self._directory.of(connection.connection_id)
        http = self._post.http(adapter, connection, account)
        fresh = 0
        try:
            async for page in adapter.pull.changes(connection.sweep_cursor, http, account):
                async with self._db.unit(tenant=connection.tenant, actor="sweep") as tx:
                    kept = await inbox.receive(
                        tx, connection.connection_id, list(page.envelopes), correlation_id=new_id()
                    )
                    await connections.mark_swept(tx, connection.connection_id, page.next)
                fresh += sum(1 for k in kept if k.new)
        except (TryAgain, NeverTry, AnswerLost) as error:
            log.warning("a sweep was cut short", action="sweep", connection=connection.code, reason=error.sentence())
        return fresh
