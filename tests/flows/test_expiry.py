"""Certificates of partners' accounts are told before they end, once for each mark; old refused bytes are forgotten."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from hub.flows.expiry import Expiry
from hub.kit.db import Database
from tests.as2_side import PASSWORD, person
from tests.partner import Partner, new_partner

SOON = datetime.now(UTC) + timedelta(days=6)


@pytest.fixture
async def partner(db: Database, tmp_path: Path) -> Partner:
    ours, theirs = person("hub"), person("ending", ends=SOON)
    secrets = {"as2_key": ours.pfx, "as2_key_password": PASSWORD, "as2_partner_certificate": theirs.pem}
    config = {"transport": "as2", "as2_from": "HUB", "as2_to": "STATION", "as2_url": "https://partner.example/as2"}
    return await new_partner(db, tmp_path / "out", config=config, secrets=secrets)


async def test_what_ends_soon_is_told_once_for_each_mark(partner: Partner) -> None:
    world = partner.world
    looking = Expiry(world.reactor, partner.directory, partner.adapters)
    assert [await looking.look(), await looking.look()] == [1, 1]
    [incident] = await partner.rows("SELECT kind, summary, occurrences FROM incidents")
    assert incident["kind"] == "certificate_ends"
    assert f"the partner's AS2 certificate ends on {SOON:%Y-%m-%d}" in incident["summary"]


async def test_the_bytes_of_what_was_refused_are_forgotten_after_a_month(partner: Partner) -> None:
    world = partner.world
    sql = """INSERT INTO transmissions (transmission_id, connection_id, direction, foreign_id, name, state, content, at)
SELECT gen_random_uuid(), $1, 'IN', n::text, '', 'refused', 'x', now() - n * interval '20 days' FROM generate_series(1, 2) n RETURNING 1"""
    await partner.rows(sql, partner.connection.connection_id)
    await Expiry(world.reactor, partner.directory, partner.adapters).look()
    rows = await partner.rows("SELECT content FROM transmissions ORDER BY at")
    assert [r["content"] for r in rows] == [None, b"x"]
