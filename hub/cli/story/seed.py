"""The demo's company: four nodes (two warehouses and a store in different UFs, one abroad), products, lanes, accounts, a key."""

from __future__ import annotations

import base64
import secrets
from dataclasses import dataclass
from datetime import time
from decimal import Decimal
from pathlib import Path
from uuid import UUID

from hub import access, catalog, connections, inventory, network
from hub.boot import Hub
from hub.canon.order import Address
from hub.canon.states import NodeKind
from hub.kit.db import Tx
from hub.kit.ids import new_id
from hub.ledger import Cause
from hub.network import Lane, Node

COMPANY = "Loja Demonstra Comercio Ltda"
CNPJS = {"CD-CAJAMAR": "11222333000181", "CD-EXTREMA": "11222333000262", "LOJA-RIO": "11222333000343"}
TITLES = ("Camiseta", "Calca", "Jaqueta", "Tenis", "Bone", "Mochila", "Meia", "Cinto", "Carteira", "Oculos")
PLENTY = tuple(f"DEMO-{n:02d}" for n in range(1, 21))
HOT, GONE, RARE = "HOT-100", "GONE-01", "RARE-01"


@dataclass(frozen=True, slots=True, kw_only=True)
class Addresses:
    """Where the simulators listen; folders of the partner."""

    shopify: str
    wms: str
    sefaz: str
    sefaz_trust: str
    partner_in: Path
    partner_out: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Company:
    """What the story and a visitor need."""

    tenant: int
    api_key: str
    shopify_secret: str
    shopify_token: str
    wms_secret: str
    edi_token: str
    nodes: dict[str, UUID]


async def found(hub: Hub, where: Addresses, certificates: dict[str, tuple[bytes, str]]) -> Company:
    """Make the tenant with everything. `certificates`: CNPJ -> (PKCS#12, password)."""
    tenant = (await access.create_tenant(hub.db, "demo", COMPANY)).tenant_id
    wms_secret = "whsec_" + base64.b64encode(secrets.token_bytes(24)).decode()
    given = {
        "client_secret": secrets.token_hex(16),
        "access_token": secrets.token_hex(16),
        "signing_secret": wms_secret,
        "token": secrets.token_urlsafe(24),
    }
    async with hub.reactor.unit(tenant=tenant, actor="demo") as tx:
        key = await access.make_key(tx, "OPERATOR", label="demo", cost_bucket=0)
        accounts = await _accounts(tx, hub, where, given, certificates)
        nodes = await _nodes(tx, accounts)
        await _lanes(tx, nodes)
        await _products(tx)
        await _stock(tx, nodes)
    hub.directory.forget()
    return Company(
        tenant=tenant,
        api_key=key.token,
        shopify_secret=given["client_secret"],
        shopify_token=given["access_token"],
        wms_secret=wms_secret,
        edi_token=given["token"],
        nodes=nodes,
    )


async def _accounts(
    tx: Tx, hub: Hub, where: Addresses, given: dict[str, str], certificates: dict[str, tuple[bytes, str]]
) -> dict[str, UUID]:
    made: dict[str, UUID] = {}

    async def connect(
        name: str, adapter: str, code: str, label: str, config: dict[str, object], secret: dict[str, str]
    ) -> None:
        connection = await connections.create(tx, adapter, code, label, config=config)
        made[name] = connection.connection_id
        for field, value in secret.items():
            await connections.add_secret(tx, hub.vault, connection.connection_id, field, value)

    sales = {"sales_channel": "shop", "payment_medium": "pix"}
    await connect(
        "shopify",
        "shopify",
        "demo-shop",
        "Demo shop (Shopify)",
        {"base_url": where.shopify, "shop": "demo-shop.myshopify.com", "sweep": False, **sales},
        {"client_secret": given["client_secret"], "access_token": given["access_token"]},
    )
    await connect(
        "wms",
        "wms",
        "demo-wms",
        "Demo warehouses (WMS)",
        {"base_url": where.wms, "sweep": False},
        {"signing_secret": given["signing_secret"]},
    )
    folders = {
        "inbox": str(where.partner_in),
        "outbox": str(where.partner_out),
        "partner": "acme-retail",
        "ours": "HUBDEMO",
    }
    await connect("x12", "x12", "acme-retail", "ACME Retail (X12)", {**folders, **sales}, {"token": given["token"]})
    await connect("api", "api", "api", "API", dict(sales), {})
    for code, cnpj in CNPJS.items():
        uf = {"CD-CAJAMAR": "SP", "CD-EXTREMA": "MG", "LOJA-RIO": "RJ"}[code]
        pfx, password = certificates[cnpj]
        await connect(
            f"sefaz:{code}",
            "sefaz",
            code.lower(),
            f"SEFAZ {uf} ({code})",
            {
                "cnpj": cnpj,
                "uf": uf,
                "environment": "2",
                "base_url": where.sefaz,
                "trust_pem": where.sefaz_trust,
                "sweep": False,
            },
            {"certificate": base64.b64encode(pfx).decode(), "certificate_password": password},
        )
    return made


async def _nodes(tx: Tx, accounts: dict[str, UUID]) -> dict[str, UUID]:
    places = (
        (
            "CD-CAJAMAR",
            "CD Cajamar",
            NodeKind.WAREHOUSE,
            ("Av. Doutor Antonio Joao Abdalla", "260", "Empresarial Colina", "Cajamar", "SP", "07750020", "3509205"),
            1,
        ),
        (
            "CD-EXTREMA",
            "CD Extrema",
            NodeKind.WAREHOUSE,
            ("Rodovia Fernao Dias", "947", "Roseira", "Extrema", "MG", "37640000", "3125101"),
            2,
        ),
        (
            "LOJA-RIO",
            "Loja Rio",
            NodeKind.STORE,
            ("Rua Visconde de Piraja", "351", "Ipanema", "Rio de Janeiro", "RJ", "22410003", "3304557"),
            3,
        ),
    )
    registrations = {"CD-CAJAMAR": "110042490114", "CD-EXTREMA": "0623079040081", "LOJA-RIO": "77134565"}
    nodes: dict[str, UUID] = {}
    for code, name, kind, (street, number, district, city, uf, cep, municipality), series in places:
        address = Address(
            country="BR",
            street=street,
            number=number,
            district=district,
            city=city,
            region=uf,
            postal_code=cep,
            municipality_code=municipality,
        )
        node = Node(
            node_id=new_id(),
            code=code,
            name=name,
            kind=kind,
            address=address,
            timezone="America/Sao_Paulo",
            cut_off=time(16, 0),
            work_days=(1, 2, 3, 4, 5, 6),
            capacity_per_day=100_000,
            legal_name=COMPANY,
            tax_id=CNPJS[code],
            state_registration=registrations[code],
            tax_regime=3,
            fiscal_series=series,
            fiscal_connection_id=accounts[f"sefaz:{code}"],
            wms_connection_id=accounts["wms"],
        )
        nodes[code] = await network.put_node(tx, node)
    nodes["3PL-MIAMI"] = await network.put_node(tx, _abroad(accounts))
    return nodes


def _abroad(accounts: dict[str, UUID]) -> Node:
    miami = Address(country="US", street="1100 NW 72nd Ave", city="Miami", region="FL", postal_code="33126")
    return Node(
        node_id=new_id(),
        code="3PL-MIAMI",
        name="3PL Miami",
        kind=NodeKind.THIRD_PARTY,
        address=miami,
        timezone="America/New_York",
        cut_off=time(15, 0),
        capacity_per_day=100_000,
        wms_connection_id=accounts["wms"],
    )


async def _lanes(tx: Tx, nodes: dict[str, UUID]) -> None:
    near = {"CD-CAJAMAR": "SP", "CD-EXTREMA": "MG", "LOJA-RIO": "RJ"}
    lanes = []
    for code, uf in near.items():
        lanes.append(_lane(nodes[code], "LOGGI", "Expresso", uf, "14.90", 1, 180))
        lanes.append(_lane(nodes[code], "CORREIOS", "SEDEX", "", "27.50" if code != "LOJA-RIO" else "34.00", 3, 620))
        lanes.append(_lane(nodes[code], "CORREIOS", "PAC", "", "18.20" if code != "LOJA-RIO" else "24.00", 7, 410))
    lanes.append(_lane(nodes["3PL-MIAMI"], "UPS", "Ground", "", "9.80", 3, 300, country="US", currency="USD"))
    await network.put_lanes(tx, lanes)


def _lane(
    node: UUID,
    carrier: str,
    service: str,
    region: str,
    cost: str,
    days: int,
    co2e: int,
    *,
    country: str = "BR",
    currency: str = "BRL",
) -> Lane:
    return Lane(
        node_id=node,
        carrier=carrier,
        service=service,
        country=country,
        region=region,
        cost=Decimal(cost),
        cost_per_kg=Decimal("1.20"),
        currency=currency,
        days=days,
        co2e_g=co2e,
    )


async def _products(tx: Tx) -> None:
    products = [
        catalog.Product(
            product_id=new_id(),
            sku=sku,
            title=f"{TITLES[n % len(TITLES)]} {sku}",
            ncm="61091000",
            origin=0,
            weight_g=350,
            length_mm=300,
            width_mm=200,
            height_mm=50,
        )
        for n, sku in enumerate((*PLENTY, HOT, GONE, RARE))
    ]
    await catalog.put_products(tx, products)


async def _stock(tx: Tx, nodes: dict[str, UUID]) -> None:
    counts = [(code, sku, 100_000) for code in nodes for sku in PLENTY]
    counts += [("CD-CAJAMAR", HOT, 100), ("CD-CAJAMAR", GONE, 0), ("CD-CAJAMAR", RARE, 3), ("CD-EXTREMA", RARE, 5)]
    changes = [inventory.Adjustment(node_id=nodes[code], sku=sku, delta=Decimal(n)) for code, sku, n in counts]
    await inventory.adjust(tx, changes, "opening stock", Cause(tx.correlation_id, None))
