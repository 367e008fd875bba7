"""Monthly partitions: this month, the next two, and a default for what is older or later. Made ahead by migration and by a daily timer."""

from __future__ import annotations

from datetime import UTC, datetime

import sqlalchemy as sa

from hub.kit.tables import OF_THIS_UNIT

LEDGER = "business_events"
PARTITIONED = (LEDGER, "stock_movements", "inbox_done", "outbox_done", "timers_done")


def months(now: datetime, count: int) -> list[tuple[datetime, datetime]]:
    """(start, end) of this month and the following ones, UTC."""
    found = []
    year, month = now.year, now.month
    for _ in range(count):
        start = datetime(year, month, 1, tzinfo=UTC)
        year, month = (year + 1, 1) if month == 12 else (year, month + 1)
        found.append((start, datetime(year, month, 1, tzinfo=UTC)))
    return found


def ensure_partitions(connection: sa.Connection, now: datetime) -> None:
    """Make what is missing. What is there is not touched: its locks would stand in the way of the work at hand."""
    for name in PARTITIONED:
        _make(connection, name, f"{name}_default", "DEFAULT")
        for start, end in months(now, 3):
            _make(
                connection,
                name,
                f"{name}_{start:%Y%m}",
                f"FOR VALUES FROM ('{start.isoformat()}') TO ('{end.isoformat()}')",
            )


def _make(connection: sa.Connection, name: str, part: str, bounds: str) -> None:
    if connection.execute(sa.text("SELECT to_regclass(CAST(:part AS text))"), {"part": part}).scalar_one() is None:
        connection.execute(sa.text(f"CREATE TABLE {part} PARTITION OF {name} {bounds}"))
        _guard(connection, name, part)


def _guard(connection: sa.Connection, name: str, part: str) -> None:
    """What a partition does not inherit: row-level security, and triggers of a whole statement."""
    secure(connection, part)
    if name == LEDGER:
        connection.execute(
            sa.text(
                f"CREATE OR REPLACE TRIGGER no_truncate BEFORE TRUNCATE ON {part} "
                "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
            )
        )


def past(connection: sa.Connection, before: datetime) -> list[tuple[str, datetime, datetime]]:
    """(partition, start, end) of the ledger's months that ended by `before`, the oldest first."""
    found = connection.execute(
        sa.text("SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = CAST(:name AS regclass)"),
        {"name": LEDGER},
    )
    made = []
    for (part,) in found.fetchall():
        text = part.removeprefix(f"{LEDGER}_")
        if text.isdigit():
            ((start, end),) = months(datetime(int(text[:4]), int(text[4:]), 1, tzinfo=UTC), 1)
            if end <= before:
                made.append((part, start, end))
    return sorted(made)


def drop_month(connection: sa.Connection, part: str, count: int) -> bool:
    """Remove a month that was archived, unless it holds anything else than those `count` facts by now."""
    connection.execute(sa.text(f"LOCK TABLE {part} IN SHARE MODE"))
    ((_, start, end),) = [p for p in past(connection, datetime.max.replace(tzinfo=UTC)) if p[0] == part]
    connection.execute(sa.text("SET LOCAL ROLE hub_tail"))
    there = connection.execute(
        sa.text("SELECT count(*) FROM business_events WHERE at >= :start AND at < :end"), {"start": start, "end": end}
    ).scalar_one()
    connection.execute(sa.text("RESET ROLE"))
    if there != count:
        return False
    connection.execute(sa.text(f"ALTER TABLE {LEDGER} DETACH PARTITION {part}"))
    connection.execute(sa.text(f"DROP TABLE {part}"))
    return True


TENANT_ONLY = f"tenant_id = {OF_THIS_UNIT}"


def secure(connection: sa.Connection, name: str) -> None:
    """Row-level security, forced: a table reached directly gives no more than through its parent."""
    for statement in (
        f"ALTER TABLE {name} ENABLE ROW LEVEL SECURITY",
        f"ALTER TABLE {name} FORCE ROW LEVEL SECURITY",
        f"DROP POLICY IF EXISTS tenant ON {name}",
        f"CREATE POLICY tenant ON {name} TO hub_app, hub_read USING ({TENANT_ONLY}) WITH CHECK ({TENANT_ONLY})",
    ):
        connection.execute(sa.text(statement))
