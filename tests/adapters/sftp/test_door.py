"""Our own SFTP door, entered by real clients: two folders, one's own, and no way out of them."""

from __future__ import annotations

import os
import stat
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import asyncssh
import pytest

from adapters.sftp.door import LARGEST, Entrance
from hub.canon.carriage import Guest
from hub.kit.folder import Folder
from tests.waiting import until


@dataclass(slots=True)
class Building:
    """`homes`: of acme and other. `keys`: the private key of each."""

    port: int
    root: Path
    keys: dict[str, asyncssh.SSHKey]
    host_key: asyncssh.SSHKey

    @asynccontextmanager
    async def client(self, user: str, key: str | None = None) -> AsyncIterator[asyncssh.SFTPClient]:
        async with self.connection(user, key) as connection, connection.start_sftp_client() as found:
            yield found

    @asynccontextmanager
    async def connection(self, user: str, key: str | None = None) -> AsyncIterator[asyncssh.SSHClientConnection]:
        async with asyncssh.connect(
            "127.0.0.1",
            self.port,
            username=user,
            client_keys=[self.keys[key or user]],
            known_hosts=([self.host_key.convert_to_public()], [], []),
            agent_path=None,
            config=None,
        ) as found:
            yield found


@pytest.fixture
async def building(tmp_path: Path) -> AsyncIterator[Building]:
    keys = {name: asyncssh.generate_private_key("ssh-ed25519") for name in ("acme", "other")}
    host_key = asyncssh.generate_private_key("ssh-ed25519")

    async def admit(user: str) -> Guest | None:
        if user not in keys:
            return None
        return Guest(
            account=user,
            home=str(tmp_path / user),
            keys=["no key at all", keys[user].export_public_key().decode().strip()],
        )

    async with Entrance().listen("127.0.0.1", 0, host_key.export_private_key().decode(), admit) as port:
        yield Building(port, tmp_path, keys, host_key)


async def test_a_partner_brings_files_and_fetches_what_waits_for_it(building: Building) -> None:
    async with building.client("acme") as client:
        assert sorted(await client.listdir("/")) == ["in", "out"]
        async with client.open("/in/a.edi.tmp", "wb") as opened:
            await opened.write(b"ISA*" * 50_000)
        await client.rename("/in/a.edi.tmp", "/in/a.edi")
        assert await client.listdir("/in") == ["a.edi"]
        home = building.root / "acme"
        assert (home / "in" / "a.edi").read_bytes() == b"ISA*" * 50_000
        assert stat.S_IMODE((home / "in").stat().st_mode) == 0o700
        (home / "out" / "ack.edi").write_bytes(b"997")
        (home / "out" / "archive").mkdir()
        assert await client.listdir("/out") == ["ack.edi"]
        async with client.open("/out/ack.edi", "rb") as opened:
            assert await opened.read() == b"997"
        await client.remove("/out/ack.edi")
        assert await client.listdir("out") == []


async def test_nobody_gets_in_but_by_its_own_key(building: Building) -> None:
    for user, key in (("acme", "other"), ("nobody", "acme"), ("../acme", "acme"), ("", "acme")):
        with pytest.raises(asyncssh.PermissionDenied):
            async with building.connection(user, key):
                raise AssertionError("let in")
    with pytest.raises(asyncssh.PermissionDenied):
        async with asyncssh.connect(
            "127.0.0.1",
            building.port,
            username="acme",
            password="secret",
            client_keys=None,
            known_hosts=None,
            agent_path=None,
            config=None,
        ):
            raise AssertionError("let in")


async def test_there_is_no_way_out_of_the_two_folders(building: Building) -> None:
    async with building.client("other") as other, other.open("/in/theirs.edi", "wb") as opened:
        await opened.write(b"x")
    (building.root / "secret").write_text("secret")
    async with building.client("acme") as client:
        async with client.open("/in/a.edi", "wb") as opened:
            await opened.write(b"x")
        home = building.root / "acme"
        (home / "in" / "archive").mkdir()
        (home / "out" / "out.edi").write_bytes(b"x")
        tried: dict[str, Callable[[], Awaitable[object]]] = {
            "read above": lambda: _read(client, "/../secret"),
            "read a neighbour": lambda: _read(client, "/../other/in/theirs.edi"),
            "read deep": lambda: _read(client, "/in/../../other/in/theirs.edi"),
            "read with a folder in the name": lambda: _read(client, "/in/archive/a.edi"),
            "write at the top": lambda: _write(client, "/x.edi"),
            "write into out": lambda: _write(client, "/out/x.edi"),
            "write over what waits": lambda: _write(client, "/out/out.edi"),
            "write a hidden one": lambda: _write(client, "/in/.x"),
            "write a control character": lambda: _write(client, "/in/a\nb"),
            "write a drive": lambda: _write(client, "/in/C:x"),
            "write too long a name": lambda: _write(client, "/in/" + "x" * 4096),
            "link to the outside": lambda: client.symlink("/etc/passwd", "/in/link.edi"),
            "hard link": lambda: client.link("/in/a.edi", "/in/b.edi"),
            "make a folder": lambda: client.mkdir("/in/folder"),
            "remove a folder": lambda: client.rmdir("/in"),
            "move out": lambda: client.rename("/in/a.edi", "/out/a.edi"),
            "move a folder": lambda: client.rename("/in/archive", "/in/b.edi"),
            "move over another": lambda: client.rename("/in/a.edi", "/in/a.edi"),
            "list the archive": lambda: client.listdir("/in/archive"),
            "list above": lambda: client.listdir("/elsewhere"),
            "read a link": lambda: client.readlink("/in/a.edi"),
        }
        assert [what for what, attempt in tried.items() if not await _refused(attempt)] == []
        assert await client.listdir("/..") == await client.listdir("/")
        assert sorted(p.name for p in (home / "in").iterdir()) == ["a.edi", "archive"]


async def test_a_link_that_lies_there_is_not_followed_when_it_is_looked_at(building: Building) -> None:
    async with building.client("acme") as client:
        (building.root / "acme" / "in" / "up.edi").symlink_to(building.root)
        assert await client.islink("/in/up.edi")
        assert not await client.isdir("/in/up.edi")


async def test_there_is_no_shell_no_command_and_no_tunnel(building: Building) -> None:
    async with building.connection("acme") as connection:
        with pytest.raises(asyncssh.Error):
            await connection.run("id", check=True)
        with pytest.raises(asyncssh.Error):
            await connection.create_connection(asyncssh.SSHTCPSession, "127.0.0.1", 22)
        with pytest.raises(asyncssh.ChannelListenError):
            await connection.forward_remote_port("", 0, "127.0.0.1", 22)


async def test_what_is_being_put_is_nobodys_file_until_it_is_closed(building: Building) -> None:
    """A sender that paused for some seconds had its half read and archived, and the rest written behind it."""
    home = building.root / "acme" / "in"
    async with building.client("acme") as client:
        async with client.open("/in/a.edi", "wb") as opened:
            await opened.write(b"half")
            assert await Folder(home, stable=timedelta()).whole(datetime.now(UTC)) == []
            assert await client.listdir("/in") == []
            await opened.write(b" and half")
        assert [p.read_bytes() for p in await Folder(home, stable=timedelta()).whole(datetime.now(UTC))] == [
            b"half and half"
        ]
        async with client.open("/in/a.edi", "wb") as opened:
            await opened.write(b"whole")
        assert (home / "a.edi").read_bytes() == b"whole"
        for mode in ("xb", "ab", "r+b"):
            with pytest.raises(asyncssh.SFTPFailure):
                await client.open("/in/a.edi", mode)
        with pytest.raises(asyncssh.SFTPNoSuchFile):
            await client.open("/in/b.edi", "r+b")
    assert held(home) == ["a.edi"]


async def test_nothing_stays_of_what_was_broken_off(building: Building) -> None:
    home = building.root / "acme" / "in"
    async with building.connection("acme") as connection:
        client = await connection.start_sftp_client()
        opened = await client.open("/in/a.edi", "wb")
        await opened.write(b"half")
        assert len(held(home)) == 1
        connection.abort()
        await connection.wait_closed()
    await until(lambda: held(home) == [])


async def test_what_a_fallen_door_has_left_goes_at_a_later_login(building: Building) -> None:
    home = building.root / "acme" / "in"
    home.mkdir(parents=True)
    for name, age in ((".old.coming", 2 * 86_400), (".new.coming", 60)):
        (home / name).write_bytes(b"half")
        os.utime(home / name, (time.time() - age,) * 2)
    async with building.client("acme") as client:
        assert await client.listdir("/in") == []
    assert held(home) == [".new.coming"]


async def test_a_file_has_a_size_that_it_cannot_exceed(building: Building) -> None:
    async with building.client("acme") as client, client.open("/in/a.edi", "wb") as opened:
        with pytest.raises(asyncssh.SFTPFailure):
            await opened.write(b"x", LARGEST)


def held(folder: Path) -> list[str]:
    return sorted(p.name for p in folder.iterdir())


async def _refused(attempt: Callable[[], Awaitable[object]]) -> bool:
    try:
        await attempt()
    except asyncssh.SFTPError:
        return True
    return False


async def _read(client: asyncssh.SFTPClient, path: str) -> object:
    async with client.open(path, "rb") as opened:
        return await opened.read()


async def _write(client: asyncssh.SFTPClient, path: str) -> object:
    async with client.open(path, "wb") as opened:
        return await opened.write(b"x")
