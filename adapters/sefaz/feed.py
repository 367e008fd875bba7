"""Documents that the national environment distributes to us (DistDFe): fetched by sequence number, kept as they came, read into our words."""

from __future__ import annotations

import binascii
import zlib
from base64 import b64decode
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any

from lxml import etree

from adapters.sefaz.calls import FEED, feed_call
from adapters.sefaz.company import company
from adapters.sefaz.incoming import incoming
from adapters.sefaz.judge import throttled
from adapters.sefaz.read import read_answer
from adapters.sefaz.soap import SERVICES, NotAnAnswer, NotXml, parse, unwrap
from hub.canon.codec import dump
from hub.canon.commands import DocumentRead, InwardCommand
from hub.canon.ports import Account, Envelope, Http, MappingFile, NeverTry, Page, Ref, Response, TryAgain

NFE = "http://www.portalfiscal.inf.br/nfe"
_N = f"{{{NFE}}}"
FOUND, NOTHING, PACING = "138", "137", "656"
HOUR = timedelta(hours=1)
LARGEST = 10 * 1024 * 1024  # bytes of one document, unpacked
UNREADABLE = "unreadable"
MEDIA = "application/xml"


class SefazFeed:
    """`since` is the last NSU that was kept, as text. One poller a CNPJ: two are answered 656."""

    async def changes(self, since: str | None, http: Http, account: Account) -> AsyncIterator[Page]:
        """A page a question, until the authority has no more. `TryAgain` after an hour when it says that we ask too often."""
        ours, last = company(account), since or "0"
        while True:
            response = await http.send(feed_call(last, ours))
            answer, envelopes, reached, highest = _page(response, ours.cnpj)
            if answer == PACING:
                raise TryAgain(after=HOUR, reason="656: asked too often")
            if answer not in {FOUND, NOTHING}:
                raise TryAgain(after=HOUR, reason=f"the distribution answered {answer}")
            last = str(reached) if answer == FOUND else last
            over = answer == NOTHING or reached >= highest
            yield Page(envelopes=envelopes, next=last, rest=HOUR if over else None)
            if over:
                return

    async def fetch(self, ref: Ref, http: Http, account: Account) -> Envelope:
        """Everything is delivered whole; nothing is fetched one by one."""
        raise NeverTry(f"the distribution has no {ref.kind} to fetch")


def _page(response: Response, cnpj: str) -> tuple[str, list[Envelope], int, int]:
    """(cStat, documents, last NSU of the page, highest NSU there is)."""
    wait = throttled(response)
    if wait is not None:
        raise TryAgain(after=wait.after, reason=wait.reason)
    try:
        answer = read_answer(response.body, SERVICES[FEED].answer)
        element = unwrap(response.body, SERVICES[FEED].answer)
    except NotAnAnswer as error:
        raise TryAgain(after=timedelta(minutes=5), reason=error.sentence()) from error
    numbers = [int(element.findtext(_N + name) or "0") for name in ("ultNSU", "maxNSU")]
    documents = [_envelope(each, cnpj) for each in element.iter(f"{_N}docZip")]
    return answer.code, documents, numbers[0], numbers[1]


def _envelope(element: etree._Element, cnpj: str) -> Envelope:
    """One document. What cannot be unpacked is kept as it came, so that the cursor may go on."""
    number, schema = element.get("NSU") or "", element.get("schema") or ""
    packed = (element.text or "").strip()
    topic = schema.partition("_")[0] or UNREADABLE
    try:
        body = unpacked(packed)
    except ValueError:
        topic, body = UNREADABLE, packed.encode()
    return Envelope(
        dedupe_key=f"{cnpj}:{number}", topic=topic, body=body, complete=True, revision=number, media_type=MEDIA
    )


def unpacked(packed: str) -> bytes:
    """Base64 of gzip; `ValueError` when it is none, ends early or grows over 10 MB."""
    try:
        unpacker = zlib.decompressobj(wbits=31)
        body = unpacker.decompress(b64decode(packed, validate=True), LARGEST)
    except (binascii.Error, zlib.error) as error:
        raise ValueError(str(error)) from error
    if not unpacker.eof:
        raise ValueError("cut short, or more than 10 MB")
    return body


class SefazReader:
    """Notes and events about us, as facts of a foreign document: nothing is decided here."""

    def read(self, envelope: Envelope, mappings: Mapping[str, MappingFile], account: Account) -> list[InwardCommand]:
        """`NeverTry` for what cannot be read: the message stays, parked with its reason."""
        reader = _READERS.get(envelope.topic)
        if reader is None:
            raise NeverTry(f"no document of the feed is called {envelope.topic}")
        try:
            return [reader(parse(envelope.body))]
        except NotXml as error:
            raise NeverTry(error.sentence()) from error


def _first(root: etree._Element, names: Sequence[str]) -> str:
    """The first of these elements that has text, in this order."""
    for name in names:
        text = root.findtext(f".//{_N}{name}")
        if text and text.strip():
            return text.strip()
    return ""


def _day(text: str) -> date | None:
    try:
        return datetime.fromisoformat(text).date() if text else None
    except ValueError:
        return None


def _key(root: etree._Element) -> str:
    info = root.find(f".//{_N}infNFe")
    stated = (info.get("Id") or "").removeprefix("NFe") if info is not None else ""
    return stated or _first(root, ("chNFe",))


def _issuer(root: etree._Element) -> tuple[str, str]:
    party = root.find(f".//{_N}emit")
    where = root if party is None else party
    return _first(where, ("CNPJ", "CPF")), _first(where, ("xNome",))


def _note(root: etree._Element) -> DocumentRead:
    """A whole note, or its summary (`resNFe`)."""
    tax_id, name = _issuer(root)
    data: dict[str, Any] = {
        "access_key": _key(root),
        "issuer": tax_id,
        "issuer_name": name,
        "total": _first(root, ("vNF",)),
        "issued_at": _first(root, ("dhEmi",)),
        "protocol": _first(root, ("nProt",)),
        "summary": etree.QName(root).localname == "resNFe",
        "status": _first(root, ("cStat", "cSitNFe")),
    }
    if not data["summary"]:
        data["note"] = dump(incoming(root))
    return DocumentRead(kind="nfe", number=data["access_key"], data=data, date=_day(data["issued_at"]))


def _event(root: etree._Element) -> DocumentRead:
    """An event of a note, or its summary (`resEvento`)."""
    data: dict[str, Any] = {
        "access_key": _first(root, ("chNFe",)),
        "event_type": _first(root, ("tpEvento",)),
        "sequence": _first(root, ("nSeqEvento",)),
        "author": _first(root, ("CNPJ", "CPF")),
        "at": _first(root, ("dhEvento",)),
        "protocol": _first(root, ("nProt",)),
        "summary": etree.QName(root).localname == "resEvento",
    }
    number = f"{data['event_type']}:{data['access_key']}:{data['sequence']}"
    return DocumentRead(kind="nfe_event", number=number, data=data, date=_day(data["at"]))


_READERS = {"procNFe": _note, "resNFe": _note, "procEventoNFe": _event, "resEvento": _event}
