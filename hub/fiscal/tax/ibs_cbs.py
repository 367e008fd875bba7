"""IBS and CBS of the tax reform (LC 214/2025): due by regime and day, on what the older taxes leave."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from hub.canon.invoice import TaxLine
from hub.fiscal.tables import FiscalTables
from hub.fiscal.tax.case import HUNDRED, ZERO, TaxCase
from hub.fiscal.tax.rates import line, reform
from hub.kit.money import half_up

TAXES = ("ibs_uf", "ibs_mun", "cbs")
_SUBTRACTED = frozenset({"icms", "fcp", "icms_uf_dest", "fcp_uf_dest", "pis", "cofins"})


def reform_taxes(case: TaxCase, tables: FiscalTables, operation: Decimal, others: Iterable[TaxLine]) -> list[TaxLine]:
    """`others`: the lines before these. A reduction lowers the rate, so the nominal rate is shown and the value follows it."""
    if not case.wants(*TAXES) or not tables["reform_due"].find(case.on, crt=str(case.crt)).flag("due"):
        return []
    base = operation
    if case.methods.ibs_cbs_base == "net":
        found = list(others)
        base -= sum((one.value for one in found if one.tax in _SUBTRACTED), ZERO)
        base += sum((one.value for one in found if one.tax == "is"), ZERO)
    base = max(base, ZERO)
    lines = []
    for tax in TAXES:
        rate = reform(case, tables, tax)
        value = half_up(base * rate.percent * case.kept(tax) / HUNDRED)
        lines.append(line(tax, base, rate, value, reduction=case.reduction(tax)))
    return lines
