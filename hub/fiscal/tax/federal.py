"""The federal taxes of an item: IPI, PIS, COFINS and the selective tax (IS)."""

from __future__ import annotations

from decimal import Decimal

from hub.canon.invoice import TaxLine
from hub.fiscal.tables import FiscalTables
from hub.fiscal.tax.case import ZERO, TaxCase
from hub.fiscal.tax.rates import OVERRIDE, Rate, contribution, given, line
from hub.kit.money import half_up


def ipi(case: TaxCase, operation: Decimal) -> TaxLine | None:
    """On the whole operation; a value that is given stands, whatever the rate."""
    rate = given(case, "ipi")
    amount = case.amounts.get("ipi")
    if amount is not None:
        rate = rate or Rate(ZERO, OVERRIDE, "amount given with the case")
        return line("ipi", operation, rate, half_up(amount))
    return line("ipi", operation, rate, rate.of(operation)) if rate else None


def contributions(case: TaxCase, tables: FiscalTables, operation: Decimal, icms: Decimal) -> list[TaxLine]:
    """PIS and COFINS; the ICMS leaves their base (STF RE 574706) unless the method is gross."""
    if not case.normal:
        return []
    start = operation if case.methods.pis_cofins_base == "gross" else max(operation - icms, ZERO)
    lines = []
    for tax in ("pis", "cofins"):
        rate = contribution(case, tables, tax)
        if rate is None:
            continue
        base = half_up(start * case.kept(tax))
        lines.append(line(tax, base, rate, rate.of(base), reduction=case.reduction(tax)))
    return lines


def selective(case: TaxCase, operation: Decimal) -> TaxLine | None:
    rate = given(case, "is") if case.normal else None
    return line("is", operation, rate, rate.of(operation)) if rate else None
