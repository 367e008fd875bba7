"""A received file as messages for the inbox: one a set, each readable alone, and one a whole interchange with its verdict."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import replace

from adapters.x12.charset import PLAIN, single_bytes
from adapters.x12.examine import Unread, examine
from adapters.x12.library import Library
from adapters.x12.profile import Profile
from adapters.x12.verdicts import REJECTED, GroupVerdict, InterchangeVerdict, SetVerdict
from hub.canon.ports import Envelope

MEDIA = "application/edi-x12"
INTERCHANGE = "x12.interchange"
UNREADABLE = "x12.unreadable"


def envelopes_of(raw: bytes, library: Library, profile: Profile | None = None) -> Iterator[Envelope]:
    """Per interchange: its sets in file order (none where interchange or group is rejected), then the closing message.
    The dedupe key of a set: exchange (sender, receiver, ISA13, content), GS06, ST02. Topics: `x12.850` ..., `x12.interchange`, `x12.unreadable`.
    """
    data = "".join(single_bytes([raw], profile.charset if profile else None)).encode("latin-1")
    for found in examine([data], library, within(profile), documents=False):
        if isinstance(found, Unread):
            key = f"x12:unreadable:{hashlib.sha256(raw).hexdigest()}"
            headers = {"x12-reason": found.reason}
            yield Envelope(dedupe_key=key, topic=UNREADABLE, body=raw, complete=True, media_type=MEDIA, headers=headers)
        elif isinstance(found, InterchangeVerdict):
            yield from _of_interchange(data, found)


def within(profile: Profile | None) -> Profile | None:
    """The profile as the messages made here are read: what came in no superset of ASCII is UTF-8 in them."""
    if profile is None or profile.charset is None or profile.charset in PLAIN:
        return profile
    return replace(profile, charset="utf-8")


def exchange_key(body: bytes, found: InterchangeVerdict) -> str:
    """Line breaks do not make another exchange."""
    content = hashlib.sha256(body.replace(b"\r", b"").replace(b"\n", b"")).hexdigest()
    return ":".join(("x12", *found.sender, *found.receiver, found.control, content[:32]))


def _of_interchange(data: bytes, found: InterchangeVerdict) -> Iterator[Envelope]:
    whole = data[found.offset : found.end]
    exchange = exchange_key(whole, found)
    own = found.profile.overlays or found.profile.codes
    engine = "" if own else found.profile.settings.get("engine", "")  # it reads guides and overlays of folders only
    shared = {
        "x12-exchange": exchange,
        "x12-sender": "/".join(found.sender),
        "x12-receiver": "/".join(found.receiver),
        "x12-control": found.control,
        "x12-test": "true" if found.test else "false",
        "x12-content": hashlib.sha256(whole.replace(b"\r", b"").replace(b"\n", b"")).hexdigest(),
        "x12-known": "true" if found.profile.sends_as(found.sender) else "false",
        "x12-duplicates": found.profile.settings.get("duplicates", "by_control"),
        **({"x12-engine": engine, "x12-partner": found.profile.partner} if engine else {}),
        "x12-window": found.profile.settings.get("duplicate_window", ""),
    }
    if found.verdict != REJECTED and not found.stranger:
        for group in found.groups:
            if group.verdict != REJECTED:
                yield from _of_group(data, found, group, exchange, shared)
    yield Envelope(
        dedupe_key=exchange,
        topic=INTERCHANGE,
        body=whole,
        complete=True,
        external_id=found.control,
        media_type=MEDIA,
        headers={**shared, "x12-verdict": found.verdict},
    )


def _of_group(
    data: bytes, found: InterchangeVerdict, group: GroupVerdict, exchange: str, shared: dict[str, str]
) -> Iterator[Envelope]:
    seen: dict[str, int] = {}
    for one in group.sets:
        again = seen[one.control] = seen.get(one.control, 0) + 1
        key = f"{exchange}:{group.control}:{one.control}" + (f":{again}" if again > 1 else "")
        yield Envelope(
            dedupe_key=key,
            topic=f"x12.{one.set}",
            body=alone(data, found, group, one),
            complete=True,
            external_id=one.control,
            media_type=MEDIA,
            headers={
                **shared,
                "x12-group": group.control,
                "x12-version": group.version,
                "x12-set": one.set,
                "x12-set-control": one.control,
                "x12-verdict": one.verdict,
                "x12-offset": str(one.offset),
                "x12-length": str(one.length),
            },
        )


def alone(data: bytes, found: InterchangeVerdict, group: GroupVerdict, one: SetVerdict) -> bytes:
    """The set's own bytes inside the envelope that it came in, counts made those of one set, so that it can be read and replayed alone."""
    marks = found.delimiters
    end = marks.terminator
    isa = marks.element.join([*found.received[:16], found.received[16] or ""])
    gs = marks.element.join(group.elements)
    tail = [marks.element.join(("GE", "1", group.control)), marks.element.join(("IEA", "1", found.control))]
    body = data[one.offset : one.offset + one.length]
    mark = end.encode("latin-1")
    if not body.rstrip(b" \r\n\0").endswith(mark.strip(b"\r\n") or mark) or (marks.by_line and not body.endswith(mark)):
        body += mark
    charset = found.profile.charset or "utf-8"
    head = _bytes(isa + end + gs + end, marks.element, end, charset)
    return head + body + _bytes(end.join(tail) + end, marks.element, end, charset)


def _bytes(text: str, element: str, end: str, charset: str) -> bytes:
    """Delimiters are bytes seen through latin-1; values were decoded and go back."""
    out = bytearray()
    for i, segment in enumerate(text.split(end)):
        out += end.encode("latin-1") if i else b""
        for k, value in enumerate(segment.split(element)):
            out += element.encode("latin-1") if k else b""
            out += value.encode(charset, "replace")
    return bytes(out)
