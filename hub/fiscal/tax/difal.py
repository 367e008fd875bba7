"""The share of the buyer's UF in a sale to a consumer of another UF (EC 87/2015, LC 190/2022): all of it since 2019."""

from __future__ import annotations

from decimal import Decimal

from hub.canon.invoice import TaxLine
from hub.fiscal.tables import FiscalTables
from hub.fiscal.tax.case import HUNDRED, ZERO, BadNumber, MissingRate, TaxCase
from hub.fiscal.tax.rates import Rate, difal_method, fcp, internal, interstate, line
from hub.kit.money import half_up

_DEPENDENT = ("icms_uf_dest", "fcp_uf_dest", "ibs_uf", "ibs_mun", "cbs")


def destination(case: TaxCase, tables: FiscalTables, base: Decimal) -> list[TaxLine]:
    """`base`: that of the own ICMS. Both shares are rounded before they are subtracted, as the authority does."""
    if not case.difal_due:
        return []
    inside = internal(case, tables)
    if inside is None:
        if case.wants(*_DEPENDENT):
            raise MissingRate("rates.icms_internal")
        return []
    outside, added = interstate(case, tables), fcp(case, tables)
    method, source = difal_method(case, tables)
    origin_share = outside.of(base)
    if method == "double":
        left = HUNDRED - inside.percent - (added.percent if added else ZERO)
        if left <= 0:
            raise BadNumber("rates.icms_internal")
        base = half_up((base - origin_share) * HUNDRED / left)
    rate = Rate(inside.percent, f"difal.{method}", f"{source}; rate: {inside.source}")
    lines = [line("icms_uf_dest", base, rate, max(inside.of(base) - origin_share, ZERO))]
    if added:
        lines.append(line("fcp_uf_dest", base, added, added.of(base)))
    return lines
