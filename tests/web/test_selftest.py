"""The self-test page: the same answer as `hub edi check`, without a database."""

from __future__ import annotations

import html
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import httpx
from starlette.applications import Starlette

from hub.access import NotAuthenticated
from hub.boot import check_x12, x12_guide
from hub.web.selftest import LARGEST, selftest_routes
from tests.http_sides import listening
from tests.partner import interchange, purchase_order

OWN: Mapping[str, Any] = {
    "profile": {"partner": "nova", "ids": [{"qualifier": "ZZ", "id": "NOVA"}], "ours": {"qualifier": "ZZ", "id": "HUBDEMO"}, "ack": "999"},
    "overlays": {"850": "overlay: {}\nsegments: {PO1: {3: {codes: [CA]}}}\n"},
}  # fmt: skip


async def account_of(token: str) -> Mapping[str, Any] | None:
    if token not in ("of-nova", "of-an-operator"):
        raise NotAuthenticated
    return OWN if token == "of-nova" else None


@asynccontextmanager
async def client() -> AsyncIterator[httpx.AsyncClient]:
    """Over a socket: the bytes are those that a browser would send."""
    app = Starlette(routes=selftest_routes(check_x12, x12_guide, account_of))
    async with listening(app) as port, httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as found:
        yield found


async def test_a_file_is_checked_and_the_answer_shown() -> None:
    sets = [purchase_order("PO-1", "EA", "SKU-1"), purchase_order("PO-2", "EACH", "SKU-1")]
    async with client() as hub:
        answer = await hub.post("/edi/check", content=interchange(7, "PO", sets), headers={"x-file-name": "a.edi"})
        page = await hub.get("/edi/check")
    said = answer.json()
    assert (said["file"], said["outcome"]) == ("a.edi", "errors")
    good, bad = said["interchanges"][0]["groups"][0]["sets"]
    assert good["documents"][0]["number"] == "PO-1"
    assert good["documents"][0]["data"]["lines"][0]["ids"] == {"sku": "SKU-1"}
    assert bad["verdict"] == "rejected"
    assert "AK5*R" in said["interchanges"][0]["ack"]
    assert "Nothing is stored" in page.text


async def test_what_is_no_x12_and_what_is_too_large_is_said_so() -> None:
    async with client() as hub:
        assert (await hub.post("/edi/check", content=b"hello")).json()["outcome"] == "unreadable"
        assert (await hub.post("/edi/check", content=b" " * (LARGEST + 1))).status_code == 413


async def test_bytes_in_any_charset_and_line_ends_are_read_as_they_are() -> None:
    text = interchange(7, "PO", [purchase_order("PO-1", "EA", "SKU-1")]).replace("ACME LISBOA", "AÇÃO")
    async with client() as hub:
        for body in (
            text.encode("latin-1"),
            text.encode(),
            b"\xef\xbb\xbf" + text.encode(),
            text.replace("~", "~\r\n").encode(),
        ):
            said = (await hub.post("/edi/check", content=body)).json()
            [document] = said["interchanges"][0]["groups"][0]["sets"][0]["documents"]
            assert document["data"]["parties"]["ship_to"]["name"] == "AÇÃO"


async def test_a_partner_gets_the_guide_as_a_page_with_a_sample_that_passes() -> None:
    async with client() as hub:
        page = await hub.get("/edi/guides/004010/850")
        assert page.headers["content-type"].startswith("text/html")
        assert "<td>PO102</td>" in page.text
        sample = html.unescape(page.text.split("<h2>Sample</h2>")[1].split("<pre>")[1].split("</pre>")[0])
        said = (await hub.post("/edi/check", content=sample.strip())).json()
        assert said["outcome"] == "ok"
        assert said["interchanges"][0]["groups"][0]["sets"][0]["verdict"] == "accepted"
        assert "with PO103 comes PO102 (C0302)" in page.text
        order = [page.text.index(f"<h3>{name} ") for name in ("BEG", "REF", "PO1", "CTT")]
        assert order == sorted(order)
        for path in ("/edi/guides/004010/999", "/edi/guides/..%2f/850", "/edi/guides/004010/85"):
            assert (await hub.get(path)).status_code == 404


async def test_what_is_no_x12_is_told_what_it_is() -> None:
    cases = {
        b"": "no ISA segment was found: the file is empty",
        b" \r\n ": "no ISA segment was found: the file is empty",
        b"UNA:+.? 'UNB+UNOA:1+A+B'": "no ISA segment was found: the file is EDIFACT, X12 is expected",
        b"\x89PNG\r\n\x1a\n" + bytes(range(32)): "no ISA segment was found: the file is binary",
        b'<order id="1">': 'no ISA segment was found: the file begins with "<order id="1">", X12 begins with ISA and a separator',
    }
    async with client() as hub:
        for body, why in cases.items():
            said = (await hub.post("/edi/check", content=body, headers={"x-file-name": "my%20file.x12"})).json()
            assert (said["file"], said["outcome"], said["reason"]) == ("my file.x12", "unreadable", why)


async def test_the_page_says_in_which_set_an_error_is() -> None:
    async with client() as hub:
        page = await hub.get("/edi/check")
        assert 'level => "Set " + level.set + " " + level.control' in page.text
        assert "innerHTML" not in page.text  # what a file holds is shown as text


async def test_a_partners_key_has_its_file_judged_by_its_own_profile_and_overlays() -> None:
    text = interchange(7, "PO", [purchase_order("PO-1", "EA", "SKU-1")], sender="NOVA")
    async with client() as hub:

        async def verdict(key: str | None) -> tuple[str, bool]:
            headers = {} if key is None else {"authorization": f"Bearer {key}"}
            said = (await hub.post("/edi/check", content=text, headers=headers)).json()
            [one] = said["interchanges"]
            return one["groups"][0]["sets"][0]["verdict"], "ST*999" in one["ack"]

        assert await verdict("of-nova") == ("rejected", True)
        assert await verdict(None) == await verdict("of-an-operator") == ("accepted", False)
        wrong = await hub.post("/edi/check", content=text, headers={"authorization": "Bearer of-nobody"})
    assert (wrong.status_code, wrong.json()) == (401, {"error": "This key is not valid."})
