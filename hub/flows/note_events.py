"""Words to the authority about notes of ours, and numbers given up, become deliveries; each is said after its note was."""

from __future__ import annotations

from collections.abc import Sequence

from hub import fiscal, outbox
from hub.canon.codec import dump
from hub.flows.authority import to_authority
from hub.flows.reactor import Deps
from hub.kit.db import Tx

# These go to the national environment, which answers while the authority is silent.
NATIONAL = frozenset({"EPEC", "INTERESTED", "DELIVERED", "UNDO_DELIVERED", "UNDELIVERED", "UNDO_UNDELIVERED"})


async def tell_authority(tx: Tx, asks: Sequence[fiscal.EventAsk], deps: Deps) -> list[fiscal.EventOwed]:
    """Keep and owe these events. Raises what `fiscal.ask_events` raises, before anything is written."""
    owed = await fiscal.ask_events(tx, asks, deps.tables)
    await owe_events(tx, owed)
    return owed


async def owe_events(tx: Tx, owed: Sequence[fiscal.EventOwed]) -> None:
    await outbox.owe(tx, [_delivery(o) for o in owed])


def _delivery(o: fiscal.EventOwed) -> outbox.Delivery:
    port = "national" if o.command.kind in NATIONAL else "outbound"
    return to_authority(
        o.connection_id, o.command, ("fiscal_document", o.document_id), o.cause, o.event_id.hex, port=port
    )


async def owe_voids(tx: Tx, owed: Sequence[fiscal.VoidOwed]) -> None:
    await outbox.owe(
        tx,
        [
            outbox.Delivery(
                destination=f"{o.connection_id.hex}:outbound",
                kind="VoidNumbers",
                subject_kind="fiscal_void",
                subject_id=o.void_id,
                payload=dump(o.command),
                causation_id=o.void_id,
                dedupe_key=f"VoidNumbers:{o.void_id.hex}",
            )
            for o in owed
        ],
    )
