"""Master data as one YAML file: nodes with their establishment, lanes, products, kits, price lists, customers on terms. Every fault is
told at once, with its place.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, time
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, ClassVar
from zoneinfo import available_timezones

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError, field_validator
from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError

from hub import catalog, connections, network
from hub.canon.order import Address, Customer
from hub.canon.states import NodeKind
from hub.kit.db import Tx
from hub.kit.errors import HubError
from hub.kit.ids import new_id


class BadData(HubError):
    """{file}: {faults}"""

    code: ClassVar[str] = "BAD_MASTER_DATA"


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")


class LaneData(_Strict):
    carrier: str
    service: str
    country: str = Field(pattern="^[A-Z]{2}$")
    region: str = ""
    cost: Decimal = Field(ge=0)
    cost_per_kg: Decimal = Field(default=Decimal(0), ge=0)
    currency: str = Field(pattern="^[A-Z]{3}$")
    days: int = Field(ge=0)
    co2e_g: int = Field(default=0, ge=0)
    max_weight_g: int | None = Field(default=None, gt=0)


class NodeData(_Strict):
    code: str
    name: str
    kind: NodeKind
    street: str
    number: str | None = None
    complement: str | None = None
    district: str | None = None
    city: str
    region: str
    postal_code: str
    country: str = Field(pattern="^[A-Z]{2}$")
    municipality_code: str | None = None
    timezone: str
    cut_off: time | None = None
    work_days: tuple[Annotated[int, Field(ge=1, le=7)], ...] = (1, 2, 3, 4, 5)
    closed_on: tuple[date, ...] = ()
    capacity_per_day: int | None = Field(default=None, ge=0)
    active: bool = True
    legal_name: str | None = None
    tax_id: str | None = None
    state_registration: str | None = None
    tax_regime: int | None = None
    fiscal_series: int | None = None
    sefaz: str | None = None  # code of the account that signs for it
    wms: str | None = None  # code of the account that picks for it
    lanes: tuple[LaneData, ...] = ()

    @field_validator("timezone")
    @classmethod
    def known_zone(cls, name: str) -> str:
        """A zone of the tz database; cut-offs are read in it."""
        if name not in available_timezones():
            raise ValueError(f"there is no time zone {name}")
        return name


class ProductData(_Strict):
    sku: str
    title: str
    gtin: str | None = None
    ncm: str | None = Field(default=None, pattern="^[0-9]{8}$")
    cest: str | None = None
    origin: int | None = Field(default=None, ge=0, le=8)
    unit: str = "UN"
    weight_g: int | None = None
    length_mm: int | None = None
    width_mm: int | None = None
    height_mm: int | None = None
    hazmat: bool = False
    own_make: bool = False


class TierData(_Strict):
    sku: str
    min_quantity: Decimal = Field(default=Decimal(1), gt=0)
    unit_price: Decimal = Field(ge=0)


class PriceListData(_Strict):
    code: str
    currency: str = Field(pattern="^[A-Z]{3}$")
    valid_from: AwareDatetime | None = None
    valid_until: AwareDatetime | None = None
    tiers: tuple[TierData, ...]


class CustomerData(_Strict):
    """A business customer of a channel, by the id that the channel gives or its tax id."""

    channel: str
    external_id: str | None = None
    tax_id: str | None = None
    name: str
    credit_limit: Decimal = Field(ge=0)
    currency: str = Field(pattern="^[A-Z]{3}$")
    days: int = Field(ge=0, le=365)
    price_list: str | None = None


class MasterData(_Strict):
    nodes: tuple[NodeData, ...] = ()
    products: tuple[ProductData, ...] = ()
    kits: dict[str, dict[str, Decimal]] = {}  # kit SKU -> component SKU -> pieces
    price_lists: tuple[PriceListData, ...] = ()
    customers: tuple[CustomerData, ...] = ()

    def dangling(self) -> list[str]:
        """What names something that it cannot mean."""
        codes = {p.code for p in self.price_lists}
        found = [
            f"kits.{k}.{s}: pieces are above zero" for k, parts in self.kits.items() for s, n in parts.items() if n <= 0
        ]
        found += [
            f"kits.{k}: a kit is no part of a kit" for k, parts in self.kits.items() if parts.keys() & self.kits.keys()
        ]
        for n, c in enumerate(self.customers):
            if not (c.external_id or c.tax_id):
                found.append(f"customers.{n}: external_id or tax_id is needed")
            if c.price_list and c.price_list not in codes:
                found.append(f"customers.{n}.price_list: there is no {c.price_list} in this file")
        return found


def read_data(file: Path) -> MasterData:
    """The file's content; `BadData` names each wrong field by its path, or the line that is no YAML."""
    try:
        body = YAML(typ="safe", pure=True).load(file.read_text(encoding="utf-8"))
        return MasterData.model_validate(body or {})
    except MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 0
        raise BadData(file=file.name, faults=f"line {line}: {error.problem}") from error
    except ValidationError as error:
        faults = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors(include_input=False))
        raise BadData(file=file.name, faults=faults) from error


async def apply_data(tx: Tx, data: MasterData) -> str:
    """Insert or replace by code and SKU; says how much there was."""
    accounts = {(c.adapter, c.code): c.connection_id for c in await connections.of_tenant(tx)}
    missing = [
        f"nodes.{n.code}.{kind}: there is no account {code}"
        for n in data.nodes
        for kind, code in (("sefaz", n.sefaz), ("wms", n.wms))
        if code and (kind, code) not in accounts
    ]
    missing += data.dangling()
    if missing:
        raise BadData(file="master data", faults="; ".join(missing))
    lanes = 0
    for given in data.nodes:
        node_id = await network.put_node(tx, _node(given, accounts))
        made = [network.Lane(node_id=node_id, **lane.model_dump()) for lane in given.lanes]
        await network.put_lanes(tx, made)
        lanes += len(made)
    products = [catalog.Product(product_id=new_id(), **p.model_dump()) for p in data.products]
    if products:
        await catalog.put_products(tx, products)
    await _trade(tx, data)
    return f"{len(data.nodes)} nodes, {lanes} lanes, {len(products)} products, {len(data.kits)} kits, {len(data.customers)} customers"


async def _trade(tx: Tx, data: MasterData) -> None:
    """Kits, price lists and what was agreed with customers."""
    if data.kits:
        parts = {sku for kit in data.kits.values() for sku in kit}
        if unknown := sorted(parts - (await catalog.find(tx, parts)).keys()):
            raise BadData(file="master data", faults=f"kits: there is no product {', '.join(unknown)}")
        await catalog.put_kits(tx, data.kits)
    for p in data.price_lists:
        tiers = tuple((t.sku, t.min_quantity, t.unit_price) for t in p.tiers)
        made = catalog.PriceList(
            name=p.code, currency=p.currency, tiers=tiers, valid_from=p.valid_from, valid_until=p.valid_until
        )
        await catalog.put_price_list(tx, made)
    agreed = []
    for c in data.customers:
        who = Customer(external_id=c.external_id, tax_id=c.tax_id, name=c.name)
        party = (await catalog.put_customers(tx, c.channel, [who]))[who]
        terms = catalog.Terms(
            party_id=party, credit_limit=c.credit_limit, currency=c.currency, days=c.days, price_list=c.price_list
        )
        agreed.append(terms)
    if agreed:
        await catalog.put_terms(tx, agreed)


def _node(n: NodeData, accounts: Mapping[tuple[str, str], Any]) -> network.Node:
    parts = (
        "street",
        "number",
        "complement",
        "district",
        "city",
        "region",
        "postal_code",
        "country",
        "municipality_code",
    )
    same = [
        "code",
        "name",
        "kind",
        "timezone",
        "cut_off",
        "work_days",
        "closed_on",
        "capacity_per_day",
        "active",
        "legal_name",
        "tax_id",
        "state_registration",
        "tax_regime",
        "fiscal_series",
    ]
    return network.Node(
        node_id=new_id(),
        address=Address(**{p: getattr(n, p) for p in parts}),
        fiscal_connection_id=accounts.get(("sefaz", n.sefaz or "")),
        wms_connection_id=accounts.get(("wms", n.wms or "")),
        **{name: getattr(n, name) for name in same},
    )
