"""The items of a planned note: order-level amounts split to the cent, codes by rule table, taxes by the plan."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from itertools import accumulate

from hub.canon.invoice import InvoiceItem, TaxLine
from hub.fiscal.invoice_request import Fault, InvoiceRequest, RequestLine, fault
from hub.fiscal.tables import FiscalTables, NoRule, Row
from hub.fiscal.tax import CaseFault, TaxCase, plan
from hub.kit.money import half_up, split

ZERO = Decimal(0)
CHARGES = ("freight", "insurance", "other", "discount")
ADDED = frozenset({"ipi", "icms_st", "fcp_st"})  # taxes that the buyer pays on top of the price
_STATE_TAXES = frozenset({"icms", "fcp", "icms_st", "fcp_st", "icms_uf_dest", "fcp_uf_dest"})
_REFORM_TAXES = frozenset({"ibs_uf", "ibs_mun", "cbs"})
ICMS_APART = frozenset({2})  # CRT
_TAXED_IPI = frozenset({"00", "49", "50", "99"})  # IPI CSTs that state an amount


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """What the lines of one note share."""

    day: date
    issuer_uf: str
    buyer_uf: str  # where the goods enter (LC 87/1996 art. 11 §7)
    destination: str  # idDest
    buyer: str  # taxpayer | consumer | own
    taxpayer: bool
    final: bool
    crt: int
    reform: bool

    @property
    def regime(self) -> str:
        return "normal" if self.crt == 3 else "simples"

    @property
    def icms_regime(self) -> str:
        """Above the sublimit of the Simples (CRT 2) the ICMS is stated as by a normal issuer: CST, not CSOSN (590, 591)."""
        return "normal" if self.crt in ICMS_APART else self.regime


def shares(request: InvoiceRequest) -> list[dict[str, Decimal]]:
    """Freight, insurance, other charges and discount of each line: its own and its part of the order's, by value.

    The rest of the division goes to the line of the greatest value, so every cent of the order reappears.
    """
    values = [goods_value(line) for line in request.lines]
    weights = [max(value - line.discount, ZERO) for value, line in zip(values, request.lines, strict=True)]
    parts = {name: share_out(half_up(getattr(request, name)), weights, capped=name == "discount") for name in CHARGES}
    found = [{name: parts[name][n] for name in CHARGES} for n in range(len(request.lines))]
    for part, line in zip(found, request.lines, strict=True):
        part["discount"] += half_up(line.discount)
    return found


def share_out(total: Decimal, weights: Sequence[Decimal], *, capped: bool) -> list[Decimal]:
    """`total` by weight, the rest to the greatest. Over many small lines that rest can outgrow the line itself (below zero, or,
    `capped`, above its weight): then each part is the step of the rounded running sum, so that no part is off by a cent.
    """
    if not any(weights):
        weights, capped = [Decimal(1)] * len(weights), False
    parts = split(total, weights)
    if all(part >= 0 and not (capped and part > weight) for part, weight in zip(parts, weights, strict=True)):
        return parts
    running = list(accumulate(weights))
    steps = [half_up(total * upto / running[-1]) for upto in running]
    return [step - before for step, before in zip(steps, [ZERO, *steps], strict=False)]


def goods_value(line: RequestLine) -> Decimal:
    """Quantity times price (vProd)."""
    return half_up(line.quantity * line.unit_price)


def item_total(item: InvoiceItem) -> Decimal:
    """The item's part of vNF; in 2026 IBS and CBS add nothing."""
    added = sum((tax.value for tax in item.taxes if tax.tax in ADDED), ZERO)
    return item.total - item.discount + item.freight + item.insurance + item.other + added


class ItemPlanner:
    """Plans line after line and collects what the tables do not say and what they are not sure of."""

    def __init__(self, request: InvoiceRequest, tables: FiscalTables, setting: Setting) -> None:
        self.request, self.tables, self.setting = request, tables, setting
        self.faults: list[Fault] = []
        self.doubts: dict[str, None] = {}  # in the order in which they were met

    def item(self, number: int, line: RequestLine, charges: Mapping[str, Decimal]) -> InvoiceItem | None:
        rules = self.rules(line)
        if rules is None or not (line.ncm and line.origin and line.unit):
            return None
        taxes = self.taxes(line, charges, rules)
        if taxes is None:
            return None
        return InvoiceItem(
            number=number,
            sku=line.sku,
            title=line.title,
            ncm=line.ncm,
            cfop=rules.cfop,
            origin=line.origin,
            unit=line.unit,
            quantity=line.quantity,
            unit_price=line.unit_price,
            total=goods_value(line),
            taxes=taxes,
            gtin=line.gtin,
            cest=line.cest,
            freight=charges["freight"],
            insurance=charges["insurance"],
            discount=charges["discount"],
            other=charges["other"],
            icms_cst=rules.code,
            pis_cofins_cst=rules.treatment.text("pis_cofins_cst"),
            ipi_cst=rules.treatment.text("ipi_cst") if _says_ipi(line) else None,
            ibs_cbs_cst=rules.reform_class[:3],
            ibs_cbs_class=rules.reform_class,
            order_reference=line.order_reference,
            order_item=line.order_item,
        )

    def rules(self, line: RequestLine) -> Rules | None:
        """The rows that decide the codes of a line; None, with a fault, where one is missing."""
        setting = self.setting
        make = "own" if line.own_make else "resale"
        treatment = self.row(
            line,
            "treatments",
            operation=self.request.operation,
            regime=setting.regime,
            destination=setting.destination,
        )
        cfop = self.row(
            line,
            "cfop",
            operation=self.request.operation,
            make=make,
            st=line.st,
            buyer=setting.buyer,
            destination=setting.destination,
        )
        if treatment is None:
            return None
        kind = str(treatment.values.get("icms", _treatment(line, setting)))
        codes = self.row(
            line, "icms_codes", regime=setting.icms_regime, treatment=kind, st=line.st, destination=setting.destination
        )
        fixed = treatment.flag("class_fixed") or not line.ibs_cbs_class
        name = treatment.text("ibs_cbs_class") if fixed else str(line.ibs_cbs_class)
        row = self.row(line, "cclasstrib", **{"class": name}) if setting.reform else None
        if row and not row.flag("nfe" if self.request.model == 55 else "nfce"):
            self.faults.append(fault(line.external_id, "ibs_cbs_class", "NOT_OFFERED", f"{name} on this model"))
        if cfop is None or codes is None or (setting.reform and row is None):
            return None
        return Rules(
            cfop=cfop.text("cfop"),
            code=codes.text("code"),
            taxed=codes.flag("taxed"),
            treatment=treatment,
            reform_class=name,
            reform=row,
        )

    def row(self, line: RequestLine, table: str, **key: str) -> Row | None:
        try:
            found = self.tables[table].find(self.setting.day, **key)
        except NoRule as none:
            field = "ibs_cbs_class" if table == "cclasstrib" else table
            self.faults.append(fault(line.external_id, field, "NO_RULE", str(none)))
            return None
        if found.doubtful:
            self.doubts[f"{table} {' '.join(found.key)}: {found.source}"] = None
        return found

    def taxes(self, line: RequestLine, charges: Mapping[str, Decimal], rules: Rules) -> tuple[TaxLine, ...] | None:
        try:
            lines = plan(self.case(line, charges, rules), self.tables)
        except CaseFault as bad:
            self.faults.append(fault(line.external_id, bad.field, bad.code, str(bad)))
            return None
        except NoRule as none:
            self.faults.append(fault(line.external_id, str(none.data["table"]), "NO_RULE", str(none)))
            return None
        hidden = set() if rules.taxed else set(_STATE_TAXES)
        if not rules.treatment.flag("contributions"):
            hidden |= {"pis", "cofins"}
        if rules.reform is None or not rules.reform.flag("values"):
            hidden |= _REFORM_TAXES
        kept = tuple(tax for tax in lines if tax.tax not in hidden)
        for tax in kept:
            if "[doubtful]" in tax.source:
                self.doubts[f"{tax.tax} {tax.rule}: {tax.source}"] = None
        return kept

    def case(self, line: RequestLine, charges: Mapping[str, Decimal], rules: Rules) -> TaxCase:
        setting, rates, reductions = self.setting, dict(line.rates), dict(line.reductions)
        amounts, methods = dict(line.amounts), self.request.methods
        if not rules.taxed:
            rates["icms"] = ZERO
            methods = replace(methods, difal="none")
        if not rules.treatment.flag("contributions"):
            rates["pis"] = rates["cofins"] = ZERO
        if rules.treatment.text("ipi_cst") not in _TAXED_IPI:
            rates.pop("ipi", None)
            amounts.pop("ipi", None)
        if rules.reform:
            for tax, column in (("ibs_uf", "reduction_ibs"), ("ibs_mun", "reduction_ibs"), ("cbs", "reduction_cbs")):
                if rules.reform.number(column):
                    reductions[tax] = rules.reform.number(column)
        return TaxCase(
            on=setting.day,
            issuer_uf=setting.issuer_uf,
            buyer_uf=setting.buyer_uf,
            taxpayer=setting.taxpayer,
            final=setting.final,
            crt=setting.crt,
            icms_apart=setting.crt in ICMS_APART,
            regime=self.request.regime,
            quantity=line.quantity,
            unit_price=line.unit_price,
            origin=line.origin or "0",
            rates=rates,
            reductions=reductions,
            deferral=line.deferral,
            amounts=amounts,
            methods=methods,
            freight=charges["freight"],
            insurance=charges["insurance"],
            other=charges["other"],
            discount=charges["discount"],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """What the tables say of one line. `reform` None: IBS and CBS are not due yet."""

    cfop: str
    code: str  # CST or CSOSN
    taxed: bool
    treatment: Row
    reform_class: str
    reform: Row | None


def _treatment(line: RequestLine, setting: Setting) -> str:
    if line.icms != "taxed":
        return line.icms
    if setting.icms_regime == "simples":
        return "credit" if "simples_credit" in line.rates else "taxed"
    if line.deferral.get("icms"):
        return "deferred"
    return "reduced" if line.reductions.get("icms") else "taxed"


def _says_ipi(line: RequestLine) -> bool:
    return "ipi" in line.rates or "ipi" in line.amounts


def plan_items(
    request: InvoiceRequest, tables: FiscalTables, setting: Setting
) -> tuple[Sequence[InvoiceItem], list[Fault], tuple[str, ...]]:
    """Items, faults and doubts; an item is left out where a fault keeps it from being planned."""
    planner = ItemPlanner(request, tables, setting)
    pairs = zip(request.lines, shares(request), strict=True)
    items = [planner.item(number, line, charges) for number, (line, charges) in enumerate(pairs, 1)]
    return [item for item in items if item], planner.faults, tuple(planner.doubts)
