"""The relay: publishes the ledger to a NATS JetStream stream, so that many API processes need not each read it. The ledger stays the only truth:
every notice names the place of the one before it, and a receiver that finds a gap reads the ledger.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar
from uuid import UUID

import asyncpg
import orjson
import structlog

from hub.kit.db import Database
from hub.kit.doorbell import Doorbell
from hub.kit.errors import HubError
from hub.kit.tasks import ended
from hub.ledger.reading import Cursor, horizon, tail

if TYPE_CHECKING:
    from nats.aio.client import Client
    from nats.js.client import JetStreamContext

STREAM = "HUB_LEDGER"
ONE_RELAY = 727004  # advisory lock: one publishes, the others stand by
KEPT_SECONDS = 3600  # receivers that were away longer read the ledger
AT_ONCE = 100
PAUSE = 1.0
HELD = 10_000  # notices a receiver keeps before it drops them and reads the ledger
AWAY = (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError)
log = structlog.get_logger()


class RelayMissing(HubError):
    """HUB_NATS_URL is set, but the package for NATS is not installed: pip install 'order-hub[nats]'."""

    code: ClassVar[str] = "RELAY_MISSING"


Place = tuple[int, int]  # (xid, position)


def packed(row: Mapping[str, Any], after: Place) -> bytes:
    """One fact as a notice: what a live stream needs to know of it, and the place of the fact before it."""
    plain = {
        "tenant_id": row["tenant_id"],
        "xid": row["xid"],
        "position": row["position"],
        "event_id": row["event_id"],
        "type": row["type"],
        "subject_kind": row["subject_kind"],
        "subject_id": row["subject_id"],
        "correlation_id": row["correlation_id"],
        "at": row["at"],
        "after": after,
    }
    return orjson.dumps(plain, default=str)


def unpacked(data: bytes) -> dict[str, Any]:
    """The notice as a row of the ledger would be, and `after`."""
    made: dict[str, Any] = orjson.loads(data)
    for name in ("event_id", "subject_id", "correlation_id"):
        made[name] = UUID(made[name])
    made["at"], made["after"] = datetime.fromisoformat(made["at"]), tuple(made["after"])
    return made


@asynccontextmanager
async def connected(url: str) -> AsyncIterator[tuple[Client, JetStreamContext]]:
    """A client that reconnects for ever."""
    try:
        import nats
    except ImportError as error:
        raise RelayMissing from error

    async def said(error: Exception) -> None:
        log.warning("The broker of live streams cannot be reached well.", error=str(error)[:200])

    client = await nats.connect(url, max_reconnect_attempts=-1, reconnect_time_wait=0.5, error_cb=said, name="hub")
    try:
        yield client, client.jetstream(timeout=5)
    finally:
        await client.close()


class Relay:
    """The publishing side. Any number may run; the one that holds the lock works."""

    def __init__(
        self, db: Database, bell: Doorbell, js: JetStreamContext, *, stream: str = STREAM, replicas: int = 1
    ) -> None:
        self._db, self._bell, self._js, self._stream, self._replicas = db, bell, js, stream, replicas
        self.published = 0

    async def run(self) -> None:
        """Until cancelled. What goes wrong is said and tried again from the last published place."""
        from nats.errors import Error

        while True:
            try:
                async with self._alone():
                    await self._prepare()
                    await self._follow()
            except (*AWAY, Error) as error:
                log.warning("The relay has to wait.", action="relay", error=f"{type(error).__name__}: {error}"[:200])
                await asyncio.sleep(PAUSE)

    @asynccontextmanager
    async def _alone(self) -> AsyncIterator[None]:
        """The lock of the one relay, on a connection of its own: it ends with the connection."""
        conn: Any = await asyncpg.connect(self._db.dsn, server_settings={"application_name": "hub_relay"}, timeout=10)
        try:
            while not await conn.fetchval("SELECT pg_try_advisory_lock($1)", ONE_RELAY):  # noqa: ASYNC110 - a lock has no bell
                await asyncio.sleep(PAUSE)
            self._lock = conn
            yield
        finally:
            conn.terminate()

    async def _prepare(self) -> None:
        from nats.js.api import DiscardPolicy, RetentionPolicy, StorageType, StreamConfig
        from nats.js.errors import NotFoundError

        wanted = StreamConfig(
            name=self._stream,
            subjects=[f"{self._stream}.*"],
            retention=RetentionPolicy.LIMITS,
            discard=DiscardPolicy.OLD,
            storage=StorageType.FILE,
            max_age=KEPT_SECONDS,
            duplicate_window=120,
            num_replicas=self._replicas,
        )
        try:
            await self._js.stream_info(self._stream)
        except NotFoundError:
            await self._js.add_stream(wanted)

    async def _last(self) -> Place:
        """Where the last published notice stood; with an empty stream, the present end of the ledger."""
        from nats.js.errors import NotFoundError

        state = (await self._js.stream_info(self._stream)).state
        with suppress(NotFoundError):
            if state.messages:
                found = await self._js.get_msg(self._stream, state.last_seq)
                notice = unpacked(found.data or b"")
                return int(notice["xid"]), notice["position"]
        async with self._db.tail.acquire() as conn:
            end = await horizon(conn)
        return end.xid, end.position

    async def _follow(self) -> None:
        last = await self._last()
        with self._bell.listener("ledger") as heard:
            while True:
                async with self._db.tail.acquire() as conn:
                    rows = await tail(conn, Cursor(1, *last))
                last = await self._publish(rows, last)
                if not rows:
                    await heard.wait()
                    await self._lock.fetchval("SELECT 1")  # lost with the lock: somebody else may publish now

    async def _publish(self, rows: Sequence[Mapping[str, Any]], last: Place) -> Place:
        """In order, many on their way at once; the last acknowledged place is where a later start goes on."""
        notices = []
        for row in rows:
            notices.append((row, packed(row, last)))
            last = (int(row["xid"]), row["position"])
        for start in range(0, len(notices), AT_ONCE):
            await asyncio.gather(
                *(
                    self._js.publish(
                        f"{self._stream}.{row['tenant_id']}", body, headers={"Nats-Msg-Id": row["event_id"].hex}
                    )
                    for row, body in notices[start : start + AT_ONCE]
                )
            )
            self.published += len(notices[start : start + AT_ONCE])
        return last


class Relayed:
    """The receiving side of one process: notices in order, as long as there is no gap."""

    def __init__(self, bell: asyncio.Event) -> None:
        self._bell = bell
        self._held: deque[dict[str, Any]] = deque()
        self.gaps = 0

    def hear(self, data: bytes) -> None:
        if len(self._held) >= HELD:
            self._held.clear()
        self._held.append(unpacked(data))
        self._bell.set()

    def take(self, place: Place, most: int) -> list[dict[str, Any]] | None:
        """The notices that follow this place without a gap; empty when there is none, None when the ledger must be asked."""
        found: list[dict[str, Any]] = []
        while self._held and len(found) < most:
            head = self._held[0]
            here = (int(head["xid"]), head["position"])
            if here <= place:
                self._held.popleft()
            elif head["after"] <= place:
                found.append(self._held.popleft())
                place = here
            else:
                if not found:
                    self.gaps += 1
                    return None
                break
        return found


@asynccontextmanager
async def receiving(url: str, bell: asyncio.Event, *, stream: str = STREAM) -> AsyncIterator[Relayed]:
    """Hear what is published from now on. A broker that is away is waited for: until it answers, the ledger is read as ever."""
    relayed = Relayed(bell)
    listening = asyncio.create_task(_listen(url, relayed, stream))
    try:
        yield relayed
    finally:
        await ended(listening)


async def _listen(url: str, relayed: Relayed, stream: str) -> None:
    from nats.errors import Error

    async def heard(message: Any) -> None:
        relayed.hear(message.data)

    while True:
        try:
            async with connected(url) as (_, js):
                from nats.js.api import DeliverPolicy

                await js.subscribe(
                    f"{stream}.*", stream=stream, cb=heard, ordered_consumer=True, deliver_policy=DeliverPolicy.NEW
                )
                await asyncio.Event().wait()
        except (OSError, TimeoutError, Error) as error:
            log.warning(
                "Live streams are read from the ledger.", action="relay", error=f"{type(error).__name__}: {error}"[:200]
            )
            await asyncio.sleep(PAUSE)
