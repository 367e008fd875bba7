"""Files of other adapters' accounts on their way: who carries them (SFTP), who seals them and gives receipts (AS2), who is let in at our
own door. Protocols and the frozen data that crosses them.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal, Protocol

if TYPE_CHECKING:
    from hub.canon.ports import Account, Request

Dial = Callable[[str, int], Awaitable[Any]]  # (host, port) -> a connected socket to an address that we may reach
Admit = Callable[[str], Awaitable["Guest | None"]]  # user name -> who that is and where it is at home


class Shelf(Protocol):
    """A partner's folders, open. Names are theirs; what is listed is whole and a plain file."""

    async def whole(self) -> list[str]: ...

    async def read(self, name: str) -> bytes: ...

    async def away(self, name: str, *, to: str) -> None:
        """After our commit: out of the way, into that folder beside it."""

    async def put(self, name: str, content: bytes) -> None:
        """Under a temporary name, then renamed. The same name again replaces the same content."""


class Carrier(Protocol):
    """Whole files to and from a partner's server, for accounts of other adapters whose config names this one as `transport`."""

    def open(self, account: Account, dial: Dial) -> AbstractAsyncContextManager[Shelf]:
        """Raises `TryAgain` (away) or `NeverTry` (refused, not the pinned host, no such folder), also while it is open."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Guest:
    """A partner that may log in at our door. `home` holds `in` (theirs to write) and `out` (theirs to fetch); `keys`: their public keys."""

    account: str
    home: str
    keys: Sequence[str]


class Door(Protocol):
    """A listener of the adapter's own beside HTTP, behind which partners put and fetch files."""

    def listen(self, host: str, port: int, host_key: str, admit: Admit) -> AbstractAsyncContextManager[int]:
        """Open while the context is; gives the port. `host_key`: our private key as OpenSSH text."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Packed:
    """A file signed and sealed for the wire. `mic`: the digest that an honest receipt repeats. `receipt`: how one was asked for."""

    url: str
    headers: Mapping[str, str]
    body: bytes
    mic: str
    receipt: Literal["sync", "async", "none"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """The receipt that the sender asked for. `url` None: in the answer. `digests`: in the sender's order, empty: unsigned will do."""

    url: str | None
    digests: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Unpacked:
    """A transmission that is whole, opened and proven, or refused: `trouble` is the protocol's own word for why, `reason` ours."""

    foreign_id: str
    wanted: Wanted | None
    name: str = "file"
    content: bytes = b""
    mic: str | None = None
    trouble: str | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """A receipt as it leaves or came, byte for byte."""

    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceiptRead:
    """What a partner's receipt says. `trouble` None: it has the file; `mic`: the digest of what it has."""

    foreign_id: str
    mic: str | None
    trouble: str | None
    signed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Dated:
    """A certificate in use and when it ends."""

    label: str
    ends: datetime


class Sealer(Protocol):
    """Files sealed for a partner and opened again, with receipts (AS2). Pure: keys come with the account, HTTP and time are the hub's."""

    def pack(self, name: str, media_type: str, content: bytes, foreign_id: str, account: Account) -> Packed:
        """The same input has the same `mic`. Raises `NeverTry`."""

    def unpack(self, request: Request, account: Account) -> Unpacked: ...

    def receipt(self, opened: Unpacked, account: Account) -> Receipt: ...

    def is_receipt(self, request: Request) -> bool: ...

    def read_receipt(self, headers: Mapping[str, str], body: bytes, account: Account) -> ReceiptRead:
        """Raises `NotAuthentic` (signed by somebody else, or not at all where that was asked for) or `NeverTry` (no receipt)."""

    def same(self, mic: str, other: str | None) -> bool:
        """Whether a receipt repeats that digest."""

    def certificates(self, account: Account) -> Sequence[Dated]: ...
