"""Our own SFTP server: each partner logs in by key and sees its two folders, `in` to write and `out` to fetch, and nothing else."""

from __future__ import annotations

import asyncio
import os
import secrets
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import asyncssh
import structlog
from asyncssh.constants import FXF_APPEND, FXF_CREAT, FXF_EXCL, FXF_TRUNC, FXF_WRITE

from adapters.sftp import names
from hub.canon.carriage import Admit, Guest

log = structlog.get_logger()
LARGEST = 256 * 1024 * 1024  # bytes of a file
MOST = 10_000  # files that may wait in a folder
LOGIN = 20  # seconds
COMING = ".coming"  # ends the hidden name of a file that is being put
LEFT = 24 * 3600  # seconds without a byte after which nobody puts it any more
WRITES = FXF_WRITE | FXF_APPEND | FXF_CREAT | FXF_TRUNC
ROOT, IN, OUT = (), ("in",), ("out",)


class Entrance:
    """Listens; whoever is admitted by key gets `Rooms` and no shell, no command, no tunnel."""

    @asynccontextmanager
    async def listen(self, host: str, port: int, host_key: str, admit: Admit) -> AsyncIterator[int]:
        server = await asyncssh.listen(
            host,
            port,
            server_factory=lambda: _Doorman(admit),
            server_host_keys=[asyncssh.import_private_key(host_key)],
            sftp_factory=Rooms,
            sftp_version=3,
            allow_scp=False,
            agent_forwarding=False,
            x11_forwarding=False,
            password_auth=False,
            kbdint_auth=False,
            gss_host=None,
            config=None,
            login_timeout=LOGIN,
            keepalive_interval=60,
            keepalive_count_max=3,
        )
        try:
            yield server.get_port()
        finally:
            server.close()
            await server.wait_closed()


class _Doorman(asyncssh.SSHServer):  # type: ignore[misc]
    """Knows who may come in. An unknown user is refused as a wrong key is: nobody learns which accounts exist."""

    def __init__(self, admit: Admit) -> None:
        self._admit = admit
        self._connection: Any = None

    def connection_made(self, conn: asyncssh.SSHServerConnection) -> None:
        self._connection = conn

    def public_key_auth_supported(self) -> bool:
        return True

    async def validate_public_key(self, username: str, key: asyncssh.SSHKey) -> bool:
        guest = await self._admit(username)
        if guest is None or not _holds(guest, key):
            log.warning("a login was refused", action="sftp", account=username[:80])
            return False
        await asyncio.to_thread(furnish, Path(guest.home))
        self._connection.set_extra_info(home=guest.home, account=guest.account)
        return True


def _holds(guest: Guest, key: asyncssh.SSHKey) -> bool:
    shown = key.public_data
    for line in guest.keys:
        try:
            if asyncssh.import_public_key(line).public_data == shown:
                return True
        except asyncssh.KeyImportError:
            log.warning("a public key of an account cannot be read", action="sftp", account=guest.account)
    return False


def furnish(home: Path) -> None:
    """The two folders of a partner, for us and nobody else on this machine; without what a door that fell has left."""
    for name in ("in", "out"):
        (home / name).mkdir(mode=0o700, parents=True, exist_ok=True)
    for left in (home / "in").glob(f".*{COMING}"):
        with suppress(FileNotFoundError):
            if time.time() - left.stat().st_mtime > LEFT:
                left.unlink()


class Rooms(asyncssh.SFTPServer):  # type: ignore[misc]
    """The server's view of a partner's home. Every path is `in`, `out` or a plain file in one of them. What is put has its name when it is
    closed: nobody reads a half, however long the sender pauses, and nothing stays of what was broken off.
    """

    def __init__(self, chan: asyncssh.SSHServerChannel[bytes]) -> None:
        home = str(chan.get_extra_info("home"))
        self._home = Path(home)
        self._coming: dict[object, tuple[Path, str]] = {}  # open file -> where it lies, its name
        super().__init__(chan, chroot=home.encode())

    # ------------------------------------------------------------ what may be looked at
    async def scandir(self, path: bytes) -> AsyncIterator[asyncssh.SFTPName]:
        at = _at(path)
        if len(at) > 1:
            raise asyncssh.SFTPNoSuchFile("there is no such folder")
        async for entry in super().scandir(path):
            name = os.fsdecode(entry.filename)
            if name in ("in", "out") if at == ROOT else names.good(name) and (self._home / at[0] / name).is_file():
                yield entry

    def stat(self, path: bytes) -> Any:
        _at(path)
        return super().lstat(path)  # nothing is followed

    def lstat(self, path: bytes) -> Any:
        _at(path)
        return super().lstat(path)

    def realpath(self, path: bytes) -> bytes:
        return b"/" + "/".join(_at(path)).encode()

    # ------------------------------------------------------------ what may be done
    def open(self, path: bytes, pflags: int, attrs: asyncssh.SFTPAttrs) -> object:
        at = _file(path)
        if pflags & WRITES:
            if at[0] != "in":
                raise asyncssh.SFTPPermissionDenied("files are put into /in")
            if not names.good(at[1]):
                raise asyncssh.SFTPPermissionDenied("this is no name for a file")
            if sum(1 for _ in os.scandir(self._home / "in")) >= MOST:
                raise asyncssh.SFTPFailure("too many files wait in /in")
            return self._put(at[1], pflags)
        return super().open(path, pflags, asyncssh.SFTPAttrs())

    def _put(self, name: str, pflags: int) -> object:
        there = (self._home / "in" / name).exists()
        if there and (pflags & FXF_EXCL or not pflags & FXF_TRUNC):
            raise asyncssh.SFTPFailure("a file of this name is there; a file is put as a whole")
        if not there and not pflags & FXF_CREAT:
            raise asyncssh.SFTPNoSuchFile("there is no such file")
        hidden = f".{secrets.token_hex(8)}{COMING}"
        opened = super().open(f"/in/{hidden}".encode(), pflags | FXF_CREAT | FXF_EXCL, asyncssh.SFTPAttrs())
        self._coming[opened] = (self._home / "in" / hidden, name)
        return opened

    def close(self, file_obj: object) -> None:
        """Also called for what is still open when the connection ends: then nobody has said that it is whole."""
        super().close(file_obj)
        lies, name = self._coming.pop(file_obj, (None, ""))
        if lies is None:
            return
        if self.channel.is_closing():
            log.info("an upload was broken off", action="sftp", file=name)
            lies.unlink(missing_ok=True)
        else:
            lies.replace(lies.with_name(name))

    def write(self, file_obj: object, offset: int, data: bytes) -> int:
        if offset + len(data) > LARGEST:
            raise asyncssh.SFTPFailure(f"a file has at most {LARGEST} bytes")
        return int(super().write(file_obj, offset, data))

    def setstat(self, path: bytes, attrs: asyncssh.SFTPAttrs) -> None:
        """Clients set times and modes after a put; the file stays ours."""
        _file(path)

    def lsetstat(self, path: bytes, attrs: asyncssh.SFTPAttrs) -> None:
        _file(path)

    def fsetstat(self, file_obj: object, attrs: asyncssh.SFTPAttrs) -> None:
        return

    def remove(self, path: bytes) -> None:
        """What was fetched from `out`, or put into `in` by mistake."""
        _file(path)
        super().remove(path)

    def rename(self, oldpath: bytes, newpath: bytes) -> None:
        old, new = _file(oldpath), _file(newpath)
        if old[0] != "in" or new[0] != "in" or not (self._home / "in" / old[1]).is_file():
            raise asyncssh.SFTPPermissionDenied("files are renamed within /in")
        if (self._home / "in" / new[1]).exists():
            raise asyncssh.SFTPFailure("a file of this name is there")
        super().rename(oldpath, newpath)

    posix_rename = rename

    def _never(self, *_given: object) -> Any:
        raise asyncssh.SFTPPermissionDenied("not here")

    mkdir = rmdir = symlink = link = readlink = open56 = statvfs = fstatvfs = lock = unlock = _never


def _at(path: bytes) -> tuple[str, ...]:
    """The parts of a path below the home. Raises the protocol's own refusal for whatever is not ours to show."""
    try:
        text = path.decode()
    except UnicodeDecodeError as error:
        raise asyncssh.SFTPBadMessage("names are UTF-8") from error
    parts: list[str] = []
    for part in text.split("/"):
        if part == "..":
            parts = parts[:-1]
        elif part not in ("", "."):
            parts.append(part)
    at = tuple(parts)
    if at[:1] not in (ROOT, IN, OUT) or len(at) > 2 or (len(at) == 2 and not names.good(at[1])):
        raise asyncssh.SFTPNoSuchFile("there is no such file")
    return at


def _file(path: bytes) -> tuple[str, str]:
    at = _at(path)
    if len(at) != 2:
        raise asyncssh.SFTPPermissionDenied("this is no file")
    return at[0], at[1]
