"""Fiscal documents are downloaded by those who may, with their state told to the others."""

from __future__ import annotations

import io
import zipfile
from collections.abc import AsyncIterator
from datetime import datetime
from types import SimpleNamespace
from typing import Any, cast
from uuid import UUID

import httpx
import pytest
from starlette.applications import Starlette

from adapters.sefaz import ADAPTER
from hub.access import KeyRing
from hub.access.keys import make_key
from hub.connections import Directory
from hub.fiscal.export import CLOCK
from hub.flows.paper import Paper
from hub.kit.db import Database
from hub.web.papers import Papers
from tests.fiscal.test_export import note

DAY = datetime(2026, 11, 10, 12, tzinfo=CLOCK)
PLACE = "/api/v1/fiscal-documents"


class Here:
    """Every connection is one to the authority."""

    async def of(self, _connection_id: UUID) -> tuple[Any, None]:
        return SimpleNamespace(adapter="sefaz"), None


@pytest.fixture
async def client(db: Database) -> AsyncIterator[httpx.AsyncClient]:
    paper = Paper(cast("Directory", Here()), {"sefaz": ADAPTER})
    app = Starlette(routes=Papers(db, KeyRing(db), paper).routes)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://hub") as client:
        yield client
    paper.close()


async def bearer(db: Database, role: str, *scopes: str) -> dict[str, str]:
    async with db.unit(tenant=1, actor="test") as tx:
        key = await make_key(tx, role, scopes=scopes)
    return {"authorization": f"Bearer {key.token}"}


async def test_xml_and_pdf_of_an_authorized_note(db: Database, client: httpx.AsyncClient) -> None:
    pytest.importorskip("brazilfiscalreport")
    document, who = await note(db, DAY), await bearer(db, "OPERATOR")
    xml = await client.get(f"{PLACE}/fis_{document.hex}/xml", headers=who)
    assert (xml.status_code, xml.headers["content-type"]) == (200, "application/xml")
    assert xml.content.startswith(b"<nfeProc ")
    pdf = await client.get(f"{PLACE}/fis_{document.hex}/pdf", headers=who)
    assert (pdf.status_code, pdf.headers["content-type"]) == (200, "application/pdf")
    assert pdf.content.startswith(b"%PDF-")


async def test_a_month_is_streamed(db: Database, client: httpx.AsyncClient) -> None:
    await note(db, DAY)
    answer = await client.get(
        f"{PLACE}/export", params={"month": "2026-11", "environment": "2"}, headers=await bearer(db, "ANALYST")
    )
    assert answer.status_code == 200
    assert len(zipfile.ZipFile(io.BytesIO(answer.content)).namelist()) == 2


@pytest.mark.parametrize(
    ("path", "status"),
    [("fis_{id}/xml", 409), ("fis_{none}/xml", 404), ("ord_{id}/xml", 404), ("x/pdf", 404), ("export?month=x", 400)],
)
async def test_what_is_not_there_is_said(db: Database, client: httpx.AsyncClient, path: str, status: int) -> None:
    document = await note(db, DAY, ())
    asked = path.format(id=document.hex, none="0" * 32)
    assert (await client.get(f"{PLACE}/{asked}", headers=await bearer(db, "ADMIN"))).status_code == status


async def test_only_those_who_may_read_all_get_anything(db: Database, client: httpx.AsyncClient) -> None:
    document = await note(db, DAY)
    where = f"{PLACE}/fis_{document.hex}/xml"
    assert (await client.get(where)).status_code == 401
    assert (await client.get(where, headers={"authorization": "Bearer hub_x_y"})).status_code == 401
    for role, scopes in (("STOREFRONT", ()), ("PARTNER", ()), ("OPERATOR", ("orders:read",))):
        assert (await client.get(where, headers=await bearer(db, role, *scopes))).status_code == 403
    assert (await client.get(where, headers=await bearer(db, "OPERATOR", "fiscal:read"))).status_code == 200
