"""ICMS by substitution and its FCP: the margin (MVA) added to the operation, the own ICMS taken off."""

from __future__ import annotations

from decimal import Decimal

from hub.canon.invoice import TaxLine
from hub.fiscal.tables import FiscalTables
from hub.fiscal.tax.case import HUNDRED, ZERO, BadNumber, MissingRate, TaxCase
from hub.fiscal.tax.rates import given, internal, interstate, line
from hub.kit.money import half_up


def substitution(case: TaxCase, tables: FiscalTables, operation: Decimal, ipi: Decimal, own: Decimal) -> list[TaxLine]:
    """`own`: the ICMS of the operation, subtracted also for a Simples issuer; the result is never below zero."""
    tax, fcp = given(case, "icms_st"), given(case, "fcp_st")
    if not tax and not fcp:
        return []
    mva, reduction = margin(case, tables), case.reduction("icms_st")
    base = half_up((operation + ipi) * (1 + mva / HUNDRED) * case.kept("icms_st"))
    lines = []
    if tax:
        value = max(tax.of(base) - own, ZERO)
        lines.append(line("icms_st", base, tax, value, reduction=reduction, mva=mva))
    if fcp:
        lines.append(line("fcp_st", base, fcp, fcp.of(base)))
    return lines


def margin(case: TaxCase, tables: FiscalTables) -> Decimal:
    """MVA in percent; adjusted between UFs so that goods from outside cost the same as those from inside (Convênio ICMS 35/2011)."""
    mva = case.rates.get("mva", ZERO)
    if case.methods.mva != "adjusted" or not case.interstate:
        return mva
    inside = internal(case, tables) or given(case, "icms_st")
    if inside is None:
        raise MissingRate("rates.icms_internal")
    if inside.percent >= HUNDRED:
        raise BadNumber("rates.icms_internal")
    outside = interstate(case, tables).percent
    return half_up((1 + mva / HUNDRED) * (HUNDRED - outside) / (HUNDRED - inside.percent) * HUNDRED - HUNDRED)
