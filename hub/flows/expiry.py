"""Certificates that accounts use, looked at before they end: what notes are signed with, what partners' messages are signed and sealed with.
An incident at 30, 7 and 1 days and at the end. Old refused transmissions are forgotten on the way.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby

from hub import connections
from hub.canon.carriage import Dated
from hub.canon.certificates import CertificateRefused, ends_within
from hub.canon.ports import Account, Adapter, NeverTry
from hub.connections import Connection, Directory
from hub.flows.certificates import FIELDS, opened
from hub.flows.reactor import Reactor
from hub.incidents import NewIncident
from hub.ledger import Cause

REFUSED_KEPT = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Used:
    """A certificate that an account uses; `fault`: it cannot be opened, and why."""

    connection: Connection
    dated: Dated | None
    fault: str = ""


async def certificates(directory: Directory, adapters: Mapping[str, Adapter]) -> list[Used]:
    """Of every account that is not paused."""
    found: list[Used] = []
    for connection in await directory.all():
        if connection.state != "PAUSED":
            _, account = await directory.of(connection.connection_id)
            transport = adapters.get(str(connection.config.get("transport", "")))
            found += await asyncio.to_thread(_of, connection, account, transport)
    return found


def _of(connection: Connection, account: Account, transport: Adapter | None) -> list[Used]:
    containers, passwords = (account.secrets.get(field) for field in FIELDS)
    try:
        dated = list(transport.sealer.certificates(account)) if transport and transport.sealer else []
        if containers and passwords:
            ends = opened(containers[0], passwords[0]).certificate.not_valid_after_utc
            dated.append(Dated(label="the certificate", ends=ends))
    except (NeverTry, CertificateRefused) as error:
        return [Used(connection, None, error.sentence())]
    return [Used(connection, each) for each in dated]


class Expiry:
    """`adapters`: those with a sealer say which certificates an account uses."""

    def __init__(self, reactor: Reactor, directory: Directory, adapters: Mapping[str, Adapter]) -> None:
        self._reactor, self._directory, self._adapters = reactor, directory, adapters

    async def look(self) -> int:
        """How many end soon or cannot be used. An incident that is open is not opened again before the next mark is passed."""
        told = 0
        used = await certificates(self._directory, self._adapters)
        for tenant, mine in groupby(sorted(used, key=lambda u: u.connection.tenant), lambda u: u.connection.tenant):
            async with self._reactor.unit(tenant=tenant, actor="clock") as tx:
                await connections.forget_refused(tx, tx.now - REFUSED_KEPT)
                incidents = [i for u in mine if (i := _incident(u, tx.now)) is not None]
                await self._reactor.deps.incidents.open(tx, incidents)
            told += len(incidents)
        return told


def _incident(used: Used, now: datetime) -> NewIncident | None:
    label = used.connection.label
    if used.dated is None:
        summary, detail = f"{label}: a certificate cannot be used: {used.fault}", ""
    else:
        mark = ends_within(used.dated.ends, now)
        if mark is None:
            return None
        ends = f"{used.dated.ends:%Y-%m-%d}"
        summary, detail = f"{label}: {used.dated.label} ends on {ends}.", f"{used.dated.label} {ends} {mark}"
    return NewIncident(
        kind="certificate_ends",
        summary=summary[:500],
        subject_kind="connection",
        subject_id=used.connection.connection_id,
        detail=detail,
        cause=Cause(used.connection.connection_id, None),
    )
