"""The totals of a note as exact sums of its items (section "Totals" of the fiscal page), and the group `total` made of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal

from adapters.sefaz.imposto import ADDED_TO_TOTAL, SHOWN, STATE_TAXES, deferred, has_reform_values
from hub.canon.invoice import Invoice, InvoiceItem

ZERO = Decimal(0)
# field of ICMSTot, in the order of the schema -> (tax, attribute of its line); None: not produced by this writer, written as zero
ICMS_TOTAL: tuple[tuple[str, tuple[str, str] | None], ...] = (
    ("vBC", ("icms", "base")),
    ("vICMS", ("icms", "value")),
    ("vICMSDeson", None),
    ("vFCPUFDest", ("fcp_uf_dest", "value")),
    ("vICMSUFDest", ("icms_uf_dest", "value")),
    ("vICMSUFRemet", None),
    ("vFCP", ("fcp", "value")),
    ("vBCST", ("icms_st", "base")),
    ("vST", ("icms_st", "value")),
    ("vFCPST", ("fcp_st", "value")),
    ("vFCPSTRet", None),
)
GOODS: tuple[tuple[str, str], ...] = (
    ("vProd", "total"),
    ("vFrete", "freight"),
    ("vSeg", "insurance"),
    ("vDesc", "discount"),
)
FEDERAL: tuple[tuple[str, tuple[str, str] | None], ...] = (
    ("vII", None),
    ("vIPI", ("ipi", "value")),
    ("vIPIDevol", None),
    ("vPIS", ("pis", "value")),
    ("vCOFINS", ("cofins", "value")),
)


def item_total(item: InvoiceItem) -> Decimal:
    """`vItem` in 2026: the item's share of vNF; IBS and CBS add nothing."""
    added = sum((line.value for line in item.taxes if line.tax in {"ipi", "icms_st", "fcp_st"}), ZERO)
    return item.total - item.discount + item.freight + item.insurance + item.other + added


def invoice_total(invoice: Invoice) -> Decimal:
    """`vNF` of the note."""
    return sum((item_total(item) for item in invoice.items), ZERO)


def adds_reform_taxes(emitted: date) -> bool:
    """Whether IBS and CBS enter vNFTot on that date."""
    return next(added for since, added in ADDED_TO_TOTAL if emitted >= since)


def icms_totals(items: Sequence[InvoiceItem]) -> dict[str, Decimal]:
    """The fields of ICMSTot by their tag, in order."""
    sums: dict[str, Decimal] = {}
    for tag, source in ICMS_TOTAL:
        sums[tag] = _sum(items, source)
    for tag, attribute in GOODS:
        sums[tag] = sum((getattr(item, attribute) for item in items), ZERO)
    for tag, source in FEDERAL:
        sums[tag] = _sum(items, source)
    sums["vOutro"] = sum((item.other for item in items), ZERO)
    sums["vNF"] = sum((item_total(item) for item in items), ZERO)
    return sums


def _sum(items: Sequence[InvoiceItem], source: tuple[str, str] | None) -> Decimal:
    if source is None:
        return ZERO
    tax, attribute = source
    return sum(
        (getattr(line, attribute) for item in items for line in item.taxes if line.tax == tax and _shown(item, tax)),
        ZERO,
    )


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
                sums[f"dif_{line.tax}"] += deferred(line)
                sums["base"] += line.base if line.tax == "ibs_uf" else ZERO
    return sums


def total_group(invoice: Invoice) -> str:
    """`<total>`; IBSCBSTot and vNFTot only where an item has values of the reform (1118)."""
    sums = icms_totals(invoice.items)
    difal = any(line.tax == "icms_uf_dest" for item in invoice.items for line in item.taxes)
    optional = () if difal else ("vFCPUFDest", "vICMSUFDest", "vICMSUFRemet")
    body = "".join(f"<{tag}>{value:.2f}</{tag}>" for tag, value in sums.items() if tag not in optional)
    reform = ""
    if invoice.reform_groups and any(has_reform_values(item) for item in invoice.items):
        reform = _reform_group(invoice, sums["vNF"])
    return f"<total><ICMSTot>{body}</ICMSTot>{reform}</total>"


def _reform_group(invoice: Invoice, total: Decimal) -> str:
    s = reform_totals(invoice.items)
    if adds_reform_taxes(invoice.issued_at.date()):
        total += s["ibs_uf"] + s["ibs_mun"] + s["cbs"]
    return (
        f"<IBSCBSTot><vBCIBSCBS>{s['base']:.2f}</vBCIBSCBS>"
        f"<gIBS><gIBSUF><vDif>{s['dif_ibs_uf']:.2f}</vDif><vDevTrib>0.00</vDevTrib><vIBSUF>{s['ibs_uf']:.2f}</vIBSUF></gIBSUF>"
        f"<gIBSMun><vDif>{s['dif_ibs_mun']:.2f}</vDif><vDevTrib>0.00</vDevTrib><vIBSMun>{s['ibs_mun']:.2f}</vIBSMun></gIBSMun>"
        f"<vIBS>{s['ibs_uf'] + s['ibs_mun']:.2f}</vIBS><vCredPres>0.00</vCredPres><vCredPresCondSus>0.00</vCredPresCondSus></gIBS>"
        f"<gCBS><vDif>{s['dif_cbs']:.2f}</vDif><vDevTrib>0.00</vDevTrib><vCBS>{s['cbs']:.2f}</vCBS>"
        f"<vCredPres>0.00</vCredPres><vCredPresCondSus>0.00</vCredPresCondSus></gCBS></IBSCBSTot><vNFTot>{total:.2f}</vNFTot>"
    )
