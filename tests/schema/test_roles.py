"""Who may what: every cell of the table is probed, and every list against another tenant, on both paths."""

from __future__ import annotations

from typing import Any

import graphql as g
import orjson
import pytest

from hub.fiscal.store import STATES
from hub.kit.errors import HubError
from schema.contract import contract
from schema.plan.bind import BOUND
from schema.plan.run import Reads
from schema.plan.selection import is_connection
from schema.principal import Principal, Reader
from schema.roles import AREAS, ROLES, readable
from schema.types.enums import FiscalState
from tests.schema.conftest import authenticate

CORE: Any = contract()._schema
LISTS = sorted(n for n, f in CORE.query_type.fields.items() if is_connection(g.get_named_type(f.type)))


def node_of(name: str) -> Any:
    connection: Any = g.get_named_type(CORE.query_type.fields[name].type)
    return g.get_named_type(connection.fields["nodes"].type)


async def principal(role: str, tenant: int = 1) -> Principal:
    found = await authenticate(f"Bearer {role}-{tenant}")
    assert found is not None
    return found


async def both(reads: Reads, me: Principal, query: str) -> Any:
    """The data on both paths, or the code of the refusal."""
    try:
        asked = reads.ask(me, query)
        entry, _ = reads.entry(asked)
    except HubError as error:
        return error.code
    compiled, executed = await reads.read(asked, entry), await reads.execute(asked)
    assert compiled.path == "compiled"
    assert compiled.data == executed.data
    return orjson.loads(compiled.data)


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("name", LISTS)
async def test_each_list_for_each_role(reads: Reads, name: str, role: str) -> None:
    area = BOUND[node_of(name).extensions["strawberry-definition"].origin].area
    answer = await both(reads, await principal(role), f"{{ {name}(first: 3) {{ nodes {{ id }} }} }}")
    if readable(area, Reader(role=role)) is None:
        assert answer == "FORBIDDEN"
    else:
        assert isinstance(answer, dict), answer


@pytest.mark.parametrize("name", LISTS)
async def test_another_tenants_rows_answer_as_unknown(reads: Reads, name: str) -> None:
    mine = await both(reads, await principal("ADMIN"), f"{{ {name}(first: 100) {{ nodes {{ id }} }} }}")
    ids = [n["id"] for n in mine[name]["nodes"]]
    assert ids
    theirs = await both(reads, await principal("ADMIN", 2), f"{{ {name}(first: 100) {{ nodes {{ id }} }} }}")
    assert not {n["id"] for n in theirs[name]["nodes"]} & set(ids)
    foreign = await both(reads, await principal("ADMIN", 2), f'{{ node(id: "{ids[0]}") {{ id }} }}')
    assert foreign == {"node": None}
    assert (await both(reads, await principal("ADMIN"), f'{{ node(id: "{ids[0]}") {{ id }} }}'))["node"]["id"] == ids[0]


@pytest.mark.parametrize("role", ROLES)
async def test_each_path_of_length_two(reads: Reads, role: str) -> None:
    """Each object field of each node: allowed or FORBIDDEN, never anything else."""
    me = await principal(role)
    for name in LISTS:
        for field, definition in node_of(name).fields.items():
            inner: Any = g.get_named_type(definition.type)
            if g.is_leaf_type(inner):
                body = ""
            elif is_connection(inner):
                body = "(first: 2) { nodes { __typename } }"
            else:
                body = "{ __typename }"
            answer = await both(reads, me, f"{{ {name}(first: 2) {{ nodes {{ {field} {body} }} }} }}")
            assert answer == "FORBIDDEN" or isinstance(answer, dict), (name, field, answer)


SECRETS = [
    ("STOREFRONT", "{ stockLevels { nodes { onHand } } }"),
    ("PORTAL", "{ products { nodes { stock { reserved } } } }"),
    ("ANALYST", "{ orders { nodes { customer { name } } } }"),
    ("ANALYST", "{ orders { nodes { billTo { taxId } } } }"),
    ("ANALYST", "{ deliveries { nodes { payload } } }"),
    ("ANALYST", "{ events { nodes { data } } }"),
    ("ANALYST", '{ node(id: "ord_00000000000000000000000000000000") { ... on Order { shipTo { street } } } }'),
    ("PORTAL", "{ orders { nodes { fiscalDocuments { accessKey } } } }"),
    ("STOREFRONT", "{ orders { nodes { fiscalDocuments { xmlUrl } } } }"),
    ("PARTNER", "{ orders { nodes { routeDecisions { id } } } }"),
    ("PARTNER", "{ orders { nodes { incidents { id } } } }"),
]


@pytest.mark.parametrize(("role", "query"), SECRETS)
async def test_what_stays_closed(reads: Reads, role: str, query: str) -> None:
    assert await both(reads, await principal(role), query) == "FORBIDDEN"


@pytest.mark.parametrize(
    ("role", "query"),
    [
        ("PORTAL", "{ orders { nodes { customer { name } fiscalDocuments { id pdfUrl xmlUrl } } } }"),
        ("STOREFRONT", "{ products { nodes { stock { available } } } }"),
        ("PARTNER", "{ inboundMessages { nodes { id payload } } deliveries { nodes { id } } }"),
        ("ANALYST", "{ orders { nodes { shipTo { city } } } events { nodes { type } } }"),
    ],
)
async def test_what_is_open(reads: Reads, role: str, query: str) -> None:
    assert isinstance(await both(reads, await principal(role), query), dict)


async def test_a_portal_sees_its_order_and_no_other(reads: Reads) -> None:
    me = await principal("PORTAL")
    found = await both(
        reads, me, "{ orders(first: 100) { nodes { id } } fulfillments(first: 100) { nodes { order { id } } } }"
    )
    assert [o["id"] for o in found["orders"]["nodes"]] == [f"ord_{me.order_id.hex}"]  # type: ignore[union-attr]
    assert {f["order"]["id"] for f in found["fulfillments"]["nodes"]} == {f"ord_{me.order_id.hex}"}  # type: ignore[union-attr]


async def test_scopes_narrow_a_role(reads: Reads) -> None:
    me = Principal(tenant=1, actor="k", role="OPERATOR", scopes=frozenset({"orders:read"}))
    assert isinstance(await both(reads, me, "{ orders(first: 1) { nodes { id } } }"), dict)
    assert await both(reads, me, "{ incidents(first: 1) { nodes { id } } }") == "FORBIDDEN"


def test_every_area_names_known_roles_and_admin_reads_all() -> None:
    for area, (_, cells) in AREAS.items():
        assert set(cells) <= set(ROLES)
        if area != "reservations":
            assert readable(area, Reader(role="ADMIN")) is not None


def test_fiscal_states_are_the_tables() -> None:
    assert [s.value for s in FiscalState] == list(STATES)
