"""Partners' folders: one that is in trouble is told and keeps no neighbour waiting; what is too large or gone is no reason to stop."""

from __future__ import annotations

import threading
from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from hub import connections
from hub.canon.ports import Account, Envelope, Request
from hub.flows import folders as module
from hub.flows.folders import Folders, take_in
from hub.kit.db import Database
from hub.kit.doorbell import Doorbell
from hub.kit.folder import Folder
from tests.partner import Partner, new_partner


@pytest.fixture
async def partner(db: Database, tmp_path: Path) -> Partner:
    inbox = tmp_path / "in"
    inbox.mkdir()
    return await new_partner(db, tmp_path / "out", config={"inbox": str(inbox)})


@pytest.fixture
async def folders(partner: Partner, dsn: str) -> AsyncIterator[Folders]:
    world = partner.world
    bell = await Doorbell(dsn).open()
    yield Folders(world.db, bell, partner.directory, partner.adapters, world.deps.incidents, stable=timedelta())
    await bell.close()


async def test_a_folder_in_trouble_is_told_once_and_keeps_no_neighbour_waiting(
    partner: Partner, folders: Folders, tmp_path: Path
) -> None:
    neighbour = tmp_path / "neighbour"
    neighbour.mkdir()
    async with partner.world.db.unit(tenant=1, actor="test") as tx:
        config = {"partner": "acme-retail", "ours": "HUBDEMO", "inbox": str(neighbour)}
        await connections.create(tx, "x12", "zz-neighbour", "Neighbour", config=config)
    partner.directory.forget()
    (tmp_path / "in" / "po.edi").write_text(partner.orders("PO-1"))
    (tmp_path / "in" / "archive").write_text("a file where the folder should be")
    (neighbour / "po.edi").write_text(partner.orders("PO-2"))
    assert await folders.look() == 1
    assert sorted(p.name for p in neighbour.iterdir()) == ["archive"]
    assert await folders.look() == 0
    assert await partner.incidents() == ["transport_refused"]
    (tmp_path / "in" / "archive").unlink()
    assert await folders.look() == 1
    await partner.read()
    assert len(await partner.rows("SELECT 1 FROM orders")) == 2


async def test_a_file_that_is_too_large_is_put_aside_unread_and_told(
    partner: Partner, folders: Folders, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "LARGEST", 2000)
    (tmp_path / "in" / "large.edi").write_bytes(b"x" * 2001)
    (tmp_path / "in" / "po.edi").write_text(partner.orders("PO-1"))
    assert await folders.look() == 1
    assert [p.name for p in (tmp_path / "in" / "error").iterdir()] == ["large.edi"]
    assert await partner.incidents() == ["file_refused"]
    [row] = await partner.rows("SELECT summary FROM incidents")
    assert "large.edi: The file has 2001 bytes, 2000 are taken." in row["summary"]


async def test_a_file_that_somebody_else_has_taken_is_not_missed(
    partner: Partner, folders: Folders, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = Folder.whole

    async def late(self: Folder, now: object) -> list[Path]:
        return [tmp_path / "in" / "gone.edi", *await whole(self, now)]  # type: ignore[arg-type]

    monkeypatch.setattr(Folder, "whole", late)
    (tmp_path / "in" / "po.edi").write_text(partner.orders("PO-1"))
    assert await folders.look() == 1
    assert await partner.incidents() == []


async def test_a_large_file_is_taken_apart_beside_the_loop(partner: Partner) -> None:
    """Leases run out where the loop stands still for the seconds that a hundred megabytes take."""
    seen: list[str] = []
    push = partner.adapters["x12"].push
    assert push is not None

    class Watched:
        def proven(self, headers: Mapping[str, str], account: Account) -> bool:
            raise AssertionError("a file is not verified")

        def verify(self, request: Request, account: Account) -> None:
            raise AssertionError("a file is not verified")

        def envelopes(self, request: Request, account: Account) -> list[Envelope]:
            seen.append(threading.current_thread().name)
            assert push is not None
            return push.envelopes(request, account)

    adapters = {**partner.adapters, "x12": replace(partner.adapters["x12"], push=Watched())}
    text = partner.orders("PO-1").encode()
    await take_in(partner.world.db, partner.directory, adapters, partner.connection, "a.edi", text)
    assert seen != [threading.main_thread().name]
    assert len(seen) == 1
