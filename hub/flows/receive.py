"""Sealed files arrive: opened, proven, kept, and receipted after the commit. What came before gets the same receipt, byte for byte, and is
applied once; what is not proven is kept apart, told, and used for nothing.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit
from uuid import UUID

import structlog

from hub import connections, inbox, outbox, timers
from hub.canon.carriage import Receipt, Sealer, Unpacked
from hub.canon.ports import Account, Adapter, NeverTry, NotAuthentic, Request
from hub.connections import Came, Connection, Directory
from hub.flows.exchange import repeated
from hub.flows.reactor import Reactor
from hub.flows.transmit import KEPT, KIND, owed, unproven, verdict
from hub.incidents import NewIncident
from hub.kit import failpoint
from hub.kit.db import Tx
from hub.kit.ids import new_id
from hub.ledger import Cause, append, fact

log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """The HTTP answer. `new`: how many messages came of it."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    new: int = 0


class Receiver:
    """The far end of partners' sealed sendings."""

    def __init__(self, reactor: Reactor, directory: Directory, adapters: Mapping[str, Adapter]) -> None:
        self._reactor, self._directory, self._adapters = reactor, directory, adapters

    async def receive(self, transport: str, adapter: str, code: str, request: Request) -> Reply:
        """Raises `ConnectionUnknown` for an account that does not trade in this way; `Unavailable` and then nothing is kept."""
        connection, account = await self._directory.at(adapter, code)
        sealer = self._adapters[transport].sealer if transport in self._adapters else None
        if sealer is None or connection.config.get("transport") != transport or connection.state == "PAUSED":
            raise connections.ConnectionUnknown
        try:
            if sealer.is_receipt(request):
                return await self._receipt(sealer, connection, account, request)
            opened = await asyncio.to_thread(sealer.unpack, request, account)
            receipt = await self._written(sealer, opened, account)
        except NeverTry as error:
            log.warning("an account cannot be used", action="receive", account=code, reason=error.sentence())
            return Reply(status=503, body=b"This account is not ready.")
        if opened.trouble is not None:
            return await self._refused(connection, account, opened, request, receipt)
        return await self._kept(sealer, connection, account, opened, receipt)

    async def _written(self, sealer: Sealer, opened: Unpacked, account: Account) -> Receipt | None:
        """Before the transaction that keeps it: signing takes its time."""
        return await asyncio.to_thread(sealer.receipt, opened, account) if opened.wanted is not None else None

    async def _kept(
        self, sealer: Sealer, connection: Connection, account: Account, opened: Unpacked, receipt: Receipt | None
    ) -> Reply:
        push = self._adapters[connection.adapter].push
        if push is None:
            raise connections.ConnectionUnknown
        file = Request(method="PUT", path=opened.name, query={}, headers={}, body=opened.content)
        envelopes = await asyncio.to_thread(push.envelopes, file, account)
        url = opened.wanted.url if opened.wanted is not None else None
        came = Came(
            connection_id=connection.connection_id,
            foreign_id=opened.foreign_id,
            name=opened.name[:255],
            state="answered",
            mic=opened.mic,
            receipt=receipt,
            receipt_to=url,
        )
        new = 0
        async with self._reactor.unit(tenant=connection.tenant, actor="receive") as tx:
            if await connections.keep_came(tx, came):
                correlation = new_id()
                kept = await inbox.receive(tx, connection.connection_id, envelopes, correlation_id=correlation)
                await repeated(tx, connection.connection_id, envelopes, kept)
                new = sum(1 for k in kept if k.new)
            else:
                before = await connections.answered_before(tx, connection.connection_id, opened.foreign_id)
                receipt = before.receipt if before is not None else receipt
                came = _as_before(came, before)
            if receipt is not None and came.receipt_to is not None:
                key = new_id().hex if not new else "receipt"
                destination = connection.destination("receipts")
                await outbox.owe(tx, [owed(came.transmission_id, destination, tx.correlation_id, key=key)])
        failpoint.passing("hooks.kept")
        if receipt is None or came.receipt_to is not None:
            return Reply(status=200, new=new)
        return Reply(status=200, headers=receipt.headers, body=receipt.body, new=new)

    async def _refused(
        self, connection: Connection, account: Account, opened: Unpacked, request: Request, receipt: Receipt | None
    ) -> Reply:
        """Kept apart for a while and told. A receipt goes to no address that nobody has vouched for."""
        url = opened.wanted.url if opened.wanted is not None else None
        elsewhere = url is not None and not _same_host(url, str(account.config.get("as2_url") or ""))
        came = Came(
            connection_id=connection.connection_id,
            foreign_id=opened.foreign_id[:998],
            name="",
            state="refused",
            content=request.body[:KEPT],
            receipt=receipt,
            receipt_to=url,
            reason=f"{opened.trouble}: {opened.reason}"[:500],
        )
        async with self._reactor.unit(tenant=connection.tenant, actor="receive") as tx:
            await connections.keep_came(tx, came)
            await self._told(
                tx, "transmission_refused", connection, came.transmission_id, str(came.reason), opened.trouble
            )
            if receipt is not None and url is not None and not elsewhere:
                destination = connection.destination("receipts")
                await outbox.owe(tx, [owed(came.transmission_id, destination, tx.correlation_id, key="receipt")])
        if receipt is None or url is not None:
            return Reply(status=200 if url is not None and not elsewhere else 401)
        return Reply(status=200, headers=receipt.headers, body=receipt.body)

    async def _receipt(self, sealer: Sealer, connection: Connection, account: Account, request: Request) -> Reply:
        """An asynchronous receipt for what we sent."""
        receipt = Receipt(headers=_shown(request.headers), body=request.body)
        try:
            said = await asyncio.to_thread(sealer.read_receipt, request.headers, request.body, account)
        except NotAuthentic as error:
            async with self._reactor.unit(tenant=connection.tenant, actor="receive") as tx:
                await unproven(tx, self._reactor.deps, connection, receipt, error)
            return Reply(status=401, body=error.sentence().encode())
        except NeverTry as error:
            return Reply(status=400, body=error.sentence().encode())
        async with self._reactor.unit(tenant=connection.tenant, actor="receive") as tx:
            mic = await connections.expected(tx, connection.connection_id, said.foreign_id)
            state, reason = verdict(said, mic, sealer, said.foreign_id)
            found = await connections.settle(tx, connection.connection_id, said.foreign_id, state, reason, receipt)
            if found is None:
                text = f"a receipt for {said.foreign_id[:100]} fits nothing that we sent"
                await self._told(tx, "receipt_unmatched", connection, None, text, said.foreign_id[:100])
                return Reply(status=200)
            if found.old in ("waiting", "silent"):
                await timers.cancel(tx, [found.transmission_id], kinds=[KIND])
                told = {"name": found.name, "reason": reason, "mic": said.mic}
                cause = Cause(tx.correlation_id, found.subject_id)
                append(tx, [fact(tx, f"transmission.{state}", "transmission", found.transmission_id, told, cause)])
        return Reply(status=200)

    async def _told(
        self, tx: Tx, kind: str, connection: Connection, transmission: UUID | None, reason: str, detail: str | None
    ) -> None:
        """Once for a connection and reason, however often it comes."""
        told = NewIncident(
            kind=kind,
            summary=f"{connection.label}: {reason}."[:500],
            subject_kind="connection",
            subject_id=connection.connection_id,
            detail=detail or "",
            cause=Cause(tx.correlation_id, None),
            data={"transmission": transmission.hex} if transmission else {},
        )
        await self._reactor.deps.incidents.open(tx, [told])


def _as_before(came: Came, before: connections.Answered | None) -> Came:
    if before is None:
        return came
    return Came(
        connection_id=came.connection_id,
        foreign_id=came.foreign_id,
        name=came.name,
        state="answered",
        receipt=before.receipt,
        receipt_to=before.receipt_to,
        transmission_id=before.transmission_id,
    )


def _same_host(one: str, other: str) -> bool:
    try:
        return bool(urlsplit(one).hostname) and urlsplit(one).hostname == urlsplit(other).hostname
    except ValueError:
        return False


def _shown(headers: Mapping[str, str]) -> dict[str, str]:
    names = ("content-type", "message-id", "as2-from", "as2-to", "date")
    return {n: headers[n] for n in names if n in headers}
