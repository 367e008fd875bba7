"""Deterministic damage to X12 files: bytes flipped, cut, doubled, delimiters swapped, marks, wrapping, indentation."""

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


_ALL = (_flip, _flip, _cut, _double, _drop, _swap, _mark, _wrap, _indent, _insert, _insert)
