"""Journey (b) by both transports, each against another implementation, and a file of ten of which one is bad."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from starlette.applications import Starlette

from hub.flows.fetch import Fetch
from hub.flows.receive import Receiver
from hub.kit.db import Database
from hub.kit.doorbell import Doorbell
from hub.web.as2 import as2_routes
from tests.as2_side import Station, serving, station_at
from tests.http_sides import listening
from tests.partner import Partner, find, interchange, new_partner, purchase_order, segments
from tests.sftp_side import SftpSide, sftp_side

GROUPS = {"855": "PR", "856": "SH", "810": "IN"}


@dataclass(slots=True)
class Way:
    """`give`: a file of the partner's arrives and is read. `got`: all that the partner has received so far."""

    partner: Partner
    give: Callable[[str], Awaitable[None]]
    got: Callable[[], list[str]]
    seen: set[str] = field(default_factory=set)

    async def taken(self) -> dict[str, str]:
        """What we owe leaves: set -> the file that is new at the partner."""
        await self.partner.send()
        fresh = [f for f in self.got() if f not in self.seen]
        self.seen |= set(fresh)
        return {find(f, "ST")[1]: f for f in fresh}


def by_sftp(partner: Partner, side: SftpSide, fetch: Fetch) -> Way:
    async def give(text: str) -> None:
        (side.root / "to_hub" / f"{find(text, 'ISA')[13]}.edi").write_text(text)
        assert await fetch.look() == 1
        await partner.read()

    return Way(partner, give, lambda: [(side.root / "from_hub" / n).read_text() for n in side.names("from_hub")])


def by_as2(partner: Partner, station: Station, url: str) -> Way:
    async def give(text: str) -> None:
        said = await station.send(url, text.encode(), id=f"<{find(text, 'ISA')[13]}@station>")
        assert (said["status"], said["signed"]) == (200, True)
        await partner.read()

    return Way(partner, give, lambda: [content.decode() for _, content in station.got()])


@pytest.fixture(params=["sftp", "as2"])
async def way(request: pytest.FixtureRequest, db: Database, dsn: str, tmp_path: Path) -> AsyncIterator[Way]:
    bell = await Doorbell(dsn).open()
    if request.param == "sftp":
        async with sftp_side(tmp_path / "partner") as side:
            config = {**side.config(), "outbox": "", "fetch_every": "0"}
            allow = [f"127.0.0.1:{side.port}"]
            partner = await new_partner(
                db, tmp_path / "none", config=config, secrets={"sftp_key": side.key}, allow=allow
            )
            world = partner.world
            fetch = Fetch(world.db, bell, partner.directory, partner.adapters, side.dial, world.deps.incidents)
            yield by_sftp(partner, side, fetch)
    else:
        async with serving(station_at(tmp_path / "station")) as station:
            config = {**station.config(), "outbox": ""}
            allow = [f"127.0.0.1:{station.port}"]
            partner = await new_partner(db, tmp_path / "none", config=config, secrets=station.secrets, allow=allow)
            receiver = Receiver(partner.world.reactor, partner.directory, partner.adapters)
            async with listening(Starlette(routes=as2_routes(receiver, bell))) as port:
                yield by_as2(partner, station, f"http://127.0.0.1:{port}/as2/x12/acme-retail")
            await partner.http.close()
    await bell.close()


async def test_an_order_is_answered_announced_and_billed_and_the_partners_997s_bring_all_to_accepted(way: Way) -> None:
    partner = way.partner
    await way.give(partner.orders("PO-1"))
    first = await way.taken()
    assert sorted(first) == ["855", "997"]
    assert find(first["997"], "AK9")[1:5] == ["A", "1", "1", "1"]
    assert find(first["855"], "BAK")[3] == "PO-1"
    [work] = await partner.rows("SELECT fulfillment_id FROM fulfillments")
    await partner.world.ship(work["fulfillment_id"], "TRACK-1")
    later = await way.taken()
    assert sorted(later) == ["810", "856"]
    assert find(later["856"], "PRF")[1] == "PO-1"
    assert find(later["810"], "BIG")[4] == "PO-1"
    assert await partner.states() == [(s, "waiting") for s in ("855", "856", "810")]
    for kind, text in {"855": first["855"], **later}.items():
        said = (kind, find(text, "ST")[2], "A")
        await way.give(partner.ack(find(text, "GS")[6], "A", said, set_id=GROUPS[kind]))
    assert await partner.states() == [(s, "accepted") for s in ("855", "856", "810")]
    assert await way.taken() == {}  # an acknowledgement is not acknowledged
    assert await partner.incidents() == []
    sent = await partner.rows("SELECT state FROM transmissions WHERE direction = 'OUT'")
    assert {r["state"] for r in sent} <= {"acknowledged"}


async def test_of_ten_one_is_bad_and_corrected_and_sent_again_it_makes_the_tenth_order_and_only_that(
    db: Database, tmp_path: Path
) -> None:
    partner = await new_partner(db, tmp_path / "out")
    numbers = [f"PO-{n}" for n in range(1, 11)]

    async def sent(wrong: str) -> list[str]:
        partner.control += 1
        sets = [purchase_order(n, "EACH" if n == wrong else "EA", "SKU-1") for n in numbers]
        await partner.receive(interchange(partner.control, "PO", sets))
        return await partner.send()

    async def orders() -> dict[str, int]:
        """Number -> units that it has in all."""
        sql = "SELECT o.external_id, sum(l.ordered) AS n FROM orders o JOIN order_lines l USING (order_id) GROUP BY 1"
        return {r["external_id"]: r["n"] for r in await partner.rows(sql)}

    files = await sent("PO-7")
    ack = next(f for f in files if "ST*997" in f)
    assert [s[1] for s in segments(ack) if s[0] == "AK5"] == ["A"] * 6 + ["R"] + ["A"] * 3
    assert find(ack, "AK9")[1:5] == ["P", "10", "10", "9"]
    assert await orders() == dict.fromkeys(set(numbers) - {"PO-7"}, 2)
    files = await sent("")
    assert find(next(f for f in files if "ST*997" in f), "AK9")[1:5] == ["A", "10", "10", "10"]
    assert [find(f, "BAK")[3] for f in files if "ST*855" in f] == ["PO-7"]
    assert await orders() == dict.fromkeys(numbers, 2)
    assert len(await partner.rows("SELECT 1 FROM fulfillments")) == 10
