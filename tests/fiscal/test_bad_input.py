"""What a note lacks holds its order with a hold that says what and where; nothing is sent, and releasing it goes on."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from hub import catalog, connections, orders
from hub.canon.order import Address, Customer
from hub.canon.states import HoldKind
from hub.canon.trialcerts import make_root, pfx
from hub.fiscal.tables import FiscalTables
from hub.kit.ids import new_id
from hub.kit.vault import Vault
from hub.ledger import Cause
from tests.fiscal.office import CNPJ, HOME, KEKS, Office, product


async def held(office: Office, order_id: UUID) -> str:
    """The reason of its open fiscal hold."""
    sql = "SELECT reason FROM order_holds WHERE order_id = $1 AND kind = 'FISCAL' AND released_at IS NULL"
    [row] = await office.rows(sql, order_id)
    return str(row["reason"])


async def release(office: Office, order_id: UUID) -> None:
    async with office.unit() as tx:
        freed = orders.HoldReleased(order_id=order_id, kind=HoldKind.FISCAL, cause=Cause(new_id(), None))
        await orders.release(tx, [freed], note="it is set")
    await office.work()


async def put(office: Office, **changes: Any) -> None:
    async with office.unit() as tx:
        await catalog.put_products(tx, [product("SKU-1", **changes)])


async def asked(office: Office, **draft: Any) -> tuple[UUID, UUID]:
    """(order, fulfillment) that asked to leave, after the worker had its turn."""
    order_id, here = await office.packed(**draft)
    await office.leave(here)
    await office.work()
    return order_id, here


async def test_a_product_without_ncm(office: Office) -> None:
    await put(office, ncm=None)
    order_id, here = await asked(office)
    assert await held(office, order_id) == (
        "The note of order A1 cannot be made: line 1: ncm is missing: set it at the product SKU-1 (hub admin load)"
    )
    assert (await office.notes(), office.sefaz.app.calls) == ([], {})
    await release(office, order_id)  # nothing was set: it waits again
    assert "ncm is missing" in await held(office, order_id)
    await put(office)
    await release(office, order_id)
    assert (await office.state(here), await office.holds(order_id)) == ("DISPATCHED", [])
    assert [n["number"] for n in await office.notes()] == [1]
    assert await office.open_incidents() == []


async def test_an_address_without_municipality_code(office: Office) -> None:
    nowhere: Address = replace(HOME, municipality_code=None, city="Campinnas")
    order_id, here = await asked(office, ship_to=nowhere)
    reason = await held(office, order_id)
    assert "buyer.municipality_code is missing (Campinnas): set it at the order's address" in reason
    assert office.sefaz.app.calls == {}
    await office.rows("UPDATE orders SET ship_municipality_code = '3509502' WHERE order_id = $1", order_id)
    await release(office, order_id)
    assert await office.state(here) == "DISPATCHED"


async def test_a_company_of_a_free_trade_area(office: Office) -> None:
    manaus = replace(HOME, region="AM", city="Manaus", municipality_code="1302603", postal_code="69005-040")
    order_id, here = await asked(office, ship_to=manaus, customer=Customer(name="Cliente SA", tax_id="12ABC34501DE35"))
    reason = await held(office, order_id)
    assert "NOT_OFFERED" not in reason
    assert (
        "is not offered (a sale with the relief of Zona Franca de Manaus): issue this note outside of the hub" in reason
    )
    assert (await office.state(here), await office.notes(), office.sefaz.app.calls) == ("PACKED", [], {})


async def test_an_expired_certificate(office: Office) -> None:
    long_ago = office.time() - timedelta(days=900)
    expired = make_root(long_ago).issue_company(CNPJ, "Loja Exemplo", now=long_ago)
    await install(office, pfx(expired, "segredo"), "segredo")
    order_id, here = await asked(office)
    reason = await held(office, order_id)
    assert "valid only until" in reason
    assert "set a new one (mutation setCertificate)" in reason
    assert office.sefaz.app.calls == {}
    [note] = await office.notes()
    assert (note["state"], note["number"]) == ("REJECTED", 1)
    await install(office, *office.sefaz.client(CNPJ))
    await release(office, order_id)
    assert await office.state(here) == "DISPATCHED"
    assert [n["number"] for n in await office.notes()] == [1]


async def install(office: Office, container: bytes, password: str) -> None:
    """As it came to be there: without the checks of an upload."""
    secrets = {"certificate": b64encode(container).decode(), "certificate_password": password}
    async with office.unit() as tx:
        for name, value in secrets.items():
            await connections.add_secret(tx, Vault(office.db, KEKS), office.accounts["CAJ"], name, value)
    office.directory.forget()


def without(tables: FiscalTables, name: str, gone: Callable[[tuple[str, ...]], bool]) -> FiscalTables:
    kept = tables[name]
    rows: Mapping[Any, Any] = {k: v for k, v in kept.rows.items() if not gone(k)}
    return FiscalTables([replace(t, rows=rows) if t.name == name else t for t in tables.values()])


@pytest.mark.parametrize("table", ["uf_rates", "pis_cofins", "uf_clocks"])
async def test_a_rate_that_is_missing_for_the_date(office: Office, table: str) -> None:
    deps = office.reactor.deps
    office.reactor.deps = replace(deps, tables=without(deps.tables, table, lambda _: True))
    order_id, here = await asked(office)
    reason = await held(office, order_id)
    assert table in reason
    assert "mappings/fiscal" in reason
    assert (await office.notes(), office.sefaz.app.calls) == ([], {})
    office.reactor.deps = deps
    await release(office, order_id)
    assert await office.state(here) == "DISPATCHED"
