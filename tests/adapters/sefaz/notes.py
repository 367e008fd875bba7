"""What the tests of this folder share: a moment, an authority of certificates, a company's identity, a sale."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from functools import cache
from typing import Any

from adapters.sefaz.sample import ISSUER_CNPJ, sample_invoice
from hub.canon.certificates import Identity
from hub.canon.invoice import Invoice, InvoiceItem, TaxLine
from hub.canon.trialcerts import TrialRoot, make_root

NOW = datetime(2026, 11, 21, 15, 0, tzinfo=UTC)


@cache
def trial_root() -> TrialRoot:
    return make_root(datetime.now(UTC))


@cache
def identity(cnpj: str = ISSUER_CNPJ) -> Identity:
    return trial_root().issue_company(cnpj, "Loja Exemplo", now=datetime.now(UTC))


def sale(items: int = 1, model: int = 55, **changes: Any) -> Invoice:
    return replace(sample_invoice(items=items, model=model, at=NOW), **changes)


def with_item(invoice: Invoice, **changes: Any) -> Invoice:
    """The invoice with its first item changed."""
    return replace(invoice, items=(replace(invoice.items[0], **changes), *invoice.items[1:]))


def line(tax: str, base: str, rate: str, value: str, **more: Any) -> TaxLine:
    return TaxLine(tax=tax, base=Decimal(base), rate=Decimal(rate), value=Decimal(value), rule="r", source="s", **more)


def first(invoice: Invoice) -> InvoiceItem:
    return invoice.items[0]
