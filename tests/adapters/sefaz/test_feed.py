"""The distribution: every document once and in order, the unreadable kept, the cursor never behind what was handed over."""

from __future__ import annotations

from base64 import b64encode
from dataclasses import replace
from datetime import timedelta
from gzip import compress

import pytest

from adapters.sefaz.feed import SefazFeed, SefazReader, unpacked
from adapters.sefaz.sample import BUYER
from adapters.sefaz.simulator import Fault, FaultKind, SefazSimulator
from adapters.sefaz.wire import SefazWire
from hub.canon.commands import DocumentRead, RegisterInvoiceEvent
from hub.canon.ports import Account, Call, Envelope, NeverTry, Page, Response, TryAgain
from hub.kit.clock import system_clock
from tests.adapters.sefaz.desk import Desk, account_of, authorize, fresh, news

RECEIVER = "12ABC34501DE35"


class Client:
    """The hub's client of one account, as far as the feed needs it."""

    def __init__(self, account: Account) -> None:
        self.account = account
        self.wire = SefazWire()

    async def send(self, call: Call) -> Response:
        return await self.wire.send(call, self.account)


async def sell(desk: Desk, count: int) -> list[str]:
    """Keys of notes to the receiver."""
    buyer = replace(BUYER, tax_id=RECEIVER, taxpayer=False)
    keys = []
    for _ in range(count):
        key = news(await desk.deliver(authorize(fresh(buyer=buyer), desk.account), limit=99)).access_key
        assert key is not None
        keys.append(key)
    return keys


async def pages(account: Account, since: str | None = None) -> list[Page]:
    client = Client(account)
    try:
        return [page async for page in SefazFeed().changes(since, client, account)]
    finally:
        await client.wire.aclose()


def documents(envelopes: list[Envelope]) -> list[DocumentRead]:
    account = Account(connection_id="c", code="c", config={})
    read = [SefazReader().read(envelope, {}, account)[0] for envelope in envelopes]
    assert all(isinstance(each, DocumentRead) for each in read)
    return [each for each in read if isinstance(each, DocumentRead)]


async def test_notes_and_events_arrive_in_order_and_once(sefaz: SefazSimulator, desk: Desk) -> None:
    account = account_of(sefaz, RECEIVER)
    before = await pages(account)
    start = before[-1].next
    keys = await sell(desk, 52)
    first = sefaz.app.store.notes[keys[0]]
    cancel = RegisterInvoiceEvent(
        event_id="e", kind="CANCEL", access_key=first.key, author=first.issuer, at=system_clock(), text="Pedido desfeito pelo cliente",
        protocol=first.protocol,
    )  # fmt: skip
    await desk.deliver(cancel, limit=999)
    sefaz.app.time.shift += timedelta(hours=1)
    found = await pages(account, start)
    assert [len(page.envelopes) for page in found] == [50, 3]
    envelopes = [envelope for page in found for envelope in page.envelopes]
    assert len({envelope.dedupe_key for envelope in envelopes}) == 53
    read = documents(envelopes)
    assert [each.number for each in read[:52]] == keys
    assert (read[52].kind, read[52].data["access_key"], read[52].data["event_type"]) == ("nfe_event", keys[0], "110111")
    with pytest.raises(TryAgain):
        await pages(account, found[-1].next)  # the end was seen: not before an hour
    sefaz.app.time.shift += timedelta(hours=1)
    again = await pages(account, found[-1].next)
    assert [list(page.envelopes) for page in again] == [[]]
    assert again[-1].next == found[-1].next


async def test_asked_too_often_waits_an_hour(sefaz: SefazSimulator) -> None:
    sefaz.app.faults.add(Fault(kind=FaultKind.PACING, service="NFeDistribuicaoDFe", times=1))
    with pytest.raises(TryAgain) as caught:
        await pages(account_of(sefaz, RECEIVER))
    assert caught.value.data["after"].total_seconds() == 3600


async def test_a_document_that_cannot_be_unpacked_is_kept(sefaz: SefazSimulator) -> None:
    packed = b64encode(b"no gzip").decode()
    answer = (
        '<retDistDFeInt xmlns="http://www.portalfiscal.inf.br/nfe" versao="1.01"><tpAmb>2</tpAmb><verAplic>x</verAplic>'
        "<cStat>138</cStat><xMotivo>x</xMotivo><dhResp>2026-11-21T10:00:00-03:00</dhResp><ultNSU>000000000000007</ultNSU>"
        f'<maxNSU>000000000000007</maxNSU><loteDistDFeInt><docZip NSU="000000000000007" schema="procNFe_v4.00.xsd">{packed}</docZip>'
        "</loteDistDFeInt></retDistDFeInt>"
    )

    class Fixed:
        async def send(self, call: Call) -> Response:
            return Response(status=200, headers={}, body=answer.encode())

    account = account_of(sefaz, RECEIVER)
    found = [page async for page in SefazFeed().changes("6", Fixed(), account)]
    envelope = found[0].envelopes[0]
    assert (envelope.topic, envelope.body, found[0].next) == ("unreadable", packed.encode(), "7")
    with pytest.raises(NeverTry):
        SefazReader().read(envelope, {}, account)


def test_a_bomb_is_not_unpacked() -> None:
    bomb = b64encode(compress(b"\0" * (11 * 1024 * 1024))).decode()
    for packed in (bomb, b64encode(compress(b"cut")[:-5]).decode(), "***"):
        with pytest.raises(ValueError, match=r"."):
            unpacked(packed)
    assert unpacked(b64encode(compress(b"whole")).decode()) == b"whole"


@pytest.mark.parametrize(
    "body", [b"", b"<resNFe", b'<!DOCTYPE x [<!ENTITY a "b">]><resNFe>&a;</resNFe>', b"\xff\xfe\x00"]
)
def test_garbage_is_refused_in_words(body: bytes) -> None:
    envelope = Envelope(dedupe_key="c:1", topic="resNFe", body=body, complete=True)
    with pytest.raises(NeverTry):
        SefazReader().read(envelope, {}, Account(connection_id="c", code="c", config={}))
