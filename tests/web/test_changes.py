"""Changes of placed orders through the API: previewed, confirmed, refused with fields; approved, bundled, split, handed over; searched for."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from hub.canon.order import Pickup
from hub.canon.states import PaymentState
from hub.kit.clock import rfc3339
from hub.kit.db import Database
from hub.kit.ids import public_id
from tests.api import Api, api_over
from tests.flows.test_random_life import broken
from tests.world import World, new_world

EFFECT = """effect { totalBefore { amount } totalAfter { amount } taxAfter { amount } changes { kind sku before after } waitsFor
  stock { location sku reservedDelta } unplaced { sku quantity } shipsByBefore shipsByAfter holds }"""


@pytest.fixture
async def world(db: Database) -> World:
    return await new_world(db, stock={("LIS", "SKU-1"): 50, ("LIS", "SKU-2"): 3, ("FAO", "SKU-1"): 9})


@pytest.fixture
async def api(world: World, db: Database) -> AsyncIterator[Api]:
    async with api_over(db, world.reactor) as made:
        yield made


def codes(payload: Any) -> list[tuple[str, str]]:
    return [(e["code"], ".".join(e["field"] or ())) for e in payload["userErrors"]]


async def lines(api: Api, order_id: UUID) -> dict[str, Any]:
    query = "query($id: ID!) { order(id: $id) { version lines { id sku ordered cancelled reserved } } }"
    found = (await api(query, id=public_id("ord", order_id)))["order"]
    return {"version": found["version"], **{x["sku"]: x for x in found["lines"]}}


async def test_an_amendment_is_previewed_and_then_confirmed(api: Api, world: World) -> None:
    order_id = await world.place(world.draft("A1", ("SKU-1", 5)))
    seen = await lines(api, order_id)
    asked = {
        "orderId": public_id("ord", order_id),
        "expectedVersion": seen["version"],
        "setQuantities": [{"lineId": seen["SKU-1"]["id"], "quantity": "7"}],
        "addLines": [{"sku": "SKU-2", "quantity": "4", "unitPrice": "2.50"}],
        "reason": "the customer called",
    }
    before = await world.rows("SELECT count(*) AS n, max(position) AS last FROM business_events")
    shown = f"order {{ version }} amendment {{ id }} {EFFECT}"
    tried = await api.do("amendOrder", shown, **asked)
    assert tried["userErrors"] == []
    assert tried["amendment"] is None
    effect = tried["effect"]
    assert (effect["totalBefore"]["amount"], effect["totalAfter"]["amount"]) == ("55.00", "85.00")
    assert effect["stock"] == [
        {"location": "LIS", "sku": "SKU-1", "reservedDelta": "2"},
        {"location": "LIS", "sku": "SKU-2", "reservedDelta": "3"},
    ]
    assert (effect["unplaced"], effect["holds"]) == ([{"sku": "SKU-2", "quantity": "1"}], ["STOCK"])
    assert effect["shipsByBefore"] is not None
    assert await world.rows("SELECT count(*) AS n, max(position) AS last FROM business_events") == before
    done = await api.do(
        "amendOrder",
        "amendment { state confirmed changes { kind sku after } } effect { stock { sku } }",
        **asked,
        dryRun=False,
    )
    assert (done["amendment"]["state"], done["amendment"]["confirmed"]) == ("APPLIED", True)
    assert [c["kind"] for c in done["amendment"]["changes"]] == ["quantity", "add"]
    after = await lines(api, order_id)
    assert {s: (after[s]["ordered"], after[s]["reserved"]) for s in ("SKU-1", "SKU-2")} == {
        "SKU-1": ("7", "7"),
        "SKU-2": ("4", "3"),
    }
    assert codes(await api.do("amendOrder", "replayed", **asked)) == [("VERSION_CONFLICT", "input.expectedVersion")]
    assert await broken(world) == {}


async def test_an_impossible_amendment_names_every_field(api: Api, world: World) -> None:
    order_id = await world.place(world.draft("A1", ("SKU-1", 5)))
    seen = await lines(api, order_id)
    [ful] = await world.fulfillments(order_id)
    await world.report(ful["fulfillment_id"], "PICKING")
    refused = await api.do(
        "amendOrder",
        "order { id }",
        orderId=public_id("ord", order_id),
        expectedVersion=(await lines(api, order_id))["version"],
        dryRun=False,
        setQuantities=[
            {"lineId": "oln_" + "0" * 32, "quantity": "1"},
            {"lineId": seen["SKU-1"]["id"], "quantity": "1"},
        ],
        addLines=[{"sku": "NOPE", "quantity": "-1", "unitPrice": "1", "lineNo": 1}],
        shipTo={"street": "", "city": "Lisboa", "region": "11", "postcode": "1", "countryCode": "PT"},
        method="PICKUP",
        reason="x",
    )
    assert sorted(codes(refused)) == [
        ("ADDRESS_INVALID", "input.shipTo"),
        ("BAD_AMOUNT", "input.addLines.0"),
        ("DUPLICATE_LINE", "input.addLines.0.lineNo"),
        ("NO_PICKUP_PLACE", "input.pickupLocationId"),
        ("PICKING_BEGUN", "input.method"),
        ("PICKING_BEGUN", "input.setQuantities.1"),
        ("PICKING_BEGUN", "input.shipTo"),
        ("UNKNOWN_LINE", "input.setQuantities.0"),
        ("UNKNOWN_PRODUCT", "input.addLines.0.sku"),
    ]
    assert await world.rows("SELECT 1 FROM order_amendments") == []


async def test_other_goods_where_the_customer_allowed_it(api: Api, world: World) -> None:
    allowed = await world.place(world.draft("A1", ("SKU-3", 2), tags=("substitution:allowed",)))
    not_allowed = await world.place(world.draft("A2", ("SKU-3", 2)))
    for order_id, expected in ((allowed, []), (not_allowed, [("NO_SUBSTITUTE", "input.lineId")])):
        line = (await lines(api, order_id))["SKU-3"]["id"]
        asked = {"orderId": public_id("ord", order_id), "lineId": line, "sku": "SKU-1", "reason": "none left"}
        assert codes(await api.do("substituteLine", EFFECT, **asked)) == expected
        assert codes(await api.do("substituteLine", "amendment { state }", **asked, dryRun=False)) == expected
    assert (await lines(api, allowed))["SKU-1"]["reserved"] == "2"
    assert (await world.order(allowed))["state"] == "APPROVED"
    assert "SKU-1" not in await lines(api, not_allowed)


async def test_lines_are_cancelled_and_the_last_one_ends_the_order(api: Api, world: World) -> None:
    draft = replace(world.draft("A1", ("SKU-1", 2), ("SKU-2", 1)), payment_state=PaymentState.PENDING)
    order_id = await world.place(draft)
    seen = await lines(api, order_id)
    asked = {"orderId": public_id("ord", order_id), "reason": "not wanted"}
    shown = "order { state lines { sku ordered cancelled } }"
    part = await api.do("cancelOrder", shown, **asked, lineIds=[seen["SKU-2"]["id"]])
    assert part["order"] == {
        "state": "DRAFT",
        "lines": [
            {"sku": "SKU-1", "ordered": "2", "cancelled": "0"},
            {"sku": "SKU-2", "ordered": "1", "cancelled": "1"},
        ],
    }
    strange = await api.do("cancelOrder", shown, **asked, lineIds=["oln_" + "0" * 32])
    assert codes(strange) == [("UNKNOWN_LINE", "input.lineIds.0")]
    whole = await api.do("cancelOrder", shown, **asked, lineIds=[seen["SKU-1"]["id"]])
    assert whole["order"]["state"] == "CANCELLED"


async def test_a_hold_has_a_deadline_and_is_found_by_it(api: Api, world: World) -> None:
    order_id = await world.place(world.draft("A1"))
    until = world.db.clock() + timedelta(hours=1)
    asked = {"orderId": public_id("ord", order_id), "kind": "MANUAL", "reason": "waits for a call"}
    late = await api.do("placeHold", "replayed", **asked, deadline=rfc3339(until - timedelta(hours=2)))
    assert codes(late) == [("DEADLINE_PASSED", "input.deadline")]
    placed = await api.do("placeHold", "order { onHold }", **asked, deadline=rfc3339(until), then="CANCEL")
    assert placed["order"] == {"onHold": True}
    [timer] = await world.rows("SELECT payload FROM timers WHERE kind = 'hold_deadline'")
    assert timer["payload"] == {"hold": "MANUAL", "then": "cancel"}
    query = """query($before: DateTime!) { holds(where: {open: true, kind: MANUAL, deadline: {lt: $before}}, orderBy: {field: DEADLINE})
      { nodes { reason placedBy releases deadline order { number } } } }"""
    [found] = (await api(query, before=rfc3339(until + timedelta(minutes=1))))["holds"]["nodes"]
    assert (found["order"]["number"], found["placedBy"], found["releases"]) == ("A1", "ana", "a person")
    assert (await api(query, before=rfc3339(until - timedelta(minutes=1))))["holds"]["nodes"] == []


async def test_orders_are_bundled_and_parted(api: Api, world: World) -> None:
    ids = [await world.place(world.draft(f"A{n}")) for n in (1, 2)]
    other = await world.place(world.draft("B1", promised_by=world.now))
    shown = "bundleId fulfillments { id order { number } companions { order { number } } }"
    strangers = await api.do("bundleOrders", shown, orderIds=[public_id("ord", i) for i in (*ids, other)])
    assert codes(strangers) == [("NOT_BUNDLEABLE", "")]
    unknown = await api.do("bundleOrders", shown, orderIds=[public_id("ord", ids[0]), "ord_" + "0" * 32])
    assert codes(unknown) == [("NOT_FOUND", "input.orderIds.1")]
    made = await api.do("bundleOrders", shown, orderIds=[public_id("ord", i) for i in ids])
    assert [[c["order"]["number"] for c in f["companions"]] for f in made["fulfillments"]] == [["A1", "A2"]] * 2
    query = "query($b: ID!) { fulfillments(where: {bundleId: {eq: $b}}) { totalCount { value } } }"
    assert (await api(query, b=made["bundleId"]))["fulfillments"]["totalCount"]["value"] == 2
    parted = await api.do("unbundle", shown, bundleId=made["bundleId"])
    assert [(f["companions"], parted["bundleId"]) for f in parted["fulfillments"]] == [([], None)] * 2
    assert codes(await api.do("unbundle", shown, bundleId=made["bundleId"])) == [("NOT_FOUND", "input.bundleId")]


async def _collected(world: World, units: int = 3) -> tuple[UUID, UUID]:
    draft = world.draft("P1", ("SKU-1", units), pickup=Pickup(node="FAO"), ship_to=None)
    order_id = await world.place(draft)
    [ful] = await world.fulfillments(order_id)
    return order_id, ful["fulfillment_id"]


async def test_a_store_splits_and_hands_over(api: Api, world: World) -> None:
    order_id, here = await _collected(world)
    line = (await lines(api, order_id))["SKU-1"]["id"]
    shown = "fulfillments { id state lines { assigned } }"
    part = [{"orderLineId": line, "quantity": "1"}]
    split = await api.do("splitFulfillment", shown, fulfillmentId=public_id("ful", here), lines=part)
    assert [f["lines"][0]["assigned"] for f in split["fulfillments"]] == ["2", "1"]
    too_many = await api.do(
        "splitFulfillment", shown, fulfillmentId=public_id("ful", here), lines=[{**part[0], "quantity": "9"}]
    )
    assert codes(too_many) == [("NOT_SPLITTABLE", "")]
    asked = {"fulfillmentId": public_id("ful", here), "code": "x", "proof": {"name": "Ana", "document": "725"}}
    assert codes(await api.do("handOver", "order { id }", **asked)) == [("NOT_FOR_PICKUP", "")]
    for state in ("PICKING", "PACKED"):
        moved = await api.do(
            "transitionFulfillment", "fulfillment { pickupCode }", fulfillmentId=asked["fulfillmentId"], to=state
        )
    code = moved["fulfillment"]["pickupCode"]
    wrong = await api.do("handOver", "order { id }", **asked)
    assert codes(wrong) == [("WRONG_PICKUP_CODE", "input.code")]
    nobody = await api.do("handOver", "order { id }", **{**asked, "code": code, "proof": {"name": " "}})
    assert codes(nobody) == [("NO_PROOF", "input.proof.name")]
    done = await api.do("handOver", "fulfillment { state } order { state }", **{**asked, "code": code})
    assert (done["fulfillment"]["state"], done["order"]["state"]) == ("DELIVERED", "APPROVED")
    assert await broken(world) == {}


async def test_a_store_rejects_a_line_and_another_node_ships_it(api: Api, world: World) -> None:
    await world.adjust("LIS", "SKU-1", -50)
    await world.adjust("FAO", "SKU-2", 2)
    near = replace(world.address(), region="08", city="Faro")
    order_id = await world.place(world.draft("S1", ("SKU-1", 2), ("SKU-2", 1), ship_to=near))
    [ful] = await world.fulfillments(order_id)
    assert ful["method"] == "SHIP_FROM_STORE"
    await world.adjust("OPO", "SKU-2", 10)
    line = (await lines(api, order_id))["SKU-2"]["id"]
    asked = {"fulfillmentId": public_id("ful", ful["fulfillment_id"]), "reason": "broken", "lines": [line]}
    done = await api.do("rejectFulfillment", "fulfillment { state lines { sku } }", **asked)
    assert done["fulfillment"] == {"state": "CANCELLED", "lines": [{"sku": "SKU-2"}]}
    rest, rejected, other = await world.fulfillments(order_id)
    codes_of = {i: c for c, i in world.nodes.items()}
    assert [(f["state"], codes_of[f["node_id"]]) for f in (rest, rejected)] == [
        ("APPROVED", "FAO"),
        ("CANCELLED", "FAO"),
    ]
    assert (other["state"], codes_of[other["node_id"]] != "FAO") == ("APPROVED", True)
    assert await world.incidents(order_id) == ["pick_refused"]
    strange = await api.do("rejectFulfillment", "order { id }", **{**asked, "lines": ["oln_" + "0" * 32]})
    assert codes(strange) == [("NOT_FOUND", "input.lines.0")]
    assert await broken(world) == {}


async def test_a_warehouse_with_a_wms_is_not_split_from_here(api: Api, world: World) -> None:
    order_id = await world.place(world.draft("A1", ("SKU-1", 3)))
    [ful] = await world.fulfillments(order_id)
    line = (await lines(api, order_id))["SKU-1"]["id"]
    asked = {
        "fulfillmentId": public_id("ful", ful["fulfillment_id"]),
        "lines": [{"orderLineId": line, "quantity": "1"}],
    }
    assert codes(await api.do("splitFulfillment", "bundleId", **asked)) == [("NOT_SPLITTABLE", "")]


async def test_the_timeline_and_what_may_follow(api: Api, world: World) -> None:
    order_id = await world.place(world.draft("A1", ("SKU-1", 2)))
    query = "query($id: ID!) { order(id: $id) { allowedTransitions timeline { kind type sentence actor subjectId causationId } } }"
    found = (await api(query, id=public_id("ord", order_id)))["order"]
    assert found["allowedTransitions"] == ["PICKING", "CANCELLED"]
    said = [e["sentence"] for e in found["timeline"]]
    assert said[:3] == [
        "Placed at shop as A1 for 25.00 EUR.",
        "Approved: nothing holds it.",
        "Reserved 2 x SKU-1 at LIS.",
    ]
    assert said[-1] == "The pick order to wms waits to be sent."
    assert len((await api.by(role="ANALYST")(query, id=public_id("ord", order_id)))["order"]["timeline"]) == len(said)


async def test_searches_are_kept_if_their_list_would_take_them(api: Api, world: World) -> None:
    await world.place(world.draft("A1", ("SKU-2", 1)))
    await world.place(world.draft("A2", ("SKU-1", 1)))
    where = {"sku": {"eq": "SKU-2"}, "method": "SHIP"}
    shown = "search { id name about query shared }"
    kept = await api.do("saveSearch", shown, name=" two ", about="ORDERS", where=where, shared=True)
    assert (kept["search"]["name"], kept["search"]["about"]) == ("two", "orders")
    again = (await api('{ savedSearches(where: {about: {eq: "orders"}}) { nodes { name query } } }'))["savedSearches"]
    assert again["nodes"] == [{"name": "two", "query": {"where": where}}]
    query = "query($w: OrderWhere) { orders(where: $w) { nodes { number } } }"
    assert (await api(query, w=again["nodes"][0]["query"]["where"]))["orders"]["nodes"] == [{"number": "A1"}]
    bad = await api.do(
        "saveSearch",
        shown,
        name="x",
        about="ORDERS",
        where={"colour": 1, "state": {"eq": "LOST"}},
        orderBy={"field": "SIZE"},
    )
    assert {(e["code"], e["field"][1]) for e in bad["userErrors"]} == {
        ("BAD_SEARCH", "where"),
        ("BAD_SEARCH", "orderBy"),
    }
    joao = api.by(actor="joao", role="OPERATOR")
    mine = await joao.do("saveSearch", shown, name="mine", about="HOLDS", where={"open": True})
    listed = "{ savedSearches { nodes { name owner } } }"
    assert [n["name"] for n in (await joao(listed))["savedSearches"]["nodes"]] == ["mine", "two"]
    assert [n["name"] for n in (await api(listed))["savedSearches"]["nodes"]] == ["two"]
    foreign = await api.do("deleteSearches", "deleted", searchIds=[mine["search"]["id"]])
    assert codes(foreign) == [("NOT_FOUND", "input.searchIds.0")]
    assert (await joao.do("deleteSearches", "deleted", searchIds=[mine["search"]["id"]]))["deleted"] == 1


async def test_approvals_are_given_by_role(api: Api, world: World) -> None:
    order_id = await world.place(replace(world.draft("A1"), payment_state=PaymentState.PENDING))
    async with world.unit() as tx:
        for n, role in enumerate(("sales", "director"), 1):
            await tx.conn.execute(
                "INSERT INTO order_approvals VALUES (1, $1, $2, $3, $4)", order_id, n, role, Decimal(n)
            )
    sales = api.by(actor="sam", role="OPERATOR", scopes=frozenset({"orders:write", "orders:read", "approve:sales"}))
    shown = "order { approvals { role approvedBy totalAtLeast { amount currencyCode } } }"
    asked = {"orderId": public_id("ord", order_id)}
    waiting = '{ orders(where: {approvalRole: "sales"}) { nodes { number } } }'
    assert (await api(waiting))["orders"]["nodes"] == [{"number": "A1"}]
    first = await sales.do("approveOrder", shown, **asked)
    assert [a["approvedBy"] for a in first["order"]["approvals"]] == ["sam", None]
    assert codes(await sales.do("approveOrder", shown, **asked)) == [("NOT_YOUR_STEP", "")]
    last = await api.do("approveOrder", shown, **asked)
    assert [a["approvedBy"] for a in last["order"]["approvals"]] == ["sam", "ana"]
    assert codes(await api.do("approveOrder", shown, **asked)) == [("NOTHING_TO_APPROVE", "")]
    assert (await api(waiting))["orders"]["nodes"] == []
