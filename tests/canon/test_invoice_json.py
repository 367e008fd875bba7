"""An invoice survives JSON exactly; JSON that is none is refused with every fault."""

from __future__ import annotations

import json

import pytest

from hub.canon.invoice_json import InvoiceUnreadable, invoice_from_json, invoice_to_json
from tests.adapters.sefaz.notes import sale


@pytest.mark.parametrize("model", [55, 65])
def test_round_trip_is_exact(model: int) -> None:
    invoice = sale(3, model)
    assert invoice_from_json(json.loads(json.dumps(invoice_to_json(invoice)))) == invoice


def test_the_scale_of_amounts_is_kept() -> None:
    again = invoice_from_json(invoice_to_json(sale()))
    assert str(again.items[0].unit_price) == str(sale().items[0].unit_price)


def test_every_fault_is_named() -> None:
    data = invoice_to_json(sale())
    del data["series"]
    data["items"][0]["quantity"] = 2
    data["items"][0]["taxes"][0]["rate"] = "NaN"
    data["issued_at"] = "2026-11-21T10:00:00"
    data["colour"] = "red"
    data["issuer"] = None
    with pytest.raises(InvoiceUnreadable) as caught:
        invoice_from_json(data)
    assert {(fault["at"], fault["code"]) for fault in caught.value.data["faults"]} == {
        ("series", "MISSING"),
        ("items[0].quantity", "MALFORMED"),
        ("items[0].taxes[0].rate", "MALFORMED"),
        ("issued_at", "MALFORMED"),
        ("colour", "UNKNOWN_FIELD"),
        ("issuer", "NOT_AN_OBJECT"),
    }
