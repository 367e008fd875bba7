"""The access key of a note (`chNFe`, 44 characters): build, parse, check; the random code in it, and the Ids made from it."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

from hub.canon.taxids.modulus import cyclic_sum, eleven
from hub.canon.taxids.ufs import UF_BY_CODE, UF_CODES
from hub.kit.errors import HubError

_KEY = re.compile(r"[0-9]{6}[0-9A-Z]{12}[0-9]{26}", re.ASCII)
_CODE = re.compile(r"[0-9]{8}", re.ASCII)
_RUN = "012345678901234567"
FORBIDDEN_CODES = frozenset({str(d) * 8 for d in range(10)} | {_RUN[d : d + 8] for d in range(10)})  # NT 2019.001


class BadAccessKey(HubError):
    """The access key {key} is not valid: {reason}."""

    code: ClassVar[str] = "BAD_ACCESS_KEY"


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessKey:
    """The parts as numbers where they are numbers. `issuer` has fourteen characters: a CPF is padded with zeros."""

    uf: str  # cUF, as letters
    year: int  # AA, four digits here
    month: int  # MM
    issuer: str  # CNPJ | CPF
    model: int  # mod
    series: int  # serie
    number: int  # nNF
    emission_type: int  # tpEmis
    random_code: str  # cNF
    digit: int  # cDV


def key_digit(stem: str) -> int:
    """The check digit for the first 43 characters."""
    return eleven(cyclic_sum(stem))


def build_key(
    *,
    uf: str,
    year: int,
    month: int,
    issuer: str,
    model: int,
    series: int,
    number: int,
    emission_type: int,
    random_code: str,
) -> str:
    """The key of these parts. `issuer` is a CNPJ or CPF without separators. Raises `BadAccessKey` for a part that does not fit."""
    stem = (
        f"{UF_CODES.get(uf, '')}{year % 100:02d}{month:02d}{issuer:0>14}{model:02d}{series:03d}{number:09d}"
        f"{emission_type}{random_code}"
    )
    if len(stem) != 43 or not random_code_valid(random_code, number):
        raise BadAccessKey(key=stem, reason="a part is unknown, too long or forbidden")
    key = f"{stem}{key_digit(stem)}"
    reason = _form_fault(key)
    if reason:
        raise BadAccessKey(key=key, reason=reason)
    return key


def parse_key(text: str) -> AccessKey:
    """The parts of a valid key; raises `BadAccessKey` else."""
    reason = _fault(text)
    if reason:
        raise BadAccessKey(key=text[:60], reason=reason)
    return AccessKey(
        uf=UF_BY_CODE[text[:2]],
        year=2000 + int(text[2:4]),
        month=int(text[4:6]),
        issuer=text[6:20],
        model=int(text[20:22]),
        series=int(text[22:25]),
        number=int(text[25:34]),
        emission_type=int(text[34]),
        random_code=text[35:43],
        digit=int(text[43]),
    )


def key_valid(text: str) -> bool:
    """Pattern, known UF, month, a number above zero, check digit."""
    return _fault(text) is None


def _fault(text: str) -> str | None:
    reason = _form_fault(text)
    if reason is None and key_digit(text[:43]) != int(text[43]):
        return "its check digit does not agree"
    return reason


def _form_fault(text: str) -> str | None:
    """All but the check digit."""
    if not _KEY.fullmatch(text):
        return "it has not the form of 44 characters"
    if text[:2] not in UF_BY_CODE:
        return "its UF is unknown"
    if not 1 <= int(text[4:6]) <= 12:
        return "its month is not 01 to 12"
    if int(text[25:34]) == 0:
        return "its number is zero"
    return None


def random_code_valid(code: str, number: int) -> bool:
    """Eight digits, not the note's own number, no repeated digit, no run (NT 2019.001)."""
    return bool(_CODE.fullmatch(code)) and code not in FORBIDDEN_CODES and int(code) != number


def random_code(number: int, draw: Callable[[int], int]) -> str:
    """A permitted `cNF`. `draw(n)` gives a number below n, such as `secrets.randbelow`."""
    while True:
        code = f"{draw(10**8):08d}"
        if random_code_valid(code, number):
            return code


def event_id(event_type: str, key: str, sequence: int) -> str:
    """Id of an `infEvento`, 54 characters."""
    return f"ID{event_type}{key}{sequence:02d}"


def void_id(*, uf: str, year: int, issuer: str, model: int, series: int, first: int, last: int) -> str:
    """Id of an `infInut`: the numbers `first` to `last` of a series."""
    return f"ID{UF_CODES[uf]}{year % 100:02d}{issuer:0>14}{model:02d}{series:03d}{first:09d}{last:09d}"
