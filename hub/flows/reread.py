"""A received exchange is read again from its kept bytes through the present guides: what is different is told, and what could not be
applied the first time is applied now. What was applied is never applied twice.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from hub import connections, inbox
from hub.canon.codec import dump
from hub.canon.ports import Adapter, NeverTry, Unmapped
from hub.connections import Directory
from hub.flows.apply import apply
from hub.flows.exchange import Arrived, document_of, exchange_of, owe_again, sets_judged
from hub.flows.reactor import Reactor
from hub.flows.source import Source
from hub.kit.db import Tx
from hub.kit.errors import HubError
from hub.ledger import Cause


@dataclass(frozen=True, slots=True, kw_only=True)
class Again:
    """`only`: ST02 of the one set; `dry_run`: nothing is changed; `ack`: the same acknowledgement is owed once more."""

    exchange_id: UUID
    only: str | None = None
    dry_run: bool = False
    ack: bool = False


class Rereader:
    """Reads exchanges again with the adapters of today."""

    def __init__(self, reactor: Reactor, directory: Directory, adapters: Mapping[str, Adapter]) -> None:
        self._reactor, self._directory, self._adapters = reactor, directory, adapters

    async def again(self, tenant: int, asked: Again) -> list[str]:
        """A line for each set; empty: this tenant received no such exchange."""
        async with self._reactor.unit(tenant=tenant, actor="replay") as tx:
            return await self.within(tx, asked)

    async def within(self, tx: Tx, asked: Again) -> list[str]:
        """The same in the caller's unit."""
        before = {r["set_control"]: r["document"] for r in await connections.documents(tx, asked.exchange_id)}
        told: list[str] = []
        for row in await of_exchange(tx, asked.exchange_id):
            envelope = inbox.envelope(row)
            control = envelope.headers.get("x12-set-control")
            if control is None and asked.ack and not asked.dry_run:
                await owe_again(tx, asked.exchange_id, row["connection_id"], row["message_id"])
                told.append("the acknowledgement is owed again")
            elif control is not None and asked.only in (None, control):
                told.append(await self._set(tx, row, control, before.get(control), dry_run=asked.dry_run))
        return told

    async def _set(self, tx: Tx, row: Any, control: str, before: Any, *, dry_run: bool) -> str:
        envelope = inbox.envelope(row)
        connection, account = await self._directory.of(row["connection_id"])
        reader = self._adapters[connection.adapter].reader
        try:
            if reader is None:
                raise NeverTry("the adapter reads nothing")
            commands = reader.read(envelope, {}, account)
        except (NeverTry, Unmapped) as error:
            return f"{control}: {error.sentence()}"
        _, document = document_of(commands)
        difference = _difference(before, document)
        if dry_run or before is not None:
            return f"{control}: {difference}"
        source = Source(
            message_id=row["message_id"],
            connection_id=connection.connection_id,
            channel=connection.code,
            cause=Cause(row["correlation_id"], row["message_id"]),
            exchange_id=exchange_of(envelope, connection.connection_id),
        )
        outcomes = await apply(tx, [(c, source) for c in commands], self._reactor.deps)
        failure: HubError | None = next((o for o in outcomes if o is not None), None)
        await sets_judged(tx, [Arrived(envelope=envelope, source=source, commands=commands, failure=failure)])
        return f"{control}: {failure.sentence() if failure else 'applied'}"


async def of_exchange(tx: Tx, exchange_id: UUID) -> list[Any]:
    """The kept messages of one received exchange: its sets and its envelope."""
    rows = await inbox.of_exchange(tx, exchange_id)
    return [r for r in rows if exchange_of(inbox.envelope(r), r["connection_id"]) == exchange_id]


def _difference(before: Any, now: Any) -> str:
    """In canonical form, by the names at the top."""
    if before is None:
        return "was not read before, can be read now" if now is not None else "nothing to compare"
    new = dump(now) or {}
    names = sorted(k for k in {*before, *new} if before.get(k) != new.get(k))
    return f"differs in {', '.join(names)}" if names else "the same as before"
