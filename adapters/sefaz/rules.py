"""What the authorities' contract does not say but their servers enforce: classes of cStat as data, and checks before a note is sent."""

from __future__ import annotations

from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from enum import StrEnum
from functools import cache

from adapters.sefaz.tables import table
from adapters.sefaz.totals import invoice_total
from hub.canon.invoice import Invoice
from hub.canon.taxids import cnpj_valid, cpf_valid, gtin_valid, municipality_valid, registration_valid
from hub.canon.taxids.ufs import UF_CODES

CENT = Decimal("0.01")
SIMPLES_CODES = frozenset({1, 4})  # CRT whose items have a CSOSN; 2, above the sublimit, has a CST like 3
CSOSN = 3  # characters


class StatusClass(StrEnum):
    """What a cStat asks us to do (fiscal page, section 6.1)."""

    AUTHORIZED = "authorized"
    DONE = "done"
    PROCESSING = "processing"
    STOPPED = "stopped"
    PACING = "pacing"
    NOT_THERE = "not_there"
    DUPLICATE = "duplicate"
    DENIED = "denied"
    CONTINGENCY = "contingency"
    CERTIFICATE = "certificate"
    LATE = "late"
    REJECT = "reject"


CANCELLED_CODES = frozenset({"101", "151", "155"})  # a query says that the note was cancelled


@cache
def status_class(code: str, on: date) -> StatusClass:
    """The class of a cStat on that day; a code without a row is a rejection."""
    row = table("cstat").get(on, code=code)
    return StatusClass(row.text("class")) if row else StatusClass.REJECT


# ------------------------------------------------------------------ before sending
# field, official code, what it says
Fault = dict[str, str]


def faults_of(invoice: Invoice) -> list[Fault]:
    """Frequent rejections that can be seen without the authority. `code` is the cStat that it would answer."""
    return [*_party_faults(invoice), *_item_faults(invoice), *_whole_faults(invoice)]


def _fault(at: str, code: str, message: str) -> Fault:
    return {"at": at, "code": code, "message": message}


def _party_faults(invoice: Invoice) -> list[Fault]:
    issuer, buyer, found = invoice.issuer, invoice.buyer, []
    if not (cnpj_valid(issuer.tax_id or "") or cpf_valid(issuer.tax_id or "")):
        found.append(_fault("issuer.tax_id", "207", "the check digit is wrong"))
    if issuer.region in UF_CODES and not registration_valid(issuer.region, issuer.state_registration or ""):
        found.append(_fault("issuer.state_registration", "209", "the check digit is wrong"))
    if not _in_region(issuer.municipality_code, issuer.region):
        found.append(_fault("issuer.municipality_code", "270", "no municipality of that UF"))
    if buyer is None:
        return found
    tax_id = buyer.tax_id or ""
    if len(tax_id) == 11 and not cpf_valid(tax_id):
        found.append(_fault("buyer.tax_id", "237", "the check digit is wrong"))
    if len(tax_id) == 14 and not cnpj_valid(tax_id):
        found.append(_fault("buyer.tax_id", "208", "the check digit is wrong"))
    if (
        buyer.taxpayer
        and buyer.region in UF_CODES
        and not registration_valid(buyer.region, buyer.state_registration or "")
    ):
        found.append(_fault("buyer.state_registration", "210", "the check digit is wrong"))
    placed = invoice.model == 55 or buyer.street  # who buys at a till may say where he lives
    if placed and not _in_region(buyer.municipality_code, buyer.region):
        found.append(_fault("buyer.municipality_code", "274", "no municipality of that UF"))
    return found


def _in_region(municipality: str, region: str) -> bool:
    return municipality_valid(municipality) and municipality[:2] == UF_CODES.get(region)


def _item_faults(invoice: Invoice) -> list[Fault]:
    found, simples = [], invoice.issuer.tax_regime in SIMPLES_CODES
    for n, item in enumerate(invoice.items):
        at = f"items[{n}]"
        if abs((item.quantity * item.unit_price).quantize(CENT, ROUND_HALF_UP) - item.total) > CENT:
            found.append(_fault(f"{at}.total", "629", "not quantity times unit price"))
        if simples != (len(item.icms_cst) == CSOSN):
            code, told = ("590", "a CST") if simples else ("591", "a CSOSN")
            found.append(_fault(f"{at}.icms_cst", code, f"{told} with CRT {invoice.issuer.tax_regime}"))
        if item.gtin and not gtin_valid(item.gtin):
            found.append(_fault(f"{at}.gtin", "611", "the check digit is wrong"))
        first = {1: "5", 2: "6", 3: "7"} if invoice.outgoing else {1: "1", 2: "2", 3: "3"}
        if item.cfop[:1] != first.get(invoice.destination):
            code = "733" if invoice.destination == 1 else "732"
            found.append(_fault(f"{at}.cfop", code, "it contradicts the destination of the goods"))
    return found


def _whole_faults(invoice: Invoice) -> list[Fault]:
    found = []
    if [item.number for item in invoice.items] != list(range(1, len(invoice.items) + 1)):
        found.append(_fault("items", "927", "items are not numbered 1, 2, 3"))
    if not 1 <= len(invoice.items) <= 990:
        found.append(_fault("items", "225", "a note has 1 to 990 items"))
    if not 0 <= invoice.series <= 889 and len(invoice.issuer.tax_id or "") == 14:
        found.append(_fault("series", "266", "series of a company are 0 to 889"))
    total, paid = invoice_total(invoice), sum((payment.amount for payment in invoice.payments), Decimal(0))
    if paid != total and all(payment.medium != "90" for payment in invoice.payments):
        code = "767" if paid < total else "869"
        found.append(_fault("payments", code, f"payments are {paid}, the note is {total}"))
    if invoice.purpose == 4 and not invoice.referenced_keys:
        found.append(_fault("referenced_keys", "321", "a return names the note that it returns"))
    if invoice.purpose in {3, 4} and any(payment.medium != "90" for payment in invoice.payments):
        found.append(_fault("payments", "871", "returns and adjustments have no payment"))
    if invoice.reform_groups and invoice.issuer.tax_regime == 3 and any(not item.ibs_cbs_cst for item in invoice.items):
        found.append(_fault("items", "1115", "the groups of IBS and CBS are missing"))
    return found
