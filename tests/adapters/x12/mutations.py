"""Deterministic damage to X12 files: bytes flipped, cut, doubled, delimiters swapped or widened, marks, wrapping, indentation, other charsets,
values and repetitions that break naive readers.
"""

from __future__ import annotations

import codecs
import random


def mutated(raw: bytes, dice: random.Random) -> bytes:
    """One to three mutations."""
    for _ in range(dice.randrange(1, 4)):
        raw = dice.choice(_ALL)(raw, dice)
    return raw


def _flip(raw: bytes, dice: random.Random) -> bytes:
    data = bytearray(raw or b"x")
    for _ in range(dice.randrange(1, 12)):
        data[dice.randrange(len(data))] = dice.randrange(256)
    return bytes(data)


def _cut(raw: bytes, dice: random.Random) -> bytes:
    at = dice.randrange(len(raw) + 1)
    return raw[:at] if dice.random() < 0.5 else raw[at:]


def _double(raw: bytes, dice: random.Random) -> bytes:
    start = dice.randrange(len(raw) + 1)
    end = min(len(raw), start + dice.randrange(1, 400))
    return raw[:end] + raw[start:end] + raw[end:]


def _drop(raw: bytes, dice: random.Random) -> bytes:
    start = dice.randrange(len(raw) + 1)
    return raw[:start] + raw[start + dice.randrange(1, 200) :]


def _swap(raw: bytes, dice: random.Random) -> bytes:
    one, two = dice.sample([b"*", b"~", b">", b"\n", b"|", b"^", b"A"], 2)
    return raw.replace(one, b"\x01").replace(two, one).replace(b"\x01", two)


def _mark(raw: bytes, dice: random.Random) -> bytes:
    return dice.choice([codecs.BOM_UTF8, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE, b"\0\0", b"\xff"]) + raw


def _wrap(raw: bytes, dice: random.Random) -> bytes:
    width = dice.randrange(1, 100)
    return b"\r\n".join(raw[i : i + width] for i in range(0, len(raw), width))


def _indent(raw: bytes, dice: random.Random) -> bytes:
    return raw.replace(b"~", b"~\n" + b" " * dice.randrange(9))


def _insert(raw: bytes, dice: random.Random) -> bytes:
    at = dice.randrange(len(raw) + 1)
    piece = dice.choice(
        [
            b"~~",
            b"ISA*",
            b"~ISA*00*",
            b"ST*850*1~",
            b"~SE*2*1~",
            b"HL*1**S~",
            b"GE~",
            b"IEA~",
            b"LS*LX~",
            b"TA1~",
            b"\xc2",
        ]
    )
    return raw[:at] + piece + raw[at:]


BOMBS = (
    b"1E+99999", b"9" * 5000, b"-", b".", b"NaN", b"Infinity", b"1_000", b"00000000", b"20260229", b"00001231", b"99991231", b"00010101",
    b"\xb2026", b"\xed\xa0\x80", b"\0", b"A" * 70_000, b"A" * 300, b"^^^^", b">>>>>>>>", b"ISA", b"-0", b"1" * 30 + b".5", b"\xc2\xa0",
)  # fmt: skip


def _bomb(raw: bytes, dice: random.Random) -> bytes:
    """One element gets a value that breaks naive readers."""
    parts = raw.split(b"*")
    at = dice.randrange(len(parts))
    _, end, rest = parts[at].partition(b"~")
    parts[at] = dice.choice(BOMBS) + end + rest
    return b"*".join(parts)


def _many(raw: bytes, dice: random.Random) -> bytes:
    """Something short, hundreds of times."""
    piece = dice.choice(
        [b"ISA*", b"~", b"*", b">", b"ZZZ*1~", b"GS*PO*A*B*1*1*1*X*1~", b"HL*2*1*P~", b"ST*850*1~", b"\r\n", b"PO1**X~"]
    )
    at = dice.choice([0, dice.randrange(len(raw) + 1), len(raw)])
    return raw[:at] + piece * dice.choice([17, 300, 1500]) + raw[at:]


def _recode(raw: bytes, dice: random.Random) -> bytes:
    """Another charset, at times with half a character at its end."""
    text = raw.decode("latin-1")
    coded = text.encode(dice.choice(["utf-16", "utf-16-le", "utf-8", "utf-8-sig", "utf-7"]))
    return codecs.encode(text, "cp037", "replace") if dice.random() < 0.3 else coded[: len(coded) - dice.randrange(2)]


def _widen(raw: bytes, dice: random.Random) -> bytes:
    """A delimiter becomes a character of several bytes, one that means something in a pattern, or a control character."""
    old = dice.choice([b"*", b"~", b">"])
    new = dice.choice(["†", "é", "😀", ".", "+", "$", "[", "\\", "|", "\x1d", "\x85", "\ufeff"])
    return raw.replace(old, new.encode())


_ALL = (
    _flip, _flip, _cut, _double, _drop, _swap, _mark, _wrap, _indent, _insert, _insert, _bomb, _bomb, _many, _recode, _widen,
)  # fmt: skip
