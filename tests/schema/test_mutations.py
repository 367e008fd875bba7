"""Mutations: input to command, outcome to payload, idempotency keys, dry runs, rights. The commands port is a fake."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import asyncpg
import pytest

from hub.canon.states import Condition, HoldKind, OrderState
from schema.commands import Outcome, Refusal
from schema.inputs import CaptureOrderInput, StockSetInput
from schema.mutations.table import MUTATIONS
from tests.schema.conftest import Site, fill_id

ORDER = fill_id("ord", 1, 7)
PUBLIC = f"ord_{ORDER.hex}"
CAPTURE: dict[str, Any] = {
    "channel": "shopify",
    "externalId": "x-1",
    "currencyCode": "BRL",
    "placedAt": "2026-11-20T10:00:00-03:00",
    "lines": [{"sku": "SKU-001", "quantity": "2", "unitPrice": "19.90"}],
    "shipTo": {"street": "Rua A", "city": "São Paulo", "region": "SP", "postcode": "01310", "countryCode": "BR"},
    "customer": {"name": "Ana"},
    "totals": {"total": "39.80"},
}
CAPTURE_ORDER = "mutation($i: CaptureOrderInput!) { captureOrder(input: $i) { order { id number state version } userErrors { code field message } replayed } }"


@pytest.fixture
def commands(site: Site) -> Any:
    site.commands.asked.clear()
    site.commands.outcomes.clear()
    site.commands.kept.clear()
    return site.commands


async def test_an_input_arrives_as_plain_data(site: Site, commands: Any) -> None:
    commands.outcomes["capture_order"] = Outcome(
        ids={"order": ORDER}, data={"order": {"number": "H-1", "state": OrderState.APPROVED, "version": 3}}
    )
    body = (await site.post(CAPTURE_ORDER, i=CAPTURE)).json()
    assert body["data"]["captureOrder"] == {
        "order": {"id": PUBLIC, "number": "H-1", "state": "APPROVED", "version": 3},
        "userErrors": [],
        "replayed": False,
    }
    ((ask, given),) = commands.asked
    assert (ask.mutation, ask.principal.tenant, ask.key, ask.look) == ("capture_order", 1, None, None)
    assert isinstance(given, CaptureOrderInput)
    assert given.placed_at == datetime(2026, 11, 20, 13, tzinfo=UTC)
    assert given.lines[0].unit_price == Decimal("19.90")
    assert given.method is None
    assert body["extensions"]["cost"]["requestedQueryCost"] == 10 + 1 + 1 + 5


async def test_more_than_the_outcome_holds_is_read_after_the_commit(site: Site, commands: Any) -> None:
    commands.outcomes["place_hold"] = Outcome(
        ids={"order": ORDER}, event_ids=(fill_id("evt", 1, 5), fill_id("evt", 1, 3))
    )
    query = """mutation($i: PlaceHoldInput!) { a: placeHold(input: $i) { __typename o: order { number lines { sku } holds(open: true) { kind } }
      events { id type } replayed } }"""
    body = (await site.post(query, i={"orderId": PUBLIC, "kind": "FRAUD", "reason": "x"})).json()["data"]["a"]
    assert body["__typename"] == "OrderPayload"
    assert body["o"]["number"] == "N000007"
    assert len(body["o"]["lines"]) == 3
    assert [e["id"] for e in body["events"]] == [f"evt_{fill_id('evt', 1, n).hex}" for n in (5, 3)]
    ((_, given),) = commands.asked
    assert (given.order_id, given.kind) == (ORDER, HoldKind.FRAUD)


async def test_refusals_carry_their_facts(site: Site, commands: Any) -> None:
    commands.outcomes["transition_order"] = Outcome(
        refusals=(
            Refusal(
                code="ILLEGAL_MOVE", message="No.", field=("input", "to"), allowed_transitions=("PICKING", "CANCELLED")
            ),
            Refusal(code="VERSION_CONFLICT", message="Old.", current_version=4),
        )
    )
    query = """mutation { transitionOrder(input: {orderId: "%s", to: DELIVERED}) { order { id } events { id }
      userErrors { ... on UserError { message } code field allowedTransitions currentVersion } } }""".replace(
        "%s", PUBLIC
    )
    body = (await site.post(query)).json()["data"]["transitionOrder"]
    assert body["order"] is None
    assert body["events"] == []
    assert body["userErrors"] == [
        {
            "message": "No.",
            "code": "ILLEGAL_MOVE",
            "field": ["input", "to"],
            "allowedTransitions": ["PICKING", "CANCELLED"],
            "currentVersion": None,
        },
        {"message": "Old.", "code": "VERSION_CONFLICT", "field": None, "allowedTransitions": None, "currentVersion": 4},
    ]


async def test_many_at_once_have_their_own_outcomes(site: Site, commands: Any) -> None:
    other = fill_id("ord", 1, 8)
    commands.outcomes["capture_orders"] = (
        Outcome(ids={"order": ORDER}),
        Outcome(refusals=(Refusal(code="UNKNOWN_SKU", message="?", field=("input", "lines", "0", "sku")),)),
        Outcome(ids={"order": other}, replayed=True),
    )
    query = "mutation($i: [CaptureOrderInput!]!) { captureOrders(inputs: $i) { captured refused results { order { number } replayed userErrors { code field } } } }"
    body = (await site.post(query, i=[CAPTURE] * 3)).json()["data"]["captureOrders"]
    assert (body["captured"], body["refused"]) == (2, 1)
    assert [r["order"] and r["order"]["number"] for r in body["results"]] == ["N000007", None, "N000008"]
    assert body["results"][1]["userErrors"] == [{"code": "UNKNOWN_SKU", "field": ["inputs", "1", "lines", "0", "sku"]}]
    assert (await site.post(query, i=[CAPTURE] * 501)).json()["errors"][0]["extensions"]["code"] == "LIMIT_EXCEEDED"


ADJUST = 'mutation { adjustStock(input: {reason: "count", changes: [{locationId: "%s", sku: "SKU-001", delta: "-1.5"}]}) %s { levels { sku onHand } replayed } }'


async def test_a_required_key(site: Site, commands: Any) -> None:
    place = f"loc_{fill_id('loc', 1, 1).hex}"
    commands.outcomes["adjust_stock"] = Outcome(ids={"levels": (fill_id("stk", 1, 11), fill_id("stk", 1, 12))})
    answer = await site.post(ADJUST % (place, ""))
    assert answer.json()["errors"][0]["extensions"]["code"] == "IDEMPOTENCY_KEY_REQUIRED"
    assert not commands.asked
    query = ADJUST % (place, '@idempotent(key: "k-1")')
    first = (await site.post(query)).json()["data"]["adjustStock"]
    again = (await site.post(query)).json()["data"]["adjustStock"]
    assert again == {**first, "replayed": True}
    assert len(first["levels"]) == 2
    assert len(commands.asked) == 1
    (_, given) = commands.asked[0]
    assert (given.changes[0].condition, given.changes[0].delta) == (Condition.NEW, Decimal("-1.5"))
    other = query.replace("-1.5", "2")
    assert (await site.post(other)).json()["errors"][0]["extensions"]["code"] == "IDEMPOTENCY_KEY_REUSED"
    assert (await site.post(other, headers={"accept": "application/graphql-response+json"})).status_code == 422
    same = query.replace("count", "count")
    assert (await site.post(same, headers={"idempotency-key": "k-2"})).json()["errors"][0]["extensions"][
        "code"
    ] == "BAD_REQUEST"
    header = await site.post(ADJUST % (place, ""), headers={"idempotency-key": "k-1"})
    assert header.json()["data"]["adjustStock"]["replayed"] is True


@pytest.mark.parametrize("key", ["", "é", "a b", "x" * 256])
async def test_a_key_is_visible_ascii(site: Site, commands: Any, key: str) -> None:
    answer = await site.post(
        "mutation($k: String!, $i: ReleaseReservationInput!) { releaseReservation(input: $i) @idempotent(key: $k) { replayed } }",
        k=key,
        i={"reservationId": "rsv_" + "0" * 32},
    )
    assert answer.json()["errors"][0]["extensions"]["code"] == "BAD_REQUEST"


async def test_a_dry_run_is_looked_at_before_it_is_undone(site: Site, commands: Any) -> None:
    conn = await asyncpg.connect(site.dsn)
    commands.connection = conn
    await conn.execute("SET ROLE hub_app; SET hub.tenant = '1'")
    commands.outcomes["plan_route"] = Outcome(ids={"decision": fill_id("rte", 1, 2)})
    query = 'mutation { planRoute(input: {orderId: "%s", dryRun: true}) { decision { mode chosen { sku location { code } } candidates { reason } } fulfillments { id } } }'.replace(
        "%s", PUBLIC
    )
    body = (await site.post(query)).json()["data"]["planRoute"]
    await conn.close()
    assert body["decision"]["chosen"] == [{"sku": "SKU-001", "location": {"code": "N1"}}]
    assert len(body["decision"]["candidates"]) == 2
    assert body["fulfillments"] == []
    assert commands.asked[0][0].look is not None


async def test_root_mutations_run_in_order_after_all_are_checked(site: Site, commands: Any) -> None:
    commands.outcomes["assign_incident"] = Outcome(ids={"incident": fill_id("inc", 1, 1)})
    commands.outcomes["retry_deliveries"] = lambda _ask, given: Outcome(data={"changed": len(given.ids or ())})
    incident = f"inc_{fill_id('inc', 1, 1).hex}"
    query = """mutation($d: [ID!]!) { __typename a: assignIncident(input: {incidentId: "%s", owner: "ana"}) { incident { kind } }
      b: retryDeliveries(input: {ids: $d}) { changed userErrors { code } } }""".replace("%s", incident)
    body = (await site.post(query, d=[f"dlv_{fill_id('dlv', 1, 1).hex}"])).json()["data"]
    assert body["__typename"] == "Mutation"
    assert body["b"] == {"changed": 1, "userErrors": []}
    assert [a.mutation for a, _ in commands.asked] == ["assign_incident", "retry_deliveries"]
    commands.asked.clear()
    assert (await site.post(query, d=["x"])).json()["errors"][0]["extensions"]["code"] == "BAD_ID"
    assert not commands.asked


async def test_rights_to_write(site: Site, commands: Any) -> None:
    query = 'mutation { placeHold(input: {orderId: "%s", kind: FRAUD, reason: "x"}) { replayed } }'.replace(
        "%s", PUBLIC
    )
    assert (await site.post(query, role="ANALYST")).status_code == 403
    assert not commands.asked


async def test_a_foreign_order_is_unknown_to_a_storefront(site: Site, commands: Any) -> None:
    query = "mutation($i: CancelOrderInput!) { cancelOrder(input: $i) { order { id } userErrors { code field } } }"
    site.edge.desk.store.by_id["sha256:test"] = query
    site.edge.desk.store.by_id["sha256:capture"] = CAPTURE_ORDER
    commands.outcomes["cancel_order"] = Outcome(ids={"order": fill_id("ord", 1, 3)})
    commands.outcomes["capture_order"] = Outcome()
    foreign = {"orderId": f"ord_{fill_id('ord', 1, 4).hex}", "reason": "x"}
    body = (await site.send({"documentId": "sha256:test", "variables": {"i": foreign}}, role="STOREFRONT")).json()
    assert body["data"]["cancelOrder"]["userErrors"] == [{"code": "NOT_FOUND", "field": ["input", "orderId"]}]
    own = {"orderId": f"ord_{fill_id('ord', 1, 3).hex}", "reason": "x"}
    body = (await site.send({"documentId": "sha256:test", "variables": {"i": own}}, role="STOREFRONT")).json()
    assert body["data"]["cancelOrder"]["order"]["id"] == own["orderId"]
    other = {"documentId": "sha256:capture", "variables": {"i": {**CAPTURE, "channel": "x12"}}}
    assert (await site.send(other, role="STOREFRONT")).status_code == 403


@pytest.mark.parametrize("amount", [19.9, 19, "1e5", "19,90", "", "1.23456", None])
async def test_money_is_a_plain_string(site: Site, commands: Any, amount: Any) -> None:
    wrong = {**CAPTURE, "lines": [{"sku": "A", "quantity": "1", "unitPrice": amount}]}
    answer = await site.post(CAPTURE_ORDER, i=wrong)
    assert answer.json()["errors"][0]["extensions"]["code"] == "BAD_VALUE"
    assert not commands.asked


def test_every_mutation_has_a_method_of_the_port() -> None:
    from schema.commands import Commands

    assert {n for n in vars(Commands) if not n.startswith("_")} == set(MUTATIONS)
    assert StockSetInput.__dataclass_fields__["condition"].default is Condition.NEW
