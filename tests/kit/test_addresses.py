"""Nothing goes to addresses that are not public, however they are written, whatever a resolver says."""

from __future__ import annotations

from datetime import timedelta

import pytest

from hub.kit.addresses import AddressForbidden, is_public
from hub.kit.http import NeverLeft, Sending
from tests.http_sides import SHORT, answer, server, transport

PRIVATE = [
    "127.0.0.1",
    "127.1",
    "127.0.1",
    "0x7f.1",
    "0x7f000001",
    "2130706433",
    "017700000001",
    "0177.0.0.1",
    "0",
    "0.0.0.0",  # noqa: S104 - an address to refuse, nothing binds to it
    "localhost",
    "10.0.0.1",
    "10.255.255.255",
    "172.16.0.1",
    "172.31.255.255",
    "192.168.0.1",
    "192.168.1.254",
    "169.254.169.254",
    "169.254.0.1",
    "100.64.0.1",
    "100.127.255.254",
    "198.18.0.1",
    "198.51.100.1",
    "203.0.113.1",
    "192.0.2.1",
    "224.0.0.1",
    "239.255.255.255",
    "240.0.0.1",
    "255.255.255.255",
    "[::1]",
    "[::]",
    "[fe80::1]",
    "[fc00::1]",
    "[fd12:3456::1]",
    "[ff02::1]",
    "[::ffff:127.0.0.1]",
    "[::ffff:169.254.169.254]",
    "[::ffff:10.0.0.1]",
    "[64:ff9b::7f00:1]",
    "[64:ff9b::a9fe:a9fe]",
    "[2002:7f00:1::]",
    "[2002:a9fe:a9fe::]",
    "[2001:db8::1]",
    "[2001:0:7f00:1::]",
]
ODD = [
    "http://shop.example/",
    "https://shop.example:8443/",
    "https://shop.example:22/",
    "ftp://shop.example/",
    "file:///etc/passwd",
    "gopher://shop.example/",
    "https://user@shop.example/",
    "https://user:pass@shop.example/",
    "https://127.0.0.1@shop.example/",
    "https://shop.example@127.0.0.1/",
    "//shop.example/",
    "shop.example",
    "https:///",
    "https://",
    "https://[::1",
    "http://127.0.0.1:5432/",
]
FORMS = ("https://{}/", "https://{}:443/x", "http://{}/", "https://{}/latest/meta-data?a=b#c")


@pytest.mark.parametrize("url", [form.format(host) for host in PRIVATE for form in FORMS] + ODD)
async def test_nothing_goes_to_private_addresses_or_odd_ones(url: str) -> None:
    async with transport() as http:
        with pytest.raises((AddressForbidden, NeverLeft)) as caught:
            await http.send(Sending(method="GET", url=url, timeout=timedelta(seconds=2)))
    if isinstance(caught.value, NeverLeft):
        assert "is not known" in str(caught.value)  # a form of number that this system takes for a name


async def test_a_name_with_one_private_address_is_refused() -> None:
    asked = 0

    async def rebinding(host: str, port: int) -> list[str]:
        nonlocal asked
        asked += 1
        return ["93.184.216.34"] if asked == 2 else ["93.184.216.34", "127.0.0.1"]

    async with transport(resolve=rebinding) as http:
        with pytest.raises(AddressForbidden):
            await http.send(Sending(method="GET", url="https://shop.example/", timeout=SHORT))
    assert asked == 1


async def test_it_connects_to_the_address_that_was_checked() -> None:
    """A resolver that answers differently the second time gets no second time."""
    answers = [["127.0.0.1"], ["10.0.0.1"]]

    async def rebinding(host: str, port: int) -> list[str]:
        return answers.pop(0)

    async with server(answer()) as port, transport(f"shop.example:{port}", resolve=rebinding) as http:
        got = await http.send(Sending(method="GET", url=f"http://shop.example:{port}/", timeout=SHORT))
    assert got.status == 200
    assert answers == [["10.0.0.1"]]


async def test_an_exemption_is_for_its_port_alone() -> None:
    async with server(answer()) as port, transport(f"127.0.0.1:{port + 1}") as http:
        with pytest.raises(AddressForbidden):
            await http.send(Sending(method="GET", url=f"http://127.0.0.1:{port}/", timeout=SHORT))


def test_public_is_public() -> None:
    for good in ("93.184.216.34", "8.8.8.8", "2606:4700::1111", "64:ff9b::808:808", "::ffff:8.8.8.8"):
        assert is_public(good), good
    assert not is_public("no address")
    assert not is_public("fe80::1%eth0")
