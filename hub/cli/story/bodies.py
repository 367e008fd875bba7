"""What the story's outside says: Shopify orders as webhooks carry them, and an interchange with two purchase orders."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

ADDRESSES: dict[str, dict[str, Any]] = {
    "sao_paulo": {
        "address1": "Avenida Paulista",
        "city": "São Paulo",
        "province_code": "SP",
        "zip": "01310-100",
        "country_code": "BR",
    },
    "belo_horizonte": {
        "address1": "Avenida Afonso Pena",
        "city": "Belo Horizonte",
        "province_code": "MG",
        "zip": "30130-003",
        "country_code": "BR",
    },
    "rio": {
        "address1": "Rua da Assembleia",
        "city": "Rio de Janeiro",
        "province_code": "RJ",
        "zip": "20011-001",
        "country_code": "BR",
    },
    "orlando": {
        "address1": "6000 Universal Blvd",
        "city": "Orlando",
        "province_code": "FL",
        "zip": "32819",
        "country_code": "US",
    },
}
Line = tuple[str, int, str]  # SKU, quantity, unit price


def shopify_order(
    number: int,
    lines: Sequence[Line],
    *,
    at: datetime,
    to: str,
    paid: bool = True,
    currency: str = "BRL",
    shipping: str = "15.00",
) -> dict[str, Any]:
    """One order in the webhook's shape."""
    goods = sum((Decimal(price) * n for _, n, price in lines), Decimal(0))
    address = {**ADDRESSES[to], "first_name": "Ana", "last_name": "Reis", "name": "Ana Reis", "phone": "+5511990000000"}
    return {
        "id": 5_550_000 + number,
        "name": f"#{number}",
        "created_at": at.isoformat(),
        "processed_at": at.isoformat(),
        "updated_at": at.isoformat(),
        "currency": currency,
        "presentment_currency": currency,
        "financial_status": "paid" if paid else "pending",
        "taxes_included": True,
        "total_price": str(goods + Decimal(shipping)),
        "total_tax": "0.00",
        "test": False,
        "email": "ana@example.com",
        "customer": {"id": 7_000 + number, "first_name": "Ana", "last_name": "Reis", "email": "ana@example.com"},
        "note_attributes": [
            {"name": "cpf", "value": "52998224725"},
            {"name": "numero", "value": "1000"},
            {"name": "bairro", "value": "Centro"},
        ],
        "shipping_address": address,
        "billing_address": address,
        "shipping_lines": [{"price": shipping, "title": "Standard"}],
        "line_items": [
            {
                "id": number * 100 + n,
                "sku": sku,
                "title": sku,
                "quantity": quantity,
                "price": price,
                "gift_card": False,
                "requires_shipping": True,
                "tax_lines": [],
                "discount_allocations": [],
            }
            for n, (sku, quantity, price) in enumerate(lines, 1)
        ],
    }


def purchase_orders(at: datetime, sku: str) -> str:
    """One interchange, one group, two 850s: the second says a unit of measure that no guide knows."""
    day, minute = at.strftime("%y%m%d"), at.strftime("%H%M")
    good, bad = _purchase_order("0001", "PO-7001", at, sku, "EA"), _purchase_order("0002", "PO-7002", at, sku, "EACH")
    head = (
        f"ISA*00*          *00*          *ZZ*ACMERETAIL     *ZZ*HUBDEMO        *{day}*{minute}*U*00401*000000071*0*P*>~"
    )
    group = f"GS*PO*ACMERETAIL*HUBDEMO*{at:%Y%m%d}*{minute}*71*X*004010~"
    return f"{head}{group}{good}{bad}GE*2*71~IEA*1*000000071~"


def _purchase_order(control: str, number: str, at: datetime, sku: str, unit: str) -> str:
    segments = [
        f"ST*850*{control}",
        f"BEG*00*SA*{number}**{at:%Y%m%d}",
        "CUR*BY*USD",
        "REF*DP*021",
        "N1*ST*ACME ORLANDO*92*0042",
        "N3*7800 SOUTHLAND BLVD",
        "N4*ORLANDO*FL*32809*US",
        f"PO1*1*2*{unit}*49.9**VN*{sku}",
        "CTT*1*2",
    ]
    return "".join(f"{s}~" for s in [*segments, f"SE*{len(segments) + 1}*{control}"])
