"""The group `imposto` of one item, from its tax lines: which official group a CST or CSOSN asks for is a table, its fields are few functions."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from functools import lru_cache

from adapters.sefaz.texts import Scribe, decimal_text
from hub.canon.invoice import InvoiceItem, TaxLine

CENT = Decimal("0.01")
HUNDRED = Decimal(100)
BY_MARGIN_ST = "4"  # modBCST: margin of value added; modBC 3: value of the operation
BY_VALUE = "3"
OTHER_IPI = "999"  # cEnq: others
INTERSTATE_SINCE_2019 = "100.00"  # pICMSInterPart
INTERSTATE_RATES = frozenset({Decimal(4), Decimal(7), Decimal(12)})  # pICMSInter is an enumeration

Taxes = Mapping[str, TaxLine]
Part = Callable[["ItemTaxes"], str]


@lru_cache(maxsize=1024)
def _rate_text(value: Decimal, least: int = 2) -> str | None:
    """A rate as text, remembered because there are few; None where it is none."""
    try:
        return decimal_text(value, least, 4)
    except ValueError:
        return None


class ItemTaxes:
    """One item with its lines by tax; `need` reports a line that the chosen group cannot do without."""

    __slots__ = ("at", "item", "lines", "scribe")

    def __init__(self, item: InvoiceItem, scribe: Scribe, at: str) -> None:
        self.item, self.scribe, self.at = item, scribe, at
        self.lines: Taxes = {line.tax: line for line in item.taxes}

    def need(self, tax: str) -> TaxLine:
        if tax in self.lines:
            return self.lines[tax]
        self.scribe.fault(f"{self.at}.taxes.{tax}", "MISSING", "this CST or CSOSN needs it")
        return _nothing(tax)

    def money(self, tax: str, value: Decimal) -> str:
        text = str(value)
        if text[-3:-2] == "." and "0" <= text[0] <= "9":  # as it mostly is
            return text
        return self.scribe.money(f"{self.at}.taxes.{tax}", value)

    def rate(self, tax: str, value: Decimal) -> str:
        return _rate_text(value) or self.scribe.rate(f"{self.at}.taxes.{tax}", value)

    def reform_rate(self, tax: str, value: Decimal) -> str:
        return _rate_text(value, 4) or self.scribe.number(f"{self.at}.taxes.{tax}", value, 4, 4)

    def base_rate_value(self, line: TaxLine, tags: tuple[str, str, str]) -> str:
        base, rate, value = tags
        return (
            f"<{base}>{self.money(line.tax, line.base)}</{base}><{rate}>{self.rate(line.tax, line.rate)}</{rate}>"
            f"<{value}>{self.money(line.tax, line.value)}</{value}>"
        )


def _nothing(tax: str) -> TaxLine:
    """A line that states zero, for groups whose fields are obligatory."""
    return TaxLine(tax=tax, base=Decimal(0), rate=Decimal(0), value=Decimal(0), rule="", source="")


def imposto(item: InvoiceItem, scribe: Scribe, at: str, *, reform: bool) -> str:
    """`<imposto>`: ICMS, IPI, PIS, COFINS, ICMSUFDest, IBSCBS, in that order."""
    taxes = ItemTaxes(item, scribe, at)
    return (
        f"<imposto>{_icms(taxes)}{_ipi(taxes)}{_contribution(taxes, 'PIS')}{_contribution(taxes, 'COFINS')}"
        f"{_icms_uf_dest(taxes)}{_ibs_cbs(taxes) if reform else ''}</imposto>"
    )


# ------------------------------------------------------------------ ICMS
def _own(t: ItemTaxes) -> str:
    line = t.need("icms")
    return f"<modBC>{BY_VALUE}</modBC>" + t.base_rate_value(line, ("vBC", "pICMS", "vICMS"))


def _own_reduced(t: ItemTaxes) -> str:
    line = t.need("icms")
    if not line.reduction:
        t.scribe.fault(f"{t.at}.taxes.icms", "MISSING", "the reduction of the base")
    return (
        f"<modBC>{BY_VALUE}</modBC><pRedBC>{t.rate('icms', line.reduction)}</pRedBC>"
        f"{t.base_rate_value(line, ('vBC', 'pICMS', 'vICMS'))}"
    )


def _own_deferred(t: ItemTaxes) -> str:
    if "icms" not in t.lines:  # all of it deferred, nothing to state
        return ""
    line = t.lines["icms"]
    whole = (line.base * line.rate / HUNDRED).quantize(CENT, ROUND_HALF_UP)
    reduced = f"<pRedBC>{t.rate('icms', line.reduction)}</pRedBC>" if line.reduction else ""
    return (
        f"<modBC>{BY_VALUE}</modBC>{reduced}<vBC>{t.money('icms', line.base)}</vBC>"
        f"<pICMS>{t.rate('icms', line.rate)}</pICMS><vICMSOp>{t.money('icms', whole)}</vICMSOp>"
        f"<pDif>{t.rate('icms', line.deferral)}</pDif><vICMSDif>{t.money('icms', whole - line.value)}</vICMSDif>"
        f"<vICMS>{t.money('icms', line.value)}</vICMS>"
    )


def _own_if_any(t: ItemTaxes) -> str:
    if "icms" not in t.lines:
        return ""
    line = t.lines["icms"]
    reduced = f"<pRedBC>{t.rate('icms', line.reduction)}</pRedBC>" if line.reduction else ""
    return (
        f"<modBC>{BY_VALUE}</modBC><vBC>{t.money('icms', line.base)}</vBC>{reduced}"
        f"<pICMS>{t.rate('icms', line.rate)}</pICMS><vICMS>{t.money('icms', line.value)}</vICMS>"
    )


def _fcp(t: ItemTaxes) -> str:
    """Without base: ICMS00 says it once."""
    if "fcp" not in t.lines:
        return ""
    line = t.lines["fcp"]
    return f"<pFCP>{t.rate('fcp', line.rate)}</pFCP><vFCP>{t.money('fcp', line.value)}</vFCP>"


def _fcp_base(t: ItemTaxes) -> str:
    return t.base_rate_value(t.lines["fcp"], ("vBCFCP", "pFCP", "vFCP")) if "fcp" in t.lines else ""


def _st(t: ItemTaxes) -> str:
    line = t.need("icms_st")
    margin = "" if line.mva is None else f"<pMVAST>{t.rate('icms_st', line.mva)}</pMVAST>"
    reduced = f"<pRedBCST>{t.rate('icms_st', line.reduction)}</pRedBCST>" if line.reduction else ""
    fcp = t.base_rate_value(t.lines["fcp_st"], ("vBCFCPST", "pFCPST", "vFCPST")) if "fcp_st" in t.lines else ""
    return (
        f"<modBCST>{BY_MARGIN_ST}</modBCST>{margin}{reduced}"
        f"{t.base_rate_value(line, ('vBCST', 'pICMSST', 'vICMSST'))}{fcp}"
    )


def _st_if_any(t: ItemTaxes) -> str:
    return _st(t) if "icms_st" in t.lines else ""


def _credit(t: ItemTaxes) -> str:
    line = t.need("simples_credit")
    return (
        f"<pCredSN>{t.rate('simples_credit', line.rate)}</pCredSN>"
        f"<vCredICMSSN>{t.money('simples_credit', line.value)}</vCredICMSSN>"
    )


def _credit_if_any(t: ItemTaxes) -> str:
    return _credit(t) if "simples_credit" in t.lines else ""


# CST or CSOSN -> official group and what it holds
ICMS_GROUPS: Mapping[str, tuple[str, tuple[Part, ...]]] = {
    "00": ("ICMS00", (_own, _fcp)),
    "10": ("ICMS10", (_own, _fcp_base, _st)),
    "20": ("ICMS20", (_own_reduced, _fcp_base)),
    "30": ("ICMS30", (_st,)),
    "40": ("ICMS40", ()),
    "41": ("ICMS40", ()),
    "50": ("ICMS40", ()),
    "51": ("ICMS51", (_own_deferred, _fcp_base)),
    "60": ("ICMS60", ()),
    "70": ("ICMS70", (_own_reduced, _fcp_base, _st)),
    "90": ("ICMS90", (_own_if_any, _fcp_base, _st_if_any)),
    "101": ("ICMSSN101", (_credit,)),
    "102": ("ICMSSN102", ()),
    "103": ("ICMSSN102", ()),
    "300": ("ICMSSN102", ()),
    "400": ("ICMSSN102", ()),
    "201": ("ICMSSN201", (_st, _credit)),
    "202": ("ICMSSN202", (_st,)),
    "203": ("ICMSSN202", (_st,)),
    "500": ("ICMSSN500", ()),
    "900": ("ICMSSN900", (_own_if_any, _st_if_any, _credit_if_any)),
}
_SHOWS: Mapping[Part, frozenset[str]] = {
    _own: frozenset({"icms"}),
    _own_reduced: frozenset({"icms"}),
    _own_deferred: frozenset({"icms"}),
    _own_if_any: frozenset({"icms"}),
    _fcp: frozenset({"fcp"}),
    _fcp_base: frozenset({"fcp"}),
    _st: frozenset({"icms_st", "fcp_st"}),
    _st_if_any: frozenset({"icms_st", "fcp_st"}),
    _credit: frozenset({"simples_credit"}),
    _credit_if_any: frozenset({"simples_credit"}),
}
SHOWN: Mapping[str, frozenset[str]] = {
    code: frozenset[str]().union(*(_SHOWS[part] for part in parts)) for code, (_, parts) in ICMS_GROUPS.items()
}
STATE_TAXES = frozenset({"icms", "fcp", "icms_st", "fcp_st", "simples_credit"})


def _icms(t: ItemTaxes) -> str:
    code = t.item.icms_cst
    if code not in ICMS_GROUPS:
        t.scribe.fault(f"{t.at}.icms_cst", "UNKNOWN_CODE", code)
        return ""
    group, parts = ICMS_GROUPS[code]
    tag = "CST" if len(code) == 2 else "CSOSN"
    origin = t.item.origin if t.item.origin in set("012345678") else ""
    if not origin:
        t.scribe.fault(f"{t.at}.origin", "UNKNOWN_CODE" if t.item.origin else "MISSING", t.item.origin)
    for tax, line in t.lines.items():
        if tax in STATE_TAXES and tax not in SHOWN[code] and line.value:
            t.scribe.fault(f"{t.at}.taxes.{tax}", "CONTRADICTION", f"{group} has no place for it")
    body = "".join(part(t) for part in parts)
    return f"<ICMS><{group}><orig>{origin}</orig><{tag}>{code}</{tag}>{body}</{group}></ICMS>"


# ------------------------------------------------------------------ IPI, PIS, COFINS
IPI_TAXED = frozenset({"00", "49", "50", "99"})
IPI_UNTAXED = frozenset({"01", "02", "03", "04", "05", "51", "52", "53", "54", "55"})


def _ipi(t: ItemTaxes) -> str:
    code = t.item.ipi_cst
    if code is None:
        if "ipi" in t.lines:
            t.scribe.fault(f"{t.at}.ipi_cst", "MISSING", "the item has an IPI line")
        return ""
    if code in IPI_TAXED:
        group = f"<IPITrib><CST>{code}</CST>{t.base_rate_value(t.need('ipi'), ('vBC', 'pIPI', 'vIPI'))}</IPITrib>"
    elif code in IPI_UNTAXED:
        group = f"<IPINT><CST>{code}</CST></IPINT>"
    else:
        t.scribe.fault(f"{t.at}.ipi_cst", "UNKNOWN_CODE", code)
        group = ""
    return f"<IPI><cEnq>{OTHER_IPI}</cEnq>{group}</IPI>"


BY_RATE = frozenset({"01", "02"})
EXEMPT = frozenset({"04", "05", "06", "07", "08", "09"})
OTHER = frozenset({"49", "50", "51", "52", "53", "54", "55", "56", "60", "61", "62", "63", "64", "65", "66", "67", "70", "71", "72", "73", "74", "75", "98", "99"})  # fmt: skip


def _contribution(t: ItemTaxes, name: str) -> str:
    """PIS or COFINS; CST 03 (by quantity) is not offered."""
    code, tax, tags = t.item.pis_cofins_cst, name.lower(), ("vBC", f"p{name}", f"v{name}")
    if code in BY_RATE:
        body, group = t.base_rate_value(t.need(tax), tags), f"{name}Aliq"
    elif code in EXEMPT:
        body, group = "", f"{name}NT"
    elif code in OTHER:
        body, group = t.base_rate_value(t.lines.get(tax) or _nothing(tax), tags), f"{name}Outr"
    else:
        t.scribe.fault(f"{t.at}.pis_cofins_cst", "UNKNOWN_CODE", code)
        return ""
    return f"<{name}><{group}><CST>{code}</CST>{body}</{group}></{name}>"


# ------------------------------------------------------------------ DIFAL
def _icms_uf_dest(t: ItemTaxes) -> str:
    if "icms_uf_dest" not in t.lines:
        return ""
    line, own = t.lines["icms_uf_dest"], t.need("icms")
    if own.rate not in INTERSTATE_RATES:
        t.scribe.fault(f"{t.at}.taxes.icms", "UNKNOWN_CODE", f"{own.rate} is no interstate rate")
    fcp = t.lines.get("fcp_uf_dest")
    base_fcp = rate_fcp = value_fcp = ""
    if fcp is not None:
        base_fcp = f"<vBCFCPUFDest>{t.money(fcp.tax, fcp.base)}</vBCFCPUFDest>"
        rate_fcp = f"<pFCPUFDest>{t.rate(fcp.tax, fcp.rate)}</pFCPUFDest>"
        value_fcp = f"<vFCPUFDest>{t.money(fcp.tax, fcp.value)}</vFCPUFDest>"
    return (
        f"<ICMSUFDest><vBCUFDest>{t.money(line.tax, line.base)}</vBCUFDest>{base_fcp}{rate_fcp}"
        f"<pICMSUFDest>{t.rate(line.tax, line.rate)}</pICMSUFDest><pICMSInter>{t.rate('icms', own.rate)}</pICMSInter>"
        f"<pICMSInterPart>{INTERSTATE_SINCE_2019}</pICMSInterPart>{value_fcp}"
        f"<vICMSUFDest>{t.money(line.tax, line.value)}</vICMSUFDest><vICMSUFRemet>0.00</vICMSUFRemet></ICMSUFDest>"
    )


# ------------------------------------------------------------------ IBS, CBS
REFORM_TAXES = ("ibs_uf", "ibs_mun", "cbs")
# Whether IBS and CBS enter vNFTot, by emission date (section 4.2): (from, value), newest first.
ADDED_TO_TOTAL: tuple[tuple[date, bool], ...] = ((date(2027, 1, 1), True), (date(2000, 1, 1), False))


def has_reform_values(item: InvoiceItem) -> bool:
    """A class that carries no values (cClassTrib) has no `gIBSCBS`, and then no `vItem` and no total (1118)."""
    for line in item.taxes:  # noqa: SIM110 - asked three times an item
        if line.tax in REFORM_TAXES:
            return True
    return False


def deferred(line: TaxLine) -> Decimal:
    """vDif: what the deferral takes from the full value."""
    if not line.deferral:
        return Decimal(0)
    effective = line.rate * (HUNDRED - line.reduction) / HUNDRED
    return (line.base * effective / HUNDRED).quantize(CENT, ROUND_HALF_UP) - line.value


def _reform_level(t: ItemTaxes, tax: str, group: str, rate_tag: str, value_tag: str) -> str:
    line = t.lines[tax] if tax in t.lines else _nothing(tax)
    dif = red = ""
    if line.deferral:
        dif = f"<gDif><pDif>{t.rate(tax, line.deferral)}</pDif><vDif>{t.money(tax, deferred(line))}</vDif></gDif>"
    if line.reduction:
        effective = (line.rate * (HUNDRED - line.reduction) / HUNDRED).quantize(Decimal("0.0001"), ROUND_HALF_UP)
        red = (
            f"<gRed><pRedAliq>{t.rate(tax, line.reduction)}</pRedAliq>"
            f"<pAliqEfet>{t.rate(tax, effective)}</pAliqEfet></gRed>"
        )
    return (
        f"<{group}><{rate_tag}>{t.reform_rate(tax, line.rate)}</{rate_tag}>{dif}{red}"
        f"<{value_tag}>{t.money(tax, line.value)}</{value_tag}></{group}>"
    )


def _ibs_cbs(t: ItemTaxes) -> str:
    head = f"<CST>{t.item.ibs_cbs_cst}</CST><cClassTrib>{t.item.ibs_cbs_class}</cClassTrib>"
    if not (t.item.ibs_cbs_cst.isdigit() and len(t.item.ibs_cbs_cst) == 3):
        t.scribe.fault(f"{t.at}.ibs_cbs_cst", "MALFORMED", t.item.ibs_cbs_cst)
    if not (t.item.ibs_cbs_class.isdigit() and len(t.item.ibs_cbs_class) == 6):
        t.scribe.fault(f"{t.at}.ibs_cbs_class", "MALFORMED", t.item.ibs_cbs_class)
    if not has_reform_values(t.item):
        return f"<IBSCBS>{head}</IBSCBS>"
    uf, mun = t.need("ibs_uf"), t.lines.get("ibs_mun") or _nothing("ibs_mun")
    return (
        f"<IBSCBS>{head}<gIBSCBS><vBC>{t.money('ibs_uf', uf.base)}</vBC>"
        f"{_reform_level(t, 'ibs_uf', 'gIBSUF', 'pIBSUF', 'vIBSUF')}"
        f"{_reform_level(t, 'ibs_mun', 'gIBSMun', 'pIBSMun', 'vIBSMun')}"
        f"<vIBS>{t.money('ibs_uf', uf.value + mun.value)}</vIBS>"
        f"{_reform_level(t, 'cbs', 'gCBS', 'pCBS', 'vCBS')}</gIBSCBS></IBSCBS>"
    )
