"""Our side of a partner's SFTP server, over a real connection: what is whole, what is pinned, what is moved."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import asyncssh
import pytest

from adapters.sftp.wire import Sftp
from hub.canon.ports import Account, NeverTry, TryAgain
from hub.kit.addresses import Guard
from tests.sftp_side import SftpSide, sftp_side

NOON = datetime(2026, 11, 16, 12, tzinfo=UTC)


@pytest.fixture
async def side(tmp_path: Path) -> AsyncIterator[SftpSide]:
    async with sftp_side(tmp_path / "partner") as found:
        yield found


def account(side: SftpSide, **more: str) -> Account:
    return Account(
        connection_id="c1", code="acme", config=side.config(**more), secrets={"sftp_key": [side.key]}, now=NOON
    )


async def test_whole_files_are_listed_read_and_moved_and_the_rest_is_left_alone(side: SftpSide) -> None:
    for name in ("b.edi", "a.edi", "c.edi.tmp", "d.part", "e.filepart", ".hidden"):
        (side.root / "to_hub" / name).write_bytes(name.encode())
    (side.root / "to_hub" / "folder.edi").mkdir()
    (side.root / "to_hub" / "link.edi").symlink_to("/etc/passwd")
    async with Sftp().open(account(side), side.dial) as shelf:
        assert await shelf.whole() == ["a.edi", "b.edi"]
        assert await shelf.read("a.edi") == b"a.edi"
        await shelf.away("a.edi", to="archive")
        (side.root / "to_hub" / "a.edi").write_bytes(b"another")
        assert await shelf.whole() == ["a.edi", "b.edi"]
        await shelf.away("a.edi", to="archive")
    assert side.names("to_hub/archive") == ["a.edi", "a.edi.1"]
    assert (side.root / "to_hub" / "archive" / "a.edi").read_bytes() == b"a.edi"


async def test_a_file_that_grows_waits_until_it_has_been_the_same_for_a_while(side: SftpSide) -> None:
    file = side.root / "to_hub" / "a.edi"
    file.write_bytes(b"ISA")
    client, slow = Sftp(), account(side, sftp_stable="30")

    async def listed(after: int) -> list[str]:
        async with client.open(replace(slow, now=NOON + timedelta(seconds=after)), side.dial) as shelf:
            return await shelf.whole()

    assert await listed(0) == []
    file.write_bytes(b"ISA*00*")
    assert await listed(31) == []
    assert await listed(60) == []
    assert await listed(61) == ["a.edi"]


async def test_a_file_that_grows_while_it_is_read_is_not_taken(side: SftpSide) -> None:
    file = side.root / "to_hub" / "a.edi"
    file.write_bytes(b"ISA")
    async with Sftp().open(account(side), side.dial) as shelf:
        assert await shelf.whole() == ["a.edi"]
        file.write_bytes(b"ISA*00*")
        with pytest.raises(TryAgain):
            await shelf.read("a.edi")


async def test_what_we_put_is_never_seen_half_and_may_be_put_again(side: SftpSide) -> None:
    async with Sftp().open(account(side), side.dial) as shelf:
        await shelf.put("acme_997_000000001.edi", b"one")
        await shelf.put("acme_997_000000001.edi", b"one")
        for name in ("../x.edi", "a/b", "", ".x", "a\0b"):
            with pytest.raises(NeverTry):
                await shelf.put(name, b"")
    assert side.names("from_hub") == ["acme_997_000000001.edi"]


async def test_only_the_pinned_host_and_our_own_key_and_reachable_addresses_will_do(side: SftpSide) -> None:
    other = asyncssh.generate_private_key("ssh-ed25519")
    good = account(side)
    wrong = other.export_public_key().decode()
    refused = [
        (account(side, sftp_host_key=wrong), side.dial, "pinned host key"),
        (account(side, sftp_host_key=""), side.dial, "pins no sftp_host_key"),
        (replace(good, secrets={"sftp_key": [other.export_private_key().decode()]}), side.dial, "does not let us in"),
        (replace(good, secrets={}), side.dial, "neither"),
        (replace(good, secrets={"sftp_key": ["nonsense"]}), side.dial, "no private key"),
        (good, Guard().dial, "not a public address"),
        (account(side, sftp_in="/nowhere"), side.dial, "No such file"),
    ]
    for given, dial, reason in refused:
        with pytest.raises(NeverTry, match=reason):
            async with Sftp().open(given, dial) as shelf:
                await shelf.whole()
    with pytest.raises(TryAgain):
        async with Sftp().open(account(side, sftp_port="1"), Guard(["127.0.0.1:1"]).dial) as shelf:
            await shelf.whole()


async def test_a_key_can_be_changed_on_both_sides_without_a_gap(side: SftpSide) -> None:
    new = asyncssh.generate_private_key("ssh-ed25519")
    pins = f"{new.export_public_key().decode()}\n{side.pin}"
    given = replace(
        account(side, sftp_host_key=pins), secrets={"sftp_key": [new.export_private_key().decode(), side.key]}
    )
    async with Sftp().open(given, side.dial) as shelf:
        assert await shelf.whole() == []
