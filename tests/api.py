"""The API over a test's own database and reactor, without a socket: documents in, data out."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any

import orjson

from hub.boot import check_partner
from hub.connections import Directory
from hub.flows import Reactor
from hub.flows.reread import Rereader
from hub.kit.db import Database
from hub.kit.doorbell import Doorbell
from hub.kit.vault import Vault
from hub.web.commands import Desk as WritePath
from hub.web.commands import HubCommands
from schema.deps import SchemaDeps
from schema.desk import Desk
from schema.plan.pool import open_read_pool
from schema.principal import Principal
from schema.responses import JSON

ADMIN = Principal(tenant=1, actor="ana", role="ADMIN", cost_bucket=0)


@dataclass(slots=True)
class Api:
    """What a caller sees."""

    desk: Desk
    me: Principal = ADMIN

    def by(self, **other: Any) -> Api:
        """The same for another caller."""
        return replace(self, me=replace(self.me, **other))

    async def __call__(self, query: str, /, **variables: Any) -> Any:
        """The data of one document."""
        asked = self.desk.reads.ask(self.me, query, variables)
        _, body = await self.desk.answer(asked, None, JSON)
        whole = orjson.loads(body)
        assert not whole.get("errors"), whole
        return whole["data"]

    async def do(self, name: str, shown: str, /, **given: Any) -> Any:
        """The payload of one mutation: `shown` is what is selected beside the user errors."""
        kind = self.desk.reads.core.mutation_type.fields[name].args["input"].type  # type: ignore[union-attr]
        errors = "userErrors { code field message }"
        query = f"mutation($input: {kind}) {{ {name}(input: $input) {{ {shown} {errors} }} }}"
        return (await self(query, input=given))[name]


@asynccontextmanager
async def api_over(db: Database, reactor: Reactor, vault: Vault | None = None) -> AsyncIterator[Api]:
    vault, bell = vault or Vault(db, {}), await Doorbell(db.dsn).open()
    read = await open_read_pool(db.dsn, size=2)
    writes = WritePath(reactor, bell)
    directory = Directory(db, vault)
    made = Desk(
        SchemaDeps(
            read_pool=read,
            tail_pool=db.tail,
            authenticate=_nobody,
            commands=HubCommands(writes, directory, vault, Rereader(reactor, directory, {}), check_partner),
            clock=db.clock,
        )
    )
    try:
        yield Api(made)
    finally:
        await made.reads.pool.drain()
        await writes.close()
        await read.close()
        await bell.close()


async def _nobody(_header: str) -> Principal | None:
    return None
