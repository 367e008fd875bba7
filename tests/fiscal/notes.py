"""Requests of fictional parties that tests vary, and the operations with the codes that they must get."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from hub.canon.invoice import InvoiceParty
from hub.fiscal.invoice_plan import plan_invoice
from hub.fiscal.invoice_request import InvoiceRequest, PlannedInvoice, RequestLine, RequestPayment
from hub.fiscal.tables import fiscal_tables

D = Decimal
TABLES = fiscal_tables()
KEY = "35261112ABC34501DE35550010000003021482119071"

ISSUER = InvoiceParty(
    name="Loja Exemplo Ltda",
    tax_id="11.222.333/0001-81",
    state_registration="110.042.490.114",
    street="Rua Um",
    number="10",
    district="Centro",
    municipality_code="3550308",
    city="Sao Paulo",
    region="SP",
    postal_code="01001-000",
)
CONSUMER = InvoiceParty(
    name="Maria",
    tax_id="529.982.247-25",
    state_registration=None,
    street="Rua Dois",
    number="S/N",
    district="Savassi",
    municipality_code="3106200",
    city="Belo Horizonte",
    region="MG",
    postal_code="30112-000",
)
COMPANY = replace(
    CONSUMER, name="Cliente SA", tax_id="12ABC34501DE35", state_registration="2615950220092", taxpayer=True
)
BRANCH = replace(COMPANY, name="Loja Exemplo Ltda", tax_id="11222333000262")
LOCAL = replace(CONSUMER, region="SP", municipality_code="3509502", city="Campinas", postal_code="13010000")


def line(**changes: Any) -> RequestLine:
    good = RequestLine(
        external_id="1",
        sku="CAM-P",
        title="Camiseta P",
        quantity=D(1),
        unit_price=D("100.00"),
        ncm="61091000",
        origin="0",
        gtin="7891234000011",
        unit="UN",
    )
    return replace(good, **{"gtin": None, **changes})


def request(**changes: Any) -> InvoiceRequest:
    good = InvoiceRequest(
        invoice_id="0" * 32,
        order="1001",
        issuer=ISSUER,
        buyer=CONSUMER,
        lines=(line(),),
        issued_at=datetime(2026, 11, 21, 1, 30, tzinfo=UTC),
        environment=2,
        series=1,
        number=30,
        random_code="48211907",
        payments=(RequestPayment(medium="pix", amount=D(100)),),
    )
    return replace(good, **changes)


def planned(**changes: Any) -> PlannedInvoice:
    return plan_invoice(request(**changes), TABLES)


# note, product -> CFOP, CST
CFOPS: list[tuple[dict[str, Any], dict[str, Any], str, str]] = [
    ({"buyer": LOCAL}, {}, "5102", "00"),
    ({"buyer": LOCAL}, {"own_make": True}, "5101", "00"),
    ({"buyer": CONSUMER}, {"own_make": True}, "6107", "00"),
    ({"buyer": COMPANY}, {}, "6102", "00"),
    ({"buyer": COMPANY}, {"own_make": True, "reductions": {"icms": D(10)}}, "6101", "20"),
    ({"buyer": COMPANY}, {"deferral": {"icms": D(100)}}, "6102", "51"),
    ({"buyer": COMPANY}, {"icms": "exempt"}, "6102", "40"),
    ({"buyer": LOCAL}, {"st": "paid", "cest": "2804000"}, "5405", "60"),
    ({"buyer": COMPANY}, {"st": "paid", "cest": "2804000"}, "6404", "00"),
    (
        {"buyer": COMPANY},
        {"st": "charged", "cest": "2804000", "rates": {"icms_st": D(18), "mva": D(40)}},
        "6403",
        "10",
    ),
    ({"operation": "transfer", "channel": "none", "buyer": BRANCH}, {}, "6152", "41"),
    ({"operation": "storage", "channel": "none", "buyer": COMPANY}, {}, "6905", "00"),
    ({"operation": "gift", "channel": "none"}, {}, "6910", "00"),
    ({"operation": "repair", "channel": "none"}, {}, "6915", "50"),
    ({"operation": "sale_return", "channel": "none", "referenced_keys": (KEY,)}, {}, "2202", "00"),
    ({"operation": "sale_return", "channel": "none", "buyer": LOCAL, "referenced_keys": (KEY,)}, {}, "1202", "00"),
    (
        {"operation": "purchase_return", "channel": "none", "buyer": COMPANY, "referenced_keys": (KEY,)},
        {"rates": {"icms": D(12)}},
        "6202",
        "00",
    ),
]
