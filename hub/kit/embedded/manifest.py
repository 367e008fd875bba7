"""Whether a base backup is what its manifest says: every file, its size and SHA-256, and the manifest itself.

Read here because the wheel's pg_verifybackup (PostgreSQL 18.4 in 0.6.0) ends with a segmentation fault on any manifest.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

NAME = "backup_manifest"
UNLISTED = frozenset({NAME, "postgresql.auto.conf", "standby.signal", "recovery.signal"})  # may come or change later
SEALED_BY = b'"Manifest-Checksum"'  # begins the last line


@dataclass(frozen=True, slots=True, kw_only=True)
class WalRange:
    """The write-ahead log without which the copy is not consistent."""

    timeline: int
    start: str  # log sequence numbers, `0/2000028`
    end: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    files: dict[str, tuple[int, str]]  # path -> (size in bytes, SHA-256 in hex)
    ranges: tuple[WalRange, ...]


def read_manifest(cluster: Path) -> Manifest:
    """Raises ValueError with the reason if the manifest is torn, of another kind, or has no SHA-256 sums."""
    raw = (cluster / NAME).read_bytes()
    body, sealed, _ = raw.rpartition(SEALED_BY)
    try:
        told = json.loads(raw)
        files = {_path(entry): (int(entry["Size"]), _sum(entry)) for entry in told["Files"]}
        ranges = tuple(
            WalRange(timeline=int(r["Timeline"]), start=str(r["Start-LSN"]), end=str(r["End-LSN"]))
            for r in told["WAL-Ranges"]
        )
        seal = told["Manifest-Checksum"]
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(f"{NAME} cannot be read ({error})") from None
    if not sealed or hashlib.sha256(body).hexdigest() != seal:
        raise ValueError(f"{NAME} was changed")
    return Manifest(files=files, ranges=ranges)


def _path(entry: dict[str, Any]) -> str:
    """A name that is no UTF-8 is given in hex."""
    path = (
        str(entry["Path"]) if "Path" in entry else bytes.fromhex(entry["Encoded-Path"]).decode(errors="surrogateescape")
    )
    if path.startswith("/") or ".." in Path(path).parts:
        raise ValueError("a path leads out of the backup")
    return path


def _sum(entry: dict[str, Any]) -> str:
    if entry.get("Checksum-Algorithm") != "SHA256":
        raise ValueError("a file has no SHA-256 sum")
    return str(entry["Checksum"])


def differences(cluster: Path, manifest: Manifest) -> Iterator[str]:
    """Each file that is missing, additional, of another size or content; reads everything once."""
    present = {str(p.relative_to(cluster)) for p in cluster.rglob("*") if p.is_file()}
    for path in sorted(present - manifest.files.keys() - UNLISTED):
        if not path.startswith("pg_wal/"):
            yield f"{path} is not in the manifest"
    for path, (size, wanted) in manifest.files.items():
        if path in UNLISTED:
            continue
        if path not in present:
            yield f"{path} is missing"
        elif (cluster / path).stat().st_size != size:
            yield f"{path} has {(cluster / path).stat().st_size} bytes, not {size}"
        else:
            with (cluster / path).open("rb") as file:
                if hashlib.file_digest(file, "sha256").hexdigest() != wanted:
                    yield f"{path} has another content"
