"""The authority's answers as text: each function writes one official element."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from adapters.sefaz.simulator.messages import message
from adapters.sefaz.texts import escaped
from hub.canon.taxids.ufs import UF_CODES

NFE = "http://www.portalfiscal.inf.br/nfe"
SOFTWARE = "SIMULADOR_1.0"  # verAplic


@dataclass(frozen=True, slots=True)
class Stamp:
    """Who answers and when: tpAmb, UF, the moment on its clock."""

    environment: str
    uf: str
    at: str


def said(code: str, more: str = "") -> str:
    text = f"{message(code)} {more}".strip()
    return f"<cStat>{code}</cStat><xMotivo>{escaped(text)}</xMotivo>"


def protocol_number(uf: str, now: datetime, serial: int) -> str:
    """15 digits: 1, UF, year, sequence."""
    return f"1{UF_CODES[uf]}{now.year % 100:02d}{serial:010d}"


def protocol(
    *,
    key: str,
    environment: str,
    at: str,
    code: str,
    more: str = "",
    number: str | None = None,
    digest: str | None = None,
) -> str:
    """`protNFe`."""
    numbered = f"<nProt>{number}</nProt>" if number else ""
    digested = f"<digVal>{digest}</digVal>" if digest else ""
    return (
        f'<protNFe xmlns="{NFE}" versao="4.00"><infProt><tpAmb>{environment}</tpAmb><verAplic>{SOFTWARE}</verAplic>'
        f"<chNFe>{key}</chNFe><dhRecbto>{at}</dhRecbto>{numbered}{digested}{said(code, more)}</infProt></protNFe>"
    )


def _head(stamp: Stamp, code: str, more: str = "") -> str:
    return (
        f"<tpAmb>{stamp.environment}</tpAmb><verAplic>{SOFTWARE}</verAplic>{said(code, more)}"
        f"<cUF>{UF_CODES[stamp.uf]}</cUF><dhRecbto>{stamp.at}</dhRecbto>"
    )


def batch(stamp: Stamp, code: str, inside: str = "", more: str = "") -> str:
    """`retEnviNFe`."""
    return f'<retEnviNFe xmlns="{NFE}" versao="4.00">{_head(stamp, code, more)}{inside}</retEnviNFe>'


def receipt(number: str, seconds: int) -> str:
    return f"<infRec><nRec>{number}</nRec><tMed>{seconds}</tMed></infRec>"


def polled(stamp: Stamp, number: str, code: str, inside: str = "") -> str:
    """`retConsReciNFe`."""
    return (
        f'<retConsReciNFe xmlns="{NFE}" versao="4.00"><tpAmb>{stamp.environment}</tpAmb><verAplic>{SOFTWARE}</verAplic>'
        f"<nRec>{number}</nRec>{said(code)}<cUF>{UF_CODES[stamp.uf]}</cUF><dhRecbto>{stamp.at}</dhRecbto>{inside}</retConsReciNFe>"
    )


def situation(stamp: Stamp, key: str, code: str, inside: str = "", more: str = "") -> str:
    """`retConsSitNFe`."""
    return (
        f'<retConsSitNFe xmlns="{NFE}" versao="4.00">{_head(stamp, code, more)}<chNFe>{key}</chNFe>'
        f"{inside}</retConsSitNFe>"
    )


def status(stamp: Stamp, code: str) -> str:
    """`retConsStatServ`."""
    return f'<retConsStatServ xmlns="{NFE}" versao="4.00">{_head(stamp, code)}<tMed>1</tMed></retConsStatServ>'


def voided(stamp: Stamp, code: str, fields: str = "", number: str | None = None) -> str:
    """`retInutNFe`. `fields`: ano to nNFFin, when it was done."""
    numbered = f"<nProt>{number}</nProt>" if number else ""
    return (
        f'<retInutNFe xmlns="{NFE}" versao="4.00"><infInut><tpAmb>{stamp.environment}</tpAmb><verAplic>{SOFTWARE}</verAplic>'
        f"{said(code)}<cUF>{UF_CODES[stamp.uf]}</cUF>{fields}<dhRecbto>{stamp.at}</dhRecbto>{numbered}</infInut></retInutNFe>"
    )


def event(
    *,
    environment: str,
    organ: str,
    at: str,
    code: str,
    key: str,
    event_type: str,
    sequence: int,
    number: str | None = None,
) -> str:
    """`retEvento`."""
    numbered = f"<nProt>{number}</nProt>" if number else ""
    return (
        f'<retEvento xmlns="{NFE}" versao="1.00"><infEvento><tpAmb>{environment}</tpAmb><verAplic>{SOFTWARE}</verAplic>'
        f"<cOrgao>{organ}</cOrgao>{said(code)}<chNFe>{key}</chNFe><tpEvento>{event_type}</tpEvento>"
        f"<nSeqEvento>{sequence}</nSeqEvento><dhRegEvento>{at}</dhRegEvento>{numbered}</infEvento></retEvento>"
    )


def events(stamp: Stamp, organ: str, batch_id: str, code: str, inside: str = "") -> str:
    """`retEnvEvento`."""
    return (
        f'<retEnvEvento xmlns="{NFE}" versao="1.00"><idLote>{batch_id}</idLote><tpAmb>{stamp.environment}</tpAmb>'
        f"<verAplic>{SOFTWARE}</verAplic><cOrgao>{organ}</cOrgao>{said(code)}{inside}</retEnvEvento>"
    )


def distribution(stamp: Stamp, code: str, last: int, highest: int, documents: str = "") -> str:
    """`retDistDFeInt`."""
    inside = f"<loteDistDFeInt>{documents}</loteDistDFeInt>" if documents else ""
    return (
        f'<retDistDFeInt xmlns="{NFE}" versao="1.01"><tpAmb>{stamp.environment}</tpAmb><verAplic>{SOFTWARE}</verAplic>'
        f"{said(code)}<dhResp>{stamp.at}</dhResp><ultNSU>{last:015d}</ultNSU><maxNSU>{highest:015d}</maxNSU>{inside}</retDistDFeInt>"
    )
