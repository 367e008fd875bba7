"""A partner with an SFTP server: its files are fetched once and put away, ours are put there; and what is done when that fails."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import asyncssh
import pytest

from hub import connections
from hub.flows.fetch import Fetch
from hub.kit.db import Database
from hub.kit.doorbell import Doorbell
from tests.partner import Partner, find, new_partner
from tests.sftp_side import SftpSide, sftp_side


@pytest.fixture
async def side(tmp_path: Path) -> AsyncIterator[SftpSide]:
    async with sftp_side(tmp_path / "partner") as found:
        yield found


@pytest.fixture
async def partner(db: Database, side: SftpSide) -> Partner:
    config = {**side.config(), "outbox": "", "fetch_every": "0"}
    allow = [f"127.0.0.1:{side.port}"]
    return await new_partner(db, side.root / "from_hub", config=config, secrets={"sftp_key": side.key}, allow=allow)


@pytest.fixture
async def fetch(partner: Partner, side: SftpSide, dsn: str) -> AsyncIterator[Fetch]:
    world = partner.world
    bell = await Doorbell(dsn).open()
    yield Fetch(world.db, bell, partner.directory, partner.adapters, side.dial, world.deps.incidents)
    await bell.close()


async def test_an_order_is_fetched_and_put_away_and_its_answers_are_put_there(
    partner: Partner, side: SftpSide, fetch: Fetch
) -> None:
    (side.root / "to_hub" / "po.edi").write_text(partner.orders("PO-1"))
    assert await fetch.look() == 1
    await partner.read()
    assert side.names("to_hub") == []
    assert side.names("to_hub/archive") == ["po.edi"]
    files = await partner.send()
    assert sorted(find(f, "ST")[1] for f in files) == ["855", "997"]
    assert sorted(n.split("_")[1] for n in side.names("from_hub")) == ["855", "997"]
    assert await partner.incidents() == []
    [row] = await partner.rows("SELECT last_ok_at, last_error FROM connections WHERE adapter = 'x12'")
    assert (row["last_ok_at"] is not None, row["last_error"]) == (True, None)


async def test_a_file_that_was_kept_but_could_not_be_put_away_is_fetched_again_and_makes_nothing(
    partner: Partner, side: SftpSide, fetch: Fetch
) -> None:
    (side.root / "to_hub" / "po.edi").write_text(partner.orders("PO-1"))
    (side.root / "to_hub" / "archive").write_text("a file where the folder should be")
    assert await fetch.look() == 0
    await partner.read()
    assert side.names("to_hub") == ["archive", "po.edi"]
    (side.root / "to_hub" / "archive").unlink()
    assert await fetch.look() == 1
    await partner.read()
    assert side.names("to_hub/archive") == ["po.edi"]
    assert len(await partner.rows("SELECT 1 FROM orders")) == 1


async def test_of_two_that_look_at_once_one_does(partner: Partner, side: SftpSide, fetch: Fetch) -> None:
    (side.root / "to_hub" / "po.edi").write_text(partner.orders("PO-1"))
    async with partner.world.db.unit(tenant=1, actor="other") as tx:
        until = tx.now + timedelta(minutes=1)
        assert await connections.claim_sweep(tx, partner.connection.connection_id, until) is not None
    assert await fetch.look() == 0
    assert side.names("to_hub") == ["po.edi"]


async def test_a_host_that_is_not_the_pinned_one_is_an_incident_and_nothing_is_sent(
    partner: Partner, side: SftpSide, fetch: Fetch
) -> None:
    other = asyncssh.generate_private_key("ssh-ed25519").export_public_key().decode()
    async with partner.world.db.unit(tenant=1, actor="test") as tx:
        changed = {**partner.connection.config, "sftp_host_key": other}
        await connections.set_config(tx, partner.connection.connection_id, changed)
    partner.directory.forget()
    await partner.receive(partner.orders("PO-1"))
    assert await fetch.look() == 0
    assert await partner.send() == []
    assert await partner.incidents() == ["delivery_parked", "delivery_parked", "transport_refused"]
    [row] = await partner.rows("SELECT state, last_error FROM connections WHERE adapter = 'x12'")
    assert row["state"] == "ACTIVE"
    assert "pinned host key" in row["last_error"]
