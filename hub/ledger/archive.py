"""Archives of the ledger: one compressed file a month, facts in the order of their positions, closed by a count and a checksum.
A file is believed only after it was read again and its chains of hashes hold, from the first archive on.
"""

from __future__ import annotations

import gzip
import hashlib
import heapq
import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, ClassVar
from uuid import UUID

import orjson

from hub.kit.errors import HubError
from hub.ledger.model import GENESIS, Fact, link

FORMAT = "order-hub ledger 1"
NAME = re.compile(r"business_events_(\d{6})\.jsonl\.gz\Z")
MONTH = """SELECT tenant_id, position, xid::text AS xid, event_id, type, subject_kind, subject_id, subject_version, correlation_id, causation_id,
  actor, at, data, hash, traceparent FROM business_events WHERE at >= $1 AND at < $2 ORDER BY position"""


class ArchiveBroken(HubError):
    """The archive {file} is not what was written: {reason}."""

    code: ClassVar[str] = "ARCHIVE_BROKEN"


class ArchiveMissing(HubError):
    """Facts of the subject {subject} before version {version} are in no archive of this directory."""

    code: ClassVar[str] = "ARCHIVE_MISSING"


@dataclass(frozen=True, slots=True, kw_only=True)
class Archived:
    """One fact as the file holds it, with its places in the ledger."""

    tenant: int
    position: int
    xid: str
    version: int
    hash: bytes
    traceparent: str | None
    fact: Fact


@dataclass(slots=True)
class Heads:
    """Where the chains stand after the archives that were read: (tenant, subject) -> (version, hash)."""

    at: dict[tuple[int, UUID], tuple[int, bytes]] = field(default_factory=dict)
    facts: int = 0


def files(folder: Path) -> list[Path]:
    """The archives of a directory, the oldest month first; unfinished ones are none."""
    return sorted(p for p in folder.glob("business_events_*.jsonl.gz") if NAME.search(p.name))


class Writer:
    """One file in the making, under another name until `close`: a crash leaves nothing that looks like an archive."""

    def __init__(self, folder: Path, name: str) -> None:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.file, self.facts = folder / f"{name}.jsonl.gz", 0
        self._unfinished = self.file.with_suffix(".new")
        self._raw = self._unfinished.open("wb")
        self._out = gzip.GzipFile(fileobj=self._raw, mode="wb", compresslevel=6, mtime=0)
        self._digest = hashlib.sha256()
        self._out.write(orjson.dumps({"format": FORMAT, "partition": name}) + b"\n")

    def add(self, row: Any) -> None:
        line = _line(row)
        self._digest.update(line)
        self._out.write(line)
        self.facts += 1

    def close(self) -> None:
        """Whole, and on the disk."""
        self._out.write(orjson.dumps({"facts": self.facts, "sha256": self._digest.hexdigest()}) + b"\n")
        self._out.close()
        self._raw.flush()
        os.fsync(self._raw.fileno())
        self._raw.close()
        self._unfinished.rename(self.file)


def _line(row: Any) -> bytes:
    names = ("tenant_id", "position", "xid", "event_id", "type", "subject_kind", "subject_id", "subject_version")
    more = ("correlation_id", "causation_id", "actor", "at", "data")
    plain = [*(row[n] for n in (*names, *more)), bytes(row["hash"]).hex(), row["traceparent"]]
    return orjson.dumps(plain, default=str) + b"\n"


def read(file: Path) -> Iterator[Archived]:
    """Its facts, in the order of their positions; `ArchiveBroken` at the latest at the end."""
    digest, count, closed = hashlib.sha256(), 0, False
    try:
        with gzip.open(file, "rb") as lines:
            head = orjson.loads(next(lines, b"null"))
            if not isinstance(head, dict) or head.get("format") != FORMAT:
                raise ArchiveBroken(file=file.name, reason="its first line names no known format")
            for line in lines:
                if line.startswith(b"{"):
                    foot = orjson.loads(line)
                    closed = True
                    break
                digest.update(line)
                count += 1
                yield _fact(orjson.loads(line))
    except (OSError, EOFError, ValueError, TypeError) as error:
        raise ArchiveBroken(file=file.name, reason=str(error)) from error
    if not closed or foot != {"facts": count, "sha256": digest.hexdigest()}:
        raise ArchiveBroken(file=file.name, reason="its end does not say what it holds")


def _fact(row: Sequence[Any]) -> Archived:
    tenant, position, xid, event, type_, kind, subject, version, correlation, cause, actor, at, data, hash_, trace = row
    fact = Fact(
        event_id=UUID(event),
        type=type_,
        subject_kind=kind,
        subject_id=UUID(subject),
        correlation_id=UUID(correlation),
        causation_id=UUID(cause) if cause else None,
        actor=actor,
        at=datetime.fromisoformat(at),
        data=data,
    )
    return Archived(
        tenant=tenant,
        position=position,
        xid=xid,
        version=version,
        hash=bytes.fromhex(hash_),
        traceparent=trace,
        fact=fact,
    )


def facts(folder: Path, tenant: int | None = None) -> Iterator[Archived]:
    """All archives as one, in ledger order: a month's last facts may have been written in the next."""
    merged = heapq.merge(*(read(f) for f in files(folder)), key=lambda a: a.position)
    return merged if tenant is None else (a for a in merged if a.tenant == tenant)


def verify(archives: Iterator[Archived], heads: Heads | None = None) -> Heads:
    """Walk every chain; `ArchiveBroken` names the first fact that does not follow, `ArchiveMissing` a gap."""
    heads = heads or Heads()
    for each in archives:
        key = (each.tenant, each.fact.subject_id)
        version, previous = heads.at.get(key, (0, GENESIS))
        if each.version != version + 1:
            raise ArchiveMissing(subject=each.fact.subject_id, version=each.version)
        if each.hash != link(previous, each.fact, each.version):
            raise ArchiveBroken(
                file=each.fact.subject_id, reason=f"the content of version {each.version} of this subject was changed"
            )
        heads.at[key] = (each.version, each.hash)
        heads.facts += 1
    return heads
