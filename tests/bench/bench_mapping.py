"""P11: mapping a Shopify order of 30 lines. Prints one JSON line; asserts nothing."""

from __future__ import annotations

import json
import os
import resource
import statistics
import time
from decimal import Decimal
from pathlib import Path
from typing import Any

from hub.mapping import MappingFile, load_all
from hub.mapping.body import parse_body

LINES = 30
RUNS = 3
ROUNDS = 400
GOAL_MS = 0.5


def money(amount: str) -> dict[str, dict[str, str]]:
    """A price as Shopify sends it, in both currencies."""
    shop = str((Decimal(amount) * Decimal("1.37")).quantize(Decimal("0.01")))
    return {
        "shop_money": {"amount": shop, "currency_code": "CAD"},
        "presentment_money": {"amount": amount, "currency_code": "USD"},
    }


def line(number: int) -> dict[str, Any]:
    return {
        "id": 15_000_000_000_000 + number,
        "variant_id": 44_000_000_000_000 + number,
        "sku": f"SKU-{number:04d}",
        "title": f"Article {number}",
        "quantity": 2,
        "price": "13.70",
        "price_set": money(f"{number + 1}.95"),
        "gift_card": False,
        "requires_shipping": True,
        "taxable": True,
        "grams": 100,
        "total_discount": "0.00",
        "properties": [],
        "tax_lines": [{"title": "Tax", "rate": 0.08, "price": "1.97", "price_set": money("1.44")}],
        "discount_allocations": [{"amount": "2.74", "amount_set": money("2.00"), "discount_application_index": 0}],
    }


def order() -> bytes:
    address = {
        "name": "Ana Reis",
        "address1": "12 Mill Lane",
        "city": "Boston",
        "province_code": "MA",
        "zip": "02108",
        "country_code": "US",
    }
    return json.dumps(
        {
            "id": 5_551_001,
            "name": "#1207",
            "currency": "CAD",
            "presentment_currency": "USD",
            "created_at": "2026-10-05T09:00:00-03:00",
            "updated_at": "2026-10-05T09:00:05-03:00",
            "financial_status": "paid",
            "taxes_included": False,
            "test": False,
            "customer": {"id": 7001, "email": "ana@example.com", "first_name": "Ana", "last_name": "Reis"},
            "shipping_address": address,
            "billing_address": address,
            "total_price_set": money("982.20"),
            "total_tax_set": money("43.20"),
            "shipping_lines": [{"price": "16.44", "price_set": money("12.00"), "discount_allocations": []}],
            "line_items": [line(number) for number in range(LINES)],
        }
    ).encode()


def timed(mapping: MappingFile, body: bytes) -> tuple[list[float], list[float]]:
    """Milliseconds of each mapping of the parsed order, and of each parse."""
    maps: list[float] = []
    parses: list[float] = []
    for _ in range(ROUNDS):
        start = time.perf_counter()
        document = parse_body(body)
        middle = time.perf_counter()
        mapping.read_document(document, {})
        maps.append((time.perf_counter() - middle) * 1000)
        parses.append((middle - start) * 1000)
    return maps, parses


def main() -> None:
    folder = Path(__file__).resolve().parents[2] / "mappings"
    mapping = load_all(folder)["shopify/order"]
    body = order()
    verdict = mapping.read(body, {}).verdict
    timed(mapping, body)
    cpu = time.process_time()
    runs = [timed(mapping, body) for _ in range(RUNS)]
    cpu = (time.process_time() - cpu) * 1000 / (RUNS * ROUNDS)
    times = sorted(value for run in runs for value in run[0])
    p50 = statistics.median(statistics.median(run[0]) for run in runs)
    parse = statistics.median(statistics.median(run[1]) for run in runs)
    print(  # noqa: T201 - a bench prints its line
        json.dumps(
            {
                "id": "P11",
                "operation": f"map a Shopify order of {LINES} lines ({len(body)} bytes, verdict {verdict})",
                "clients": 1,
                "orders_in_db": 0,
                "rate": round(1000 / p50, 1),
                "p50_ms": round(p50, 4),
                "p99_ms": round(times[int(len(times) * 0.99)], 4),
                "cpu_ms": round(cpu, 4),
                "rss_mib": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, 1),
                "parse_ms": round(parse, 4),
                "ceiling_rate": round(1000 / parse, 1),
                "ratio_to_ceiling": round(parse / p50, 3),
                "goal": f"<= {GOAL_MS} ms",
                "met": p50 <= GOAL_MS,
                "load1": round(os.getloadavg()[0], 2),
            }
        )
    )


if __name__ == "__main__":
    main()
