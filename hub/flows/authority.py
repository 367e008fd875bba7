"""What is owed to the authorities, as rows of the outbox."""

from __future__ import annotations

from uuid import UUID

from hub import outbox
from hub.canon.codec import dump
from hub.canon.commands import OutwardCommand
from hub.ledger import Cause


def to_authority(
    connection_id: UUID,
    command: OutwardCommand,
    subject: tuple[str, UUID],
    cause: Cause,
    key: str,
    *,
    port: str = "outbound",
    strict: bool = True,
) -> outbox.Delivery:
    """Owed once for `key`. Words about one subject leave in their order; strict: a parked one holds back the later ones."""
    kind, subject_id = subject
    return outbox.Delivery(
        destination=f"{connection_id.hex}:{port}",
        kind=type(command).__name__,
        subject_kind=kind,
        subject_id=subject_id,
        payload=dump(command),
        causation_id=cause.causation_id or subject_id,
        correlation_id=cause.correlation_id,
        ordering_key=subject_id.hex,
        strict=strict,
        dedupe_key=f"{type(command).__name__}:{key}",
    )
