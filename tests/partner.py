"""A partner who trades by X12 with the small world: files in, files out, one step at a time, on the real database."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from adapters.as2 import ADAPTER as AS2
from adapters.sftp import ADAPTER as SFTP
from adapters.x12 import ADAPTER
from hub import connections, inbox, outbox, timers
from hub.canon.ports import Adapter
from hub.flows import Reactor
from hub.flows.clockwork import Clockwork
from hub.flows.deliver import Deliver
from hub.flows.folders import take_in
from hub.flows.intake import Intake
from hub.flows.post import Post
from hub.flows.transmit import Transmitter
from hub.kit.addresses import Guard
from hub.kit.db import Database
from hub.kit.http import Transport
from hub.kit.lease import Leased
from hub.kit.vault import Vault
from tests.queues import take
from tests.world import World, new_world

ACCEPTS = frozenset({"WriteDocument", "Acknowledge"})


@dataclass(slots=True, kw_only=True)
class Partner:
    """`connection`: the account at this partner. `out`: the folder that our files arrive in."""

    world: World
    connection: connections.Connection
    directory: connections.Directory
    intake: Intake
    deliver: Deliver
    out: Path
    adapters: Mapping[str, Adapter]
    http: Transport
    seen: set[str] = field(default_factory=set)
    control: int = 100

    async def receive(self, text: str) -> list[inbox.Received]:
        """A file of theirs is kept and read."""
        kept = await take_in(self.world.db, self.directory, self.adapters, self.connection, "a.edi", text.encode())
        await self.read()
        return kept

    async def read(self) -> None:
        rows = await take(self.world.db, inbox.QUEUE)
        if rows:
            await self.intake.handle(rows)

    async def send(self) -> list[str]:
        """What we owe leaves; returns the files that are new, by name."""
        while rows := [r for r in await take(self.world.db, outbox.QUEUE) if self._x12(r)]:
            await self.deliver.handle(rows)
        return self.new_files()

    def _x12(self, row: Leased) -> bool:
        return bool(str(row.row["destination"]).startswith(self.connection.connection_id.hex))

    def new_files(self) -> list[str]:
        files = sorted(p for p in self.out.iterdir() if p.is_file()) if self.out.is_dir() else []
        fresh = [p for p in files if p.name not in self.seen]
        self.seen |= {p.name for p in fresh}
        return [p.read_text() for p in fresh]

    async def later(self, by: timedelta, kind: str = "ack_overdue") -> None:
        """As if that time had passed, and the clock's answers to what is due then."""
        async with self.world.db.unit(tenant=1, actor="test") as tx:
            sql = "UPDATE timers SET run_at = run_at - $1::interval WHERE kind = $2 AND state = 0"
            await tx.conn.execute(sql, by, kind)
            await tx.conn.execute("UPDATE exchanges SET ack_due = ack_due - $1::interval", by)
        rows = [r for r in await take(self.world.db, timers.QUEUE) if r.row["kind"] == kind]
        if rows:
            await Clockwork(self.world.reactor).handle(rows)

    def orders(self, *numbers: str, unit: str = "EA", sku: str = "SKU-1") -> str:
        """One interchange with an 850 for each number, two units each."""
        self.control += 1
        return interchange(self.control, "PO", [purchase_order(n, unit, sku) for n in numbers])

    def ack(self, group: str, status: str, *sets: tuple[str, str, str], set_id: str = "PR") -> str:
        """A 997 of theirs: AK9 with that status and (ST01, ST02, AK501) for the sets."""
        self.control += 1
        rows = [x for s, c, v in sets for x in (f"AK2*{s}*{c}", f"AK5*{v}")]
        n = max(len(sets), 1)
        return interchange(
            self.control,
            "FA",
            [["997", f"AK1*{set_id}*{group}", *rows, f"AK9*{status}*{n}*{n}*{n if status in 'AE' else 0}"]],
        )

    def technical(self, control: str, status: str, code: str = "000") -> str:
        """A TA1 alone."""
        self.control += 1
        return interchange(self.control, "", [], between=[f"TA1*{control}*261116*1200*{status}*{code}"])

    async def rows(self, sql: str, *given: Any) -> list[Any]:
        return await self.world.rows(sql, *given)

    async def states(self) -> list[tuple[str, str]]:
        """(set, state) of what we sent, in the order of sending."""
        sql = "SELECT s.set_id, s.ack_state FROM exchange_sets s JOIN exchanges e USING (exchange_id) WHERE e.direction = 'OUT' ORDER BY e.control"
        return [(r["set_id"], r["ack_state"]) for r in await self.rows(sql)]

    async def incidents(self) -> list[str]:
        return [r["kind"] for r in await self.rows("SELECT kind FROM incidents ORDER BY kind")]


def interchange(
    control: int, group: str, sets: Sequence[Sequence[str]], *, sender: str = "ACMERETAIL", between: Sequence[str] = ()
) -> str:
    out = [
        f"ISA*00*          *00*          *ZZ*{sender:<15}*ZZ*HUBDEMO        *261116*1200*U*00401*{control:09d}*0*P*>",
        *between,
    ]
    if group:
        out.append(f"GS*{group}*{sender}*HUBDEMO*20261116*1200*{control}*X*004010")
        for n, one in enumerate(sets, 1):
            out += [f"ST*{one[0]}*{n:04d}", *one[1:], f"SE*{len(one) + 1}*{n:04d}"]
        out.append(f"GE*{len(sets)}*{control}")
    out.append(f"IEA*{1 if group else 0}*{control:09d}")
    return "".join(f"{s}~" for s in out)


def purchase_order(number: str, unit: str, sku: str) -> list[str]:
    return [
        "850",
        f"BEG*00*SA*{number}**20261116",
        "CUR*BY*EUR",
        "REF*DP*021",
        "N1*ST*ACME LISBOA*92*0042",
        "N3*RUA A 1",
        "N4*LISBOA*11*1000001*PT",
        f"PO1*1*2*{unit}*10**VN*{sku}",
        "CTT*1*2",
    ]


def segments(text: str) -> Iterator[list[str]]:
    for part in text.split("~"):
        if part.strip():
            yield part.strip().split("*")


def find(text: str, name: str) -> list[str]:
    """The first segment of that id."""
    return next(s for s in segments(text) if s[0] == name)


async def new_partner(
    db: Database,
    out: Path,
    *,
    config: Mapping[str, Any] | None = None,
    secrets: Mapping[str, str] | None = None,
    world: World | None = None,
    allow: Sequence[str] = (),
) -> Partner:
    world = world or await new_world(db)
    agreed = {"x12": ADAPTER.agreed} if ADAPTER.agreed is not None else {}
    deps = replace(world.deps, accepts={**world.deps.accepts, "x12": ACCEPTS}, agreed=agreed)
    world.reactor = Reactor(db, deps, world.reactor.flows)
    given = {"partner": "acme-retail", "ours": "HUBDEMO", "outbox": str(out), **(config or {})}
    vault = Vault(db, {"a": b"k" * 32})
    async with db.unit(tenant=1, actor="test") as tx:
        connection = await connections.create(tx, "x12", "acme-retail", "ACME Retail", config=given)
        for name, value in (secrets or {}).items():
            await connections.add_secret(tx, vault, connection.connection_id, name, value)
    directory = connections.Directory(db, vault)
    adapters = {
        "x12": ADAPTER,
        "sftp": SFTP,
        "as2": AS2,
        "fake": Adapter(name="fake"),
        "fake-wms": Adapter(name="fake-wms"),
    }
    carriers = {n: a.carrier for n, a in adapters.items() if a.carrier is not None}
    sealers = {n: a.sealer for n, a in adapters.items() if a.sealer is not None}
    guard = Guard(allow)
    http = Transport(guard)
    transmitter = Transmitter(world.reactor, sealers)
    post = Post(http, carriers=carriers, dial=guard.dial, transmitter=transmitter)
    return Partner(
        world=world,
        connection=connection,
        directory=directory,
        intake=Intake(world.reactor, directory, adapters, {}, post),
        deliver=Deliver(world.reactor, directory, adapters, post),
        out=out,
        adapters=adapters,
        http=http,
    )
