"""Bytes as text of one character a byte, so that offsets stay exact and delimiters may be any bytes; values are decoded where they are not ASCII."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterable, Iterator
from itertools import chain

# one character as UTF-8 writes it, seen through latin-1; else a single byte
_CHARACTER = re.compile(
    "[\x00-\x7f]|[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}|[\x80-\xff]", re.DOTALL
)
CHUNK = 256 * 1024
PLAIN = {"utf-8", "latin-1", "cp1252"}  # a byte below 128 is its ASCII character: read through latin-1


class Guessed:
    """Decodes values. Bytes that are no UTF-8 become their windows-1252 characters and are counted."""

    def __init__(self, charset: str | None) -> None:
        self.charset = charset if charset in PLAIN else None
        self.guessed = 0

    def text(self, raw: str) -> str:
        if raw.isascii():
            return raw
        data = raw.encode("latin-1")
        if self.charset in ("latin-1", "cp1252"):
            return data.decode(self.charset, "replace")
        try:
            return data.decode("utf-8")
        except UnicodeDecodeError:
            return "".join(self._one(c) for c in _CHARACTER.findall(raw))

    def _one(self, raw: str) -> str:
        data = raw.encode("latin-1")
        try:
            return data.decode("utf-8")
        except UnicodeDecodeError:
            self.guessed += 1
            return data.decode("cp1252", "replace")


def characters(raw: str) -> list[str]:
    """The characters of `raw`, each still in its bytes seen through latin-1."""
    return _CHARACTER.findall(raw)


def single_bytes(chunks: Iterable[bytes], charset: str | None) -> Iterator[str]:
    """The input through latin-1, `CHUNK` bytes at once. UTF-16 (by its mark) and EBCDIC are turned into UTF-8 first."""
    pieces = (chunk[at : at + CHUNK] for chunk in chunks for at in range(0, len(chunk), CHUNK))
    first = next(pieces, b"")
    foreign = charset if charset and charset not in PLAIN else _by_mark(first)
    whole = chain((first,), pieces)
    yield from (text for data in (_as_utf8(whole, foreign) if foreign else whole) if (text := data.decode("latin-1")))


def _as_utf8(pieces: Iterable[bytes], charset: str) -> Iterator[bytes]:
    """What the charset cannot read becomes the replacement character; the half of one at the end is dropped as the lack of a terminator is."""
    decoder = codecs.getincrementaldecoder(charset)("replace")
    for piece in pieces:
        yield decoder.decode(piece).encode("utf-8", "replace")


def _by_mark(data: bytes) -> str | None:
    return "utf-16" if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) else None
