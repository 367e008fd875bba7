"""Master data as one YAML file: nodes with their establishment, lanes, products. Every fault is told at once, with its place."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import time
from decimal import Decimal
from pathlib import Path
from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError

from hub import catalog, connections, network
from hub.canon.order import Address
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
    work_days: tuple[int, ...] = (1, 2, 3, 4, 5)
    capacity_per_day: int | None = None
    active: bool = True
    legal_name: str | None = None
    tax_id: str | None = None
    state_registration: str | None = None
    tax_regime: int | None = None
    fiscal_series: int | None = None
    sefaz: str | None = None  # code of the account that signs for it
    wms: str | None = None  # code of the account that picks for it
    lanes: tuple[LaneData, ...] = ()


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


class MasterData(_Strict):
    nodes: tuple[NodeData, ...] = ()
    products: tuple[ProductData, ...] = ()


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
    return f"{len(data.nodes)} nodes, {lanes} lanes, {len(products)} products"


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
