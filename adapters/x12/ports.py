"""The adapter's three ports: files pushed by HTTP or by a transport, sets read, documents and acks planned. No byte is moved here."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from typing import Any

from adapters.x12.ack import ack_text
from adapters.x12.library import Library
from adapters.x12.profile import DEFAULT, Profile, configured, with_overlays
from adapters.x12.read import read_exchange, read_set
from adapters.x12.report import stamp
from adapters.x12.seal import Delimited, marks_of
from adapters.x12.sent import sent_ack, sent_document
from adapters.x12.split import INTERCHANGE, MEDIA, UNREADABLE, envelopes_of, within
from adapters.x12.write import SETS, CannotWrite, interchange_of, write_set
from adapters.x12.yamltext import BadGuide
from hub.canon.agreement import Agreement
from hub.canon.commands import Acknowledge, InwardCommand, OutwardCommand, WriteDocument
from hub.canon.ports import (
    Account,
    Call,
    Done,
    Envelope,
    MappingFile,
    NeverTry,
    NotAuthentic,
    Outcome,
    Rejected,
    Request,
    Response,
    Retry,
    Sent,
)

_LATER = timedelta(minutes=1)
_WAIT = frozenset({408, 425, 429})


class Exchange:
    """All ports over one library of guides."""

    def __init__(self, library: Library) -> None:
        self.library = library

    # ------------------------------------------------------------ inward
    def proven(self, headers: Mapping[str, str], account: Account) -> bool:
        """`Authorization: Bearer <token>`, the secret `token`; it needs no body."""
        given = headers.get("authorization", "")
        if given.lower().startswith("bearer "):
            token, right = given[7:].strip().encode(), False
            for live in account.secrets.get("token", ()):
                right |= hmac.compare_digest(token, live.encode())
            if not right:
                raise NotAuthentic("the token is not one of this account's")
            return True
        if not _signature(headers):
            raise NotAuthentic("neither a bearer token nor a signature was sent")
        return False

    def verify(self, request: Request, account: Account) -> None:
        """A token, or `X-Hub-Signature: sha256=<HMAC of the raw body>`, the secret `hmac`."""
        if self.proven(request.headers, account):
            return
        signed, right = _signature(request.headers).encode(), False
        for live in account.secrets.get("hmac", ()):
            own = hmac.new(live.encode(), request.body, hashlib.sha256).hexdigest()
            right |= hmac.compare_digest(signed, own.encode())
        if not right:
            raise NotAuthentic("the signature does not match the body")

    def envelopes(self, request: Request, account: Account) -> list[Envelope]:
        with _usable():
            return list(envelopes_of(_file_of(request), self.library, self._inbound(account)))

    def read(self, envelope: Envelope, mappings: Mapping[str, MappingFile], account: Account) -> list[InwardCommand]:
        with _usable():
            return self._read(envelope, within(self._inbound(account)))

    def _read(self, envelope: Envelope, profile: Profile | None) -> list[InwardCommand]:
        if envelope.topic == INTERCHANGE:
            return read_exchange(envelope.body, self.library, profile)
        if envelope.topic == UNREADABLE:
            raise NeverTry(f"unreadable: {envelope.headers.get('x12-reason', 'no ISA segment was found')}")
        if envelope.headers.get("x12-verdict") == "rejected":
            read_set(envelope.body, self.library, profile)  # raises with the set's own errors, where it has any
            raise NeverTry("the set was rejected within its interchange")
        return read_set(envelope.body, self.library, profile)

    def _inbound(self, account: Account) -> Profile | None:
        """The account's partner; None: each interchange is judged by its sender."""
        own = configured(account.config)
        partner = account.config.get("partner")
        profile = own or (self.library.profile(str(partner)) if partner else None)
        return with_overlays(profile, account.config) if profile is not None else None

    def agreed(self, config: Mapping[str, Any]) -> Agreement:
        """The kinds of documents that this partner's `sets` say it takes from us, and its `price_tolerance`. What a profile does not say was
        not agreed on.
        """
        try:
            profile = configured(config) or self.library.profile(str(config.get("partner") or ""))
        except BadGuide:
            return Agreement()
        if profile is None:
            return Agreement()
        advised = {"824": "out"} if profile.settings.get("application_advice") == "yes" else {}
        sets = {**profile.sets, **advised}
        taken = frozenset(kind for kind, set_id in SETS.items() if sets.get(set_id) in ("out", "both"))
        return Agreement(documents=taken, tolerance=profile.price_tolerance)

    # ------------------------------------------------------------ outward
    def plan(self, command: OutwardCommand, account: Account) -> list[Call]:
        """One call: the whole interchange as the body of a file with a name of ours. Raises `NeverTry` for what can't be written."""
        with _usable():
            return self._plan(command, account)

    def _plan(self, command: OutwardCommand, account: Account) -> list[Call]:
        if isinstance(command, WriteDocument):
            profile = self._partner(account)
            numbers = _numbers(command.numbers)
            try:
                written = write_set(command.kind, command.number, command.data, self.library, profile)
                text = interchange_of([written], profile, **numbers, at=account.now or _no_time())
            except CannotWrite as error:
                raise NeverTry(str(error), faults=[{"message": f} for f in error.data["faults"]]) from error
            except Delimited as error:
                raise NeverTry(str(error)) from error
            sent = sent_document(written, profile, **numbers)
            return [_call(text, profile, written.set.set, numbers["isa"], sent)]
        if isinstance(command, Acknowledge):
            receiver = command.ack["receiver"]
            known = self._inbound(account) or self.library.profile_of(receiver[0], receiver[1]) or DEFAULT
            numbers = _numbers(command.numbers)
            when = account.now or stamp(command.ack["stamp"][:6], command.ack["stamp"][6:])
            text = ack_text(command.ack, marks_of(known), **numbers, at=when)
            kind = "ta1" if not command.ack["groups"] else command.ack["kind"]
            return [_call(text, known, kind, numbers["isa"], sent_ack(command.ack, numbers["isa"]))]
        raise NeverTry(f"X12 has no document for {type(command).__name__}")

    def _partner(self, account: Account) -> Profile:
        partner = str(account.config.get("partner") or account.code)
        profile = self._inbound(account) or self.library.profile(partner)
        if profile is None:
            raise NeverTry(f"there is no profile of the partner {partner}")
        return profile

    def outcome(self, command: OutwardCommand, call: Call, response: Response | None, account: Account) -> Outcome:
        """A file is put under a name that is its control number, so that putting it again does no harm."""
        if response is None:
            return Retry(after=_LATER, reason="the transport did not answer")
        if 200 <= response.status < 300:
            return Done(references={"file": call.path})
        if response.status >= 500 or response.status in _WAIT:
            return Retry(after=_LATER, reason=f"the transport answered {response.status}")
        return Rejected(code=str(response.status), message=response.body[:500].decode("utf-8", "replace"))


def _signature(headers: Mapping[str, str]) -> str:
    return headers.get("x-hub-signature", "").removeprefix("sha256=").strip().lower()


@contextmanager
def _usable() -> Iterator[None]:
    """A profile or overlay that was good when it was set, and fits the guides of this version no longer, waits for a person."""
    try:
        yield
    except BadGuide as error:
        raise NeverTry(error.sentence(), faults=[{"message": str(f)} for f in error.data["faults"]]) from error


def _call(text: str, profile: Profile, kind: str, control: int, sent: Sent) -> Call:
    charset = profile.charset_out if profile.charset_out != "ascii" else "utf-8"
    return Call(
        key="0",
        operation="put",
        method="PUT",
        path=f"{profile.partner}_{kind}_{control:09d}.edi",
        body=text.encode(charset, "replace"),
        media_type=MEDIA,
        repeatable=True,
        sent=sent,
    )


def _numbers(numbers: Mapping[str, int]) -> dict[str, int]:
    if "isa" not in numbers or "gs" not in numbers:
        raise NeverTry("no control numbers were given")
    return {"isa": numbers["isa"], "gs": numbers["gs"], "st": numbers.get("st", 1)}


def _no_time() -> datetime:
    return datetime(2000, 1, 1, tzinfo=UTC)


def _file_of(request: Request) -> bytes:
    """The raw body, or the first file of a form."""
    kind = request.headers.get("content-type", "")
    if not kind.lower().startswith("multipart/"):
        return request.body
    message = message_from_bytes(b"Content-Type: " + kind.encode() + b"\r\n\r\n" + request.body, policy=policy.HTTP)
    for part in message.iter_parts() if message.is_multipart() else ():
        content = part.get_payload(decode=True)
        if part.get_filename() and isinstance(content, bytes):
            return content
    return request.body
