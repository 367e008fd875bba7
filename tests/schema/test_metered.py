"""What is counted of operations: which path answered, with what code, under a name that cannot grow without bound; and what bounds the caches."""

from __future__ import annotations

from hub.kit import metrics
from schema.plan.cache import KEPT, SHAPES, Plans
from schema.plan.run import Reads
from tests.schema.conftest import OPERATOR, Site


def counted(path: str, code: str = "OK", operation: str = "other") -> float:
    return float(metrics.GRAPHQL_OPERATIONS.labels(operation, path, code)._value.get())


async def test_each_operation_is_counted_by_its_path(site: Site) -> None:
    before = {p: counted(p) for p in ("compiled", "executor")}
    assert (await site.post("{ orders(first: 1) { nodes { id } } }")).status_code == 200
    assert (await site.post("{ me { role } }")).status_code == 200  # no view behind it: the executor's
    assert {p: counted(p) - n for p, n in before.items()} == {"compiled": 1, "executor": 1}


async def test_refusals_are_counted_by_their_code(site: Site) -> None:
    wrong = {
        "{ nothing }": ("none", "GRAPHQL_VALIDATION_FAILED"),
        "{": ("none", "GRAPHQL_PARSE_FAILED"),
        "{ orders(first: 101) { nodes { id } } }": ("none", "PAGE_TOO_LARGE"),
    }
    for query, (path, code) in wrong.items():
        before = counted(path, code)
        await site.post(query)
        assert counted(path, code) == before + 1, query


async def test_a_trusted_document_is_counted_under_its_name(site: Site) -> None:
    store = site.edge.desk.store
    assert "rest/order" in store.by_name
    before = counted("compiled", operation="rest/order")
    await site.send({"documentId": "rest/order", "variables": {"id": "ord_" + "0" * 32, "personal": True}})
    assert counted("compiled", operation="rest/order") == before + 1


async def test_ever_new_shapes_push_out_the_document_s_own_plans(reads: Reads) -> None:
    query = "query($a: OrderWhere) { orders(first: 1, where: $a) { nodes { id } } }"
    given = {
        "number": {"eq": "x"},
        "channel": {"eq": "x"},
        "externalId": {"eq": "x"},
        "customerTaxId": "x",
        "tag": "x",
        "onHold": True,
        "groupId": "x",
        "sku": {"eq": "x"},
    }

    def charged(bits: int) -> int:
        where = {name: value for at, (name, value) in enumerate(given.items()) if bits >> at & 1}
        entry, making = reads.entry(reads.ask(OPERATOR, query, {"a": where}))
        assert entry.plan is not None
        return making

    other = reads.ask(OPERATOR, "{ orders(first: 2) { nodes { id } } }")
    reads.entry(other)
    before = len(reads.plans)
    assert all(charged(bits) for bits in range(SHAPES + 10))
    assert len(reads.plans) == before + SHAPES
    assert charged(SHAPES + 9) == 0
    assert charged(0) > 0
    assert reads.entry(other)[1] == 0


def test_the_cache_of_plans_is_bounded() -> None:
    plans = Plans()
    for n in range(KEPT + 5):
        plans.put(n, n)
    assert len(plans) == KEPT
    assert plans.get(0) is None
    assert plans.get(KEPT + 4) == KEPT + 4


def test_a_deprecated_field_is_seen_in_its_document() -> None:
    import graphql as g

    from schema.plan.documents import deprecated

    schema = g.build_schema('type Query { old: Int @deprecated(reason: "new") new: Int }')
    assert deprecated(schema, g.parse("{ a: old new ...F } fragment F on Query { old }")) == (("Query", "old"),)
    assert deprecated(schema, g.parse("{ new }")) == ()
