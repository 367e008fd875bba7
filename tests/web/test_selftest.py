"""The self-test page: the same answer as `hub edi check`, without a database."""

from __future__ import annotations

import httpx
from starlette.applications import Starlette

from hub.boot import check_x12
from hub.web.selftest import LARGEST, selftest_routes
from tests.partner import interchange, purchase_order


def client() -> httpx.AsyncClient:
    app = Starlette(routes=selftest_routes(check_x12))
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://hub")


async def test_a_file_is_checked_and_the_answer_shown() -> None:
    sets = [purchase_order("PO-1", "EA", "SKU-1"), purchase_order("PO-2", "EACH", "SKU-1")]
    async with client() as hub:
        answer = await hub.post("/edi/check", content=interchange(7, "PO", sets), headers={"x-file-name": "a.edi"})
        page = await hub.get("/edi/check")
    said = answer.json()
    assert (said["file"], said["outcome"]) == ("a.edi", "errors")
    good, bad = said["interchanges"][0]["groups"][0]["sets"]
    assert good["documents"][0]["number"] == "PO-1"
    assert bad["verdict"] == "rejected"
    assert "AK5*R" in said["interchanges"][0]["ack"]
    assert "Nothing is stored" in page.text


async def test_what_is_no_x12_and_what_is_too_large_is_said_so() -> None:
    async with client() as hub:
        assert (await hub.post("/edi/check", content=b"hello")).json()["outcome"] == "unreadable"
        assert (await hub.post("/edi/check", content=b" " * (LARGEST + 1))).status_code == 413
