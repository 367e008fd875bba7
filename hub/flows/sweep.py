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
LEASE = timedelta(minutes=5)  # for one page; a sweeper that died is taken over after it


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
        """Sweep what is due; returns how many messages were new. Of several connections of one company only the first is asked."""
        fresh = 0
        asked: set[tuple[int, str, str]] = set()
        for connection in await self._directory.all():
            adapter = self._adapters.get(connection.adapter)
            if adapter is None or adapter.pull is None or connection.state != "ACTIVE":
                continue
            company = (
                connection.tenant,
                connection.adapter,
                str(connection.config.get("cnpj") or connection.connection_id),
            )
            if connection.config.get("sweep", True) and company not in asked:
                asked.add(company)
                fresh += await self.one(connection)
        if fresh:
            self._bell.ring("inbox")
        return fresh

    async def one(self, connection: Connection) -> int:
        """What is new at one connection; nothing while somebody else asks, or the other side wants a pause."""
        adapter = self._adapters[connection.adapter]
        async with self._db.unit(tenant=connection.tenant, actor="sweep") as tx:
            claimed = await connections.claim_sweep(tx, connection.connection_id, tx.now + LEASE)
        if adapter.pull is None or claimed is None:
            return 0
        _, account = await self._directory.of(connection.connection_id)
        http = self._post.http(adapter, connection, account)
        fresh, rest = 0, self._every
        try:
            async for page in adapter.pull.changes(claimed.sweep_cursor, http, account):
                async with self._db.unit(tenant=connection.tenant, actor="sweep") as tx:
                    kept = await inbox.receive(
                        tx, connection.connection_id, list(page.envelopes), correlation_id=new_id()
                    )
                    await connections.mark_swept(tx, connection.connection_id, page.next)
                    await connections.rest_sweep(tx, connection.connection_id, tx.now + LEASE)
                fresh += sum(1 for k in kept if k.new)
                rest = max(rest, page.rest or rest)
        except TryAgain as error:
            rest = max(rest, error.data["after"])
            log.warning("a sweep was cut short", action="sweep", connection=connection.code, reason=error.sentence())
        except (NeverTry, AnswerLost) as error:
            log.warning("a sweep was cut short", action="sweep", connection=connection.code, reason=error.sentence())
        async with self._db.unit(tenant=connection.tenant, actor="sweep") as tx:
            await connections.rest_sweep(tx, connection.connection_id, tx.now + rest)
        return fresh
