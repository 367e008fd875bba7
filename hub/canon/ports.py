"""What an adapter may be: small protocols and the frozen data that crosses them. HTTP, secrets, retries and time are the hub's."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, ClassVar, Literal, Protocol

from hub.canon.agreement import Agreement
from hub.canon.calendar import Hours
from hub.canon.carriage import Carrier, Door, Sealer
from hub.canon.commands import InwardCommand, OutwardCommand
from hub.kit.errors import HubError


# ------------------------------------------------------------------ the four ways in which an adapter fails
class TryAgain(HubError):
    """Not now: {reason}"""

    code: ClassVar[str] = "TRY_AGAIN"

    def __init__(self, *, after: timedelta, reason: str = "the other side asked to wait") -> None:
        super().__init__(after=after, reason=reason)


class NeverTry(HubError):
    """This can never succeed as it is: {reason}"""

    code: ClassVar[str] = "NEVER_TRY"

    def __init__(self, reason: str, *, faults: Sequence[Mapping[str, Any]] = (), number: str | None = None) -> None:
        super().__init__(reason=reason, faults=tuple(faults), number=number)


class NotAuthentic(HubError):
    """The sender could not be verified: {reason}"""

    code: ClassVar[str] = "NOT_AUTHENTIC"

    def __init__(self, reason: str) -> None:
        super().__init__(reason=reason)


class AnswerLost(HubError):
    """Something was sent and no answer came back: {reason}"""

    code: ClassVar[str] = "ANSWER_LOST"

    def __init__(self, reason: str) -> None:
        super().__init__(reason=reason)


class Unmapped(HubError):
    """The code {foreign} is not in our table {table}."""

    code: ClassVar[str] = "UNMAPPED"

    def __init__(
        self, table: str, foreign: str, *, faults: Sequence[Mapping[str, Any]] = (), number: str | None = None
    ) -> None:
        super().__init__(table=table, foreign=foreign, faults=tuple(faults), number=number)


# ------------------------------------------------------------------ inward
@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """An incoming HTTP request, `body` exactly as received; header names in lower case."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Envelope:
    """One foreign document before it is understood. `complete`: signed and whole, so it may be read as it is; else fetched first."""

    dedupe_key: str
    topic: str
    body: bytes
    complete: bool
    external_id: str | None = None
    revision: str | None = None
    occurred_at: datetime | None = None
    media_type: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ref:
    kind: str
    external_id: str
    parent_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """A page of a sweep; `next` is stored by the hub after it has committed the envelopes. `None`: the sweep is complete.
    `rest`: the other side wants no question before that time has passed.
    """

    envelopes: Sequence[Envelope]
    next: str | None
    rest: timedelta | None = None


Secrets = Mapping[str, Sequence[str]]  # field -> live values, newest first (two during a rotation)


# ------------------------------------------------------------------ outward
@dataclass(frozen=True, slots=True, kw_only=True)
class SentSet:
    """One document of an interchange that we send. `ack_within` None: nobody answers it."""

    set_id: str
    version: str
    group_control: str
    set_control: str
    ack_within: timedelta | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """What the bytes of a call are for the register of exchanges. `resend`: once more, if no answer comes in time. `hours`: those of
    the partner, in which the time for its answers runs; None: always.
    """

    sender: str
    receiver: str
    usage: Literal["T", "P"]
    control: str
    sets: tuple[SentSet, ...] = ()
    resend: bool = False
    hours: Hours | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One planned request. `path` is relative to the account's base; never a secret in it: the hub adds authorization."""

    key: str  # delivery id + step number; stable over retries
    operation: str  # its name in the vendor's contract
    method: str = "POST"
    path: str = ""
    purpose: Literal["read", "write"] = "write"
    query: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    media_type: str = "application/json"
    bucket: str = "default"
    cost: int = 1
    repeatable: bool = False  # a timeout may be retried blindly
    timeout: timedelta = timedelta(seconds=15)
    soap_authority: str | None = None  # sefaz: which endpoint row answers
    sent: Sent | None = None  # an interchange: registered, and its answer waited for


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldFault:
    at: str
    code: str
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """It happened. `references`: foreign ids learnt. `again`: only a read; plan the command again with the references.
    `momentary`: names of references that hold for that next plan only and are not kept (they may be untrue after a send).
    `results`: inward commands that the answer holds (an authorization, a tracking).
    """

    references: Mapping[str, str] = field(default_factory=dict)
    again: bool = False
    momentary: tuple[str, ...] = ()
    results: tuple[InwardCommand, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted:
    """Asynchronous there: `poll` after that time. `references` (a receipt) are kept: after a long wait the command is planned anew
    with them. Waiting is no failed try.
    """

    poll: Call
    after: timedelta
    references: Mapping[str, str] = field(default_factory=dict)
    results: tuple[InwardCommand, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Retry:
    """Certainly not done. `outage`: the other side is closed for all of us; that is no failed try and counts for the breaker."""

    after: timedelta
    reason: str
    outage: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Rejected:
    """Final; becomes an incident with the vendor's words. `results` as in `Done` (a rejected invoice is news too)."""

    code: str
    message: str
    fields: tuple[FieldFault, ...] = ()
    results: tuple[InwardCommand, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Unknown:
    """Sent, fate unknown. `check`: a read whose outcome says whether the write happened; None: a person must look."""

    check: Call | None
    reason: str = "no answer after sending"
    results: tuple[InwardCommand, ...] = ()


Outcome = Done | Accepted | Retry | Rejected | Unknown


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """One configured connection as an adapter sees it: plain config, secrets by name, learnt references of the subject at hand."""

    connection_id: str
    code: str
    config: Mapping[str, Any]
    secrets: Secrets = field(default_factory=dict)
    references: Mapping[str, str] = field(default_factory=dict)
    now: datetime | None = None
    delivery: str = ""  # id of the delivery being planned: what idempotency keys inside a body are made of


# ------------------------------------------------------------------ the ports
class Http(Protocol):
    """The hub's client for one account: base address, authorization, limits and time-outs are inside."""

    async def send(self, call: Call) -> Response: ...


class MappingFile(Protocol):
    """A compiled file of `mappings/` (hub.mapping gives them)."""

    @property
    def name(self) -> str: ...

    def read(self, body: bytes, envelope: Mapping[str, str | None]) -> Any: ...


class InboundPush(Protocol):
    def proven(self, headers: Mapping[str, str], account: Account) -> bool:
        """Asked before the body is read. True: these headers prove the sender by themselves; False: the body has to be looked at. Raise
        `NotAuthentic` where no body could prove anything.
        """

    def verify(self, request: Request, account: Account) -> None:
        """Raise `NotAuthentic` unless the raw bytes were signed with one of the account's secrets."""

    def envelopes(self, request: Request, account: Account) -> list[Envelope]:
        """The documents in it; an empty list is a ping, answered 200."""


class InboundPull(Protocol):
    def changes(self, since: str | None, http: Http, account: Account) -> AsyncIterator[Page]: ...

    async def fetch(self, ref: Ref, http: Http, account: Account) -> Envelope: ...


class Reader(Protocol):
    def read(
        self, envelope: Envelope, mappings: Mapping[str, MappingFile], account: Account
    ) -> list[InwardCommand]: ...


class Outbound(Protocol):
    def plan(self, command: OutwardCommand, account: Account) -> list[Call]:
        """Pure: the same command and account give the same calls. Keys are `0`, `1` ...; the hub prefixes the delivery id."""

    def outcome(self, command: OutwardCommand, call: Call, response: Response | None, account: Account) -> Outcome:
        """Pure. `response` None: a timeout or a cut after the request began to leave."""


class Wire(Protocol):
    """How planned calls leave. Most adapters leave this out: the hub's HTTP client does it.

    Raises `TryAgain` or `NeverTry` only when certainly nothing left; `AnswerLost` after that, and then `outcome` gets None.
    """

    async def send(self, call: Call, account: Account) -> Response: ...

    async def aclose(self) -> None:
        """End what is kept between calls; the next call opens it again."""


# (an account's plain config) -> what was agreed with its partner
Agreed = Callable[[Mapping[str, Any]], Agreement]

Prepared = tuple[str, bytes] | NeverTry | Unmapped  # (key or id, signed bytes), or what is wrong with that one


class Prepare(Protocol):
    """Bytes that must never change, fixed before the first send."""

    def __call__(self, asked: Sequence[tuple[OutwardCommand, Account]]) -> list[Prepared]:
        """One answer each, in order; what is wrong with one is its answer and leaves the others as they are. CPU work: runs in a thread."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Adapter:
    """The only public name of an adapter's package. A port that it has not is None."""

    name: str
    push: InboundPush | None = None
    pull: InboundPull | None = None
    reader: Reader | None = None
    outbound: Outbound | None = None
    wire: Wire | None = None
    authorize: Any | None = None  # (call, account) -> headers; secrets enter here and nowhere else
    prepare: Prepare | None = None
    printed: Any | None = None  # (stored document, cancelled=) -> PDF bytes; slow: run it in a process of its own
    second: Any | None = (
        None  # (envelope) -> another engine's opinion of it: True, False or none; slow: run it in a process of its own
    )
    agreed: Agreed | None = None
    carrier: Carrier | None = None
    door: Door | None = None
    sealer: Sealer | None = None
    learns: bool = False  # its reader wants the references that our deliveries about the same subject have learnt
