"""ASN.1 as partners really send it: definite and indefinite lengths, octet strings in pieces. Reads, and writes the little that we need. Knows no CMS."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

DEEPEST = 24
LONGEST_OID = 64  # bytes; a number is put together shift by shift, which of a long one takes the square of its length
INTEGER, OCTETS, NULL, OID, SEQUENCE, SET = 0x02, 0x04, 0x05, 0x06, 0x30, 0x31


class BadEncoding(ValueError):
    """These bytes are no ASN.1 that we read; the text says why."""


@dataclass(frozen=True, slots=True)
class Node:
    """One value: its tag byte, its content, and all of its bytes."""

    tag: int
    content: memoryview
    whole: memoryview
    depth: int = 0

    def __iter__(self) -> Iterator[Node]:
        at, end = 0, len(self.content)
        while at < end:
            node, at = _read(self.content, at, self.depth + 1)
            yield node

    def parts(self, tag: int | None = None) -> list[Node]:
        """Its values; `BadEncoding` unless it has that tag."""
        if tag is not None and self.tag != tag:
            raise BadEncoding(f"tag {self.tag:#x} where {tag:#x} was expected")
        return list(self)

    def octets(self) -> bytes:
        """An octet string, also one in pieces."""
        if self.tag & 0x20:
            return b"".join(piece.octets() for piece in self)
        return bytes(self.content)

    def integer(self) -> int:
        return int.from_bytes(self.content, "big", signed=True)

    def oid(self) -> str:
        if self.tag != OID or not 0 < len(self.content) <= LONGEST_OID or self.content[-1] & 0x80:
            raise BadEncoding("no object identifier")
        numbers, value = [], 0
        for byte in self.content:
            value = value << 7 | byte & 0x7F
            if not byte & 0x80:
                numbers.append(value)
                value = 0
        first = min(numbers[0] // 40, 2)
        return ".".join(map(str, [first, numbers[0] - 40 * first, *numbers[1:]]))


def read(data: bytes) -> Node:
    """The first value in these bytes."""
    return _read(memoryview(data), 0, 0)[0]


def _read(data: memoryview, at: int, depth: int) -> tuple[Node, int]:
    if depth > DEEPEST:
        raise BadEncoding("nested too deep")
    try:
        tag, length = data[at], data[at + 1]
    except IndexError:
        raise BadEncoding("cut off") from None
    start = at + 2
    if tag & 0x1F == 0x1F:
        raise BadEncoding("a tag of several bytes")
    if length == 0x80:
        return _indefinite(data, at, start, tag, depth)
    if length & 0x80:
        count = length & 0x7F
        if count > 5 or start + count > len(data):
            raise BadEncoding("a length of too many bytes")
        length, start = int.from_bytes(data[start : start + count], "big"), start + count
    end = start + length
    if end > len(data):
        raise BadEncoding("cut off")
    return Node(tag, data[start:end], data[at:end], depth), end


def _indefinite(data: memoryview, at: int, start: int, tag: int, depth: int) -> tuple[Node, int]:
    """Until two zero bytes."""
    if not tag & 0x20:
        raise BadEncoding("an indefinite length of a plain value")
    here = start
    while bytes(data[here : here + 2]) != b"\0\0":
        _, here = _read(data, here, depth + 1)
    return Node(tag, data[start:here], data[at : here + 2], depth), here + 2


def write(tag: int, *parts: bytes) -> bytes:
    """A value with a definite length."""
    content = b"".join(parts)
    size = len(content)
    if size < 0x80:
        return bytes((tag, size)) + content
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes((tag, 0x80 | len(length))) + length + content


def oid_bytes(text: str) -> bytes:
    first, second, *rest = map(int, text.split("."))
    out = bytearray()
    for number in (first * 40 + second, *rest):
        septets = [number & 0x7F]
        while number := number >> 7:
            septets.append(number & 0x7F | 0x80)
        out += bytes(reversed(septets))
    return write(OID, bytes(out))
