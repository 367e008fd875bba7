"""Files at a partner's SFTP server: listed, read when they are whole, moved after our commit, put under a temporary name first. Decides nothing."""

from __future__ import annotations

import asyncio
import stat
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import asyncssh

from adapters.sftp import names
from hub.canon.carriage import Dial, Shelf
from hub.canon.ports import Account, NeverTry, TryAgain
from hub.kit.addresses import AddressForbidden
from hub.kit.clock import system_clock

LARGEST = 256 * 1024 * 1024  # bytes of a file
PATIENCE = 20  # seconds for a connection to come about
PAUSE = timedelta(minutes=1)
STABLE = 30  # seconds
MOST = 10_000  # files looked at in a folder
Look = tuple[int, int]  # size and time of change, as the server says


@dataclass(slots=True)
class Known:
    """What was seen of one account's files, and since when it has been the same."""

    files: dict[str, tuple[Look, datetime]] = field(default_factory=dict)


class Sftp:
    """Remembers between two looks which files were still growing."""

    def __init__(self) -> None:
        self._known: dict[str, Known] = {}

    @asynccontextmanager
    async def open(self, account: Account, dial: Dial) -> AsyncIterator[Shelf]:
        """The partner's folders. Only the pinned host key is believed; no agent, no configuration of this machine is used."""
        trusted = _pinned(account)
        keys, password = _credentials(account)
        host, port = str(account.config.get("sftp_host") or ""), int(account.config.get("sftp_port") or 22)
        with _failures(f"{host}:{port}"):
            if not host:
                raise NeverTry("the account has no sftp_host")
            sock = await dial(host, port)
            async with (
                asyncssh.connect(
                    host,
                    port,
                    sock=sock,
                    username=str(account.config.get("sftp_user") or ""),
                    client_keys=keys or None,
                    password=password,
                    known_hosts=(trusted, [], []),
                    agent_path=None,
                    config=None,
                    login_timeout=PATIENCE,
                    connect_timeout=PATIENCE,
                ) as connection,
                connection.start_sftp_client() as client,
            ):
                yield _Folders(client, account, self._known.setdefault(account.connection_id, Known()))


class _Folders:
    """The shelf of one account while a connection is open."""

    def __init__(self, client: asyncssh.SFTPClient, account: Account, known: Known) -> None:
        self._client, self._known = client, known
        self._now = account.now or system_clock()
        self._stable = timedelta(seconds=float(account.config.get("sftp_stable", STABLE)))
        self._in = str(account.config.get("sftp_in") or "").rstrip("/")
        self._out = str(account.config.get("sftp_out") or "").rstrip("/")
        self._delete = account.config.get("sftp_after") == "delete"

    async def whole(self) -> list[str]:
        """Files that have not changed for a while between two looks of ours; the server's clock is not asked."""
        if not self._in:
            return []
        found: dict[str, tuple[Look, datetime]] = {}
        async for entry in self._client.scandir(self._in):
            name, attrs = str(entry.filename), entry.attrs
            if not names.whole(name) or not stat.S_ISREG(attrs.permissions or 0) or len(found) >= MOST:
                continue
            look = (attrs.size or 0, attrs.mtime or 0)
            before = self._known.files.get(name)
            found[name] = before if before is not None and before[0] == look else (look, self._now)
        self._known.files = found
        return sorted(name for name, (_, since) in found.items() if self._now - since >= self._stable)

    async def read(self, name: str) -> bytes:
        """All of it; a size other than the one that was listed means that somebody writes: `TryAgain`."""
        size = self._known.files[name][0][0]
        if size > LARGEST:
            raise NeverTry(f"the file has {size} bytes, {LARGEST} are taken")
        async with self._client.open(f"{self._in}/{name}", "rb") as opened:
            content = await opened.read(LARGEST + 1)
        if len(content) != size:
            self._known.files.pop(name)
            raise TryAgain(after=PAUSE, reason="the file is still growing")
        return bytes(content)

    async def away(self, name: str, *, to: str) -> None:
        """Into the folder `to` beside it; a name that is taken there gets a number. `delete` removes what was read well."""
        if self._delete and to == "archive":
            await self._client.remove(f"{self._in}/{name}")
        else:
            await self._client.makedirs(f"{self._in}/{to}", exist_ok=True)
            place, n = f"{self._in}/{to}/{name}", 1
            while await self._client.lexists(place):
                place, n = f"{self._in}/{to}/{name}.{n}", n + 1
            await self._client.rename(f"{self._in}/{name}", place)
        self._known.files.pop(name, None)

    async def put(self, name: str, content: bytes) -> None:
        if not names.good(name):
            raise NeverTry(f"{name!r} is no name for a file")
        folder = f"{self._out}/" if self._out else ""
        temporary = f"{folder}{name}.tmp"
        async with self._client.open(temporary, "wb") as opened:
            await opened.write(content)
        await self._replace(temporary, f"{folder}{name}")

    async def _replace(self, temporary: str, final: str) -> None:
        try:
            await self._client.posix_rename(temporary, final)
        except asyncssh.SFTPOpUnsupported:
            if await self._client.lexists(final):
                await self._client.remove(final)
            await self._client.rename(temporary, final)


def _pinned(account: Account) -> list[asyncssh.SSHKey]:
    """Host keys as `ssh-keyscan` or a `.pub` file has them, one a line."""
    found = []
    for line in str(account.config.get("sftp_host_key") or "").splitlines():
        parts = line.split()
        kind = next((n for n, part in enumerate(parts) if part.startswith(("ssh-", "ecdsa-", "sk-"))), None)
        if kind is None:
            continue
        try:
            found.append(asyncssh.import_public_key(" ".join(parts[kind : kind + 2])))
        except asyncssh.KeyImportError as error:
            raise NeverTry(f"sftp_host_key cannot be read: {error}") from error
    if not found:
        raise NeverTry("the account pins no sftp_host_key; a server is never believed at first sight")
    return found


def _credentials(account: Account) -> tuple[list[asyncssh.SSHKey], str | None]:
    """Every live key, newest first, so that one can be changed without a gap; else the password."""
    try:
        keys = [asyncssh.import_private_key(text) for text in account.secrets.get("sftp_key", ())]
    except (asyncssh.KeyImportError, asyncssh.KeyEncryptionError) as error:
        raise NeverTry(f"the secret sftp_key is no private key without a passphrase: {error}") from error
    passwords = account.secrets.get("sftp_password", ())
    if not keys and not passwords:
        raise NeverTry("the account has neither the secret sftp_key nor sftp_password")
    return keys, passwords[0] if passwords else None


@contextmanager
def _failures(where: str) -> Iterator[None]:
    """Errors of the library and the network as the four ways in which an adapter fails."""
    try:
        yield
    except asyncssh.HostKeyNotVerifiable as error:
        raise NeverTry(f"{where} does not show the pinned host key") from error
    except asyncssh.PermissionDenied as error:
        raise NeverTry(f"{where} does not let us in") from error
    except (asyncssh.SFTPNoSuchFile, asyncssh.SFTPNoSuchPath, asyncssh.SFTPPermissionDenied) as error:
        raise NeverTry(f"{where}: {error.reason}") from error
    except AddressForbidden as error:
        raise NeverTry(error.sentence()) from error
    except (asyncssh.Error, OSError, TimeoutError, asyncio.IncompleteReadError) as error:
        raise TryAgain(after=PAUSE, reason=f"{where}: {str(error) or type(error).__name__}") from error
