"""Events of a note and voided numbers: written canonical, signed, planned as calls. Bodies of the reform and of the goods: beside."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from adapters.sefaz.calls import event_call, query_call, void_call
from adapters.sefaz.clocks import local
from adapters.sefaz.company import Company, company, identity
from adapters.sefaz.judge import NOT_RECEIVED
from adapters.sefaz.note import invoice_of, may_sign, valid
from adapters.sefaz.reform_events import REFORM
from adapters.sefaz.sale_events import ABOUT_GOODS
from adapters.sefaz.sign import sign
from adapters.sefaz.texts import Scribe
from adapters.sefaz.totals import icms_totals
from adapters.sefaz.xsd import BY_EVENT
from hub.canon.commands import RegisterInvoiceEvent, VoidNumbers
from hub.canon.ports import Account, Call, NeverTry
from hub.canon.taxids import event_id, key_valid, void_id
from hub.canon.taxids.ufs import UF_CODES

NFE = "http://www.portalfiscal.inf.br/nfe"
NATIONAL_ORGAN = "91"  # cOrgao of the national environment
REASON = (15, 255)
CORRECTION = (15, 1000)
# The one wording (of the two that the schema allows) without accents.
CORRECTION_TERMS = (
    "A Carta de Correcao e disciplinada pelo paragrafo 1o-A do art. 7o do Convenio S/N, de 15 de dezembro de 1970 e pode "
    "ser utilizada para regularizacao de erro ocorrido na emissao de documento fiscal, desde que o erro nao esteja "
    "relacionado com: I - as variaveis que determinam o valor do imposto tais como: base de calculo, aliquota, diferenca "
    "de preco, quantidade, valor da operacao ou da prestacao; II - a correcao de dados cadastrais que implique mudanca do "
    "remetente ou do destinatario; III - a data de emissao ou de saida."
)

Body = Callable[[RegisterInvoiceEvent, Company, Scribe], str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """`code` is tpEvento, `name` descEvento; `national`: it goes to the national environment; `most`: highest sequence."""

    code: str
    name: str
    body: Body
    national: bool = False
    most: int = 1


def _cancel(command: RegisterInvoiceEvent, ours: Company, s: Scribe) -> str:
    if not (command.protocol or "").isdigit():
        s.fault("protocol", "MISSING", "the protocol of the authorization")
    least, most = REASON
    return f"<nProt>{command.protocol}</nProt><xJust>{s.text('text', command.text, most, least=least)}</xJust>"


def _correct(command: RegisterInvoiceEvent, ours: Company, s: Scribe) -> str:
    least, most = CORRECTION
    text = s.text("text", command.text, most, least=least)
    return f"<xCorrecao>{text}</xCorrecao><xCondUso>{CORRECTION_TERMS}</xCondUso>"


def _epec(command: RegisterInvoiceEvent, ours: Company, s: Scribe) -> str:
    """The summary of a note that will be sent later."""
    if command.invoice is None:
        s.fault("invoice", "MISSING", "EPEC summarizes an invoice")
        return ""
    invoice = invoice_of(command.invoice)
    buyer, totals = invoice.buyer, icms_totals(invoice.items)
    if buyer is None:
        s.fault("invoice.buyer", "MISSING", "EPEC names the buyer")
        return ""
    tax_id = buyer.tax_id or ""
    who = f"<CPF>{tax_id}</CPF>" if len(tax_id) == 11 else f"<CNPJ>{tax_id}</CNPJ>"
    registration = f"<IE>{buyer.state_registration}</IE>" if buyer.taxpayer else ""
    return (
        f"<cOrgaoAutor>{UF_CODES[invoice.issuer.region]}</cOrgaoAutor><tpAutor>1</tpAutor>"
        f"<verAplic>{s.text('software', ours.profile.software, 20)}</verAplic>"
        f"<dhEmi>{invoice.issued_at.isoformat(timespec='seconds')}</dhEmi><tpNF>{int(invoice.outgoing)}</tpNF>"
        f"<IE>{invoice.issuer.state_registration}</IE><dest><UF>{buyer.region}</UF>{who}{registration}"
        f"<vNF>{totals['vNF']:.2f}</vNF><vICMS>{totals['vICMS']:.2f}</vICMS><vST>{totals['vST']:.2f}</vST></dest>"
    )


def _manifest(command: RegisterInvoiceEvent, ours: Company, s: Scribe) -> str:
    return ""


def _not_done(command: RegisterInvoiceEvent, ours: Company, s: Scribe) -> str:
    least, most = REASON
    return f"<xJust>{s.text('text', command.text, most, least=least)}</xJust>"


KINDS: Mapping[str, Kind] = {
    "CANCEL": Kind(code="110111", name="Cancelamento", body=_cancel),
    "CORRECT": Kind(code="110110", name="Carta de Correcao", body=_correct, most=20),
    "EPEC": Kind(code="110140", name="EPEC", body=_epec, national=True),
    "CONFIRMED": Kind(code="210200", name="Confirmacao da Operacao", body=_manifest, national=True),
    "AWARE": Kind(code="210210", name="Ciencia da Operacao", body=_manifest, national=True),
    "UNKNOWN_SALE": Kind(code="210220", name="Desconhecimento da Operacao", body=_manifest, national=True),
    "NOT_DONE": Kind(code="210240", name="Operacao nao Realizada", body=_not_done, national=True),
    **{kind: Kind(code=code, name=name, body=body, most=99) for kind, (code, name, body) in REFORM.items()},
    **{
        kind: Kind(code=code, name=name, body=body, national=national, most=most)
        for kind, (code, name, body, national, most) in ABOUT_GOODS.items()
    },
}
CANCELS = frozenset({"CANCEL", "SUBSTITUTED"})  # their note is CANCELLED when they are registered


def prepare_event(command: RegisterInvoiceEvent, account: Account) -> tuple[str, bytes]:
    """(Id, signed `<evento>`). Store the bytes before the first send. `NeverTry` names everything that is wrong."""
    ours, key, s = company(account), identity(account), Scribe()
    kind = KINDS.get(command.kind)
    if kind is None:
        raise NeverTry(f"no event is called {command.kind}")
    if not key_valid(command.access_key):
        s.fault("access_key", "MALFORMED", command.access_key)
    if not 1 <= command.sequence <= kind.most:
        s.fault("sequence", "594", f"1 to {kind.most}")
    body = kind.body(command, ours, s)
    if s.faults:
        raise NeverTry("the event is incomplete", faults=tuple(s.faults))
    may_sign(key, command.author, account.now or command.at)
    name = event_id(kind.code, command.access_key, command.sequence)
    author = f"<CPF>{command.author}</CPF>" if len(command.author) == 11 else f"<CNPJ>{command.author}</CNPJ>"
    organ = NATIONAL_ORGAN if kind.national else command.access_key[:2]
    xml = (
        f'<evento xmlns="{NFE}" versao="1.00"><infEvento Id="{name}"><cOrgao>{organ}</cOrgao><tpAmb>{ours.environment}</tpAmb>'
        f"{author}<chNFe>{command.access_key}</chNFe><dhEvento>{local(command.at, ours.uf).isoformat()}</dhEvento>"
        f"<tpEvento>{kind.code}</tpEvento><nSeqEvento>{command.sequence}</nSeqEvento><verEvento>1.00</verEvento>"
        f'<detEvento versao="1.00"><descEvento>{kind.name}</descEvento>{body}</detEvento></infEvento></evento>'
    )
    return name, valid(sign(xml.encode(), key.key, "infEvento"), kind.code, known=kind.code in BY_EVENT)


def prepare_void(command: VoidNumbers, account: Account) -> tuple[str, bytes]:
    """(Id, signed `<inutNFe>`)."""
    ours, key, s = company(account), identity(account), Scribe()
    least, most = REASON
    reason = s.text("reason", command.reason, most, least=least)
    if not 1 <= command.first <= command.last <= 999_999_999:
        s.fault("first", "BAD_NUMBER", f"{command.first} to {command.last}")
    if s.faults:
        raise NeverTry("the request is incomplete", faults=tuple(s.faults))
    if account.now is not None:
        may_sign(key, command.issuer, account.now)
    name = void_id(
        uf=ours.uf,
        year=command.year,
        issuer=command.issuer,
        model=command.model,
        series=command.series,
        first=command.first,
        last=command.last,
    )
    xml = (
        f'<inutNFe xmlns="{NFE}" versao="4.00"><infInut Id="{name}"><tpAmb>{ours.environment}</tpAmb><xServ>INUTILIZAR</xServ>'
        f"<cUF>{UF_CODES[ours.uf]}</cUF><ano>{command.year % 100:02d}</ano><CNPJ>{command.issuer}</CNPJ><mod>{command.model}</mod>"
        f"<serie>{command.series}</serie><nNFIni>{command.first}</nNFIni><nNFFin>{command.last}</nNFFin><xJust>{reason}</xJust>"
        "</infInut></inutNFe>"
    )
    return name, valid(sign(xml.encode(), key.key, "infInut"))


# ------------------------------------------------------------------ plans
@dataclass(frozen=True, slots=True, kw_only=True)
class EventAsked:
    """One call for an event, with what its answer is judged by."""

    command: RegisterInvoiceEvent
    kind: Kind
    signed: bytes
    call: Call
    ours: Company


@dataclass(frozen=True, slots=True, kw_only=True)
class VoidAsked:
    command: VoidNumbers
    signed: bytes
    call: Call
    ours: Company


def _signed(command: Any, prepared: Callable[[Any, Account], tuple[str, bytes]], account: Account) -> bytes:
    return command.signed if command.signed is not None else prepared(command, account)[1]


def plan_event(command: RegisterInvoiceEvent, account: Account) -> list[Call]:
    """A query first when a send began earlier, unless the event goes to the national environment, which repeats harmlessly."""
    signed, kind = _signed(command, prepare_event, account), KINDS[command.kind]
    missing = account.references.get(NOT_RECEIVED) == name_of(command)
    if command.asked_before and not kind.national and not missing:
        return [query_call(command.access_key, company(account))]
    return [event_call(command.access_key, signed, national=kind.national)]


def name_of(command: RegisterInvoiceEvent) -> str:
    return event_id(KINDS[command.kind].code, command.access_key, command.sequence)


def plan_void(command: VoidNumbers, account: Account) -> list[Call]:
    ours, on = company(account), date(command.year, 12, 31)
    return [void_call(_signed(command, prepare_void, account), ours.uf, str(command.model), on)]


def event_asked(command: RegisterInvoiceEvent, call: Call, account: Account) -> EventAsked:
    signed = _signed(command, prepare_event, account)
    return EventAsked(command=command, kind=KINDS[command.kind], signed=signed, call=call, ours=company(account))


def void_asked(command: VoidNumbers, call: Call, account: Account) -> VoidAsked:
    signed = _signed(command, prepare_void, account)
    return VoidAsked(command=command, signed=signed, call=call, ours=company(account))
