"""Sealed files leave and are receipted: the digest is on record before the first send, the receipt must repeat it, and what gets no
receipt is sent again under the same id, five times in a day.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import timedelta
from typing import Literal
from uuid import UUID

from hub import connections, outbox, timers
from hub.canon.carriage import Packed, Receipt, ReceiptRead, Sealer
from hub.canon.codec import dump
from hub.canon.commands import Transmit
from hub.canon.ports import Account, Call, NeverTry, NotAuthentic, Response
from hub.connections import Came, Connection
from hub.flows.reactor import Deps, Flow, Reactor
from hub.incidents import NewIncident
from hub.kit.db import Tx
from hub.ledger import Cause, Fact, append, fact

KIND = "receipt_overdue"
AGAIN = tuple(
    timedelta(minutes=m) for m in (30, 90, 240, 480, 600)
)  # between one sending and the next: 24 hours in all
TIMEOUT = timedelta(seconds=20)
KEPT = 5 * 1024 * 1024  # bytes of what was refused
Http = Callable[[Account, Call], Awaitable[Response]]


class Transmitter:
    """`sealers`: by the name that accounts give as their `transport`."""

    def __init__(self, reactor: Reactor, sealers: Mapping[str, Sealer]) -> None:
        self._reactor, self._sealers = reactor, sealers

    def seals(self, account: Account) -> bool:
        return str(account.config.get("transport", "")) in self._sealers

    async def send(self, http: Http, connection: Connection, account: Account, call: Call) -> Response:
        """The partner's own answer, 422 with its reason where the receipt says that it has not what we sent, or 502 where no receipt came that
        proves anything.
        """
        sealer = self._sealers[str(account.config["transport"])]
        foreign_id = call.headers.get("message-id") or f"<{call.key}@order-hub>"
        packed = await asyncio.to_thread(sealer.pack, call.path, call.media_type, call.body, foreign_id, account)
        begun = await self._begin(connection, call, foreign_id, packed)
        if begun.state == "acknowledged":
            return Response(status=200, headers={}, body=b"")
        answer = await http(account, _sealed(call, packed))
        if not 200 <= answer.status < 300 or packed.receipt != "sync":
            return await self._unreceipted(connection, foreign_id, packed, answer)
        return await self._receipted(sealer, connection, account, foreign_id, answer)

    async def _begin(self, connection: Connection, call: Call, foreign_id: str, packed: Packed) -> connections.Begun:
        async with self._reactor.unit(tenant=connection.tenant, actor="transmit") as tx:
            begun = await connections.begin(
                tx,
                connection.connection_id,
                foreign_id,
                name=call.path,
                mic=packed.mic,
                content=call.body,
                subject_id=UUID(call.key[:32]),
            )
            if packed.receipt == "async" and begun.tries == 1:
                await timers.set_timers(tx, [_timer(tx, begun.transmission_id, connection, 0)])
        return begun

    async def _unreceipted(self, connection: Connection, foreign_id: str, packed: Packed, answer: Response) -> Response:
        """Nobody promised a receipt: what was taken is settled by that. A later one, where it is due, is waited for."""
        if 200 <= answer.status < 300 and packed.receipt == "none":
            nothing = Receipt(headers={}, body=b"")
            async with self._reactor.unit(tenant=connection.tenant, actor="transmit") as tx:
                await connections.settle(tx, connection.connection_id, foreign_id, "acknowledged", None, nothing)
        return answer

    async def _receipted(
        self, sealer: Sealer, connection: Connection, account: Account, foreign_id: str, answer: Response
    ) -> Response:
        receipt = Receipt(headers=answer.headers, body=answer.body)
        try:
            said = await asyncio.to_thread(sealer.read_receipt, answer.headers, answer.body, account)
        except NeverTry as error:
            return Response(status=502, headers={}, body=error.sentence().encode())  # no receipt: it may come next time
        except NotAuthentic as error:
            await self._unproven(connection, receipt, error)
            return Response(status=502, headers={}, body=error.sentence().encode())
        async with self._reactor.unit(tenant=connection.tenant, actor="transmit") as tx:
            mic = await connections.expected(tx, connection.connection_id, foreign_id)
            state, reason = verdict(said, mic, sealer, foreign_id)
            await connections.settle(tx, connection.connection_id, foreign_id, state, reason, receipt)
        if reason is None:
            return Response(status=answer.status, headers={}, body=b"")
        return Response(status=422, headers={}, body=reason.encode())

    async def _unproven(self, connection: Connection, receipt: Receipt, error: NotAuthentic) -> None:
        async with self._reactor.unit(tenant=connection.tenant, actor="transmit") as tx:
            await unproven(tx, self._reactor.deps, connection, receipt, error)


async def unproven(tx: Tx, deps: Deps, connection: Connection, receipt: Receipt, error: NotAuthentic) -> None:
    """A receipt that anybody may have written is none: kept for a while and told, and what it speaks of still waits for its own."""
    came = Came(
        connection_id=connection.connection_id,
        foreign_id=receipt.headers.get("message-id", "")[:998],
        name="",
        state="refused",
        content=receipt.body[:KEPT],
        reason=f"receipt: {error.sentence()}"[:500],
    )
    await connections.keep_came(tx, came)
    told = NewIncident(
        kind="transmission_refused",
        summary=f"{connection.label}: {error.sentence()}."[:500],
        subject_kind="connection",
        subject_id=connection.connection_id,
        detail="receipt",
        cause=Cause(tx.correlation_id, None),
        data={"transmission": came.transmission_id.hex},
    )
    await deps.incidents.open(tx, [told])


def verdict(
    said: ReceiptRead, mic: str | None, sealer: Sealer, foreign_id: str
) -> tuple[Literal["acknowledged", "rejected"], str | None]:
    """(state, why not): a positive receipt for another message, or with another digest, proves nothing."""
    if said.trouble is not None:
        return "rejected", f"the partner did not take it: {said.trouble}"
    if said.foreign_id != foreign_id:
        return "rejected", f"the receipt is for {said.foreign_id[:100]}"
    if mic is None or not sealer.same(mic, said.mic):
        return "rejected", f"the receipt names the digest {said.mic}, sent was {mic}"
    return "acknowledged", None


def _sealed(call: Call, packed: Packed) -> Call:
    return Call(
        key=call.key,
        operation=call.operation,
        path=packed.url,
        headers={k: v for k, v in packed.headers.items() if k != "content-type"},
        body=packed.body,
        media_type=packed.headers["content-type"],
        repeatable=True,
        timeout=TIMEOUT,
    )


async def fixed(tx: Tx, command: Transmit) -> Call:
    """A receipt of ours to its own address, or a file to be sealed and sent once more under its id."""
    row = (await connections.transmissions(tx, [UUID(command.transmission)])).get(UUID(command.transmission))
    if row is None or (row["direction"] == "IN" and row["receipt"] is None):
        raise NeverTry("there is nothing to transmit")
    if row["direction"] == "IN":
        headers = dict(row["receipt_headers"])
        return Call(
            key="0",
            operation="receipt",
            path=row["receipt_to"],
            headers={k: v for k, v in headers.items() if k != "content-type"},
            body=row["receipt"],
            media_type=headers["content-type"],
            repeatable=True,
            timeout=TIMEOUT,
        )
    headers = {"message-id": row["foreign_id"]}
    body, media = row["content"] or b"", "application/edi-x12"
    return Call(
        key="0", operation="put", path=row["name"], headers=headers, body=body, media_type=media, repeatable=True
    )


def owed(transmission_id: UUID, destination: str, cause: UUID, *, key: str) -> outbox.Delivery:
    return outbox.Delivery(
        destination=destination,
        kind="Transmit",
        subject_kind="transmission",
        subject_id=transmission_id,
        payload=dump(Transmit(transmission=str(transmission_id))),
        causation_id=cause,
        dedupe_key=f"transmit:{transmission_id.hex}:{key}",
    )


# ------------------------------------------------------------------ without a receipt
def _timer(tx: Tx, transmission_id: UUID, connection: Connection, sent: int) -> timers.Timer:
    return timers.Timer(
        kind=KIND,
        subject_kind="transmission",
        subject_id=transmission_id,
        at=tx.now + AGAIN[sent],
        payload={"destination": connection.destination("outbound"), "sent": sent + 1},
        dedupe_key=transmission_id.hex,
    )


async def passed(tx: Tx, fired: Sequence[timers.Fired]) -> None:
    """The timers' answer: once more, or given up after a day."""
    rows = await connections.transmissions(tx, [f.subject_id for f in fired])
    waiting = [f for f in fired if (row := rows.get(f.subject_id)) is not None and row["state"] == "waiting"]
    again = [f for f in waiting if f.payload["sent"] < len(AGAIN)]
    await outbox.owe(
        tx,
        [owed(f.subject_id, f.payload["destination"], f.timer_id, key=str(f.payload["sent"])) for f in again],
    )
    await timers.set_timers(
        tx,
        [
            timers.Timer(
                kind=KIND,
                subject_kind="transmission",
                subject_id=f.subject_id,
                at=tx.now + AGAIN[f.payload["sent"]],
                payload={**f.payload, "sent": f.payload["sent"] + 1},
                dedupe_key=f.subject_id.hex,
                correlation_id=f.correlation_id,
            )
            for f in again
        ],
    )
    over = {f.subject_id: f for f in waiting if f.payload["sent"] >= len(AGAIN)}
    for transmission_id in await connections.give_up(tx, list(over)):
        cause = Cause(over[transmission_id].correlation_id, over[transmission_id].timer_id)
        said = {"name": rows[transmission_id]["name"], "tries": rows[transmission_id]["tries"]}
        append(tx, [fact(tx, "transmission.silent", "transmission", transmission_id, said, cause)])


async def answer(tx: Tx, facts: Sequence[Fact], deps: Deps) -> None:
    await deps.incidents.open(tx, [_incident(f) for f in facts])


def _incident(f: Fact) -> NewIncident:
    if f.type == "transmission.rejected":
        kind, summary = "receipt_negative", f"{f.data['name']}: {f.data['reason']}."
    else:
        kind, summary = KIND, f"No receipt came for {f.data['name']}, sent {f.data['tries']} times."
    return NewIncident(
        kind=kind, summary=summary[:500], subject_kind="transmission", subject_id=f.subject_id, cause=f.cause
    )


FLOW = Flow("receipts", frozenset({"transmission.silent", "transmission.rejected"}), answer)
