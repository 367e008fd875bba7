"""A canonical guide as TLote_GNRE 2.00, and the questions to the portal's other services. Collects every fault by the UF's rules, then fails once."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from decimal import Decimal
from html import escape
from typing import Any

from adapters.gnre.soap import GNRE
from hub.canon.guide import GnreGuide, GuideItem, GuideParty, GuideRules
from hub.canon.ports import NeverTry

SINGLE, SEVERAL_REVENUES = "0", "2"  # tipoGnre
_ORIGIN = re.compile(
    r"[0-9]{1,44}|[0-9]{2}BR[0-9]{11}"
)  # TDocOrigem takes no letters: not the key of a CNPJ with letters
_UNSEEN = re.compile(r"[^\u0020-\u00ff]|[\u007f-\u009f]")
KEY_OF_NOTE, NUMBER_OF_NOTE = "22", "10"  # documentoOrigem@tipo

Fault = dict[str, str]


def batch(guide: GnreGuide, rules: GuideRules) -> bytes:
    """A batch of one guide. `NeverTry` names each value that the UF wants and that is missing, by the title of its field."""
    faults = missing(guide, rules)
    if faults:
        raise NeverTry("the guide lacks what the UF asks for", faults=tuple(faults))
    kind = SINGLE if len(guide.items) == 1 else SEVERAL_REVENUES
    body = "".join(
        (
            _tag("ufFavorecida", guide.region),
            _tag("tipoGnre", kind),
            _issuer(guide.issuer),
            "<itensGNRE>",
            *(_item(each, rules) for each in guide.items),
            "</itensGNRE>",
            _tag("valorGNRE", _money(guide.total)),
            _tag("dataPagamento", guide.pay_by.isoformat() if rules.pay_by else None),
            _tag("identificadorGuia", guide.identifier),
        )
    )
    return (
        f'<TLote_GNRE xmlns="{GNRE}" versao="2.00"><guias><TDadosGNRE versao="2.00">{body}</TDadosGNRE></guias></TLote_GNRE>'
    ).encode()


def question(guide: GnreGuide) -> bytes:
    """Whether the portal knows a guide of this issuer for the document: TLote_ConsultaGNRE, one question."""
    item = guide.items[0]
    origin = f'<docOrigem tipo="{item.document_type}">{item.document}</docOrigem>'
    return (
        f'<TLote_ConsultaGNRE xmlns="{GNRE}" versao="2.00"><consulta>{_tag("uf", guide.region)}'
        f"<emitenteId>{_identity(guide.issuer)}</emitenteId>{origin}{_tag('idConsulta', guide.identifier)}"
        "<tipoConsulta>D</tipoConsulta></consulta></TLote_ConsultaGNRE>"
    ).encode()


def result_question(receipt: str, environment: str, *, sheet: bool = False) -> bytes:
    """`sheet`: with the guides as PDF."""
    asked = f"{_tag('ambiente', environment)}{_tag('numeroRecibo', receipt)}{_tag('incluirPDFGuias', 'S' if sheet else None)}"
    return f'<TConsLote_GNRE xmlns="{GNRE}">{asked}</TConsLote_GNRE>'.encode()


def rules_question(region: str, revenue: str, environment: str) -> bytes:
    return (
        f'<TConsultaConfigUf xmlns="{GNRE}">{_tag("ambiente", environment)}{_tag("uf", region)}{_tag("receita", revenue)}'
        "</TConsultaConfigUf>"
    ).encode()


# ------------------------------------------------------------------ what is missing
def missing(guide: GnreGuide, rules: GuideRules) -> list[Fault]:
    """Each wish of the UF that the guide does not meet."""
    faults: list[Fault] = []
    if not rules.offered:
        faults.append(_fault("revenue", "NOT_OFFERED", f"{guide.region} issues no guide for {rules.revenue} here"))
    if not (guide.issuer.tax_id or guide.issuer.state_registration):
        faults.append(_fault("issuer.tax_id", "MISSING", "the issuer's identification"))
    if not re.fullmatch(r"[0-9]{1,10}", guide.identifier):
        faults.append(_fault("identifier", "MALFORMED", "one to ten digits"))
    for place, item in enumerate(guide.items):
        faults += [_fault(f"items[{place}].{at}", code, title) for at, code, title in _item_faults(item, rules)]
    return faults


def _fault(at: str, code: str, message: str) -> Fault:
    return {"at": at, "code": code, "message": message}


_WISHES: tuple[tuple[str, str, Callable[[GuideRules], bool], Callable[[GuideItem], Any]], ...] = (
    ("detail", "the detail of the revenue", lambda r: r.detail, lambda i: i.detail),
    ("product", "the product", lambda r: r.product, lambda i: i.product),
    ("document", "the document of origin", lambda r: r.document, lambda i: i.document and i.document_type),
    ("month", "month and year of reference", lambda r: r.reference, lambda i: i.month),
    ("due", "the due date", lambda r: r.due, lambda i: i.due),
    ("recipient", "the recipient", lambda r: r.recipient, lambda i: i.recipient and i.recipient.tax_id),
    ("agreement", "the agreement", lambda r: r.agreement == "O", lambda i: i.agreement),
)
_CHOICES: tuple[tuple[str, Callable[[GuideRules], Sequence[str]], Callable[[GuideItem], str | None]], ...] = (
    ("detail", lambda r: r.details, lambda i: i.detail),
    ("product", lambda r: r.products, lambda i: i.product),
    ("document_type", lambda r: r.document_types, lambda i: i.document_type),
    ("period", lambda r: r.periods, lambda i: i.period),
)


def _item_faults(item: GuideItem, rules: GuideRules) -> list[tuple[str, str, str]]:
    found = [(at, "MISSING", title) for at, title, wanted, given in _WISHES if wanted(rules) and not given(item)]
    for at, choices, given in _CHOICES:
        value, allowed = given(item), choices(rules)
        if value is not None and allowed and value not in allowed:
            found.append((at, "NOT_ALLOWED", f"{value}: one of {', '.join(allowed)}"))
    if item.document is not None and not _ORIGIN.fullmatch(item.document):
        found.append(("document", "MALFORMED", "digits only"))
    if rules.fcp == "N" and item.fcp:
        found.append(("fcp", "NOT_ALLOWED", "the poverty fund has a guide of its own here"))
    given_codes = {code for code, _ in item.extras}
    found += [("extras", "MISSING", f.title) for f in rules.fields if f.required and f.code not in given_codes]
    if len(item.extras) > 3:
        found.append(("extras", "TOO_MANY", "at most three extra fields"))
    if item.principal < 0 or item.fcp < 0 or item.principal + item.fcp == 0:
        found.append(("principal", "BAD_NUMBER", "an amount above zero"))
    return found


# ------------------------------------------------------------------ elements
def _item(item: GuideItem, rules: GuideRules) -> str:
    origin = ""
    if rules.document and item.document is not None:
        origin = f'<documentoOrigem tipo="{item.document_type}">{item.document}</documentoOrigem>'
    return "".join(
        (
            "<item>",
            _tag("receita", item.revenue),
            _tag("detalhamentoReceita", item.detail if rules.detail else None),
            origin,
            _tag("produto", item.product if rules.product else None),
            _reference(item, rules),
            _tag("dataVencimento", item.due.isoformat() if item.due and rules.due else None),
            *_values(item, rules),
            _tag("convenio", _text(item.agreement, 30) if rules.agreement != "N" else None),
            _recipient(item.recipient) if rules.recipient and item.recipient else "",
            _extras(item.extras),
            "</item>",
        )
    )


def _reference(item: GuideItem, rules: GuideRules) -> str:
    if not rules.reference or item.month is None:
        return ""
    period = _tag("periodo", item.period)
    return f"<referencia>{period}{_tag('mes', f'{item.month:%m}')}{_tag('ano', f'{item.month:%Y}')}</referencia>"


def _values(item: GuideItem, rules: GuideRules) -> list[str]:
    """valorExigido: principal, total, both, or nothing because the UF computes it."""
    kinds = {"P": "1", "PO": "1", "T": "2", "TO": "2", "A": "12", "AO": "12", "N": ""}[rules.value]
    amounts = [
        (f"{kind}{which}", amount) for kind in kinds for which, amount in (("1", item.principal), ("2", item.fcp))
    ]
    return [f'<valor tipo="{kind}">{_money(amount)}</valor>' for kind, amount in amounts if amount]


def _issuer(party: GuideParty) -> str:
    municipality = (party.municipality_code or "")[-5:]
    return "".join(
        (
            "<contribuinteEmitente><identificacao>",
            _identity(party),
            "</identificacao>",
            _tag("razaoSocial", _text(party.name, 60)),
            _tag("endereco", _text(party.address, 60)),
            _tag("municipio", municipality or None),
            _tag("uf", party.region),
            _tag("cep", _digits(party.postal_code, 8)),
            _tag("telefone", _digits(party.phone, 6)),
            "</contribuinteEmitente>",
        )
    )


def _recipient(party: GuideParty) -> str:
    municipality = (party.municipality_code or "")[-5:]
    return (
        f"<contribuinteDestinatario><identificacao>{_identity(party)}</identificacao>{_tag('razaoSocial', _text(party.name, 60))}"
        f"{_tag('municipio', municipality or None)}</contribuinteDestinatario>"
    )


def _identity(party: GuideParty) -> str:
    """A registration in the favored UF names its owner by itself; else CNPJ or CPF."""
    if party.state_registration:
        return _tag("IE", _digits(party.state_registration, 2))
    tax_id = re.sub(r"[./\- ]", "", party.tax_id or "")
    return _tag("CPF" if len(tax_id) == 11 else "CNPJ", tax_id)


def _extras(extras: Sequence[tuple[str, str]]) -> str:
    if not extras:
        return ""
    fields = "".join(f"<campoExtra>{_tag('codigo', c)}{_tag('valor', _text(v, 100))}</campoExtra>" for c, v in extras)
    return f"<camposExtras>{fields}</camposExtras>"


def _tag(name: str, value: str | None) -> str:
    return f"<{name}>{escape(value, quote=False)}</{name}>" if value else ""


def _text(value: str | None, most: int) -> str | None:
    """TString: U+0021-U+00FF with blanks inside; what cannot be written is dropped, what is too long is cut."""
    kept = " ".join(_UNSEEN.sub("", value or "").split())
    return kept[:most].rstrip() or None


def _digits(value: str | None, least: int) -> str | None:
    kept = re.sub(r"[^0-9]", "", value or "")
    return kept[:16] if len(kept) >= least else None


def _money(amount: Decimal) -> str:
    return f"{amount:.2f}"
