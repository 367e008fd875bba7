"""The tax plan of one item: every tax in the order in which one feeds the next. Pure: the same case and tables give the same lines."""

from __future__ import annotations

from decimal import Decimal, localcontext

from hub.canon.invoice import TaxLine
from hub.fiscal.tables import FiscalTables
from hub.fiscal.tax.case import ZERO, BadNumber, TaxCase
from hub.fiscal.tax.difal import destination
from hub.fiscal.tax.federal import contributions, ipi, selective
from hub.fiscal.tax.ibs_cbs import reform_taxes
from hub.fiscal.tax.icms import own_icms, simples_credit
from hub.fiscal.tax.st import substitution
from hub.kit.money import half_up

TAXES = (
    "ipi",
    "icms",
    "fcp",
    "icms_st",
    "fcp_st",
    "icms_uf_dest",
    "fcp_uf_dest",
    "simples_credit",
    "pis",
    "cofins",
    "is",
    "ibs_uf",
    "ibs_mun",
    "cbs",
)
EXACT = 80  # of precision, so that no product is rounded before we round it


def plan(case: TaxCase, tables: FiscalTables) -> tuple[TaxLine, ...]:
    """The lines in the order of `TAXES`, absent when not due. Raises a `CaseFault`, or `NoRule` where a table has no row."""
    with localcontext() as context:
        context.prec = EXACT
        lines = _lines(case, tables)
    return tuple(line for line in lines if case.wants(line.tax))


def operation_value(case: TaxCase) -> Decimal:
    """The goods, with what the buyer pays for their way and less the discount."""
    goods = half_up(case.quantity * case.unit_price)
    value = half_up(goods + case.freight + case.insurance + case.other - case.discount)
    if value < 0:
        raise BadNumber("item.discount")
    return value


def _lines(case: TaxCase, tables: FiscalTables) -> list[TaxLine]:
    operation = operation_value(case)
    industrial = ipi(case, operation)
    ipi_value = industrial.value if industrial else ZERO
    own = own_icms(case, tables, operation, ipi_value)
    found = [
        industrial,
        own.line,
        own.fcp,
        *substitution(case, tables, operation, ipi_value, own.value),
        *destination(case, tables, own.base),
        simples_credit(case, operation),
        *contributions(case, tables, operation, own.stated),
        selective(case, operation),
    ]
    lines = [line for line in found if line is not None]
    return lines + reform_taxes(case, tables, operation, lines)
