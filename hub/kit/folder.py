"""Folders as a transport: files that are whole come in, are archived after the commit, and go out under a temporary name first."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import ClassVar

from hub.kit.errors import HubError

SKIPPED = (".tmp", ".part", ".filepart")
STABLE = timedelta(seconds=5)


class FolderUnusable(HubError):
    """The folder {path} cannot be used: {reason}."""

    code: ClassVar[str] = "FOLDER_UNUSABLE"


class FileTooLarge(HubError):
    """The file has {size} bytes, {most} are taken."""

    code: ClassVar[str] = "FILE_TOO_LARGE"


@dataclass(frozen=True, slots=True)
class Seen:
    """A file at one look."""

    size: int
    changed: float


class Folder:
    """One inbound folder. A file is whole when two looks `stable` apart agree, or when a `.done` marker lies beside it."""

    def __init__(self, path: Path, *, stable: timedelta = STABLE) -> None:
        self._path, self._stable = path, stable
        self._seen: dict[str, tuple[Seen, datetime]] = {}

    async def whole(self, now: datetime) -> list[Path]:
        """Files that may be read now, by name. Raises `FolderUnusable`, as the others do."""
        with self._usable():
            return await asyncio.to_thread(self._look, now)

    def _look(self, now: datetime) -> list[Path]:
        found = []
        for entry in sorted(os.scandir(self._path), key=lambda e: e.name) if self._path.is_dir() else ():
            if (
                entry.name.startswith(".")
                or entry.name.endswith((*SKIPPED, ".done"))
                or not entry.is_file(follow_symlinks=False)
            ):
                continue
            stat = entry.stat(follow_symlinks=False)
            seen = Seen(stat.st_size, stat.st_mtime)
            before = self._seen.get(entry.name)
            if before is None or before[0] != seen:
                self._seen[entry.name] = before = (seen, now)
            if now - before[1] >= self._stable or (self._path / f"{entry.name}.done").exists():
                found.append(self._path / entry.name)
        return found

    async def read(self, file: Path, *, most: int) -> bytes | None:
        """None: somebody else has taken it. Raises `FileTooLarge` for one of more than `most` bytes."""
        with self._usable():
            return await asyncio.to_thread(_read, file, most)

    async def archive(self, file: Path, *, to: str = "archive") -> None:
        """After our commit: out of the way. A name that is there already gets a number; one that is gone was put away by somebody else."""
        with self._usable():
            await asyncio.to_thread(_archive, file, to)
        self._seen.pop(file.name, None)

    @contextmanager
    def _usable(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise FolderUnusable(path=str(self._path), reason=error.strerror or type(error).__name__) from error


def _read(file: Path, most: int) -> bytes | None:
    try:
        handle = os.open(file, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0))
    except FileNotFoundError:
        return None
    with os.fdopen(handle, "rb") as opened:
        size = os.fstat(handle).st_size
        if size > most:
            raise FileTooLarge(size=size, most=most)
        return opened.read()


def _archive(file: Path, to: str) -> None:
    target = file.parent / to
    target.mkdir(exist_ok=True)
    place, n = target / file.name, 1
    while place.exists():
        place, n = target / f"{file.name}.{n}", n + 1
    with suppress(FileNotFoundError):
        file.rename(place)
    (file.parent / f"{file.name}.done").unlink(missing_ok=True)


async def put(folder: Path, name: str, content: bytes) -> None:
    """Written, synced and renamed: a reader never sees a half. The same name again replaces the same content."""
    await asyncio.to_thread(_put, folder, name, content)


def _put(folder: Path, name: str, content: bytes) -> None:
    if "/" in name or name.startswith(".") or "\0" in name:
        raise ValueError(name)
    folder.mkdir(parents=True, exist_ok=True)
    temporary = folder / f"{name}.tmp"
    with temporary.open("wb") as opened:
        opened.write(content)
        opened.flush()
        os.fsync(opened.fileno())
    temporary.rename(folder / name)
