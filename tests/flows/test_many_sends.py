"""A thousand documents to one partner by several workers at once: their numbers leave no gap, and one that cannot be written takes none."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from hub import outbox
from hub.canon.codec import dump
from hub.canon.commands import WriteDocument
from hub.kit.db import Database
from hub.kit.ids import new_id
from tests.partner import find, new_partner
from tests.queues import delivery, take

pytestmark = pytest.mark.slow
MANY, WORKERS, EVERY = 1000, 4, 125  # one of so many holds a delimiter where none may stand


def invoice(n: int) -> WriteDocument:
    sku = "A*1" if n % EVERY == 0 else f"SKU-{n}"
    line = {"line_ref": "1", "invoiced": "2", "unit": "EA", "price": "9.90", "ids": {"sku": sku}}
    data = {"date": "2026-11-20", "number": f"INV{n}", "external_id": f"PO-{n}", "lines": [line]}
    return WriteDocument(kind="invoice", number=f"INV{n}", data=data)


async def test_a_thousand_documents_at_once_are_numbered_without_gap(db: Database, tmp_path: Path) -> None:
    partner = await new_partner(db, tmp_path / "out")
    place = f"{partner.connection.connection_id.hex}:outbound"
    owed = [
        delivery(place, kind="WriteDocument", subject_kind="order", subject_id=(i := new_id()), ordering_key=i.hex, payload=dump(invoice(n)))
        for n in range(1, MANY + 1)
    ]  # fmt: skip
    async with partner.world.db.unit(tenant=1, actor="test") as tx:
        await outbox.owe(tx, owed)

    async def worker() -> None:
        while rows := await take(partner.world.db, limit=50):
            await partner.deliver.handle(rows)

    await asyncio.gather(*(worker() for _ in range(WORKERS)))
    files = await partner.send()
    written = MANY - MANY // EVERY
    assert sorted(int(find(f, "ISA")[13]) for f in files) == list(range(1, written + 1))
    assert sorted(int(find(f, "GS")[6]) for f in files) == list(range(1, written + 1))
    assert len({find(f, "BIG")[2] for f in files}) == written
    assert await partner.incidents() == ["delivery_parked"] * (MANY // EVERY)
    rows = await partner.rows("SELECT level, next FROM control_numbers ORDER BY level")
    assert [(r["level"], r["next"]) for r in rows] == [("gs", written + 1), ("isa", written + 1)]
