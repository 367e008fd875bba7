"""MIME with its exact bytes: where a part begins and ends, byte for byte, because that is what was signed. Headers are read by the standard library."""

from __future__ import annotations

import base64
import binascii
import quopri
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from email.message import Message
from email.parser import BytesHeaderParser
from email.policy import compat32

_BLANK = re.compile(rb"\r?\n[ \t]*\r?\n|\A\r?\n")
_HEADERS = BytesHeaderParser(policy=compat32)
MOST_PARTS, MOST_HEADERS = 20, 64 * 1024


class BadMime(ValueError):
    """This is no MIME that can be read; the text says why."""


@dataclass(frozen=True, slots=True)
class Entity:
    """`raw`: headers and body exactly as they came (for one that came as HTTP: its body alone)."""

    headers: Message
    body: bytes
    raw: bytes

    @property
    def kind(self) -> str:
        return self.headers.get_content_type()

    def parameter(self, name: str) -> str:
        found = self.headers.get_param(name)
        return (found[2] if isinstance(found, tuple) else str(found)).strip() if found else ""

    @property
    def name(self) -> str | None:
        return self.headers.get_filename()

    def content(self) -> bytes:
        """The body without its transfer encoding."""
        how = str(self.headers.get("Content-Transfer-Encoding", "binary")).strip().lower()
        try:
            if how == "base64":
                return base64.b64decode(re.sub(rb"\s+", b"", self.body), validate=True)
        except binascii.Error as error:
            raise BadMime("the base64 cannot be read") from error
        return quopri.decodestring(self.body) if how == "quoted-printable" else self.body


def entity(raw: bytes) -> Entity:
    """Headers, an empty line, a body."""
    found = _BLANK.search(raw, 0, MOST_HEADERS)
    if found is None:
        raise BadMime("no empty line ends the headers")
    return Entity(_HEADERS.parsebytes(raw[: found.end()]), raw[found.end() :], raw)


def of_http(headers: Mapping[str, str], body: bytes) -> Entity:
    """What came as an HTTP body under those headers (names in lower case)."""
    made = Message(policy=compat32)
    for name in ("content-type", "content-transfer-encoding", "content-disposition"):
        if headers.get(name):
            made[name] = headers[name]
    return Entity(made, body, body)


def parts(whole: Entity) -> list[Entity]:
    """Of a multipart, each with its exact bytes: the line break before a delimiter belongs to the delimiter."""
    boundary = whole.parameter("boundary")
    if not boundary:
        raise BadMime("the multipart names no boundary")
    mark = re.compile(
        rb"(?:\A|\r?\n)--" + re.escape(boundary.encode("latin-1", "replace")) + rb"(--)?[ \t]*(?=\r?\n|\Z)"
    )
    found: list[Entity] = []
    start: int | None = None
    for delimiter in mark.finditer(whole.body):
        if start is not None:
            found.append(entity(whole.body[start : delimiter.start()]))
        if delimiter.group(1) or len(found) > MOST_PARTS:
            break
        end = delimiter.end()
        start = end + (2 if whole.body[end : end + 2] == b"\r\n" else 1)
    if not found:
        raise BadMime("the multipart has no part")
    return found


def written(headers: Sequence[tuple[str, str]], body: bytes) -> bytes:
    """An entity with CRLF line ends in its head."""
    return "".join(f"{n}: {v}\r\n" for n, v in headers).encode() + b"\r\n" + body


def multipart(pieces: Sequence[bytes], boundary: str) -> bytes:
    """The body of a multipart; the pieces stay as they are, byte for byte."""
    mark = f"--{boundary}".encode()
    return b"".join(mark + b"\r\n" + piece + b"\r\n" for piece in pieces) + mark + b"--\r\n"


def wrapped(data: bytes) -> bytes:
    """Base64 in lines."""
    text = base64.b64encode(data)
    return b"\r\n".join(text[n : n + 76] for n in range(0, len(text), 76)) + b"\r\n"
