"""The totals of a note as exact sums of its items (section "Totals" of the fiscal page), and the group `total` made of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal

from adapters.sefaz.imposto import ADDED_TO_TOTAL, SHOWN, STATE_TAXES, deferred, has_reform_values
from adapters.sefaz.texts import decimal_text
from hub.canon.invoice import Invoice, InvoiceItem

ZERO = Decimal("0.00")
# fields of ICMSTot in the order of the schema; those that nothing below fills are written as zero
ICMS_TOTAL = (
    "vBC", "vICMS", "vICMSDeson", "vFCPUFDest", "vICMSUFDest", "vICMSUFRemet", "vFCP", "vBCST", "vST", "vFCPST", "vFCPSTRet",
    "vProd", "vFrete", "vSeg", "vDesc", "vII", "vIPI", "vIPIDevol", "vPIS", "vCOFINS", "vOutro", "vNF",
)  # fmt: skip
_DIFAL = slice(ICMS_TOTAL.index("vFCPUFDest"), ICMS_TOTAL.index("vICMSUFRemet") + 1)
_WITH_DIFAL = "".join(f"<{tag}>%s</{tag}>" for tag in ICMS_TOTAL)
_WITHOUT_DIFAL = "".join(f"<{tag}>%s</{tag}>" for tag in (*ICMS_TOTAL[: _DIFAL.start], *ICMS_TOTAL[_DIFAL.stop :]))
# tax -> (field of its base or None, field of its value)
FIELDS: Mapping[str, tuple[str | None, str]] = {
    "icms": ("vBC", "vICMS"),
    "fcp": (None, "vFCP"),
    "icms_st": ("vBCST", "vST"),
    "fcp_st": (None, "vFCPST"),
    "icms_uf_dest": (None, "vICMSUFDest"),
    "fcp_uf_dest": (None, "vFCPUFDest"),
    "ipi": (None, "vIPI"),
    "pis": (None, "vPIS"),
    "cofins": (None, "vCOFINS"),
}
ON_TOP = frozenset({"ipi", "icms_st", "fcp_st"})  # taxes that the buyer pays beside the price


def item_total(item: InvoiceItem) -> Decimal:
    """`vItem` in 2026: the item's share of vNF; IBS and CBS add nothing."""
    total = item.total
    for charge in (item.freight, item.insurance, item.other, -item.discount):
        if charge:
            total += charge
    for line in item.taxes:
        if line.tax in ON_TOP:
            total += line.value
    return total


def invoice_total(invoice: Invoice) -> Decimal:
    """`vNF` of the note."""
    return sum((item_total(item) for item in invoice.items), ZERO)


def adds_reform_taxes(emitted: date) -> bool:
    """Whether IBS and CBS enter vNFTot on that date."""
    return next(added for since, added in ADDED_TO_TOTAL if emitted >= since)


def icms_totals(items: Sequence[InvoiceItem]) -> dict[str, Decimal]:
    """The fields of ICMSTot by their tag, in order."""
    sums = dict.fromkeys(ICMS_TOTAL, ZERO)
    for item in items:
        sums["vProd"] += item.total
        sums["vNF"] += item_total(item)
        for tag, charge in (
            ("vFrete", item.freight),
            ("vSeg", item.insurance),
            ("vDesc", item.discount),
            ("vOutro", item.other),
        ):
            if charge:  # what is nothing stays the one zero, which is written without looking at it
                sums[tag] += charge
        for line in item.taxes:
            if line.tax in FIELDS and _shown(item, line.tax):
                base, value = FIELDS[line.tax]
                sums[value] += line.value
                if base is not None:
                    sums[base] += line.base
    return sums


def _money(value: Decimal) -> str:
    return "0.00" if value is ZERO else decimal_text(value, 2, 2)


def _shown(item: InvoiceItem, tax: str) -> bool:
    """A tax of the states counts only where the item's group shows it."""
    return tax not in STATE_TAXES or tax in SHOWN.get(item.icms_cst, ())


def reform_totals(items: Sequence[InvoiceItem]) -> Mapping[str, Decimal]:
    """Base and value per reform tax, with what was deferred."""
    sums = dict.fromkeys(("base", "ibs_uf", "ibs_mun", "cbs", "dif_ibs_uf", "dif_ibs_mun", "dif_cbs"), ZERO)
    for item in items:
        for line in item.taxes:
            if line.tax in {"ibs_uf", "ibs_mun", "cbs"}:
                sums[line.tax] += line.value
                if line.deferral:
                    sums[f"dif_{line.tax}"] += deferred(line)
                sums["base"] += line.base if line.tax == "ibs_uf" else ZERO
    return sums


def total_group(invoice: Invoice) -> str:
    """`<total>`; IBSCBSTot and vNFTot only where an item has values of the reform (1118)."""
    sums = icms_totals(invoice.items)
    difal = any(line.tax == "icms_uf_dest" for item in invoice.items for line in item.taxes)
    texts = [_money(value) for value in sums.values()]
    if not difal:
        del texts[_DIFAL]
    body = (_WITH_DIFAL if difal else _WITHOUT_DIFAL) % tuple(texts)
    reform = ""
    if invoice.reform_groups and any(has_reform_values(item) for item in invoice.items):
        reform = _reform_group(invoice, sums["vNF"])
    return f"<total><ICMSTot>{body}</ICMSTot>{reform}</total>"


def _reform_group(invoice: Invoice, total: Decimal) -> str:
    s = reform_totals(invoice.items)
    if adds_reform_taxes(invoice.issued_at.date()):
        total += s["ibs_uf"] + s["ibs_mun"] + s["cbs"]
    return (
        f"<IBSCBSTot><vBCIBSCBS>{_money(s['base'])}</vBCIBSCBS>"
        f"<gIBS><gIBSUF><vDif>{_money(s['dif_ibs_uf'])}</vDif><vDevTrib>0.00</vDevTrib><vIBSUF>{_money(s['ibs_uf'])}</vIBSUF></gIBSUF>"
        f"<gIBSMun><vDif>{_money(s['dif_ibs_mun'])}</vDif><vDevTrib>0.00</vDevTrib><vIBSMun>{_money(s['ibs_mun'])}</vIBSMun></gIBSMun>"
        f"<vIBS>{_money(s['ibs_uf'] + s['ibs_mun'])}</vIBS><vCredPres>0.00</vCredPres><vCredPresCondSus>0.00</vCredPresCondSus></gIBS>"
        f"<gCBS><vDif>{_money(s['dif_cbs'])}</vDif><vDevTrib>0.00</vDevTrib><vCBS>{_money(s['cbs'])}</vCBS>"
        f"<vCredPres>0.00</vCredPres><vCredPresCondSus>0.00</vCredPresCondSus></gCBS></IBSCBSTot><vNFTot>{_money(total)}</vNFTot>"
    )
