"""Planned calls to the authorities: which service, which authority, which bytes."""

from __future__ import annotations

from datetime import date, timedelta

from adapters.sefaz.authorities import NATIONAL, authority_of
from adapters.sefaz.company import Company
from adapters.sefaz.soap import media_type, wrap
from hub.canon.ports import Call
from hub.canon.taxids.ufs import UF_BY_CODE, UF_CODES

NFE = "http://www.portalfiscal.inf.br/nfe"
SEND, RECEIPT, QUERY = "NFeAutorizacao4", "NFeRetAutorizacao4", "NFeConsultaProtocolo4"
STATUS, EVENT, VOID, FEED = "NFeStatusServico4", "NFeRecepcaoEvento4", "NFeInutilizacao4", "NFeDistribuicaoDFe"
ANSWER_TIME = timedelta(seconds=30)


def _call(
    service: str, message: bytes, key: str, authority: str, *, write: bool = False, repeatable: bool = False
) -> Call:
    return Call(
        key=key,
        operation=service,
        path=service,
        purpose="write" if write else "read",
        body=wrap(service, message),
        media_type=media_type(service),
        bucket=service,
        repeatable=repeatable or not write,
        timeout=ANSWER_TIME,
        soap_authority=authority,
    )


def authority_for(key: str) -> str:
    """`<authority>:<model>` for an access key: its UF, model, emission type, and the month in which that UF's row must hold."""
    on = date(2000 + int(key[2:4]), int(key[4:6]), 1)
    return f"{authority_of(UF_BY_CODE[key[:2]], key[20:22], key[34], on)}:{key[20:22]}"


def send_call(key: str, signed: bytes) -> Call:
    """A batch of one note, answered at once (`indSinc` 1)."""
    head = f'<enviNFe xmlns="{NFE}" versao="4.00"><idLote>{int(key[25:34])}</idLote><indSinc>1</indSinc>'
    return _call(SEND, head.encode() + signed + b"</enviNFe>", "0", authority_for(key), write=True)


def query_call(key: str, ours: Company) -> Call:
    """What the authority knows of a key."""
    message = (
        f'<consSitNFe xmlns="{NFE}" versao="4.00"><tpAmb>{ours.environment}</tpAmb><xServ>CONSULTAR</xServ>'
        f"<chNFe>{key}</chNFe></consSitNFe>"
    )
    return _call(QUERY, message.encode(), "query", authority_for(key))


def receipt_call(receipt: str, turn: int, key: str, ours: Company) -> Call:
    """The result of a batch that was taken for later; `turn` counts the questions."""
    message = f'<consReciNFe xmlns="{NFE}" versao="4.00"><tpAmb>{ours.environment}</tpAmb><nRec>{receipt}</nRec></consReciNFe>'
    return _call(RECEIPT, message.encode(), f"poll-{turn}", authority_for(key))


def status_call(authority: str, model: str, ours: Company) -> Call:
    """Whether an authority's service operates for our UF: 107, or 108, 109, and 113, 114 of a contingency that is not active."""
    message = (
        f'<consStatServ xmlns="{NFE}" versao="4.00"><tpAmb>{ours.environment}</tpAmb><cUF>{UF_CODES[ours.uf]}</cUF>'
        "<xServ>STATUS</xServ></consStatServ>"
    )
    return _call(STATUS, message.encode(), "status", f"{authority}:{model}")


def event_call(key: str, signed: bytes, *, national: bool) -> Call:
    """A batch of one event; `national`: to the national environment, which has no query, so that the event itself is repeated (573)."""
    batch = int(key[25:34])
    head = f'<envEvento xmlns="{NFE}" versao="1.00"><idLote>{batch}</idLote>'
    authority = f"{NATIONAL}:{key[20:22]}" if national else authority_for(key)
    return _call(EVENT, head.encode() + signed + b"</envEvento>", "0", authority, write=True, repeatable=national)


def void_call(signed: bytes, uf: str, model: str, on: date) -> Call:
    """Numbers given up. Sent twice it is answered 563, so it may be repeated."""
    return _call(VOID, signed, "0", f"{authority_of(uf, model, '1', on)}:{model}", write=True, repeatable=True)


def feed_call(last: str, ours: Company) -> Call:
    """The documents after `last` (NSU) that concern our CNPJ."""
    message = (
        f'<distDFeInt xmlns="{NFE}" versao="1.01"><tpAmb>{ours.environment}</tpAmb><cUFAutor>{UF_CODES[ours.uf]}</cUFAutor>'
        f"<CNPJ>{ours.cnpj}</CNPJ><distNSU><ultNSU>{int(last):015d}</ultNSU></distNSU></distDFeInt>"
    )
    return _call(FEED, message.encode(), f"feed-{last}", f"{NATIONAL}:55")
