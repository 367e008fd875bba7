"""Where the embedded PostgreSQL keeps things below the data directory, and the making of private directories.

Never changes a directory that it did not make.
"""

from __future__ import annotations

import hashlib
import os
import pwd
import secrets
import stat
import tempfile
from dataclasses import dataclass
from pathlib import Path

from hub.kit.embedded.account import Account, require_entrance
from hub.kit.embedded.faults import (
    DirectoryMissing,
    DirectoryNotOurs,
    DirectoryReadOnly,
    DirectoryUnsafe,
    NotACluster,
    OtherMajorVersion,
    SecretMissing,
)

MAJOR = 18
PORT = 5432  # only a part of the socket's name, TCP is off
LONGEST_SOCKET = 90  # characters; the kernel's limit is 107 on Linux and 103 on macOS


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    data: Path
    account: Account

    @property
    def cluster(self) -> Path:
        return self.data / f"pg{MAJOR}"

    @property
    def unfinished(self) -> Path:
        """Where initdb works; renamed when it has succeeded, so that a killed one leaves no half cluster."""
        return self.data / f"pg{MAJOR}.new"

    @property
    def secret(self) -> Path:
        return self.data / "secret"

    @property
    def log(self) -> Path:
        return self.data / "log"

    @property
    def backup(self) -> Path:
        return self.data / "backup"

    @property
    def presence_lock(self) -> Path:
        return self.data / "hub.lock"

    @property
    def start_lock(self) -> Path:
        return self.data / "start.lock"

    @property
    def socket_dir(self) -> Path:
        """`run` in the data directory, or a short private one in TMPDIR when the socket's path would be too long."""
        near = self.data / "run"
        if len(os.fsencode(near / f".s.PGSQL.{PORT}")) <= LONGEST_SOCKET:
            return near
        mark = hashlib.sha256(os.fsencode(self.data)).hexdigest()[:16]
        return Path(tempfile.gettempdir()) / f"hub-{mark}"

    @property
    def initialized(self) -> bool:
        return (self.cluster / "PG_VERSION").exists()


def scratch_data_dir(prefix: str = "hub") -> Path:
    """A path in the system's temporary directory that does not exist yet, which any database user can reach.

    `tempfile.mkdtemp` as root would give a directory that only root can enter.
    """
    return Path(tempfile.gettempdir()).resolve() / f"{prefix}-{secrets.token_hex(6)}"


def look_over(layout: Layout) -> None:
    """Raise whatever of the directories speaks against a start; makes nothing."""
    if not layout.data.parent.is_dir():
        raise DirectoryMissing(parent=str(layout.data.parent), place=str(layout.data))
    require_entrance(layout.data, layout.account)
    written = layout.data if layout.data.exists() else layout.data.parent
    if not os.access(written, os.W_OK | os.X_OK):
        raise DirectoryReadOnly(path=str(written), user=pwd.getpwuid(os.geteuid()).pw_name)
    _refuse_foreign(layout)
    if layout.initialized and not layout.secret.exists():
        raise SecretMissing(path=str(layout.secret))


def open_house(layout: Layout) -> None:
    """Make the data directory if it is missing: the locks lie in it, so this comes before any lock."""
    look_over(layout)
    _make_private(layout.data, layout.account)


def furnish(layout: Layout) -> None:
    """Make what is missing inside; under `start.lock`, so that one secret is made."""
    look_over(layout)
    for directory in (layout.log, layout.backup):
        _make_private(directory, layout.account)
    _make_socket_dir(layout)
    _make_secret(layout)


def _make_private(directory: Path, account: Account) -> None:
    try:
        directory.mkdir(mode=0o700)
    except FileExistsError:
        return
    account.own(directory)


def _make_socket_dir(layout: Layout) -> None:
    """The socket's directory decides who may connect, so one that others could have prepared is refused."""
    directory = layout.socket_dir
    require_entrance(directory, layout.account)
    _make_private(directory, layout.account)
    about = directory.lstat()
    private = stat.S_ISDIR(about.st_mode) and stat.S_IMODE(about.st_mode) == 0o700
    if not private or about.st_uid != layout.account.uid:
        mode = oct(stat.S_IMODE(about.st_mode))
        raise DirectoryUnsafe(path=str(directory), user=layout.account.name, mode=mode)


def _refuse_foreign(layout: Layout) -> None:
    """Another major version, something that is no cluster, or a cluster of another user is left as it is."""
    for marker in [layout.data / "PG_VERSION", *sorted(layout.data.glob("pg[0-9][0-9]/PG_VERSION"))]:
        found = marker.read_text(encoding="ascii").strip() if marker.exists() else str(MAJOR)
        if found != str(MAJOR):
            raise OtherMajorVersion(path=str(marker.parent), found=found, wanted=str(MAJOR))
    if (layout.data / "PG_VERSION").exists() or (layout.cluster.exists() and not layout.initialized):
        raise NotACluster(path=str(layout.data if (layout.data / "PG_VERSION").exists() else layout.cluster))
    if not layout.cluster.exists():
        return
    owner = layout.cluster.stat().st_uid
    if owner != layout.account.uid:
        raise DirectoryNotOurs(path=str(layout.cluster), owner=_name_of(owner), user=layout.account.name)


def _name_of(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)


def _make_secret(layout: Layout) -> None:
    """The owner's password: made once, readable for the database user (and root) only, never shown."""
    if layout.secret.exists():
        return
    unfinished = layout.secret.with_suffix(".new")
    unfinished.unlink(missing_ok=True)
    handle = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(secrets.token_urlsafe(32).encode() + b"\n")
        file.flush()
        os.fsync(file.fileno())
    layout.account.own(unfinished)
    unfinished.rename(layout.secret)
    sync_directory(layout.data)


def sync_directory(directory: Path) -> None:
    """Make the names in a directory durable."""
    handle = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
