"""A file of two thousand orders whose workers fall again and again: what was committed stays, the rest is resumed, one acknowledgment leaves."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from hub import inbox
from hub.canon.ports import Request
from hub.kit import failpoint
from hub.kit.db import Database
from hub.kit.lease import Leased, reap
from tests.partner import Partner, find, new_partner, segments
from tests.queues import make_stale, take

pytestmark = pytest.mark.slow
SETS, BATCH = 2000, 200


class Fallen(BaseException):
    """A worker that is gone between two statements."""


async def test_a_file_of_two_thousand_is_resumed_after_every_fall(
    db: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    partner = await new_partner(db, tmp_path / "out")
    text = partner.orders(*(f"PO-{n}" for n in range(SETS)))
    async with partner.world.db.unit(tenant=1, actor="test") as tx:
        account = (await partner.directory.of(partner.connection.connection_id))[1]
        push = partner.adapters["x12"].push
        assert push is not None
        kept = await inbox.receive(
            tx, partner.connection.connection_id, push.envelopes(_file(text), account), correlation_id=tx.correlation_id
        )
    assert len(kept) == SETS + 1
    falls, turn = 0, 0
    while True:
        await make_stale(partner.world.db, inbox.QUEUE)
        await reap(partner.world.db, inbox.QUEUE)
        rows = await take(partner.world.db, inbox.QUEUE, limit=BATCH)
        if not rows:
            break
        turn += 1
        if turn % 3 == 1:  # all of it is done but the commit
            falls += 1
            await _fall(partner, rows, monkeypatch, "intake.applied")
        elif turn % 3 == 2:  # the commit was the last that it did
            falls += 1
            await _fall(partner, rows, monkeypatch, "intake.done")
        else:
            await partner.intake.handle(rows)
    assert falls > 5
    assert [r[0] for r in await partner.rows("SELECT count(*) FROM orders")] == [SETS]
    files = await partner.send()
    acks = [f for f in files if "ST*997*" in f]
    assert [(find(f, "ISA")[13] != "", find(f, "AK9")[1:5]) for f in acks] == [(True, ["A", "2000", "2000", "2000"])]
    assert len({e[2] for e in segments(acks[0]) if e[0] == "AK2"}) == SETS
    assert sorted(int(find(f, "ISA")[13]) for f in files) == list(range(1, len(files) + 1))
    assert set(await partner.incidents()) <= {"out_of_stock"}  # there are goods for the first orders only


def _file(text: str) -> Request:
    return Request(method="PUT", path="a.edi", query={}, headers={}, body=text.encode())


async def _fall(partner: Partner, rows: Sequence[Leased], monkeypatch: pytest.MonkeyPatch, at: str) -> None:
    def passing(name: str) -> None:
        if name == at:
            raise Fallen

    with monkeypatch.context() as patched:
        patched.setattr(failpoint, "passing", passing)
        with pytest.raises(Fallen):
            await partner.intake.handle(rows)
