"""Master data from a file: calendars, kits; what cannot be is told with the path of its field and nothing is entered."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from hub import catalog, network
from hub.boot.masterdata import BadData, apply_data, read_data
from hub.kit.db import Database
from tests.depot import new_depot

NODE = """nodes:
  - {code: POA, name: Porto Alegre, kind: WAREHOUSE, street: Rua, city: Porto Alegre, region: RS, postal_code: "90000-000",
     country: BR, timezone: America/Sao_Paulo, cut_off: "16:00", work_days: [1, 2, 3], closed_on: [2026-11-20], tax_id: "11222333000181"}
"""
KITS = """products:
  - {sku: DUO, title: Two}
kits:
  DUO: {A: 2, B: 1.5}
"""


def written(folder: Path, text: str) -> Path:
    file = folder / "data.yaml"
    file.write_text(text, encoding="utf-8")
    return file


async def test_calendars_and_kits_are_entered_and_changed(db: Database, tmp_path: Path) -> None:
    depot = await new_depot(db)
    for text, kit in (
        (KITS, {"A": Decimal(2), "B": Decimal("1.5")}),
        (KITS.replace("2, B: 1.5", "3"), {"A": Decimal(3)}),
    ):
        async with depot.unit() as tx:
            await apply_data(tx, read_data(written(tmp_path, NODE + text)))
            assert await catalog.kits(tx, ["DUO", "A"]) == {"DUO": kit}
    async with depot.unit() as tx:
        network.forget()
        node = (await network.load(tx)).node("POA")
    assert node is not None
    assert (node.work_days, node.closed_on) == ((1, 2, 3), (date(2026, 11, 20),))


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        (NODE.replace("America/Sao_Paulo", "America/Nowhere"), "nodes.0.timezone: "),
        (NODE.replace("[1, 2, 3]", "[0]"), "nodes.0.work_days.0: "),
        (NODE.replace("2026-11-20", "someday"), "nodes.0.closed_on.0: "),
        (NODE + "lots: []\n", "lots: "),
    ],
)
def test_what_cannot_be_is_told_with_its_place(tmp_path: Path, text: str, fault: str) -> None:
    with pytest.raises(BadData) as told:
        read_data(written(tmp_path, text))
    assert fault in str(told.value)


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ("B:", "GHOST:", "there is no product GHOST"),
        ("A: 2", "A: 0", "kits.DUO.A: pieces are above zero"),
        ("B: 1.5", "DUO: 1", "kits.DUO: a kit is no part of a kit"),
    ],
)
async def test_a_kit_that_cannot_be_picked_enters_nothing(
    db: Database, tmp_path: Path, old: str, new: str, fault: str
) -> None:
    depot = await new_depot(db)
    with pytest.raises(BadData) as told:
        async with depot.unit() as tx:
            await apply_data(tx, read_data(written(tmp_path, NODE + KITS.replace(old, new))))
    assert fault in str(told.value)
    assert await depot.rows("SELECT 1 FROM nodes WHERE code = 'POA'") == []
