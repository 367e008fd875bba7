"""REST answers what GraphQL answers, unwrapped, with statuses, entity tags and problems."""

from __future__ import annotations

from typing import Any

import httpx
import orjson
import pytest

from schema.commands import Outcome, Refusal
from schema.prints import openapi
from schema.rest.endpoint import PREFIX
from schema.rest.table import ENDPOINTS
from tests.schema.conftest import Site, fill_id
from tests.schema.test_mutations import CAPTURE

ORDER = fill_id("ord", 1, 7)
PUBLIC = f"ord_{ORDER.hex}"


async def call(
    site: Site, method: str, path: str, body: Any = None, role: str = "OPERATOR", **headers: str
) -> httpx.Response:
    shown = {"authorization": f"Bearer {role}", **{k.replace("_", "-"): v for k, v in headers.items()}}
    content = None
    if body is not None:
        content, shown["content-type"] = orjson.dumps(body), "application/json"
    async with httpx.AsyncClient(base_url=site.url.removesuffix("/graphql")) as client:
        return await client.request(method, PREFIX + path, content=content, headers=shown)


async def test_a_list_walks_by_cursor(site: Site) -> None:
    seen: list[str] = []
    path = "/orders?limit=40"
    while path:
        answer = await call(site, "GET", path)
        assert answer.status_code == 200
        seen += [o["id"] for o in answer.json()["items"]]
        following = answer.json()["next"]
        assert (following is None) is ("link" not in answer.headers)
        path = answer.headers["link"].split(">")[0][1:].removeprefix(PREFIX) if following else ""
    assert len(seen) == len(set(seen)) == 150


async def test_rest_and_graphql_say_the_same(site: Site) -> None:
    rest = (await call(site, "GET", f"/orders/{PUBLIC}")).json()
    query = "query($id: ID!) { order(id: $id) { number total { amount } lines { unitPrice { amount } ordered } shipTo { street } } }"
    graphql = (await site.post(query, id=PUBLIC)).json()["data"]["order"]
    assert rest["number"] == graphql["number"]
    assert rest["total"]["amount"] == graphql["total"]["amount"]
    assert rest["shipTo"]["street"] == graphql["shipTo"]["street"]
    assert [x["ordered"] for x in rest["lines"]] == [x["ordered"] for x in graphql["lines"]]


async def test_filters_and_what_a_role_may_see(site: Site) -> None:
    found = (await call(site, "GET", "/orders?state=PACKED&channel=shopify&placed_from=2020-01-01T00:00:00Z")).json()[
        "items"
    ]
    assert {(o["state"], o["channel"]) for o in found} == {("PACKED", "shopify")}
    assert "name" in found[0]["shipTo"]
    outsider = (await call(site, "GET", "/orders?limit=1", role="ANALYST")).json()["items"]
    assert set(outsider[0]["shipTo"]) == {"city", "region", "countryCode"}
    own = (await call(site, "GET", "/orders?limit=100", role="STOREFRONT")).json()["items"]
    assert {o["channel"] for o in own} == {"shopify"}
    stock = (await call(site, "GET", "/inventory?sku=SKU-001")).json()["items"]
    assert "onHand" in stock[0]
    assert "onHand" not in (await call(site, "GET", "/inventory?sku=SKU-001", role="STOREFRONT")).json()["items"][0]


async def test_entity_tags(site: Site) -> None:
    first = await call(site, "GET", f"/orders/{PUBLIC}")
    assert first.headers["etag"] == f'"{first.json()["version"]}"'
    assert (await call(site, "GET", f"/orders/{PUBLIC}", if_none_match=first.headers["etag"])).status_code == 304


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("/orders/ord_" + "0" * 32, 404, "NOT_FOUND"),
        (f"/orders/ord_{fill_id('ord', 2, 7).hex}", 404, "NOT_FOUND"),
        ("/orders/7", 400, "BAD_ID"),
        ("/orders?limit=1000", 400, "PAGE_TOO_LARGE"),
        ("/orders?limit=x", 400, "BAD_REQUEST"),
        ("/orders?colour=red", 400, "BAD_REQUEST"),
        ("/orders?state=LOST", 400, "BAD_VALUE"),
        ("/orders?cursor=zzz", 400, "BAD_CURSOR"),
    ],
)
async def test_problems(site: Site, path: str, status: int, code: str) -> None:
    answer = await call(site, "GET", path)
    body = answer.json()
    assert (answer.status_code, body["code"], body["status"]) == (status, code, status)
    assert answer.headers["content-type"] == "application/problem+json"
    assert body["type"].endswith(f"#{code}")
    assert body["correlationId"].startswith("cor_")


async def test_who_is_not_known(site: Site) -> None:
    answer = await call(site, "GET", "/orders", role="NOBODY")
    assert (answer.status_code, answer.json()["code"]) == (401, "UNAUTHENTICATED")
    assert (await call(site, "DELETE", "/orders")).status_code == 405


async def test_capture(site: Site) -> None:
    site.commands.kept.clear()
    site.commands.outcomes["capture_order"] = Outcome(ids={"order": ORDER})
    made = await call(site, "POST", "/orders", CAPTURE, idempotency_key="rest-1")
    assert made.status_code == 201
    assert made.headers["location"] == f"{PREFIX}/orders/{PUBLIC}"
    again = await call(site, "POST", "/orders", CAPTURE, idempotency_key="rest-1")
    assert (again.status_code, again.headers["idempotent-replayed"]) == (200, "true")
    assert again.content == made.content
    other = await call(site, "POST", "/orders", {**CAPTURE, "note": "x"}, idempotency_key="rest-1")
    assert (other.status_code, other.json()["code"]) == (422, "IDEMPOTENCY_KEY_REUSED")
    assert (await call(site, "POST", "/orders", {**CAPTURE, "lines": "x"})).status_code == 400


async def test_capture_of_many(site: Site) -> None:
    refused = Outcome(refusals=(Refusal(code="UNKNOWN_SKU", message="?", field=("input", "lines")),))
    done = Outcome(ids={"order": ORDER})
    for outcomes, status in (((done, done), 201), ((done, refused), 207)):
        site.commands.outcomes["capture_orders"] = outcomes
        answer = await call(site, "POST", "/orders", {"orders": [CAPTURE, CAPTURE]})
        assert answer.status_code == status
    assert answer.json()["results"][1]["userErrors"][0]["field"] == ["inputs", "1", "lines"]


async def test_a_transition_with_if_match(site: Site) -> None:
    site.commands.outcomes["transition_order"] = lambda _ask, given: Outcome(
        refusals=(Refusal(code="VERSION_CONFLICT", message="Old.", current_version=9),)
        if given.expected_version == 1
        else (),
        ids={"order": given.order_id},
    )
    path = f"/orders/{PUBLIC}/transitions"
    assert (await call(site, "POST", path, {"to": "PICKING", "expectedVersion": 1})).status_code == 409
    stale = await call(site, "POST", path, {"to": "PICKING"}, if_match='"1"')
    assert (stale.status_code, stale.json()["errors"][0]["currentVersion"]) == (412, 9)
    done = await call(site, "POST", path, {"to": "PICKING"}, if_match='"2"')
    assert (done.status_code, done.json()["id"]) == (200, PUBLIC)
    assert "etag" in done.headers
    site.commands.outcomes["transition_order"] = Outcome(refusals=(Refusal(code="ILLEGAL_MOVE", message="No."),))
    assert (await call(site, "POST", path, {"to": "PICKING"})).status_code == 409


async def test_stock_is_adjusted_and_refused_with_its_place(site: Site) -> None:
    at = {"locationId": f"loc_{fill_id('loc', 1, 1).hex}", "sku": "SKU-001"}
    change = {"reason": "found", "changes": [{**at, "delta": "2"}]}
    site.commands.outcomes["adjust_stock"] = Outcome(ids={"levels": (fill_id("stk", 1, 11),)})
    done = await call(site, "POST", "/inventory/adjustments", change, idempotency_key="adjust-1")
    assert done.status_code == 200
    assert [x["id"] for x in done.json()] == [f"stk_{fill_id('stk', 1, 11).hex}"]
    refused = Refusal(code="CHANGE_FROM_QUANTITY_STALE", message="It is 4.", field=("input", "levels", "0"))
    site.commands.outcomes["set_stock"] = Outcome(refusals=(refused,))
    count = {"reason": "x", "levels": [{**at, "quantity": "1", "changeFromQuantity": "2"}]}
    stale = await call(site, "POST", "/inventory/counts", count)
    assert (stale.status_code, stale.json()["errors"][0]["field"]) == (409, ["input", "levels", "0"])


@pytest.mark.parametrize(
    ("path", "count"),
    [
        ("/inventory/movements?sku=SKU-011&limit=50", 2),
        ("/inventory/lots?expires_before=2026-12-10&limit=100", 12),
        ("/reservations?state=ACTIVE", 4),
        ("/route-decisions?mode=SHADOW&limit=100", 20),
    ],
)
async def test_lists_of_stock_and_routing(site: Site, path: str, count: int) -> None:
    found = await call(site, "GET", path)
    assert (found.status_code, len(found.json()["items"])) == (200, count)
    assert (await call(site, "GET", path, role="PORTAL")).status_code == 403


async def test_a_body_too_large(site: Site) -> None:
    assert (await call(site, "POST", "/orders", {"note": "x" * (1 << 20)})).status_code == 413


def test_the_print_names_every_endpoint_and_resolves() -> None:
    document = orjson.loads(openapi())
    assert document["openapi"] == "3.1.0"
    found = {(m.upper(), p) for p, methods in document["paths"].items() for m in methods}
    assert found == {(e.method, PREFIX + e.route) for e in ENDPOINTS}
    names = {n.decode() for n in _references(orjson.dumps(document))}
    assert names <= set(document["components"]["schemas"])
    operations = [o["operationId"] for methods in document["paths"].values() for o in methods.values()]
    assert len(operations) == len(set(operations))


def _references(text: bytes) -> list[bytes]:
    return [part.split(b'"')[0] for part in text.split(b"#/components/schemas/")[1:]]


async def test_changes_of_an_order_have_their_routes(site: Site) -> None:
    site.commands.asked.clear()
    effect = {
        "changes": [],
        "total_before": {"amount": "10.00", "currency_code": "BRL"},
        "total_after": {"amount": "12.50", "currency_code": "BRL"},
        "tax_before": {"amount": "0.00", "currency_code": "BRL"},
        "tax_after": {"amount": "0.00", "currency_code": "BRL"},
        "waits_for": [],
    }
    site.commands.outcomes["amend_order"] = Outcome(ids={"order": ORDER}, data={"effect": effect})
    body = {"expectedVersion": 1, "reason": "called", "dryRun": False}
    answer = await call(site, "POST", f"/orders/{PUBLIC}/amendments", body, if_match='"3"')
    assert (answer.status_code, answer.json()["totalAfter"]["amount"]) == (200, "12.50")
    ((_, given),) = site.commands.asked
    assert (given.order_id, given.expected_version, given.dry_run) == (ORDER, 3, False)
    refusal = Refusal(code="PICKING_BEGUN", message="No.", field=("input", "shipTo"))
    site.commands.outcomes["amend_order"] = Outcome(refusals=(refusal,))
    refused = await call(site, "POST", f"/orders/{PUBLIC}/amendments", body)
    assert (refused.status_code, refused.json()["code"]) == (422, "PICKING_BEGUN")
    site.commands.outcomes["bundle_orders"] = Outcome(ids={"fulfillments": (fill_id("ful", 1, 3),)}, data={})
    made = await call(site, "POST", "/bundles", {"orderIds": [PUBLIC]})
    assert [f["id"] for f in made.json()] == [f"ful_{fill_id('ful', 1, 3).hex}"]
    told = (await call(site, "GET", f"/orders/{PUBLIC}/timeline")).json()["timeline"]
    assert "Approved: nothing holds it." in [e["sentence"] for e in told]
    assert len((await call(site, "GET", "/holds?kind=FRAUD&limit=5")).json()["items"]) == 5


NOTE = fill_id("fis", 1, 9)
NOTE_ID = f"fis_{NOTE.hex}"


@pytest.mark.parametrize(
    ("path", "count"),
    [
        ("/fiscal-documents?state=AUTHORIZED&limit=100", 15),
        ("/fiscal-documents?code=100&limit=100", 30),
        (f"/fiscal-documents?key={'7':0>44}", 1),
        ("/fiscal-voids?state=VOIDED&limit=100", 7),
        ("/fiscal-authorities", 4),
        ("/gnre-guides?state=ISSUED&limit=100", 10),
        ("/gnre-guides?region=BA&limit=100", 14),
        ("/incoming-notes?issuer=12ABC34501DE35&limit=5", 5),
    ],
)
async def test_lists_of_an_accountant(site: Site, path: str, count: int) -> None:
    found = await call(site, "GET", path)
    assert (found.status_code, len(found.json()["items"])) == (200, count)
    assert (await call(site, "GET", path, role="PORTAL")).status_code == 403


async def test_a_note_is_explained_line_by_line(site: Site) -> None:
    found = (await call(site, "GET", f"/fiscal-documents/{NOTE_ID}")).json()
    assert [(t["tax"], t["rule"], t["value"]["amount"]) for t in found["taxPlan"]] == [
        ("icms", "icms.internal", "4.38"),
        ("pis", "pis", "0.33"),
    ]
    assert {"waitsFor", "events", "items", "gnreGuides"} <= found.keys()
    whole = (await call(site, "GET", "/incoming-notes?whole=true&limit=100")).json()["items"]
    part = (await call(site, "GET", "/incoming-notes?whole=false&limit=100")).json()["items"]
    assert whole
    assert ({n["whole"] for n in whole}, {n["whole"] for n in part}) == ({True}, {False})
    assert (await call(site, "GET", "/incoming-notes?matched=maybe")).json()["code"] == "BAD_REQUEST"


@pytest.mark.parametrize(
    ("what", "mutation", "body", "given"),
    [
        ("cancellation", "cancel_invoice", {"reason": "Venda desfeita no caixa"}, {"goods_stayed": False}),
        ("corrections", "correct_invoice", {"correction": "Volume correto: duas caixas"}, {}),
        ("retry", "retry_invoice", {}, {}),
        ("shares", "share_invoice", {"taxId": "52998224725"}, {"may_authorize": False}),
        ("delivery-events", "tell_delivery_event", {"kind": "DELIVERED", "name": "Maria"}, {"name": "Maria"}),
        ("reform-events", "tell_reform_event", {"kind": "DELIVERY_FORECAST", "details": {"date": "2026-12-24"}}, {}),
    ],
)
async def test_what_is_done_with_a_note(
    site: Site, what: str, mutation: str, body: dict[str, Any], given: dict[str, Any]
) -> None:
    site.commands.asked.clear()
    site.commands.outcomes[mutation] = Outcome(ids={"invoice": NOTE})
    path = f"/fiscal-documents/{NOTE_ID}/{what}"
    done = await call(site, "POST", path, body)
    assert (done.status_code, done.json()["id"]) == (200, NOTE_ID)
    ((ask, asked),) = site.commands.asked
    assert (ask.mutation, asked.invoice_id) == (mutation, NOTE)
    assert {n: getattr(asked, n) for n in given} == given
    site.commands.outcomes[mutation] = Outcome(refusals=(Refusal(code="WINDOW_CLOSED", message="Too late."),))
    late = await call(site, "POST", path, body)
    assert (late.status_code, late.json()["code"]) == (409, "WINDOW_CLOSED")
    assert (await call(site, "POST", path, body, role="ANALYST")).status_code == 403


async def test_notes_that_are_issued_need_a_key(site: Site) -> None:
    site.commands.kept.clear()
    site.commands.outcomes["issue_invoice"] = site.commands.outcomes["return_invoice"] = Outcome(ids={"invoice": NOTE})
    at = f"loc_{fill_id('loc', 1, 1).hex}"
    line = {"sku": "SKU-001", "quantity": "2", "unitPrice": "7.50"}
    transfer = {"operation": "transfer", "locationId": at, "toLocationId": at, "lines": [line]}
    bare = await call(site, "POST", "/fiscal-documents", transfer)
    assert (bare.status_code, bare.json()["code"]) == (400, "IDEMPOTENCY_KEY_REQUIRED")
    made = await call(site, "POST", "/fiscal-documents", transfer, idempotency_key="note-1")
    assert (made.status_code, made.headers["location"]) == (201, f"{PREFIX}/fiscal-documents/{NOTE_ID}")
    again = await call(site, "POST", "/fiscal-documents", transfer, idempotency_key="note-1")
    assert (again.status_code, again.content) == (200, made.content)
    back = await call(site, "POST", f"/fiscal-documents/{NOTE_ID}/returns", {}, idempotency_key="back-1")
    assert (back.status_code, back.json()["id"]) == (200, NOTE_ID)


async def test_numbers_modes_guides_and_notes_issued_to_us(site: Site) -> None:
    at, con = f"loc_{fill_id('loc', 1, 1).hex}", f"con_{fill_id('con', 1, 1).hex}"
    guide, note = fill_id("gnr", 1, 2), fill_id("inn", 1, 3)
    acts: list[tuple[str, str, dict[str, Any], str, Any]] = [
        (
            "/fiscal-voids",
            "void_numbers",
            {"locationId": at, "series": 1, "first": 2, "last": 3, "reason": "Numeros pulados"},
            "void",
            fill_id("fvo", 1, 1),
        ),
        (
            "/fiscal-authorities/mode",
            "set_emission_mode",
            {"connectionId": con, "mode": "NORMAL"},
            "authority",
            fill_id("fau", 1, 1),
        ),
        (
            f"/connections/{con}/certificate",
            "set_certificate",
            {"pkcs12": "x", "password": "y"},
            "connection",
            fill_id("con", 1, 1),
        ),
        (f"/gnre-guides/gnr_{guide.hex}/payment", "pay_gnre_guide", {"paidOn": "2026-11-21"}, "guide", guide),
        (f"/gnre-guides/gnr_{guide.hex}/retry", "retry_gnre_guide", {}, "guide", guide),
        (f"/incoming-notes/inn_{note.hex}/manifestation", "manifest_incoming_note", {"stance": "AWARE"}, "note", note),
        (f"/incoming-notes/inn_{note.hex}/match", "match_incoming_note", {"documentId": NOTE_ID}, "note", note),
    ]
    for path, mutation, body, payload, id_ in acts:
        site.commands.outcomes[mutation] = Outcome(ids={payload: id_})
        role = "ADMIN" if payload == "connection" else "OPERATOR"
        done = await call(site, "POST", path, body, role=role)
        assert (done.status_code, done.json()["id"][4:]) == (200, id_.hex), done.text
        assert (await call(site, "POST", path, {**body, "colour": "red"}, role=role)).status_code == 400


async def test_searches_are_kept_found_and_forgotten(site: Site) -> None:
    listed = (await call(site, "GET", "/searches?about=orders")).json()["items"]
    query = '{ savedSearches(where: {about: {eq: "orders"}}) { nodes { id name about query shared owner updatedAt } } }'
    assert listed == (await site.post(query)).json()["data"]["savedSearches"]["nodes"]
    assert {"s1", "s2", "s3"} <= {x["name"] for x in listed}
    assert [x["name"] for x in (await call(site, "GET", "/searches?name=s2")).json()["items"]] == ["s2"]
    assert (await call(site, "GET", "/searches?about=holds")).json() == {"items": [], "next": None}

    site.commands.outcomes["save_search"] = Outcome(ids={"search": fill_id("sch", 1, 2)}, data={"deleted": 0})
    where = {"state": {"eq": "PACKED"}}
    given = {"name": "packed", "about": "ORDERS", "where": where, "shared": True}
    kept = await call(site, "POST", "/searches", given, idempotency_key="search-1")
    assert (kept.status_code, kept.json()["id"]) == (200, f"sch_{fill_id('sch', 1, 2).hex}")
    again = await call(site, "POST", "/searches", given, idempotency_key="search-1")
    assert again.headers["idempotent-replayed"] == "true"
    assert (await call(site, "POST", "/searches", {**given, "about": "SHOES"})).status_code == 400
    bad = Refusal(code="BAD_SEARCH", message="There is no colour.", field=("input", "where", "colour"))
    site.commands.outcomes["save_search"] = Outcome(refusals=(bad,), data={"deleted": 0})
    refused = await call(site, "POST", "/searches", {**given, "where": {"colour": 1}})
    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, ["input", "where", "colour"])

    site.commands.outcomes["delete_searches"] = Outcome(data={"deleted": 1})
    gone = await call(site, "POST", "/searches/deletions", {"searchIds": [kept.json()["id"]]})
    assert (gone.status_code, gone.json()) == (200, 1)
    unknown = Refusal(code="NOT_FOUND", message="There is no such search.", field=("input", "searchIds", "0"))
    site.commands.outcomes["delete_searches"] = Outcome(refusals=(unknown,), data={"deleted": 0})
    assert (await call(site, "POST", "/searches/deletions", {"searchIds": ["sch_" + "0" * 32]})).status_code == 404
