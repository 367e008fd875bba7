"""A database as one file, to cross from one major version of PostgreSQL to another; not a backup of a living hub.

Paths are absolute: the programs run in `/`.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar
from urllib.parse import unquote, urlsplit, urlunsplit

import asyncpg

from hub.kit.embedded.binaries import installed
from hub.kit.embedded.processes import run_to_end, telling_line
from hub.kit.errors import HubError


class DumpFailed(HubError):
    """{tool} ended with status {status}: {reason}."""

    code: ClassVar[str] = "DUMP_FAILED"


class DatabaseNotEmpty(HubError):
    """The database holds {count} tables; a dump is loaded into an empty one, with HUB_DATA or HUB_DATABASE_URL of its own."""

    code: ClassVar[str] = "DATABASE_NOT_EMPTY"


async def export_to(file: Path, *, dsn: str) -> None:
    """Everything of the database in PostgreSQL's custom format, without owners: roles are made by who loads it."""
    await _run("pg_dump", ["--format=custom", "--no-owner", f"--file={file}"], dsn=dsn)


async def load_from(file: Path, *, dsn: str, roles: Sequence[str], afterwards: Sequence[str] = ()) -> None:
    """Load into an empty database, all or nothing; then run the statements of `afterwards` as superuser.

    `afterwards` runs with triggers off (session_replication_role), in one transaction.
    """
    connection = await asyncpg.connect(dsn)
    try:
        count = await connection.fetchval(
            "SELECT count(*) FROM pg_class WHERE relkind IN ('r', 'p') AND relnamespace = 'public'::regnamespace"
        )
        if count:
            raise DatabaseNotEmpty(count=count)
        for role in roles:
            if not await connection.fetchval("SELECT true FROM pg_roles WHERE rolname = $1", role):
                await connection.execute(f'CREATE ROLE "{role}" NOLOGIN')
        arguments = ["--no-owner", "--exit-on-error", "--single-transaction", str(file)]
        await _run("pg_restore", arguments, dsn=dsn)
        async with connection.transaction():
            await connection.execute("SET LOCAL session_replication_role = replica")
            for statement in afterwards:
                await connection.execute(statement)
    finally:
        await connection.close()


async def _run(tool: str, arguments: Sequence[str], *, dsn: str) -> None:
    parts = urlsplit(dsn)
    who, _, place = parts.netloc.rpartition("@")
    user, _, password = who.partition(":")
    bare = urlunsplit((parts.scheme, f"{user}@{place}", parts.path, parts.query, ""))
    argv = [str(installed().program(tool)), *arguments[:-1], f"--dbname={bare}", "--no-password", arguments[-1]]
    status, said = await run_to_end(argv, identity=None, password=unquote(password))
    if status != 0:
        raise DumpFailed(tool=tool, status=status, reason=telling_line(said))
