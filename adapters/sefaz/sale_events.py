"""Events about the goods of a note: another note took its place, somebody may download it, they were delivered or not. Their `detEvento`
from plain details.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from adapters.sefaz.clocks import local
from adapters.sefaz.company import Company
from adapters.sefaz.texts import Scribe
from hub.canon.commands import RegisterInvoiceEvent
from hub.canon.taxids import cnpj_valid, cpf_valid, key_valid
from hub.canon.taxids.ufs import UF_CODES

Body = Callable[[RegisterInvoiceEvent, Company, Scribe], str]
REASON, OTHER_REASON = (15, 255), (25, 250)  # xJust, xJustMotivo
MOTIVES: Mapping[str, str] = {"NOT_FOUND": "1", "REFUSED": "2", "NO_ADDRESS": "3", "OTHER": "4"}  # tpMotivo
PROTOCOL = re.compile(r"[0-9]{15}")
HASH = re.compile(r"[A-Za-z0-9+/]{27}=")  # base64 of SHA-1
# Wording and accents are the schema's.
MAY_AUTHORIZE = (
    "O emitente ou destinatário da NF-e, declara que permite o transportador declarado no campo CNPJ/CPF deste evento a "
    "autorizar os transportadores subcontratados ou redespachados a terem acesso ao download da NF-e"
)


def _head(ours: Company, s: Scribe, *, author: bool = True) -> str:
    kind = "<tpAutor>1</tpAutor>" if author else ""
    software = s.text("software", ours.profile.software, 20)
    return f"<cOrgaoAutor>{UF_CODES[ours.uf]}</cOrgaoAutor>{kind}<verAplic>{software}</verAplic>"


def _details(command: RegisterInvoiceEvent) -> Mapping[str, Any]:
    return command.details or {}


def _moment(command: RegisterInvoiceEvent, ours: Company, s: Scribe) -> str:
    given = str(_details(command).get("at") or "")
    try:
        return local(datetime.fromisoformat(given), ours.uf).isoformat()
    except ValueError:
        s.fault("details.at", "MALFORMED" if given else "MISSING", given or "when it happened, with its offset")
        return ""


def _place(command: RegisterInvoiceEvent, s: Scribe) -> str:
    """Both coordinates or none, six decimals."""
    given = [(name, _details(command).get(name)) for name in ("latitude", "longitude")]
    if all(value is None for _, value in given):
        return ""
    found = []
    for (name, value), tag, most in zip(given, ("latGPS", "longGPS"), (90, 180), strict=True):
        try:
            degrees = Decimal(str(value))
        except InvalidOperation:
            degrees = Decimal("NaN")
        if not (degrees.is_finite() and abs(degrees) <= most):
            s.fault(f"details.{name}", "BAD_NUMBER", f"{value}: -{most} to {most}")
            continue
        found.append(f"<{tag}>{degrees:.6f}</{tag}>")
    return "".join(found)


def _substitute(command: RegisterInvoiceEvent, ours: Company, s: Scribe) -> str:
    key = str(_details(command).get("substitute") or "")
    if not key_valid(key) or key == command.access_key:
        s.fault("details.substitute", "MALFORMED", key or "the access key of the note that took its place")
    least, most = REASON
    return (
        f"{_head(ours, s)}<nProt>{s.pattern('protocol', command.protocol, PROTOCOL)}</nProt>"
        f"<xJust>{s.text('text', command.text, most, least=least)}</xJust><chNFeRef>{key}</chNFeRef>"
    )


def _interested(command: RegisterInvoiceEvent, ours: Company, s: Scribe) -> str:
    details = _details(command)
    tax_id = str(details.get("tax_id") or "")
    if not (cnpj_valid(tax_id) or cpf_valid(tax_id)):
        s.fault("details.tax_id", "MALFORMED" if tax_id else "MISSING", tax_id or "CNPJ or CPF")
    who = f"<CPF>{tax_id}</CPF>" if len(tax_id) == 11 else f"<CNPJ>{tax_id}</CNPJ>"
    passes_on = bool(details.get("may_authorize"))
    terms = f"<xCondUso>{MAY_AUTHORIZE}</xCondUso>" if passes_on else ""
    return f"{_head(ours, s)}<autXML>{who}</autXML><tpAutorizacao>{int(passes_on)}</tpAutorizacao>{terms}"


def _delivered(command: RegisterInvoiceEvent, ours: Company, s: Scribe) -> str:
    details = _details(command)
    return (
        f"{_head(ours, s)}<dhEntrega>{_moment(command, ours, s)}</dhEntrega>"
        f"<nDoc>{s.text('details.document', details.get('document'), 20, least=2)}</nDoc>"
        f"<xNome>{s.text('details.name', details.get('name'), 60, least=2)}</xNome>{_place(command, s)}"
        f"<hashComprovante>{s.pattern('details.hash', details.get('hash'), HASH)}</hashComprovante>"
        f"<dhHashComprovante>{local(command.at, ours.uf).isoformat()}</dhHashComprovante>"
    )


def _undelivered(command: RegisterInvoiceEvent, ours: Company, s: Scribe) -> str:
    details = _details(command)
    motive, attempt = str(details.get("reason") or ""), details.get("attempt")
    if motive not in MOTIVES:
        s.fault("details.reason", "MALFORMED" if motive else "MISSING", f"{motive}: one of {', '.join(MOTIVES)}")
    if attempt is not None and not (isinstance(attempt, int) and 1 <= attempt <= 999):
        s.fault("details.attempt", "BAD_NUMBER", f"{attempt}: 1 to 999")
    least, most = OTHER_REASON
    why = f"<xJustMotivo>{s.text('text', command.text, most, least=least)}</xJustMotivo>" if motive == "OTHER" else ""
    return (
        f"{_head(ours, s, author=False)}<dhTentativaEntrega>{_moment(command, ours, s)}</dhTentativaEntrega>"
        f"{'' if attempt is None else f'<nTentativa>{attempt}</nTentativa>'}<tpMotivo>{MOTIVES.get(motive, '')}</tpMotivo>{why}"
        f"{_place(command, s)}<hashTentativaEntrega>{s.pattern('details.hash', details.get('hash'), HASH)}</hashTentativaEntrega>"
        f"<dhHashTentativaEntrega>{local(command.at, ours.uf).isoformat()}</dhHashTentativaEntrega>"
    )


def _undo(*, author: bool) -> Body:
    def body(command: RegisterInvoiceEvent, ours: Company, s: Scribe) -> str:
        number = s.pattern("details.protocol", _details(command).get("protocol"), PROTOCOL)
        return f"{_head(ours, s, author=author)}<nProtEvento>{number}</nProtEvento>"

    return body


# kind -> tpEvento, descEvento, body, whether it goes to the national environment, highest sequence
ABOUT_GOODS: Mapping[str, tuple[str, str, Body, bool, int]] = {
    "SUBSTITUTED": ("110112", "Cancelamento por substituicao", _substitute, False, 1),
    "INTERESTED": ("110150", "Ator interessado na NF-e", _interested, True, 20),
    "DELIVERED": ("110130", "Comprovante de Entrega da NF-e", _delivered, True, 99),
    "UNDO_DELIVERED": ("110131", "Cancelamento Comprovante de Entrega da NF-e", _undo(author=True), True, 99),
    "UNDELIVERED": ("110192", "Insucesso na Entrega da NF-e", _undelivered, True, 99),
    "UNDO_UNDELIVERED": ("110193", "Cancelamento Insucesso na Entrega da NF-e", _undo(author=False), True, 99),
}
