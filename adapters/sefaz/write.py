"""The canonical invoice as `<NFe>`: bytes that equal their own inclusive C14N 1.0, so that they can be digested as they are. No signature here."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import lru_cache

from adapters.sefaz.imposto import has_reform_values, imposto
from adapters.sefaz.texts import Scribe, TextChange
from adapters.sefaz.totals import item_total, total_group
from hub.canon.invoice import Invoice, InvoiceItem, InvoiceParty
from hub.canon.ports import NeverTry
from hub.canon.taxids import BadAccessKey, build_key, cest_valid, cfop_valid, ncm_valid
from hub.canon.taxids.ufs import UF_CODES

NFE = "http://www.portalfiscal.inf.br/nfe"
HOMOLOGATION = 2
HOMOLOGATION_BUYER = "NF-E EMITIDA EM AMBIENTE DE HOMOLOGACAO - SEM VALOR FISCAL"  # 598
HOMOLOGATION_TITLE = "NOTA FISCAL EMITIDA EM AMBIENTE DE HOMOLOGACAO - SEM VALOR FISCAL"  # 373, NFC-e
NO_GTIN = "SEM GTIN"
PRINT_FORM: Mapping[int, str] = {55: "1", 65: "4"}  # tpImp: portrait, NFC-e
CARD_MEDIA = frozenset({"03", "04"})  # tPag that must say how the card was read
DISTANT_SALES = frozenset({2, 3, 4, 9})  # indPres that must say whether an intermediary took part (434)
OFFSETS = frozenset(timedelta(hours=-h) for h in (2, 3, 4, 5))  # the clocks of Brazil
LONG_TITLE, LONG_NOTE, LONG_COMPLEMENT = 120, 5000, 60

_TAX_ID = re.compile(r"[0-9A-Z]{12}[0-9]{2}|[0-9]{11}")
_CNPJ = re.compile(r"[0-9A-Z]{12}[0-9]{2}")
_IE = re.compile(r"[0-9]{2,14}|P[0-9]{12}")
_MUNICIPALITY = re.compile(r"[0-9]{7}")
_CEP = re.compile(r"[0-9]{8}")
_GTIN = re.compile(r"[0-9]{8}|[0-9]{12,14}")
_MEDIUM = re.compile(r"[0-9]{2}")
_KEY = re.compile(r"[0-9]{6}[0-9A-Z]{12}[0-9]{26}")


@dataclass(frozen=True, slots=True, kw_only=True)
class TechnicalContact:
    """infRespTec: who answers for the software."""

    tax_id: str
    name: str
    email: str
    phone: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """What every note of an installation says besides the invoice. `readers`: tax ids that may download the XML (autXML)."""

    software: str = "order-hub 0.1"  # verProc
    contact: TechnicalContact | None = None
    readers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """An unsigned note. `changes`: texts that had to be altered."""

    key: str
    xml: bytes
    changes: tuple[TextChange, ...]


def write_invoice(invoice: Invoice, profile: Profile | None = None) -> Written:
    """`<NFe>` without supplement and signature. `NeverTry` names every missing or impossible field at once."""
    profile = profile or Profile()
    s = Scribe()
    key = access_key(invoice, s)
    groups = (
        _ide(invoice, key, profile, s),
        _emit(invoice.issuer, s),
        _dest(invoice, s),
        _delivery(invoice.delivery, s),
        "".join(f"<autXML>{_tax_id(reader, 'readers', s)}</autXML>" for reader in profile.readers),
        "".join(_det(invoice, n, item, s) for n, item in enumerate(invoice.items)),
        total_group(invoice),
        _transp(invoice, s),
        _pag(invoice, s),
        _intermediary(invoice, s),
        f"<infAdic><infCpl>{s.text('notes', invoice.notes, LONG_NOTE, cut=True)}</infCpl></infAdic>"
        if invoice.notes
        else "",
        _contact(profile.contact, s),
    )
    if s.faults:
        raise NeverTry("the invoice is incomplete or contradicts itself", faults=tuple(s.faults))
    body = "".join(groups)
    xml = f'<NFe xmlns="{NFE}"><infNFe Id="NFe{key}" versao="4.00">{body}</infNFe></NFe>'
    return Written(key=key, xml=xml.encode(), changes=tuple(s.changes))


def access_key(invoice: Invoice, s: Scribe) -> str:
    """`chNFe` of the invoice's own fields; an empty text and a fault where they make none."""
    try:
        return build_key(
            uf=invoice.issuer.region,
            year=invoice.issued_at.year,
            month=invoice.issued_at.month,
            issuer=invoice.issuer.tax_id or "",
            model=invoice.model,
            series=invoice.series,
            number=invoice.number,
            emission_type=invoice.emission_type,
            random_code=invoice.random_code,
        )
    except BadAccessKey as error:
        s.fault("number", error.code, error.sentence())
        return "0" * 44


def _ide(invoice: Invoice, key: str, profile: Profile, s: Scribe) -> str:
    if invoice.model not in PRINT_FORM:
        s.fault("model", "UNKNOWN_CODE", str(invoice.model))
    if invoice.issued_at.utcoffset() not in OFFSETS:
        s.fault("issued_at", "BAD_OFFSET", invoice.issued_at.isoformat())
    if invoice.destination == 3:
        s.fault("destination", "NOT_OFFERED", "export")
    municipality = s.pattern("issuer.municipality_code", invoice.issuer.municipality_code, _MUNICIPALITY)
    intermediary = ""
    if invoice.presence in DISTANT_SALES or invoice.intermediary:
        intermediary = f"<indIntermed>{int(invoice.intermediary)}</indIntermed>"
    referenced = "".join(
        f"<NFref><refNFe>{s.pattern('referenced_keys', each, _KEY)}</refNFe></NFref>"
        for each in invoice.referenced_keys
    )
    return (
        f"<ide><cUF>{UF_CODES.get(invoice.issuer.region, '')}</cUF><cNF>{invoice.random_code}</cNF>"
        f"<natOp>{s.text('operation', invoice.operation, 60)}</natOp><mod>{invoice.model}</mod><serie>{invoice.series}</serie>"
        f"<nNF>{invoice.number}</nNF><dhEmi>{invoice.issued_at.isoformat(timespec='seconds')}</dhEmi>"
        f"<tpNF>{int(invoice.outgoing)}</tpNF><idDest>{invoice.destination}</idDest><cMunFG>{municipality}</cMunFG>"
        f"<tpImp>{PRINT_FORM.get(invoice.model, '')}</tpImp><tpEmis>{invoice.emission_type}</tpEmis><cDV>{key[-1]}</cDV>"
        f"<tpAmb>{invoice.environment}</tpAmb><finNFe>{invoice.purpose}</finNFe><indFinal>{int(invoice.final_consumer)}</indFinal>"
        f"<indPres>{invoice.presence}</indPres>{intermediary}<procEmi>0</procEmi>"
        f"<verProc>{s.text('profile.software', profile.software, 20)}</verProc>{_contingency(invoice, s)}{referenced}</ide>"
    )


def _contingency(invoice: Invoice, s: Scribe) -> str:
    """`dhCont` and `xJust`: both when tpEmis is not 1 (normal), none else."""
    if invoice.emission_type == 1:
        return ""
    if invoice.contingency_at is None:
        s.fault("contingency_at", "MISSING", f"emission type {invoice.emission_type}")
        return ""
    reason = s.text("contingency_reason", invoice.contingency_reason, 256, least=15)
    return f"<dhCont>{invoice.contingency_at.isoformat(timespec='seconds')}</dhCont><xJust>{reason}</xJust>"


# ------------------------------------------------------------------ parties
def _tax_id(value: str | None, at: str, s: Scribe) -> str:
    text = s.pattern(at, value, _TAX_ID)
    return f"<CPF>{text}</CPF>" if len(text) == 11 else f"<CNPJ>{text}</CNPJ>"


def _emit(party: InvoiceParty, s: Scribe) -> str:
    text, faults, changes = _issuer(party)
    s.faults.extend(faults)
    s.changes.extend(changes)
    return text


@lru_cache(maxsize=512)
def _issuer(party: InvoiceParty) -> tuple[str, tuple[dict[str, str], ...], tuple[TextChange, ...]]:
    """`emit` with what is wrong with it: the same for every note of an establishment."""
    s = Scribe()
    trade = f"<xFant>{s.text('issuer.trade_name', party.trade_name, 60)}</xFant>" if party.trade_name else ""
    text = (
        f"<emit>{_tax_id(party.tax_id, 'issuer.tax_id', s)}<xNome>{s.text('issuer.name', party.name, 60, least=2)}</xNome>{trade}"
        f"<enderEmit>{_address(party, 'issuer', s)}</enderEmit>"
        f"<IE>{s.pattern('issuer.state_registration', party.state_registration, _IE)}</IE><CRT>{party.tax_regime}</CRT></emit>"
    )
    return text, tuple(s.faults), tuple(s.changes)


def _dest(invoice: Invoice, s: Scribe) -> str:
    """A buyer is obligatory on a note of model 55; an NFC-e may go without, and without an address."""
    party = invoice.buyer
    if party is None:
        if invoice.model == 55:
            s.fault("buyer", "MISSING", "a note of model 55 names its buyer")
        return ""
    name = HOMOLOGATION_BUYER if invoice.environment == HOMOLOGATION else s.text("buyer.name", party.name, 60, least=2)
    address = f"<enderDest>{_address(party, 'buyer', s)}</enderDest>" if party.street or invoice.model == 55 else ""
    if party.taxpayer:
        number = s.pattern("buyer.state_registration", party.state_registration, _IE)
        registration = f"<indIEDest>1</indIEDest><IE>{number}</IE>"
    else:
        exempt = party.state_registration is not None and party.state_registration.upper() == "ISENTO"
        registration = f"<indIEDest>{2 if exempt else 9}</indIEDest>"
    email = f"<email>{s.text('buyer.email', party.email, 60)}</email>" if party.email else ""
    return f"<dest>{_tax_id(party.tax_id, 'buyer.tax_id', s)}<xNome>{name}</xNome>{address}{registration}{email}</dest>"


def _delivery(party: InvoiceParty | None, s: Scribe) -> str:
    """`entrega`: only where the goods go elsewhere than to the buyer's address."""
    if party is None:
        return ""
    return (
        f"<entrega>{_tax_id(party.tax_id, 'delivery.tax_id', s)}<xNome>{s.text('delivery.name', party.name, 60, least=2)}</xNome>"
        f"{_address(party, 'delivery', s)}</entrega>"
    )


def _address(party: InvoiceParty, at: str, s: Scribe) -> str:
    complement = ""
    if party.complement:
        complement = f"<xCpl>{s.text(f'{at}.complement', party.complement, LONG_COMPLEMENT, cut=True)}</xCpl>"
    if party.country != "BR":
        s.fault(f"{at}.country", "NOT_OFFERED", party.country)
    if party.region not in UF_CODES:
        s.fault(f"{at}.region", "UNKNOWN_CODE" if party.region else "MISSING", party.region)
    return (
        f"<xLgr>{s.text(f'{at}.street', party.street, 60, least=2)}</xLgr><nro>{s.text(f'{at}.number', party.number, 60)}</nro>"
        f"{complement}<xBairro>{s.text(f'{at}.district', party.district, 60, least=2)}</xBairro>"
        f"<cMun>{s.pattern(f'{at}.municipality_code', party.municipality_code, _MUNICIPALITY)}</cMun>"
        f"<xMun>{s.text(f'{at}.city', party.city, 60, least=2)}</xMun><UF>{party.region}</UF>"
        f"<CEP>{s.pattern(f'{at}.postal_code', party.postal_code.replace('-', ''), _CEP)}</CEP>"
        f"<cPais>1058</cPais><xPais>Brasil</xPais>{_phone(party, at, s)}"
    )


def _phone(party: InvoiceParty, at: str, s: Scribe) -> str:
    """`fone` has 6 to 14 digits; one that has not is left out, with a record: it is no reason to hold goods."""
    digits = "".join(char for char in party.phone or "" if "0" <= char <= "9")
    if 6 <= len(digits) <= 14:
        return f"<fone>{digits}</fone>"
    if party.phone:
        s.changes.append(TextChange(at=f"{at}.phone", why="length", before=party.phone, after=""))
    return ""


# ------------------------------------------------------------------ items
def _det(invoice: Invoice, n: int, item: InvoiceItem, s: Scribe) -> str:
    at = f"items[{n}]"
    reform = invoice.reform_groups
    total = f"<vItem>{s.money(f'{at}.total', item_total(item))}</vItem>" if reform and has_reform_values(item) else ""
    return f'<det nItem="{item.number}">{_prod(invoice, n, item, s)}{imposto(item, s, at, reform=reform)}{total}</det>'


def _prod(invoice: Invoice, n: int, item: InvoiceItem, s: Scribe) -> str:
    at = f"items[{n}]"
    title = s.text(f"{at}.title", item.title, LONG_TITLE, cut=True)
    if invoice.environment == HOMOLOGATION and invoice.model == 65 and n == 0:
        title = HOMOLOGATION_TITLE
    gtin = s.pattern(f"{at}.gtin", item.gtin, _GTIN) if item.gtin else NO_GTIN
    for field, value, good in (("ncm", item.ncm, ncm_valid), ("cfop", item.cfop, cfop_valid)):
        if not good(value):
            s.fault(f"{at}.{field}", "MALFORMED" if value else "MISSING", value)
    if item.cest and not cest_valid(item.cest):
        s.fault(f"{at}.cest", "MALFORMED", item.cest)
    unit = s.text(f"{at}.unit", item.unit, 6)
    quantity = s.number(f"{at}.quantity", item.quantity, 4, 4)
    price = s.number(f"{at}.unit_price", item.unit_price, 2, 10)
    charges = "".join(
        f"<{tag}>{s.money(f'{at}.{field}', value)}</{tag}>"
        for tag, field, value in (
            ("vFrete", "freight", item.freight),
            ("vSeg", "insurance", item.insurance),
            ("vDesc", "discount", item.discount),
            ("vOutro", "other", item.other),
        )
        if value
    )
    order = f"<xPed>{s.text(f'{at}.order_reference', item.order_reference, 15)}</xPed>" if item.order_reference else ""
    if order and item.order_item and item.order_item.isdigit() and len(item.order_item) <= 6:
        order += f"<nItemPed>{item.order_item}</nItemPed>"
    return (
        f"<prod><cProd>{s.text(f'{at}.sku', item.sku, 60)}</cProd><cEAN>{gtin}</cEAN><xProd>{title}</xProd><NCM>{item.ncm}</NCM>"
        f"{f'<CEST>{item.cest}</CEST>' if item.cest else ''}<CFOP>{item.cfop}</CFOP><uCom>{unit}</uCom><qCom>{quantity}</qCom>"
        f"<vUnCom>{price}</vUnCom><vProd>{s.money(f'{at}.total', item.total)}</vProd><cEANTrib>{gtin}</cEANTrib>"
        f"<uTrib>{unit}</uTrib><qTrib>{quantity}</qTrib><vUnTrib>{price}</vUnTrib>{charges}<indTot>1</indTot>{order}</prod>"
    )


# ------------------------------------------------------------------ transport, payment, the rest
def _transp(invoice: Invoice, s: Scribe) -> str:
    if invoice.model == 65:
        return "<transp><modFrete>9</modFrete></transp>"
    carrier = ""
    if invoice.carrier_name:
        carrier = f"<transporta><xNome>{s.text('carrier_name', invoice.carrier_name, 60, least=2)}</xNome></transporta>"
    volumes = []
    for n, package in enumerate(invoice.packages):
        at = f"packages[{n}]"
        kind = f"<esp>{s.text(f'{at}.kind', package.kind, 60)}</esp>" if package.kind else ""
        weights = "".join(
            f"<{tag}>{s.number(f'{at}.{tag}', weight, 3, 3)}</{tag}>"
            for tag, weight in (("pesoL", package.net_weight_kg), ("pesoB", package.gross_weight_kg))
            if weight is not None
        )
        volumes.append(f"<vol><qVol>{package.quantity}</qVol>{kind}{weights}</vol>")
    return f"<transp><modFrete>{invoice.freight_mode}</modFrete>{carrier}{''.join(volumes)}</transp>"


def _pag(invoice: Invoice, s: Scribe) -> str:
    if not invoice.payments:
        s.fault("payments", "MISSING", "medium 90 says that there is none")
    details = []
    for n, payment in enumerate(invoice.payments):
        at = f"payments[{n}]"
        medium = s.pattern(f"{at}.medium", payment.medium, _MEDIUM)
        described = (
            f"<xPag>{s.text(f'{at}.description', payment.description, 60, least=2)}</xPag>" if medium == "99" else ""
        )
        card = "<card><tpIntegra>2</tpIntegra></card>" if medium in CARD_MEDIA else ""
        details.append(
            f"<detPag><tPag>{medium}</tPag>{described}<vPag>{s.money(f'{at}.amount', payment.amount)}</vPag>{card}</detPag>"
        )
    return f"<pag>{''.join(details)}</pag>"


def _intermediary(invoice: Invoice, s: Scribe) -> str:
    if not invoice.intermediary:
        return ""
    tax_id = s.pattern("intermediary_tax_id", invoice.intermediary_tax_id, _CNPJ)
    account = s.text("intermediary_account", invoice.intermediary_account, 60, least=2)
    return f"<infIntermed><CNPJ>{tax_id}</CNPJ><idCadIntTran>{account}</idCadIntTran></infIntermed>"


def _contact(contact: TechnicalContact | None, s: Scribe) -> str:
    if contact is None:
        return ""
    return (
        f"<infRespTec><CNPJ>{s.pattern('contact.tax_id', contact.tax_id, _CNPJ)}</CNPJ>"
        f"<xContato>{s.text('contact.name', contact.name, 60, least=2)}</xContato>"
        f"<email>{s.text('contact.email', contact.email, 60, least=6)}</email><fone>{contact.phone}</fone></infRespTec>"
    )
