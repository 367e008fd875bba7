"""Which rate applies: the case's own first, then the dated tables; each with the rule and the source that gave it."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from hub.canon.invoice import TaxLine
from hub.fiscal.tables import FiscalTables, Row
from hub.fiscal.tax.case import HUNDRED, ZERO, MissingRate, TaxCase
from hub.kit.money import half_up

IMPORTED = frozenset({"1", "2", "3", "8"})  # origins of Resolução do Senado 13/2012
OVERRIDE = "override"


@dataclass(frozen=True, slots=True)
class Rate:
    percent: Decimal
    rule: str
    source: str

    def of(self, base: Decimal) -> Decimal:
        return half_up(base * self.percent / HUNDRED)


def given(case: TaxCase, name: str) -> Rate | None:
    return Rate(case.rates[name], OVERRIDE, "given with the case") if name in case.rates else None


def from_row(row: Row, column: str, rule: str) -> Rate:
    return Rate(row.number(column), rule, source_of(row))


def source_of(row: Row) -> str:
    return f"{row.source} [doubtful]" if row.doubtful else row.source


def line(
    tax: str,
    base: Decimal,
    rate: Rate,
    value: Decimal,
    *,
    reduction: Decimal = ZERO,
    deferral: Decimal = ZERO,
    mva: Decimal | None = None,
) -> TaxLine:
    return TaxLine(
        tax=tax,
        base=base,
        rate=rate.percent,
        value=value,
        rule=rate.rule,
        source=rate.source,
        reduction=reduction,
        deferral=deferral,
        mva=mva,
    )


def interstate(case: TaxCase, tables: FiscalTables) -> Rate:
    """Between two UFs: as given, else by origin and pair of UFs."""
    found = given(case, "icms_interstate")
    if found:
        return found
    goods = "imported" if case.origin in IMPORTED else "national"
    table = tables["interstate_rates"]
    row = table.find(case.on, goods=goods, from_uf=case.issuer_uf, to_uf=case.buyer_uf)
    return from_row(row, "rate", row.text("rule"))


def internal(case: TaxCase, tables: FiscalTables) -> Rate | None:
    """Of the buyer's UF, without FCP: as given, else by table where the case allows it."""
    found = given(case, "icms_internal")
    if found or case.methods.rates != "table":
        return found
    row = tables["uf_rates"].find(case.on, uf=case.buyer_uf)
    return from_row(row, "internal", f"icms.internal.{case.buyer_uf}")


def fcp(case: TaxCase, tables: FiscalTables) -> Rate | None:
    """Of the buyer's UF: as given, else what the table adds to nearly all goods."""
    found = given(case, "fcp")
    if found or case.methods.rates != "table":
        return found
    row = tables["uf_rates"].find(case.on, uf=case.buyer_uf)
    return from_row(row, "fcp", f"fcp.{case.buyer_uf}") if row.number("fcp") else None


def own(case: TaxCase, tables: FiscalTables) -> Rate | None:
    """The issuer's ICMS. Within one UF nothing is assumed: None when neither `icms` nor an internal rate is known."""
    found = given(case, "icms")
    if found:
        return found
    return interstate(case, tables) if case.interstate else internal(case, tables)


def difal_method(case: TaxCase, tables: FiscalTables) -> tuple[str, str]:
    """`single` or `double`, and the source of that choice."""
    if case.methods.difal:
        return case.methods.difal, "EC 87/2015, LC 190/2022; method given with the case"
    if case.methods.rates != "table":
        return "single", "EC 87/2015, LC 190/2022, Convênio ICMS 236/2021"
    row = tables["difal_methods"].find(case.on, uf=case.buyer_uf)
    return row.text("method"), source_of(row)


def contribution(case: TaxCase, tables: FiscalTables, tax: str) -> Rate | None:
    """PIS or COFINS: as given, else by the issuer's regime; None once they are extinct."""
    found = given(case, tax)
    if found:
        return found
    row = tables["pis_cofins"].find(case.on, regime=case.regime)
    return from_row(row, tax, f"{tax}.{case.regime}") if row.flag("due") else None


def reform(case: TaxCase, tables: FiscalTables, tax: str) -> Rate:
    """IBS of the UF or the municipality, or CBS: as given, else the reference rate of the day."""
    found = given(case, tax)
    if found:
        return found
    row = tables["ibs_cbs_rates"].get(case.on, tax=tax)
    if row is None:
        raise MissingRate(f"rates.{tax}")
    return from_row(row, "rate", f"{tax}.reference.{case.on.year}")
