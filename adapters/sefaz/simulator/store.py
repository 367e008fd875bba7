"""What the authority remembers: notes, events, voided numbers, receipts, the feed. A file of JSON lines makes it survive a restart."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from datetime import datetime
from html import unescape
from pathlib import Path
from typing import Any

OPENING = frozenset({"210200", "210210"})  # answers after which the recipient gets the whole note


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """One registered note. `code` is its present state: 100, 101 (cancelled), 110 (denied)."""

    key: str
    issuer: str
    model: str
    series: int
    number: int
    digest: str
    protocol: str
    at: str  # ISO 8601
    code: str
    protocol_xml: str
    xml: str
    buyer: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    key: str
    event_type: str
    sequence: int
    issuer: str
    protocol: str
    at: str
    code: str
    xml: str  # procEventoNFe


@dataclass(frozen=True, slots=True, kw_only=True)
class Voided:
    issuer: str
    model: str
    series: int
    year: str
    first: int
    last: int
    protocol: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """A batch that was taken for later. `left`: how often it still answers 105."""

    number: str
    answer: str  # protNFe
    left: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Company:
    """A taxpayer of a UF's registry."""

    tax_id: str
    registration: str  # IE
    name: str
    uf: str
    active: bool = True


@dataclass(slots=True)
class Store:
    """Everything in memory; each change is appended to `file` when there is one."""

    file: Path | None = None
    notes: dict[str, Note] = field(default_factory=dict)
    numbers: dict[tuple[str, str, int, int], str] = field(default_factory=dict)
    events: dict[tuple[str, str, int], Event] = field(default_factory=dict)
    voided: list[Voided] = field(default_factory=list)
    receipts: dict[str, Receipt] = field(default_factory=dict)
    feeds: dict[str, list[tuple[str, str]]] = field(default_factory=dict)  # CNPJ -> (schema, XML)
    opened: set[tuple[str, int]] = field(default_factory=set)  # (CNPJ, NSU) of notes that stand there whole
    registered: dict[tuple[str, str], Company] = field(default_factory=dict)  # by UF and IE
    rests: dict[str, datetime] = field(default_factory=dict)  # CNPJ -> when it may ask the feed again
    asks: dict[str, list[datetime]] = field(default_factory=dict)  # CNPJ -> its questions for single documents
    serial: int = 0

    def load(self) -> None:
        """Replay the file; a torn last line (the process was killed while writing) is dropped."""
        if self.file is None or not self.file.exists():
            return
        for line in self.file.read_text(encoding="utf-8").splitlines():
            try:
                entry = json.loads(line)
            except ValueError:
                break
            _APPLY[entry.pop("kind")](self, entry)

    def next_serial(self) -> int:
        self.serial += 1
        return self.serial

    def add_note(self, note: Note) -> None:
        self._write("note", _plain(note))

    def add_event(self, event: Event) -> None:
        self._write("event", _plain(event))

    def add_voided(self, voided: Voided) -> None:
        self._write("voided", _plain(voided))

    def add_receipt(self, receipt: Receipt) -> None:
        self._write("receipt", _plain(receipt))

    def add_company(self, company: Company) -> None:
        self._write("company", _plain(company))

    def companies(self, uf: str) -> list[Company]:
        return [c for (where, _), c in sorted(self.registered.items()) if where == uf]

    def voided_numbers(self, issuer: str, model: str, series: int) -> list[Voided]:
        return [v for v in self.voided if (v.issuer, v.model, v.series) == (issuer, model, series)]

    def used(self, issuer: str, model: str, series: int, first: int, last: int) -> bool:
        """Whether a number of the range belongs to a note."""
        return any((issuer, model, series, number) in self.numbers for number in range(first, last + 1))

    def _write(self, kind: str, entry: dict[str, Any]) -> None:
        entry["serial"] = self.serial
        if self.file is not None:
            with self.file.open("a", encoding="utf-8") as file:
                file.write(json.dumps({"kind": kind, **entry}, ensure_ascii=False) + "\n")
        _APPLY[kind](self, entry)


def _plain(record: Note | Event | Voided | Receipt | Company) -> dict[str, Any]:
    """Its fields: all of them are texts and numbers."""
    return {each.name: getattr(record, each.name) for each in fields(record)}


def _note(store: Store, entry: dict[str, Any]) -> None:
    store.serial = max(store.serial, entry.pop("serial"))
    note = Note(**entry)
    fresh = note.key not in store.notes
    store.notes[note.key] = note
    store.numbers[note.issuer, note.model, note.series, note.number] = note.key
    if fresh:
        _issuer(store, note)
    if fresh and note.buyer is not None and note.code == "100":
        store.feeds.setdefault(note.buyer, []).append(("procNFe_v4.00.xsd", processed(note)))


def _event(store: Store, entry: dict[str, Any]) -> None:
    store.serial = max(store.serial, entry.pop("serial"))
    event = Event(**entry)
    store.events[event.key, event.event_type, event.sequence] = event
    note = store.notes.get(event.key)
    if note is None or note.buyer is None:
        return
    feed = store.feeds.setdefault(note.buyer, [])
    if event.event_type in OPENING and event.issuer == note.buyer:
        if not any((note.buyer, n + 1) in store.opened and note.key in xml for n, (_, xml) in enumerate(feed)):
            feed.append(("procNFe_v4.00.xsd", processed(note)))
            store.opened.add((note.buyer, len(feed)))
    elif not event.event_type.startswith("2102"):  # the recipient's own answers are not told to it
        feed.append(("procEventoNFe_v1.00.xsd", event.xml))


def _voided(store: Store, entry: dict[str, Any]) -> None:
    store.serial = max(store.serial, entry.pop("serial"))
    store.voided.append(Voided(**entry))


def _receipt(store: Store, entry: dict[str, Any]) -> None:
    store.serial = max(store.serial, entry.pop("serial"))
    receipt = Receipt(**entry)
    store.receipts[receipt.number] = receipt


def _company(store: Store, entry: dict[str, Any]) -> None:
    entry.pop("serial")
    company = Company(**entry)
    store.registered[company.uf, company.registration] = company


def _issuer(store: Store, note: Note) -> None:
    """Who issues is registered."""
    found = {tag: _ISSUER[tag].search(note.xml) for tag in _ISSUER}
    if all(found.values()):
        said = {tag: unescape(m[1]) for tag, m in found.items() if m}
        key = said["UF"], said["IE"]
        if key not in store.registered:
            store.registered[key] = Company(
                tax_id=said["CNPJ"], registration=said["IE"], name=said["xNome"], uf=said["UF"]
            )


_ISSUER = {
    tag: re.compile(rf"<emit>.*?<{tag}>([^<]+)</{tag}>.*?</emit>", re.DOTALL) for tag in ("CNPJ", "xNome", "UF", "IE")
}
_APPLY: Mapping[str, Callable[[Store, dict[str, Any]], None]] = {
    "note": _note,
    "event": _event,
    "voided": _voided,
    "receipt": _receipt,
    "company": _company,
}


def processed(note: Note) -> str:
    """`nfeProc`: the note and its protocol."""
    space = "http://www.portalfiscal.inf.br/nfe"
    return f'<nfeProc xmlns="{space}" versao="4.00">{note.xml}{note.protocol_xml}</nfeProc>'


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text)
