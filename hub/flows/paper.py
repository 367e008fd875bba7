"""Documents to hand over: nfeProc as it is kept, and its printed form, made in a process of its own and remembered by digest."""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar
from uuid import UUID

from hub import fiscal
from hub.canon.ports import Adapter
from hub.canon.processed import processed
from hub.connections import Directory
from hub.kit.db import Tx
from hub.kit.errors import HubError
from hub.kit.processes import Processes

KEPT = 256  # printed documents


class NoDocumentYet(HubError):
    """This note is not signed yet: there is nothing to hand over."""

    code: ClassVar[str] = "NO_DOCUMENT_YET"


class NotPrinted(HubError):
    """The adapter {name} prints nothing."""

    code: ClassVar[str] = "NOT_PRINTED"


@dataclass(frozen=True, slots=True)
class Sheet:
    """What printing needs, read in a unit: so that no unit is open while it is made."""

    xml: bytes
    connection_id: UUID
    cancelled: bool


class Paper:
    """One a process. `close` ends its processes."""

    def __init__(self, directory: Directory, adapters: Mapping[str, Adapter], *, workers: int = 1) -> None:
        self._directory, self._adapters = directory, adapters
        self._processes = Processes(workers)
        self._made: OrderedDict[bytes, bytes] = OrderedDict()

    async def xml(self, tx: Tx, document_id: UUID) -> bytes:
        """NfeProc once there is a protocol, else the signed note. Raises `UnknownDocument`, `NoDocumentYet`."""
        return (await self.sheet(tx, document_id)).xml

    async def sheet(self, tx: Tx, document_id: UUID) -> Sheet:
        row = await fiscal.xml(tx, document_id)
        signed, protocol = row["signed_xml"], row["protocol_xml"]
        if signed is None:
            raise NoDocumentYet
        whole = processed(signed, protocol) if protocol is not None else signed
        return Sheet(whole, row["connection_id"], row["state"] == "CANCELLED")

    async def pdf(self, sheet: Sheet) -> bytes:
        """The printed form; outside of any unit, because it takes a tenth of a second and more."""
        digest = hashlib.sha256(bytes((sheet.cancelled,)) + sheet.xml).digest()
        if digest not in self._made:
            connection, _ = await self._directory.of(sheet.connection_id)
            adapter = self._adapters[connection.adapter]
            if adapter.printed is None:
                raise NotPrinted(name=adapter.name)
            self._made[digest] = await self._processes.run(adapter.printed, sheet.xml, cancelled=sheet.cancelled)
            while len(self._made) > KEPT:
                self._made.popitem(last=False)
        self._made.move_to_end(digest)
        return self._made[digest]

    def close(self) -> None:
        self._processes.close()
