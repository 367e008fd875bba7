"""The printed form of a note (DANFE, NFC-e receipt, correction letter) as PDF, in processes of its own: a page costs more than a request may."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from hashlib import sha256
from importlib import import_module
from importlib.util import find_spec
from multiprocessing import get_context
from typing import ClassVar

from lxml import etree

from adapters.sefaz.soap import NotXml, parse
from hub.kit.errors import HubError

NFE = "http://www.portalfiscal.inf.br/nfe"
LIBRARY = "brazilfiscalreport"
KEPT = 256  # documents


class NotPrintable(HubError):
    """This document cannot be printed: {reason}."""

    code: ClassVar[str] = "NOT_PRINTABLE"


def render(xml: bytes) -> bytes:
    """PDF of a note (with or without its protocol) or of a registered correction. Blocks 70 ms and more; layout by the emission date."""
    try:
        root = parse(xml)
    except NotXml as error:
        raise NotPrintable(reason=error.sentence()) from error
    if find_spec(LIBRARY) is None:
        raise NotPrintable(reason="the extra `danfe` is not installed")
    name = etree.QName(root).localname
    if name == "procEventoNFe":
        made = import_module(f"{LIBRARY}.dacce").DaCCe(xml=xml.decode())
    elif name not in {"NFe", "nfeProc"}:
        raise NotPrintable(reason=f"{name} is no note")
    elif root.findtext(f".//{{{NFE}}}mod") == "65":
        made = import_module(f"{LIBRARY}.danfce").Danfce(xml=xml.decode())
    else:
        made = import_module(f"{LIBRARY}.danfe").Danfe(xml=xml.decode())
    return bytes(made.output())


def _attempt(xml: bytes) -> bytes | str:
    """`render` for another process: the PDF, or the reason as text, because our errors do not travel between processes."""
    try:
        return render(xml)
    except NotPrintable as error:
        return str(error.data["reason"])


class DanfePrinter:
    """A pool of processes and the last documents by digest. The same XML always gives the same document."""

    def __init__(self, processes: int = 1) -> None:
        self._processes = processes
        self._pool: ProcessPoolExecutor | None = None
        self._kept: OrderedDict[bytes, bytes] = OrderedDict()

    async def print(self, xml: bytes) -> bytes:
        """The PDF; `NotPrintable` for other documents and when the printing process died twice."""
        digest = sha256(xml).digest()
        if digest in self._kept:
            self._kept.move_to_end(digest)
            return self._kept[digest]
        made = await self._rendered(xml)
        self._kept[digest] = made
        while len(self._kept) > KEPT:
            self._kept.popitem(last=False)
        return made

    async def _rendered(self, xml: bytes) -> bytes:
        for _ in range(2):
            if self._pool is None:
                self._pool = ProcessPoolExecutor(self._processes, mp_context=get_context("spawn"))
            try:
                made = await asyncio.get_running_loop().run_in_executor(self._pool, _attempt, xml)
            except BrokenProcessPool:
                self.close()
                continue
            if isinstance(made, str):
                raise NotPrintable(reason=made)
            return made
        raise NotPrintable(reason="the printing process died")

    def close(self) -> None:
        """End the processes; the next document starts new ones."""
        if self._pool is not None:
            self._pool.shutdown(wait=False, cancel_futures=True)
            self._pool = None
