"""The ASGI face of the authority: SOAP in, SOAP out, faults on request, and `/_sim/` to set them and to read what was really authorized."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random
from typing import Any

import orjson
from cryptography import x509

from adapters.sefaz.simulator.authority import HANDLERS, whole_batch_answer
from adapters.sefaz.simulator.checks import raw_fault
from adapters.sefaz.simulator.faults import Fault, FaultKind, Faults
from adapters.sefaz.simulator.halls import Halls
from adapters.sefaz.simulator.parts import Authority, Message
from adapters.sefaz.simulator.profiles import PROFILES, Behavior, changed
from adapters.sefaz.simulator.store import Company, Store
from adapters.sefaz.soap import SOAP_11, SOAP_12, NotXml, inner, parse, wrap_answer
from hub.canon.certificates import cnpj_of
from hub.kit.clock import Clock, system_clock

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

LARGEST = 500 * 1024  # bytes of a message (214)
_BODY = re.compile(rb"<(?:\w+:)?nfeDadosMsg[^>]*>(.*)</(?:\w+:)?nfeDadosMsg>", re.DOTALL)
PAGE = b"<html><body><h1>Service Unavailable</h1></body></html>"
STOPS = {FaultKind.STOPPED: "108", FaultKind.STOPPED_LONG: "109", FaultKind.PACING: "656"}
UNPROCESSED = frozenset({FaultKind.CUT_BEFORE, FaultKind.HTTP_500, *STOPS})


@dataclass(slots=True)
class SimulatedTime:
    """A clock that can be moved: the machine's time plus `shift`."""

    base: Clock = system_clock
    shift: timedelta = timedelta()

    def __call__(self) -> datetime:
        return self.base() + self.shift


@dataclass(slots=True)
class SefazApp:
    """One authority behind ASGI. `transport` and `peer` of a connection come in the scope's extension `mtls`."""

    behavior: Behavior = field(default_factory=lambda: PROFILES["SP"])
    store: Store = field(default_factory=Store)
    seed: int = 0
    time: SimulatedTime = field(default_factory=SimulatedTime)
    faults: Faults = field(init=False)
    calls: dict[str, int] = field(default_factory=dict)
    served: dict[tuple[str, str], int] = field(default_factory=dict)  # (authority, service) -> calls
    halls: Halls = field(default_factory=Halls)

    def __post_init__(self) -> None:
        self.faults = Faults(Random(self.seed))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        body = await _read(receive)
        path = scope["path"].rstrip("/")
        if path.startswith("/_sim/"):
            await _answer(send, 200, self.control(path.removeprefix("/_sim/"), body), b"application/json")
            return
        before, _, service = path.rpartition("/")
        authority = before.rpartition("/")[2]
        if scope["method"] != "POST" or service not in HANDLERS:
            await _answer(send, 404, b"unknown service", b"text/plain")
            return
        connection = scope.get("extensions", {}).get("mtls", {})
        if authority in self.halls.dark:
            _cut(connection)
            return
        await self._serve(service, body, {**connection, "authority": authority}, send)

    async def _serve(self, service: str, body: bytes, connection: dict[str, Any], send: Send) -> None:
        self.calls[service] = self.calls.get(service, 0) + 1
        self.served[connection["authority"], service] = self.served.get((connection["authority"], service), 0) + 1
        fault = self.faults.strike(service)
        kind = fault.kind if fault else None
        seconds = self.behavior.delay + self.faults.wait(fault)
        if seconds:
            await asyncio.sleep(seconds)
        if kind is FaultKind.CUT_BEFORE:
            _cut(connection)
            return
        if kind is FaultKind.HTTP_500:
            await _answer(send, 500, PAGE, b"text/html")
            return
        name = connection["authority"]
        stop = (STOPS.get(kind) if kind else None) or self.halls.refusal(name, service, self.behavior)
        answer = self.answer(service, body, connection.get("peer"), stop, name)
        if kind is FaultKind.TWICE:
            answer = self.answer(service, body, connection.get("peer"), None, name)
        await _deliver(send, connection, kind, answer)

    def answer(
        self, service: str, body: bytes, peer: x509.Certificate | None, stop: str | None, name: str = ""
    ) -> bytes:
        """The whole envelope for one message. `name`: the authority in the path, empty for whichever the profile says."""
        soap = SOAP_11 if SOAP_11.encode() in body[:400] else SOAP_12
        authority = Authority(self.halls.behavior(name, self.behavior), self.store, self.time)
        return wrap_answer(service, self._content(authority, service, body, peer, stop).encode(), soap)

    def _content(
        self, authority: Authority, service: str, body: bytes, peer: x509.Certificate | None, stop: str | None
    ) -> str:
        found = _BODY.search(body)
        raw = found[1] if found else body
        if len(body) > LARGEST:
            return whole_batch_answer(authority, service, "214", None)
        try:
            element = inner(parse(body))
        except NotXml:
            return whole_batch_answer(authority, service, "243", None)
        code = stop or authority.behavior.stopped or raw_fault(raw, self.behavior) or self._peer_fault(peer)
        if element is None:
            return whole_batch_answer(authority, service, "215", None)
        if code is not None:
            return whole_batch_answer(authority, service, code, element)
        return HANDLERS[service](authority, Message(element=element, raw=raw, peer=peer))

    def _peer_fault(self, peer: x509.Certificate | None) -> str | None:
        """281 expired, 282 without CNPJ; the chain was judged by TLS."""
        if peer is None:
            return None
        if not peer.not_valid_before_utc <= self.time() <= peer.not_valid_after_utc:
            return "281"
        return None if cnpj_of(peer) else "282"

    # -------------------------------------------------------------- control
    def control(self, what: str, body: bytes) -> bytes:
        """`faults` add, `reset` end them, `clock` {"advance_seconds"|"now"}, `behavior` {"profile", traits}, `authority` {"authority", "state"},
        `companies` register one, `notes` read back, `calls` count.
        """
        given = orjson.loads(body) if body else {}
        if what == "faults":
            self.faults.add(Fault(**{**given, "kind": FaultKind(given["kind"])}))
        elif what == "reset":
            self.faults.clear()
        elif what == "clock":
            self._set_clock(given)
        elif what == "authority":
            self.halls.control(given)
        elif what == "behavior":
            self.behavior = changed(self.behavior, given)
        elif what == "companies":
            self.store.add_company(Company(**given))
        return orjson.dumps(self._state())

    def _set_clock(self, given: dict[str, Any]) -> None:
        if "now" in given:
            self.time.shift = datetime.fromisoformat(given["now"]) - self.time.base()
        self.time.shift += timedelta(seconds=given.get("advance_seconds", 0))

    def _state(self) -> dict[str, Any]:
        notes = [
            {
                "key": n.key,
                "issuer": n.issuer,
                "series": n.series,
                "number": n.number,
                "protocol": n.protocol,
                "code": n.code,
            }
            for n in self.store.notes.values()
        ]
        events = [
            {"key": e.key, "type": e.event_type, "sequence": e.sequence, "code": e.code}
            for e in self.store.events.values()
        ]
        voided = [{"issuer": v.issuer, "series": v.series, "first": v.first, "last": v.last} for v in self.store.voided]
        return {
            "now": self.time().isoformat(),
            "notes": notes,
            "events": events,
            "voided": voided,
            "calls": self.calls,
            "faults": [
                {"kind": f.kind, "service": f.service, "rate": f.rate, "times": f.times} for f in self.faults.active
            ],
        }


async def _deliver(send: Send, connection: dict[str, Any], kind: FaultKind | None, answer: bytes) -> None:
    if kind is FaultKind.ANSWER_LOST:
        _cut(connection)
    elif kind is FaultKind.HTML:
        await _answer(send, 200, PAGE, b"text/html")
    elif kind is FaultKind.TRUNCATED:
        await _answer(send, 200, answer[: len(answer) // 2])
    elif kind is FaultKind.OTHER_NOTE:
        await _answer(send, 200, re.sub(rb"<chNFe>[0-9]{2}", b"<chNFe>99", answer))
    elif kind is FaultKind.CUT_INSIDE:
        await _start(send, 200, len(answer), b"application/soap+xml; charset=utf-8")
        await send({"type": "http.response.body", "body": answer[: len(answer) // 2], "more_body": True})
        _cut(connection)
    else:
        await _answer(send, 200, answer)


async def _read(receive: Receive) -> bytes:
    body = bytearray()
    while True:
        event = await receive()
        body += event.get("body", b"")
        if not event.get("more_body"):
            return bytes(body)


async def _start(send: Send, status: int, length: int, media: bytes) -> None:
    headers = [(b"content-type", media), (b"content-length", str(length).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})


async def _answer(send: Send, status: int, body: bytes, media: bytes = b"application/soap+xml; charset=utf-8") -> None:
    await _start(send, status, len(body), media)
    await send({"type": "http.response.body", "body": body})


def _cut(connection: dict[str, Any]) -> None:
    transport = connection.get("transport")
    if transport is not None:
        transport.abort()
