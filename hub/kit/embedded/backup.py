"""Copies of the embedded cluster that were proven readable, and data directories made from them.

A backup is a directory `<data>/backup/<UTC time>` with the cluster and the owner's password; it holds no key encryption
key. Made while the hub works; restored into a new directory, never over an old one.
"""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path

import structlog

from hub.kit.embedded import cluster
from hub.kit.embedded.account import Account, account_for, require_entrance
from hub.kit.embedded.binaries import Binaries, installed, usable
from hub.kit.embedded.faults import BackupBroken, BackupFailed, DirectoryMissing, TargetTaken
from hub.kit.embedded.layout import MAJOR, PORT, sync_directory
from hub.kit.embedded.manifest import NAME as MANIFEST
from hub.kit.embedded.manifest import differences, read_manifest
from hub.kit.embedded.processes import run_to_end, telling_line
from hub.kit.embedded.supervise import Embedded

log = structlog.get_logger(__name__)

STAMP = "%Y%m%dT%H%M%SZ"
CLUSTER = f"pg{MAJOR}"


async def back_up(embedded: Embedded, *, now: datetime) -> Path:
    """A verified copy of the running cluster. Under another name until it is whole; raises BackupFailed."""
    layout, account = embedded.layout, embedded.layout.account
    final = layout.backup / now.strftime(STAMP)
    unfinished = final.with_name(f"{final.name}.new")
    unfinished.mkdir(mode=0o700)
    account.own(unfinished)
    argv = ["--pgdata", str(unfinished / CLUSTER), "--wal-method=stream", "--checkpoint=fast"]
    argv += ["--manifest-checksums=SHA256", "--no-password"]
    argv += [f"--host={embedded.socket_dir}", f"--port={PORT}", f"--username={cluster.OWNER}"]
    try:
        await _take(embedded, argv)
        await verify(unfinished / CLUSTER, embedded.binaries, account)
        await asyncio.to_thread(_keep_secret, layout.secret, unfinished, account)
    except BaseException:
        await asyncio.to_thread(shutil.rmtree, unfinished, ignore_errors=True)
        raise
    unfinished.rename(final)
    await asyncio.to_thread(sync_directory, layout.backup)
    log.info("A backup was made and verified.", action="embedded.backup", path=str(final))
    return final


async def _take(embedded: Embedded, arguments: Sequence[str]) -> None:
    argv = [str(embedded.binaries.program("pg_basebackup")), *arguments]
    password = embedded.password(cluster.OWNER)
    status, said = await run_to_end(argv, identity=embedded.layout.account.identity, password=password)
    if status != 0:
        raise BackupFailed(tool="pg_basebackup", status=status, reason=telling_line(said))


async def verify(copy: Path, binaries: Binaries, account: Account) -> None:
    """Every file is as the manifest says, and the write-ahead log that it needs can be read; raises BackupBroken."""
    try:
        manifest = await asyncio.to_thread(read_manifest, copy)
    except ValueError as error:
        raise BackupBroken(path=str(copy), reason=str(error)) from None
    wrong = await asyncio.to_thread(lambda: list(differences(copy, manifest)))
    if wrong:
        raise BackupBroken(path=str(copy), reason="; ".join(wrong[:5]))
    for part in manifest.ranges:
        argv = [str(binaries.program("pg_waldump")), "--quiet", f"--path={copy / 'pg_wal'}"]
        argv += [f"--timeline={part.timeline}", f"--start={part.start}", f"--end={part.end}"]
        status, said = await run_to_end(argv, identity=account.identity)
        if status != 0:
            raise BackupBroken(path=str(copy), reason=telling_line(said))


def _keep_secret(secret: Path, directory: Path, account: Account) -> None:
    shutil.copyfile(secret, directory / secret.name)
    (directory / secret.name).chmod(0o600)
    account.own(directory / secret.name)
    sync_directory(directory)


def backups(directory: Path) -> list[Path]:
    """The whole ones, oldest first; their names are their times."""
    return sorted(p for p in directory.glob("*Z") if (p / CLUSTER / MANIFEST).exists())


def prune(directory: Path, *, now: datetime, keep: timedelta) -> list[Path]:
    """Remove what is older than `keep`, and never the newest; returns what went."""
    oldest = (now - keep).strftime(STAMP)
    torn = [path for path in directory.glob("*.new") if path.name < oldest]  # of a hub that was killed meanwhile
    gone = [path for path in backups(directory)[:-1] if path.name < oldest] + torn
    for path in gone:
        shutil.rmtree(path)
    return gone


async def restore(backup: Path, target: Path, *, db_user: str | None = None) -> None:
    """Make a data directory from a backup; start it with HUB_DATA. Raises BackupBroken or TargetTaken."""
    source, place = _absolute(backup), _absolute(target)
    if place.exists():
        raise TargetTaken(path=str(place))
    if not place.parent.is_dir():
        raise DirectoryMissing(parent=str(place.parent), place=str(place))
    account = account_for(place, db_user)
    require_entrance(place, account)
    unfinished = place.with_name(f"{place.name}.new")
    await asyncio.to_thread(_copy, source, unfinished, account)
    try:
        binaries = await usable(installed(), account, unfinished / "bin")
        await verify(unfinished / CLUSTER, binaries, account)
    except BaseException:
        await asyncio.to_thread(shutil.rmtree, unfinished, ignore_errors=True)
        raise
    unfinished.rename(place)
    await asyncio.to_thread(sync_directory, place.parent)


def _copy(source: Path, target: Path, account: Account) -> None:
    if not (source / CLUSTER / MANIFEST).exists() or not (source / "secret").exists():
        raise BackupBroken(path=str(source), reason=f"{CLUSTER}/{MANIFEST} or secret is missing")
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(source, target, symlinks=True)
    for path in [target, *target.rglob("*")]:
        account.own(path)
    os.sync()


def _absolute(path: Path) -> Path:
    """The programs run in `/`, so that no directory of ours is held by them."""
    return Path(os.path.abspath(path))  # noqa: PTH100 - as Embedded does with its data directory
