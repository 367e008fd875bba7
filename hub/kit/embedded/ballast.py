"""Room on the disk: a file kept for the moment in which nothing else fits, so that PostgreSQL can start and recover."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

MEGABYTE = 1024 * 1024
SIZE = 64 * MEGABYTE
ROOM = 200 * MEGABYTE  # below it new work is to be refused


def has_room(data: Path) -> bool:
    """False when writes should be answered UNAVAILABLE, before PostgreSQL meets the end of the disk."""
    return shutil.disk_usage(data).free >= ROOM


def stow(data: Path) -> None:
    """Take the space, if it is not taken yet, there is enough of it, and the system can take it at once."""
    ballast = data / "ballast"
    if not hasattr(os, "posix_fallocate") or ballast.exists() or shutil.disk_usage(data).free < ROOM + SIZE:
        return
    handle = os.open(ballast, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    try:
        os.posix_fallocate(handle, 0, SIZE)
    except OSError:  # filled up meanwhile: half a ballast is none
        ballast.unlink()
    finally:
        os.close(handle)


def drop(data: Path) -> bool:
    """Give the space back if the disk is full; True if that made a difference, so another try is worth it."""
    ballast = data / "ballast"
    if shutil.disk_usage(data).free >= SIZE or not ballast.exists():
        return False
    ballast.unlink()
    return True
