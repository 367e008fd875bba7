"""Random canonical documents: what each kind of document may hold, in the shapes that writing and reading share."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from hypothesis import strategies as st

from adapters.x12.hierarchy import check_digit
from adapters.x12.measures import invoice_total

WORDS = (
    st.text("ABCDEFGHIJKLMNOPQRSTUVWXYZ 0123456789-", min_size=2, max_size=18)
    .map(str.strip)
    .filter(lambda t: len(t) > 1)
)
IDS = st.text("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789", min_size=2, max_size=12)
DAYS = st.dates(min_value=datetime(2001, 1, 1).date(), max_value=datetime(2049, 12, 31).date()).map(str)  # noqa: DTZ001 - a day
AMOUNTS = st.decimals("0.01", "99999.99", places=2)
COUNTS = st.integers(1, 9999).map(Decimal)
UNITS = st.sampled_from(["EA", "CA", "KG", "DZ"])


def record(**fields: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    """Each field there or absent."""
    return st.fixed_dictionaries({}, optional=fields)


PRODUCT = record(sku=IDS, upc=IDS, gtin=IDS).filter(bool)
PARTY = st.fixed_dictionaries(
    {"name": WORDS},
    optional={
        "street": WORDS,
        "city": WORDS,
        "region": st.just("SC"),
        "postal_code": st.just("29601"),
        "country": st.just("US"),
    },
)
PARTIES = record(ship_to=PARTY, buyer=PARTY, bill_to=PARTY, remit_to=PARTY).filter(bool)
REFERENCES = record(department=IDS, vendor=IDS, bill_of_lading=IDS).filter(bool)
DATES = record(ship_not_before=DAYS, cancel_after=DAYS, deliver_by=DAYS).filter(bool)
CHARGES = st.lists(
    st.fixed_dictionaries({"kind": st.sampled_from("AC"), "code": st.just("D240"), "amount": AMOUNTS}),
    min_size=1,
    max_size=3,
)


def lines(quantity: str, **more: st.SearchStrategy[Any]) -> st.SearchStrategy[list[dict[str, Any]]]:
    line = st.fixed_dictionaries(
        {quantity: COUNTS, "unit": UNITS, "ids": PRODUCT, **more},
        optional={"description": WORDS, "references": REFERENCES},
    )
    return st.lists(line, min_size=1, max_size=4)


def numbered(found: dict[str, Any]) -> dict[str, Any]:
    return {**found, "lines": [{"line_ref": str(i), **line} for i, line in enumerate(found["lines"], 1)]}


ORDERS = st.fixed_dictionaries(
    {
        "external_id": IDS,
        "purpose": st.just("original"),
        "order_type": st.just("SA"),
        "placed_on": DAYS,
        "currency": st.just("USD"),
        "lines": lines("ordered", price=AMOUNTS),
    },
    optional={"references": REFERENCES, "dates": DATES, "parties": PARTIES, "charges": CHARGES},
).map(numbered)

RESPONSES = st.fixed_dictionaries(
    {
        "purpose": st.just("original"),
        "answer": st.sampled_from(["accepted", "accepted_with_detail", "rejected"]),
        "external_id": IDS,
        "placed_on": DAYS,
        "lines": lines(
            "ordered",
            price=AMOUNTS,
            answers=st.lists(
                st.fixed_dictionaries(
                    {
                        "status": st.sampled_from(["accepted", "rejected", "backordered"]),
                        "quantity": COUNTS,
                        "unit": UNITS,
                    }
                ),
                min_size=1,
                max_size=2,
            ),
        ),
    },
    optional={"number": IDS, "date": DAYS, "parties": PARTIES, "references": REFERENCES},
).map(numbered)


def balanced(found: dict[str, Any]) -> dict[str, Any]:
    return {**numbered(found), "total": invoice_total(found)}


INVOICES = st.fixed_dictionaries(
    {
        "date": DAYS,
        "number": IDS,
        "external_id": IDS,
        "currency": st.just("USD"),
        "lines": lines("invoiced", price=AMOUNTS),
    },
    optional={
        "parties": PARTIES,
        "references": REFERENCES,
        "charges": CHARGES,
        "taxes": st.just([{"kind": "TX", "amount": Decimal("1.50")}]),
    },
).map(balanced)

ITEM = st.fixed_dictionaries({"ids": PRODUCT, "shipped": COUNTS, "unit": UNITS}, optional={"line_ref": IDS})
PACKAGE = st.fixed_dictionaries({"lines": st.lists(ITEM, min_size=1, max_size=3)})


def marked(found: dict[str, Any]) -> dict[str, Any]:
    """Every package with an SSCC of its own."""
    serial = 0
    for shipment in found["shipments"]:
        for order in shipment["orders"]:
            packages = []
            for package in order["packages"]:
                serial += 1
                digits = f"0061414112345{serial:04d}"
                value = digits + check_digit(digits)
                packages.append({"marks": [{"kind": "GM", "value": value}], **package})
            order["packages"] = packages
    return found


NOTICES = st.fixed_dictionaries(
    {
        "purpose": st.just("original"),
        "shipment_id": IDS,
        "shipped_on": DAYS,
        "shipped_at": st.just("09:15"),
        "hierarchy": st.just("0001"),
        "shipments": st.lists(
            st.fixed_dictionaries(
                {
                    "orders": st.lists(
                        st.fixed_dictionaries(
                            {"external_id": IDS, "packages": st.lists(PACKAGE, min_size=1, max_size=2)}
                        ),
                        min_size=1,
                        max_size=2,
                    )
                },
                optional={"parties": PARTIES, "references": REFERENCES},
            ),
            min_size=1,
            max_size=1,
        ),
    }
).map(marked)

GROUPED = {
    "lines": st.lists(
        st.fixed_dictionaries({"ordered": COUNTS, "unit": UNITS, "scheme": st.just("VN"), "id": IDS}),
        min_size=1,
        max_size=3,
    )
}


def grouped(found: dict[str, Any]) -> dict[str, Any]:
    return {**found, "groups": [{"number": str(i), **g} for i, g in enumerate(found["groups"], 1)]}


PICKS = (
    st.fixed_dictionaries(
        {
            "status": st.just("new"),
            "number": IDS,
            "external_id": IDS,
            "groups": st.lists(st.fixed_dictionaries(GROUPED), min_size=1, max_size=3),
        },
        optional={"parties": PARTIES, "paid_by": st.just("PP")},
    )
    .filter(lambda d: "paid_by" not in d)
    .map(grouped)
)

STOCK = st.fixed_dictionaries(
    {
        "purpose": st.just("00"),
        "report": st.just("SI"),
        "reference": IDS,
        "date": DAYS,
        "lines": st.lists(
            st.fixed_dictionaries(
                {
                    "ids": PRODUCT,
                    "quantities": st.lists(
                        st.fixed_dictionaries(
                            {"kind": st.sampled_from(["available", "on_hand"]), "quantity": COUNTS, "unit": UNITS}
                        ),
                        min_size=1,
                        max_size=2,
                    ),
                }
            ),
            min_size=1,
            max_size=4,
        ),
    }
)

CHANGES = st.fixed_dictionaries(
    {
        "purpose": st.just("change"),
        "order_type": st.just("SA"),
        "external_id": IDS,
        "placed_on": DAYS,
        "currency": st.just("USD"),
        "lines": lines("new_quantity", change=st.sampled_from(["add", "delete", "price"]), price=AMOUNTS),
    },
    optional={"dates": DATES},
).map(numbered)

MOVED = {"unit": UNITS, "scheme": st.just("VN"), "id": IDS}
TRANSFERS = st.fixed_dictionaries(
    {
        "reporting": st.just("F"),
        "number": IDS,
        "date": DAYS,
        "lines": st.lists(st.fixed_dictionaries({"shipped": COUNTS, **MOVED}), min_size=1, max_size=4),
    },
    optional={"shipment_id": IDS, "parties": record(warehouse=PARTY, ship_from=PARTY).filter(bool)},
)
RECEIPTS = st.fixed_dictionaries(
    {
        "reporting": st.just("F"),
        "date": DAYS,
        "receipt": IDS,
        "number": IDS,
        "lines": st.lists(
            st.fixed_dictionaries(
                {"received": COUNTS, **MOVED},
                optional={
                    "exceptions": st.lists(
                        st.fixed_dictionaries(
                            {
                                "quantity": COUNTS,
                                "unit": st.just("EA"),
                                "condition": st.sampled_from(["DAMAGED", "SHORT"]),
                            }
                        ),
                        min_size=1,
                        max_size=2,
                    )
                },
            ),
            min_size=1,
            max_size=3,
        ),
    },
    optional={"parties": record(warehouse=PARTY, depositor=PARTY).filter(bool)},
)


def told(line: dict[str, Any]) -> dict[str, Any]:
    return {**line, "ordered": line["shipped"] + line["difference"]}


CONFIRMATIONS = st.fixed_dictionaries(
    {
        "reporting": st.just("F"),
        "number": IDS,
        "shipped_on": DAYS,
        "external_id": IDS,
        "groups": st.lists(
            st.fixed_dictionaries(
                {
                    "lines": st.lists(
                        st.fixed_dictionaries(
                            {
                                "status": st.sampled_from(["complete", "complete_partial"]),
                                "shipped": COUNTS,
                                "difference": COUNTS,
                                **MOVED,
                            }
                        ).map(told),
                        min_size=1,
                        max_size=3,
                    )
                }
            ),
            min_size=1,
            max_size=3,
        ),
    },
    optional={"parties": PARTIES},
).map(grouped)

KINDS: Mapping[str, st.SearchStrategy[dict[str, Any]]] = {
    "purchase_order": ORDERS,
    "order_response": RESPONSES,
    "invoice": INVOICES,
    "ship_notice": NOTICES,
    "pick_order": PICKS,
    "stock_report": STOCK,
    "order_change": CHANGES,
    "transfer_advice": TRANSFERS,
    "receipt": RECEIPTS,
    "pick_confirmation": CONFIRMATIONS,
}
