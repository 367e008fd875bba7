"""What a note owes by collection guide, and the guide itself by the rules of its UF. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from hub.canon.guide import GnreGuide, GuideItem, GuideParty, GuideRules
from hub.canon.invoice import Invoice, InvoiceParty
from hub.canon.invoice_json import invoice_from_json
from hub.fiscal.tables import FiscalTables

Row = Mapping[str, Any]  # of the tables `gnre_guides` and `fiscal_documents`
ZERO = Decimal(0)
KEY_OF_NOTE = "22"  # documentoOrigem@tipo
OF_KEY = "chave"  # an extra field whose title says this asks for the note's access key
SHARES: Mapping[str, tuple[str, str]] = {"difal": ("icms_uf_dest", "fcp_uf_dest"), "st": ("icms_st", "fcp_st")}


@dataclass(frozen=True, slots=True, kw_only=True)
class GuideProfile:
    """How an issuer pays: its connection to the portal, the UFs in which it is registered (no guide), those that stop unpaid cargo,
    and what single UFs want beside the ordinary, by `UF:revenue`.
    """

    connection_id: UUID
    registrations: frozenset[str] = frozenset()
    before_dispatch: frozenset[str] = frozenset()
    payment_days: int = 0
    details: Mapping[str, str] | None = None
    products: Mapping[str, str] | None = None
    extras: Mapping[str, Mapping[str, str]] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """What one note owes one UF under one revenue."""

    document_id: UUID
    order_id: UUID | None
    fulfillment_id: UUID | None
    environment: int
    region: str
    revenue: str
    principal: Decimal
    fcp: Decimal
    issued_on: date


def dues(row: Row, tables: FiscalTables, registered: frozenset[str]) -> list[Due]:
    """What the taxes of one note owe to a UF other than the issuer's, where the issuer has no registration."""
    note: Invoice = invoice_from_json(row["invoice"])
    region = (note.delivery or note.buyer or note.issuer).region  # where the goods enter (LC 87/1996 art. 11 §7)
    if not note.outgoing or region == note.issuer.region or region in registered:
        return []
    sums: dict[str, Decimal] = {}
    for line in (line for item in note.items for line in item.taxes):
        sums[line.tax] = sums.get(line.tax, ZERO) + line.value
    found = []
    for tax_kind, (tax, fund_tax) in SHARES.items():
        kind, principal, fcp = tax_kind, sums.get(tax, ZERO), sums.get(fund_tax, ZERO)
        if principal == 0:  # the fund alone has a revenue of its own
            kind, principal, fcp = "fcp", fcp, ZERO
        if principal > 0:
            revenue = tables["gnre_revenues"].find(note.issued_at.date(), tax=kind).text("revenue")
            found.append(
                Due(
                    document_id=row["fiscal_document_id"],
                    order_id=row["order_id"],
                    fulfillment_id=row["fulfillment_id"],
                    environment=row["environment"],
                    region=region,
                    revenue=revenue,
                    principal=principal,
                    fcp=fcp,
                    issued_on=note.issued_at.date(),
                )
            )
    return found


def fund(row: Row, amount: Decimal, note: Row, tables: FiscalTables) -> Due:
    """The poverty fund where the UF has a revenue of its own for it."""
    issued_on = invoice_from_json(note["invoice"]).issued_at.date()  # by the issuer's clock, as the note says it
    return Due(
        document_id=row["fiscal_document_id"],
        order_id=row["order_id"],
        fulfillment_id=row["fulfillment_id"],
        environment=row["environment"],
        region=row["region"],
        revenue=tables["gnre_revenues"].find(issued_on, tax="fcp").text("revenue"),
        principal=amount,
        fcp=ZERO,
        issued_on=issued_on,
    )


def guide_of(row: Row, note: Row, rules: GuideRules, profile: GuideProfile) -> tuple[GnreGuide, Decimal]:
    """(the guide, what of the poverty fund needs a guide of its own)."""
    invoice: Invoice = invoice_from_json(note["invoice"])
    apart = row["fcp"] if rules.fcp == "N" else ZERO
    place = f"{row['region']}:{row['revenue']}"
    kind, document = _origin(rules, note)
    item = GuideItem(
        revenue=row["revenue"],
        principal=row["principal"],
        fcp=row["fcp"] - apart,
        detail=(profile.details or {}).get(place),
        product=(profile.products or {}).get(place),
        document_type=kind,
        document=document,
        month=invoice.issued_at.date(),
        period=rules.periods[0] if rules.periods else None,
        due=row["pay_by"],
        recipient=_party(invoice.buyer) if invoice.buyer else None,
        extras=_extras(rules, note, (profile.extras or {}).get(place, {})),
    )
    guide = GnreGuide(
        identifier=row["identifier"],
        region=row["region"],
        environment=row["environment"],
        issuer=_party(invoice.issuer),
        items=(item,),
        pay_by=row["pay_by"],
    )
    return guide, apart


def _origin(rules: GuideRules, note: Row) -> tuple[str | None, str | None]:
    """The key where the UF takes it (a key with letters has no room in the schema), else the number."""
    key = note["access_key"] or ""
    if KEY_OF_NOTE in rules.document_types and key.isdigit():
        return KEY_OF_NOTE, key
    numbered = [t for t in rules.document_types if t != KEY_OF_NOTE]
    return (numbered[0] if numbered else "10"), str(note["number"])


def _extras(rules: GuideRules, note: Row, given: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    found = dict(given)
    for each in rules.fields:
        if each.code not in found and OF_KEY in each.title.casefold() and note["access_key"]:
            found[each.code] = note["access_key"]
    return tuple((code, value) for code, value in sorted(found.items()) if code in {f.code for f in rules.fields})


def _party(party: InvoiceParty) -> GuideParty:
    return GuideParty(
        name=party.name,
        tax_id=party.tax_id,
        address=", ".join(x for x in (party.street, party.number, party.complement) if x),
        municipality_code=party.municipality_code,
        region=party.region,
        postal_code=party.postal_code,
        phone=party.phone,
    )
