"""The simulated distribution and registry: summaries, single documents, pacing, who may ask for what, taxpayers of a UF; what survives a restart."""

from __future__ import annotations

import re
from base64 import b64decode
from dataclasses import replace
from datetime import timedelta
from gzip import decompress
from pathlib import Path

import orjson
import pytest
from lxml import etree

from adapters.sefaz import xsd
from adapters.sefaz.sample import BUYER, ISSUER_CNPJ
from adapters.sefaz.simulator import SefazSimulator
from adapters.sefaz.soap import SERVICES, unwrap, wrap
from hub.canon.commands import RegisterInvoiceEvent
from hub.kit.clock import system_clock
from tests.adapters.sefaz.desk import Desk, account_of, authorize, fresh, news

FEED, REGISTRY = "NFeDistribuicaoDFe", "CadConsultaCadastro4"
RECEIVER = "12ABC34501DE35"
SPACE = "http://www.portalfiscal.inf.br/nfe"


def asked(sefaz: SefazSimulator, service: str, message: str, peer: str | None = None) -> etree._Element:
    certificate = sefaz.identity(peer).certificate if peer else None
    body = sefaz.app.answer(service, wrap(service, message.encode()), certificate, None)
    return unwrap(body, SERVICES[service].answer)


def code_of(answer: etree._Element) -> str:
    return next(answer.iter(f"{{{SPACE}}}cStat")).text or ""


def feed(sefaz: SefazSimulator, question: str, cnpj: str = RECEIVER, peer: str | None = None) -> etree._Element:
    head = f'<distDFeInt xmlns="{SPACE}" versao="1.01"><tpAmb>2</tpAmb><cUFAutor>35</cUFAutor><CNPJ>{cnpj}</CNPJ>'
    answer = asked(sefaz, FEED, f"{head}{question}</distDFeInt>", peer)
    assert xsd.faults(answer) == []
    return answer


def after(last: int) -> str:
    return f"<distNSU><ultNSU>{last:015d}</ultNSU></distNSU>"


def by_key(key: str) -> str:
    return f"<consChNFe><chNFe>{key}</chNFe></consChNFe>"


def documents(answer: etree._Element) -> list[etree._Element]:
    return [etree.fromstring(decompress(b64decode(each.text or ""))) for each in answer.iter(f"{{{SPACE}}}docZip")]


async def sold(desk: Desk) -> str:
    buyer = replace(BUYER, tax_id=RECEIVER, taxpayer=False)
    key = news(await desk.deliver(authorize(fresh(buyer=buyer), desk.account), limit=99)).access_key
    assert key is not None
    return key


async def aware(sefaz: SefazSimulator, key: str) -> None:
    recipient = Desk(account_of(sefaz, RECEIVER))
    event = RegisterInvoiceEvent(event_id="a", kind="AWARE", access_key=key, author=RECEIVER, at=system_clock())
    await recipient.deliver(event)
    await recipient.wire.aclose()


async def test_a_recipient_gets_a_summary_until_it_has_answered(sefaz: SefazSimulator, desk: Desk) -> None:
    start = len(sefaz.app.store.feeds.get(RECEIVER, []))
    key = await sold(desk)
    (summary,) = documents(feed(sefaz, after(start)))
    assert etree.QName(summary).localname == "resNFe"
    assert xsd.faults(summary) == []
    assert summary.findtext(f"{{{SPACE}}}chNFe") == key
    assert code_of(feed(sefaz, by_key(key))) == "633"
    await aware(sefaz, key)
    sefaz.app.time.shift += timedelta(hours=1)
    (whole,) = documents(feed(sefaz, after(start + 1)))
    assert etree.QName(whole).localname == "nfeProc"
    answer = feed(sefaz, by_key(key))
    assert code_of(answer) == "138"
    assert etree.QName(documents(answer)[0]).localname == "nfeProc"
    (first,) = documents(feed(sefaz, f"<consNSU><NSU>{start + 1:015d}</NSU></consNSU>"))
    assert etree.QName(first).localname == "resNFe"


async def test_who_asks_again_before_its_hour_is_turned_away(sefaz: SefazSimulator, desk: Desk) -> None:
    await sold(desk)
    last = len(sefaz.app.store.feeds[RECEIVER])
    assert code_of(feed(sefaz, after(last))) == "137"
    assert code_of(feed(sefaz, after(last))) == "656"
    sefaz.app.time.shift += timedelta(minutes=59)
    assert code_of(feed(sefaz, after(last))) == "656"
    sefaz.app.time.shift += timedelta(minutes=2)
    assert code_of(feed(sefaz, after(last))) == "137"


async def test_single_documents_may_be_asked_for_twenty_times_an_hour(sefaz: SefazSimulator, desk: Desk) -> None:
    key = await sold(desk)
    codes = [code_of(feed(sefaz, by_key(key))) for _ in range(21)]
    assert codes == ["633"] * 20 + ["656"]
    sefaz.app.time.shift += timedelta(minutes=61)
    assert code_of(feed(sefaz, by_key(key))) == "633"


async def test_only_the_company_itself_and_only_what_is_there(sefaz: SefazSimulator, desk: Desk) -> None:
    key = await sold(desk)
    last = len(sefaz.app.store.feeds[RECEIVER])
    assert code_of(feed(sefaz, after(0), peer=ISSUER_CNPJ)) == "593"
    assert code_of(feed(sefaz, after(last + 9))) == "589"
    assert code_of(feed(sefaz, by_key(key), cnpj=ISSUER_CNPJ)) == "634"
    unknown = key[:25] + "999999999" + key[34:]
    assert code_of(feed(sefaz, by_key(unknown))) == "217"
    assert code_of(feed(sefaz, "<distNSU><ultNSU>1</ultNSU></distNSU>")) == "215"
    sefaz.app.time.shift += timedelta(days=91)
    assert code_of(feed(sefaz, by_key(key))) == "632"


def consult(sefaz: SefazSimulator, who: str, uf: str = "SP") -> etree._Element:
    info = f"<infCons><xServ>CONS-CAD</xServ><UF>{uf}</UF>{who}</infCons>"
    return asked(sefaz, REGISTRY, f'<ConsCad xmlns="{SPACE}" versao="2.00">{info}</ConsCad>')


async def test_who_issues_is_in_the_registry(sefaz: SefazSimulator, desk: Desk) -> None:
    await sold(desk)
    answer = consult(sefaz, f"<CNPJ>{ISSUER_CNPJ}</CNPJ>")
    assert code_of(answer) == "111"
    registered = answer.find(f".//{{{SPACE}}}infCad")
    assert registered is not None
    number = registered.findtext(f"{{{SPACE}}}IE")
    assert registered.findtext(f"{{{SPACE}}}cSit") == "1"
    assert code_of(consult(sefaz, f"<IE>{number}</IE>")) == "111"


@pytest.mark.parametrize(
    ("who", "uf", "code"),
    [
        ("<CNPJ>11222333000180</CNPJ>", "SP", "258"),
        ("<CNPJ>12ABC34501DE35</CNPJ>", "SP", "259"),
        ("<IE>110042490115</IE>", "SP", "260"),
        ("<IE>390010003120</IE>", "SP", "261"),
        ("<CPF>52998224724</CPF>", "SP", "263"),
        ("<CPF>52998224725</CPF>", "SP", "264"),
        ("<CPF>52998224725</CPF>", "RJ", "265"),
        ("", "SP", "215"),
    ],
)
def test_what_the_registry_refuses(sefaz: SefazSimulator, who: str, uf: str, code: str) -> None:
    assert code_of(consult(sefaz, who, uf)) == code


def test_a_company_is_registered_and_traits_are_changed_by_control(sefaz: SefazSimulator) -> None:
    company = {
        "tax_id": "52998224725",
        "registration": "110042490114",
        "name": "Ana & Cia",
        "uf": "SP",
        "active": False,
    }
    sefaz.app.control("companies", orjson.dumps(company))
    answer = consult(sefaz, "<CPF>52998224725</CPF>")
    assert code_of(answer) == "111"
    assert next(answer.iter(f"{{{SPACE}}}cSit")).text == "0"
    sefaz.app.store.registered.clear()
    sefaz.app.control("behavior", orjson.dumps({"profile": "AC", "cancel_within_seconds": 60, "late_cancel": True}))
    assert (sefaz.app.behavior.uf, sefaz.app.behavior.late_cancel) == ("AC", True)
    assert sefaz.app.behavior.cancel_within == timedelta(minutes=1)
    with pytest.raises(ValueError, match=re.escape("unknown trait color")):
        sefaz.app.control("behavior", orjson.dumps({"color": 1}))
    with pytest.raises(ValueError, match="unknown profile XX"):
        sefaz.app.control("behavior", orjson.dumps({"profile": "XX"}))


async def test_registry_and_opened_notes_survive_a_restart(tmp_path: Path) -> None:
    state = tmp_path / "sefaz.jsonl"
    first = SefazSimulator(state=state)
    await first.start()
    desk = Desk(account_of(first))
    key = await sold(desk)
    await aware(first, key)
    await desk.wire.aclose()
    await first.stop()
    again = SefazSimulator(state=state)
    kinds = [etree.QName(each).localname for each in documents(feed(again, after(0)))]
    assert kinds == ["resNFe", "nfeProc"]
    assert code_of(consult(again, f"<CNPJ>{ISSUER_CNPJ}</CNPJ>")) == "111"
