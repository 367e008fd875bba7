"""NFeDistribuicaoDFe of the national environment: the feed by NSU, one document by NSU or key, summaries until the recipient has answered,
and 656 for who asks again before its hour.
"""

from __future__ import annotations

from base64 import b64encode
from datetime import timedelta
from gzip import compress

from lxml import etree

from adapters.sefaz import xsd
from adapters.sefaz.simulator import answers
from adapters.sefaz.simulator.parts import Authority, Message, text_of
from adapters.sefaz.simulator.store import Note, moment, processed
from adapters.sefaz.texts import escaped
from hub.canon.certificates import BASE, cnpj_of

NFE = answers.NFE
_N = f"{{{NFE}}}"
FEED_PAGE = 50
SINGLE_ASKS = 20  # questions for one document, an hour
HOUR = timedelta(hours=1)
KEPT = timedelta(days=90)  # 632 afterwards
ANSWERED = ("210200", "210210")  # of the recipient: what opens the whole note
WHOLE, SUMMARY = "procNFe_v4.00.xsd", "resNFe_v1.01.xsd"
SITUATION = {"100": "1", "150": "1", "110": "2", "101": "3"}


def distribute(authority: Authority, message: Message) -> str:
    """`distNSU`, `consNSU` or `consChNFe` for one company."""
    who = text_of(message.element, "CNPJ") or text_of(message.element, "CPF")
    highest = len(authority.store.feeds.get(who, []))
    if xsd.faults(message.element):
        return answers.distribution(authority.stamp(), "215", 0, 0)
    if message.peer is not None and (cnpj_of(message.peer) or "")[:BASE] != who[:BASE]:
        return answers.distribution(authority.stamp(), "593", 0, highest)
    key, single = text_of(message.element, "consChNFe/chNFe"), text_of(message.element, "consNSU/NSU")
    if key or single:
        if _too_often(authority, who):
            return answers.distribution(authority.stamp(), "656", 0, highest)
        return _by_key(authority, who, key) if key else _by_number(authority, who, int(single))
    return _after(authority, who, int(text_of(message.element, "distNSU/ultNSU") or "0"))


def _after(authority: Authority, who: str, last: int) -> str:
    """The next page. Who has seen the end comes back in an hour."""
    feed, store, now = authority.store.feeds.get(who, []), authority.store, authority.clock()
    if now < store.rests.get(who, now):
        return answers.distribution(authority.stamp(), "656", last, len(feed))
    if last > len(feed):
        return answers.distribution(authority.stamp(), "589", last, len(feed))
    page = feed[last : last + FEED_PAGE]
    if last + len(page) >= len(feed) and authority.behavior.feed_rest:
        store.rests[who] = now + authority.behavior.feed_rest
    if not page:
        return answers.distribution(authority.stamp(), "137", last, len(feed))
    documents = "".join(_zip(authority, who, last + n, *each) for n, each in enumerate(page, start=1))
    return answers.distribution(authority.stamp(), "138", last + len(page), len(feed), documents)


def _by_number(authority: Authority, who: str, number: int) -> str:
    feed = authority.store.feeds.get(who, [])
    if number > len(feed):
        return answers.distribution(authority.stamp(), "589", number, len(feed))
    if number == 0:
        return answers.distribution(authority.stamp(), "137", 0, len(feed))
    document = _zip(authority, who, number, *feed[number - 1])
    return answers.distribution(authority.stamp(), "138", number, len(feed), document)


def _by_key(authority: Authority, who: str, key: str) -> str:
    """The whole note, for its recipient, once it has answered."""
    note, highest = authority.store.notes.get(key), len(authority.store.feeds.get(who, []))
    code = _closed(authority, note, who)
    if code is not None or note is None:
        return answers.distribution(authority.stamp(), code or "217", 0, highest)
    document = _packed(highest, WHOLE, processed(note))
    return answers.distribution(authority.stamp(), "138", highest, highest, document)


def _closed(authority: Authority, note: Note | None, who: str) -> str | None:
    if note is None:
        return "217"
    if (note.buyer or "")[:BASE] != who[:BASE]:
        return "634"
    if note.code in {"101", "110"}:
        return "653" if note.code == "101" else "654"
    if authority.clock() - moment(note.at) > KEPT:
        return "632"
    return None if not authority.behavior.summaries or answered(authority, note.key) else "633"


def answered(authority: Authority, key: str) -> bool:
    """Whether the recipient has said that it knows of the note."""
    return any((key, kind, 1) in authority.store.events for kind in ANSWERED)


def _too_often(authority: Authority, who: str) -> bool:
    now, asks = authority.clock(), authority.store.asks.setdefault(who, [])
    asks[:] = [at for at in asks if now - at < HOUR]
    asks.append(now)
    return len(asks) > SINGLE_ASKS


def _zip(authority: Authority, who: str, number: int, schema: str, xml: str) -> str:
    """One document of the feed; a note is a summary where it stood in the feed before its recipient answered."""
    if schema == WHOLE and authority.behavior.summaries and (who, number) not in authority.store.opened:
        try:
            return _packed(number, SUMMARY, summary(authority, xml))
        except etree.XMLSyntaxError:  # put there broken on purpose
            return _packed(number, schema, xml)
    return _packed(number, schema, xml)


def _packed(number: int, schema: str, xml: str) -> str:
    inside = b64encode(compress(xml.encode(), mtime=0)).decode()
    return f'<docZip NSU="{number:015d}" schema="{schema}">{inside}</docZip>'


def summary(authority: Authority, xml: str) -> str:
    """`resNFe` of a processed note."""
    root = etree.fromstring(xml.encode())
    info, protocol = root.find(f".//{_N}infNFe"), root.find(f".//{_N}infProt")
    if info is None or protocol is None:
        return xml
    key = text_of(protocol, "chNFe")
    note = authority.store.notes.get(key)
    issuer = text_of(info, "emit/CNPJ")
    who = f"<CNPJ>{issuer}</CNPJ>" if issuer else f"<CPF>{text_of(info, 'emit/CPF')}</CPF>"
    return (
        f'<resNFe xmlns="{NFE}" versao="1.01"><chNFe>{key}</chNFe>{who}<xNome>{escaped(text_of(info, "emit/xNome"))}</xNome>'
        f"<IE>{text_of(info, 'emit/IE')}</IE><dhEmi>{text_of(info, 'ide/dhEmi')}</dhEmi><tpNF>{text_of(info, 'ide/tpNF')}</tpNF>"
        f"<vNF>{text_of(info, 'total/ICMSTot/vNF')}</vNF><digVal>{text_of(protocol, 'digVal')}</digVal>"
        f"<dhRecbto>{text_of(protocol, 'dhRecbto')}</dhRecbto><nProt>{text_of(protocol, 'nProt')}</nProt>"
        f"<cSitNFe>{SITUATION.get(note.code if note else '100', '1')}</cSitNFe></resNFe>"
    )
