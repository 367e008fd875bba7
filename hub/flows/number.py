"""Documents for partners get their control numbers in the transaction that fixes them: a rolled-back send leaves no gap."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from hub import connections, outbox
from hub.canon.commands import Acknowledge, OutwardCommand, WriteDocument
from hub.kit.db import Tx

LEVELS = ("isa", "gs")


class Numbering:
    """Takes numbers once for a delivery; a later try finds them on the row."""

    def wants(self, command: OutwardCommand) -> bool:
        return isinstance(command, WriteDocument | Acknowledge)

    async def numbered(
        self, tx: Tx, owed: outbox.Claimed, command: OutwardCommand, connection: connections.Connection
    ) -> OutwardCommand:
        if not isinstance(command, WriteDocument | Acknowledge):
            return command
        kept = {level: int(owed.references[level]) for level in LEVELS if level in owed.references}
        if len(kept) < len(LEVELS):
            ours, usage = str(connection.config.get("ours", "")), connection.config.get("usage", "P")
            kept = {
                level: (
                    await connections.take(tx, connection.connection_id, ours, usage, "isa" if level == "isa" else "gs")
                ).numbers[0]
                for level in LEVELS
            }
        return replace(command, numbers={**kept, "st": 1})

    def kept(self, command: OutwardCommand) -> Mapping[str, str]:
        """What the delivery's row remembers."""
        if not isinstance(command, WriteDocument | Acknowledge):
            return {}
        return {level: str(command.numbers[level]) for level in LEVELS}
