"""Which addresses an outbound request may reach: public ones only, over https and port 443, unless settings name the host and port."""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from collections.abc import Awaitable, Callable, Iterable
from typing import Any, ClassVar

import httpcore
import httpx

from hub.kit.errors import HubError

CONNECT = 3.0  # seconds
Resolve = Callable[[str, int], Awaitable[list[str]]]
_NAT64 = (ipaddress.ip_network("64:ff9b::/96"), ipaddress.ip_network("64:ff9b:1::/48"))


class AddressForbidden(HubError):
    """The hub does not send anything to {host}: {reason}"""

    code: ClassVar[str] = "ADDRESS_FORBIDDEN"


def is_public(address: str) -> bool:
    """Whether everybody may reach it: also what is wrapped in it (IPv4-mapped, NAT64, 6to4, Teredo) must be public."""
    try:
        ip = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    return all(i.is_global and not i.is_multicast and not i.is_reserved for i in _unwrapped(ip))


def _unwrapped(ip: ipaddress.IPv4Address | ipaddress.IPv6Address) -> list[Any]:
    if isinstance(ip, ipaddress.IPv4Address):
        return [ip]
    if ip.ipv4_mapped:
        return [ip.ipv4_mapped]
    if any(ip in net for net in _NAT64):
        return [ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)]
    if ip.sixtofour:
        return [ip, ip.sixtofour]
    return [ip, *ip.teredo] if ip.teredo else [ip]


async def resolve(host: str, port: int) -> list[str]:
    """Every address of the name, as the system says."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(address[0]) for *_, address in found]


class Guard(httpcore.AsyncNetworkBackend):
    """Opens connections for the HTTP library: resolves once, refuses unless every address is public, connects to what it has checked.
    The name stays in SNI, certificate check and Host. `allow`: `host:port` that are exempt (simulators, an intranet's WMS).
    """

    def __init__(self, allow: Iterable[str] = (), *, resolve: Resolve = resolve) -> None:
        self._allow = frozenset(a.strip().lower() for a in allow)
        self._resolve = resolve
        self._inner = httpcore.AnyIOBackend()

    def check(self, url: httpx.URL) -> None:
        """Refuse by what the address says; what the name resolves to is checked when connecting. Raises `AddressForbidden`."""
        host, port = url.host, url.port or {"https": 443, "http": 80}.get(url.scheme, 0)
        if url.userinfo:
            raise AddressForbidden(host=host, reason="an address holds no user or password.")
        if not host:
            raise AddressForbidden(host=str(url)[:100], reason="it names no host.")
        if url.scheme not in ("https", "http"):
            raise AddressForbidden(host=host, reason="only https is spoken.")
        if not self._exempt(host, port) and (url.scheme, port) != ("https", 443):
            raise AddressForbidden(host=host, reason="only https and port 443, unless HUB_OUTBOUND_ALLOW names it.")

    def _exempt(self, host: str, port: int) -> bool:
        return f"{host.lower()}:{port}" in self._allow

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 - the library's signature
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        try:
            addresses = await asyncio.wait_for(self._resolve(host, port), timeout)
        except (OSError, UnicodeError, TimeoutError) as error:
            raise httpcore.ConnectError(f"the name {host} is not known") from error
        if not addresses or not (self._exempt(host, port) or all(is_public(a) for a in addresses)):
            raise AddressForbidden(host=host, reason="it is not a public address.")
        failed: Exception = httpcore.ConnectError(host)
        for address in addresses[:3]:
            try:
                return await self._inner.connect_tcp(address, port, timeout=timeout, socket_options=socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failed = error
        raise failed

    async def dial(self, host: str, port: int) -> socket.socket:
        """A connected socket for what is not HTTP, under the same rule of addresses. Raises `AddressForbidden`, `OSError`."""
        try:
            addresses = await asyncio.wait_for(self._resolve(host, port), CONNECT)
        except UnicodeError as error:
            raise AddressForbidden(host=host[:100], reason="it is no name of a host.") from error
        if not addresses or not (self._exempt(host, port) or all(is_public(a) for a in addresses)):
            raise AddressForbidden(host=host, reason="it is not a public address; HUB_OUTBOUND_ALLOW can name it.")
        failed: OSError = ConnectionError(f"{host} has no address that answers")
        for address in addresses[:3]:
            try:
                return await _connected(address, port)
            except OSError as error:
                failed = error
        raise failed

    async def connect_unix_socket(
        self,
        path: str,
        timeout: float | None = None,  # noqa: ASYNC109 - the library's signature
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        raise AddressForbidden(host=path, reason="it is no network address.")

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


async def _connected(address: str, port: int) -> socket.socket:
    made = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_STREAM)
    try:
        made.setblocking(False)
        async with asyncio.timeout(CONNECT):
            await asyncio.get_running_loop().sock_connect(made, (address, port))
    except BaseException:
        made.close()
        raise
    return made
