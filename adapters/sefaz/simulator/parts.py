"""What every service of the simulated authority works with: the authority, the message that came, the text of an element."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from cryptography import x509
from lxml import etree

from adapters.sefaz.clocks import local
from adapters.sefaz.simulator import answers
from adapters.sefaz.simulator.profiles import Behavior
from adapters.sefaz.simulator.store import Store

_N = f"{{{answers.NFE}}}"


@dataclass(slots=True)
class Authority:
    """One authority at work: its behavior, its memory, its clock."""

    behavior: Behavior
    store: Store
    clock: Callable[[], datetime]

    def at(self) -> str:
        return local(self.clock(), self.behavior.uf).isoformat()

    def stamp(self) -> answers.Stamp:
        return answers.Stamp(self.behavior.environment, self.behavior.uf, self.at())

    def number(self) -> str:
        return answers.protocol_number(self.behavior.uf, self.clock(), self.store.next_serial())


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """What came: parsed, as bytes, and whose certificate opened the connection (None: no TLS)."""

    element: etree._Element
    raw: bytes
    peer: x509.Certificate | None = None


def text_of(element: etree._Element, path: str) -> str:
    return (element.findtext("/".join(_N + step for step in path.split("/"))) or "").strip()
