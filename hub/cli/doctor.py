"""`hub doctor`: looks at everything that could be wrong, says what and the cure. Changes nothing, starts nothing."""

from __future__ import annotations

import asyncio
import json as jsonlib
import shutil
import sys
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hub.kit.errors import HubError

if TYPE_CHECKING:
    import asyncpg

    from hub.kit.settings import Settings

    Connection = asyncpg.Connection[asyncpg.Record]

MEGABYTE = 1024 * 1024
DISK_WRONG, DISK_DOUBT = 200 * MEGABYTE, 1024 * MEGABYTE  # below the first, writes are refused
CLOCK_APART = 5.0  # seconds between this machine and the database
BACKUP_HOURS = 26
OLDEST, NEWEST = 15, 18  # major versions of PostgreSQL


class Verdict(StrEnum):
    OK = "ok"
    DOUBT = "doubt"  # works, but somebody should look
    WRONG = "wrong"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    name: str
    verdict: Verdict
    found: str
    cure: str = ""


def _ok(name: str, found: str) -> Finding:
    return Finding(name=name, verdict=Verdict.OK, found=found)


def _doubt(name: str, found: str, cure: str) -> Finding:
    return Finding(name=name, verdict=Verdict.DOUBT, found=found, cure=cure)


def _wrong(name: str, found: str, cure: str) -> Finding:
    return Finding(name=name, verdict=Verdict.WRONG, found=found, cure=cure)


def look_at_python(version: tuple[int, ...]) -> Finding:
    text = ".".join(map(str, version[:3]))
    if (3, 11) <= tuple(version[:2]) < (3, 15):
        return _ok("python", text)
    return _wrong("python", text, "run the hub with Python 3.11 to 3.14")


def look_at_disk(place: Path) -> Finding:
    """Free space where the data is, or will be."""
    there = next(p for p in (place, *place.parents) if p.exists())
    free = shutil.disk_usage(there).free
    found = f"{free // MEGABYTE} MB free at {there}"
    if free < DISK_WRONG:
        return _wrong("disk", found, "free space: below 200 MB writes are refused")
    if free < DISK_DOUBT:
        return _doubt("disk", found, "free space: 1 GB is the least to feel safe with")
    return _ok("disk", found)


def look_at_kek(settings: Settings) -> Finding:
    try:
        keys = settings.keks()
    except HubError as fault:
        return _wrong("key", str(fault), "openssl rand -base64 32 makes one; the old one opens what is stored")
    if not keys:
        cure = "set HUB_KEK_FILE or HUB_KEK (openssl rand -base64 32) before any secret of a connection is stored"
        return _doubt("key", "no key encryption key", cure)
    return _ok("key", f"{len(keys)} key encryption key(s), {next(iter(keys))} for new secrets")


def look_at_backup(settings: Settings, now: datetime) -> Finding:
    if settings.database_url is not None:
        return _doubt("backup", "none can be seen from here", "make sure that your provider takes and tests them")
    backups = [p for p in (settings.data / "backup").glob("*") if p.is_dir()] if settings.data.exists() else []
    if not backups:
        return _doubt("backup", "none yet", "hub db backup, nightly")
    hours = (now.timestamp() - max(p.stat().st_mtime for p in backups)) / 3600
    if hours > BACKUP_HOURS:
        return _doubt("backup", f"the newest is {hours:.0f} hours old", "hub db backup, nightly")
    return _ok("backup", f"the newest is {hours:.0f} hours old")


async def look_at_version(connection: Connection) -> list[Finding]:
    major = await connection.fetchval("SELECT current_setting('server_version_num')::int / 10000")
    if OLDEST <= major <= NEWEST:
        return [_ok("version", f"PostgreSQL {major}")]
    return [_wrong("version", f"PostgreSQL {major}", f"the hub runs on PostgreSQL {OLDEST} to {NEWEST}")]


# setting -> (wanted, verdict where it differs, cure)
SETTINGS: dict[str, tuple[str, Verdict, str]] = {
    "fsync": ("on", Verdict.WRONG, "turn it on: a crash may otherwise destroy the database"),
    "full_page_writes": ("on", Verdict.WRONG, "turn it on: a crash may otherwise destroy the database"),
    "synchronous_commit": ("on", Verdict.WRONG, "turn it on: an acknowledged order must survive a crash"),
    "server_encoding": ("UTF8", Verdict.WRONG, "make the database anew with ENCODING 'UTF8'"),
    "data_checksums": ("on", Verdict.DOUBT, "pg_checksums --enable while it is stopped: silent damage is then seen"),
    "max_prepared_transactions": ("0", Verdict.DOUBT, "set it to 0: a forgotten one stops every live stream"),
}


async def look_at_settings(connection: Connection) -> list[Finding]:
    findings = []
    for name, (wanted, verdict, cure) in SETTINGS.items():
        found = await connection.fetchval("SELECT current_setting($1)", name)
        if found != wanted:
            findings.append(Finding(name=f"setting {name}", verdict=verdict, found=found, cure=cure))
    patience = await connection.fetchval("SELECT current_setting('idle_in_transaction_session_timeout')")
    if patience == "0":
        cure = "set it to 10s: a forgotten transaction stops every live stream"
        findings.append(_doubt("setting idle_in_transaction_session_timeout", "none", cure))
    return findings or [_ok("settings", "as the hub needs them")]


async def look_at_roles(connection: Connection) -> list[Finding]:
    """The roles of row-level security: there, bound by it, and open to this login."""
    from hub.kit.db import ROLES

    rows = await connection.fetch(
        "SELECT rolname::text AS name, rolsuper OR rolbypassrls AS free, pg_has_role(current_user, oid, 'MEMBER') AS ours"
        " FROM pg_roles WHERE rolname = ANY ($1::text[])",
        list(ROLES),
    )
    known = {row["name"]: row for row in rows}
    findings = []
    for role in ROLES:
        if role not in known:
            findings.append(_wrong(f"role {role}", "missing", "hub migrate"))
        elif known[role]["free"]:
            cure = f"ALTER ROLE {role} NOSUPERUSER NOBYPASSRLS: it would see every tenant"
            findings.append(_wrong(f"role {role}", "is not bound by row-level security", cure))
        elif not known[role]["ours"]:
            findings.append(
                _wrong(f"role {role}", "is not granted to this login", f"GRANT {role} TO it, or hub migrate")
            )
    return findings or [_ok("roles", ", ".join(ROLES))]


async def look_at_clock(connection: Connection) -> list[Finding]:
    theirs: datetime = await connection.fetchval("SELECT clock_timestamp()")
    apart = abs((datetime.now(UTC) - theirs).total_seconds())
    if apart > CLOCK_APART:
        return [_wrong("clock", f"{apart:.0f} s apart from the database", "synchronize both with NTP")]
    return [_ok("clock", "agrees with the database")]


async def look_at_partners(connection: Connection) -> list[Finding]:
    """Accounts of trading partners: can our documents leave, and what did the last try say."""
    from hub.kit.settings import load_settings

    if await connection.fetchval("SELECT to_regclass('connections')") is None:
        return []
    rows = await connection.fetch(
        "SELECT code, coalesce(last_error, '') AS error, config->>'transport' AS transport,"
        " coalesce(config->>'transport', config->>'outbox', config->>'base_url', '') = '' AS nowhere,"
        " coalesce(config->>'sftp_host_key', '') = '' AS unpinned, config ? 'sftp_keys' AS guest"
        " FROM connections WHERE adapter = 'x12' AND state = 'ACTIVE' ORDER BY code"
    )
    findings = []
    for row in rows:
        name = f"partner {row['code']}"
        if row["transport"] == "sftp" and row["unpinned"]:
            findings.append(_wrong(name, "no host key is pinned", "set sftp_host_key to what ssh-keyscan prints"))
        elif row["error"]:
            findings.append(_doubt(name, row["error"], "see docs/how-to/connect-partner.md"))
        elif row["nowhere"]:
            findings.append(_doubt(name, "nothing can be sent", "set transport, outbox or base_url"))
    if any(row["guest"] for row in rows) and load_settings().sftp_port is None:
        cure = "set HUB_SFTP_PORT for the worker of this machine"
        findings.append(_doubt("partners' door", "partners may log in by SFTP, and no worker lets them in here", cure))
    return findings or [_ok("partners", f"{len(rows)} trade by X12")]


# Rooms add theirs in hub.boot; each gets one connection as the owner.
DATABASE_CHECKS: list[Callable[[Connection], Awaitable[list[Finding]]]] = [
    look_at_version,
    look_at_settings,
    look_at_roles,
    look_at_clock,
    look_at_partners,
]


async def look_at_migrations(dsn: str) -> Finding:
    from hub.migrations import current_version

    found, newest = await current_version(dsn)
    if found == newest:
        return _ok("migrations", str(found))
    return _wrong("migrations", f"{found or 'none'}, this hub needs {newest}", "hub migrate")


async def look_at_database(dsn: str) -> list[Finding]:
    import asyncpg

    try:
        connection = await asyncpg.connect(dsn, timeout=10)
    except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError, ValueError) as error:
        found = str(error) or type(error).__name__
        return [_wrong("database", found, "start it, or correct HUB_DATABASE_URL")]
    try:
        findings = [_ok("database", "answers")]
        for check in DATABASE_CHECKS:
            findings += await check(connection)
    finally:
        await connection.close()
    return [*findings, await look_at_migrations(dsn)]


async def look_at_embedded(settings: Settings) -> list[Finding]:
    from hub.kit.embedded import EmbeddedFault, running_dsn

    try:
        dsn = await asyncio.to_thread(running_dsn, settings.data, db_user=settings.db_user)
    except EmbeddedFault as fault:
        return [_wrong("embedded database", str(fault), "as the sentence says")]
    if dsn is None:
        return [_ok("embedded database", "can start; it is not running, so nothing in it was looked at (hub up)")]
    return await look_at_database(dsn)


async def examine() -> list[Finding]:
    """Every finding; with settings that cannot be read there is only that one to tell."""
    from hub.kit.settings import load_settings

    first = look_at_python(sys.version_info[:3])
    try:
        settings = load_settings()
    except HubError as fault:
        return [first, _wrong("settings of the hub", str(fault), "correct these variables")]
    findings = [first, look_at_kek(settings)]
    if settings.database_url is None:
        findings += [await asyncio.to_thread(look_at_disk, settings.data), *await look_at_embedded(settings)]
    else:
        findings += await look_at_database(settings.database_url.get_secret_value())
    return [*findings, await asyncio.to_thread(look_at_backup, settings, datetime.now(UTC))]


def doctor(*, json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False) -> None:
    """Look at everything that could be wrong and say the cure; exit status 1 if something is wrong."""
    from hub.kit.redact import redact_text

    findings = asyncio.run(examine())
    healthy = all(f.verdict is not Verdict.WRONG for f in findings)
    told: list[dict[str, Any]] = [{k: redact_text(v) for k, v in asdict(f).items()} for f in findings]
    if json:
        typer.echo(jsonlib.dumps({"ok": healthy, "findings": told}, ensure_ascii=False))
    else:
        _print(told)
    raise typer.Exit(0 if healthy else 1)


def _print(told: Sequence[dict[str, Any]]) -> None:
    for line in told:
        typer.echo(f"{line['verdict']:<6} {line['name']}: {line['found']}")
        if line["cure"]:
            typer.echo(f"       cure: {line['cure']}")
