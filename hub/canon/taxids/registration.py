"""State registrations (IE) of the 27 UFs: forms (length, prefixes) and the check digits of each form."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from hub.canon.taxids.modulus import cyclic_sum, eleven, ten, weighted_sum
from hub.kit.errors import HubError

_DIGITS = re.compile(r"[0-9]+", re.ASCII)


class UnknownUf(HubError):
    """There is no federative unit {uf}."""

    code: ClassVar[str] = "UNKNOWN_UF"


Check = Callable[[str], bool]


@dataclass(frozen=True, slots=True)
class Form:
    """One way in which a UF writes its numbers. `letter` stands before the digits and is not part of `length`."""

    length: int
    check: Check
    prefixes: tuple[str, ...] = ()
    letter: str = ""

    def matches(self, text: str) -> bool:
        digits = text.removeprefix(self.letter) if self.letter and text.startswith(self.letter) else text
        if (text != self.letter + digits) or len(digits) != self.length or not _DIGITS.fullmatch(digits):
            return False
        return int(digits) > 0 and digits.startswith(self.prefixes or "") and self.check(digits)


def _last(weights: Sequence[int] = range(2, 10), rule: Callable[[int], int] = eleven) -> Check:
    """The last digit, weights cyclic from the right."""
    return lambda text: rule(cyclic_sum(text[:-1], weights)) == int(text[-1])


def _last_two(weights: Sequence[int] = range(2, 10)) -> Check:
    """The last digit but one, then the last with it; weights cyclic from the right."""
    last = _last(weights)
    return lambda text: last(text[:-1]) and last(text)


def _eleven_less_ten(total: int) -> int:
    """11 less the rest; of 10 and 11 the last figure."""
    return (11 - total % 11) % 10


def _rest_last_figure(total: int) -> int:
    return total % 11 % 10


def _amapa(text: str) -> bool:
    """Two old ranges add a number to the sum and read the rest 0 differently."""
    stem = int(text[:8])
    added, at_eleven = (5, 0) if stem <= 3017000 else (9, 1) if stem <= 3019022 else (0, 0)
    digit = 11 - (added + cyclic_sum(text[:8])) % 11
    return {10: 0, 11: at_eleven}.get(digit, digit) == int(text[8])


def _bahia(text: str) -> bool:
    """The last digit is computed first; the first figure (second of nine) chooses modulus 10 or 11."""
    rule = eleven if text[len(text) - 8] in "679" else ten
    stem, first, second = text[:-2], int(text[-2]), int(text[-1])
    return rule(cyclic_sum(stem)) == second and rule(cyclic_sum(f"{stem}{second}")) == first


def _goias(text: str) -> bool:
    """The rest 1 gives 1 within one old range, else 0."""
    total, stem = cyclic_sum(text[:8]), int(text[:8])
    digit = 1 if total % 11 == 1 and 10103105 <= stem <= 10119997 else eleven(total)
    return digit == int(text[8])


def _minas(text: str) -> bool:
    """First digit: a zero after the municipality, weights 1 and 2, digit sums, to the next ten. Second: weights 2 to 11."""
    widened = f"{text[:3]}0{text[3:11]}"
    products = (int(char) * (1 + place % 2) for place, char in enumerate(widened))
    first = ten(sum(product // 10 + product % 10 for product in products))
    return first == int(text[11]) and _last(range(2, 12))(text)


def _rondonia_old(text: str) -> bool:
    """The municipality, the first three figures, does not count."""
    return _last(rule=_eleven_less_ten)(text[3:])


def _roraima(text: str) -> bool:
    return weighted_sum(text[:8], range(1, 9)) % 9 == int(text[8])


_SP_FIRST = (1, 3, 4, 5, 6, 7, 8, 10)
_SP_SECOND = (3, 2, 10, 9, 8, 7, 6, 5, 4, 3, 2)


def _sao_paulo(text: str) -> bool:
    return _sao_paulo_rural(text) and _rest_last_figure(weighted_sum(text[:11], _SP_SECOND)) == int(text[11])


def _sao_paulo_rural(text: str) -> bool:
    return _rest_last_figure(weighted_sum(text[:8], _SP_FIRST)) == int(text[8])


def _tocantins_old(text: str) -> bool:
    """Figures three and four are the kind of taxpayer and do not count."""
    return text[2:4] in {"01", "02", "03", "99"} and _last()(text[:2] + text[4:])


_NINE = (Form(9, _last()),)
_GO_PREFIXES = ("10", "11", "15", *(str(n) for n in range(20, 30)))

FORMS: Mapping[str, tuple[Form, ...]] = {
    "AC": (Form(13, _last_two(), ("01",)),),
    "AL": (Form(9, _last(), ("24",)),),
    "AM": _NINE,
    "AP": (Form(9, _amapa, ("03",)),),
    "BA": (Form(8, _bahia), Form(9, _bahia)),
    "CE": _NINE,
    "DF": (Form(13, _last_two(), ("07", "08")),),
    "ES": _NINE,
    "GO": (Form(9, _goias, _GO_PREFIXES),),
    "MA": (Form(9, _last(), ("12",)),),
    "MG": (Form(13, _minas),),
    "MS": (Form(9, _last(), ("28", "50")),),
    "MT": (Form(11, _last()), Form(9, _last())),
    "PA": (Form(9, _last(), ("15", "75", "76", "77", "78", "79")),),
    "PB": (Form(9, _last(), ("16",)),),
    "PE": (Form(9, _last_two()), Form(14, _last((2, 3, 4, 5, 6, 7, 8, 9, 1), _eleven_less_ten))),
    "PI": _NINE,
    "PR": (Form(10, _last_two(range(2, 8))),),
    "RJ": (Form(8, _last(range(2, 8))),),
    "RN": (Form(9, _last(), ("20",)), Form(10, _last(range(2, 11)), ("20",))),
    "RO": (Form(14, _last(rule=_eleven_less_ten)), Form(9, _rondonia_old)),
    "RR": (Form(9, _roraima, ("24",)),),
    "RS": (Form(10, _last()),),
    "SC": _NINE,
    "SE": _NINE,
    "SP": (Form(12, _sao_paulo), Form(12, _sao_paulo_rural, ("0",), letter="P")),
    "TO": (Form(9, _last(), ("29",)), Form(11, _tocantins_old, ("29",))),
}  # fmt: skip


def registration_valid(uf: str, text: str) -> bool:
    """Whether `text`, without separators, is an IE of that UF ("ISENTO" is none). Raises `UnknownUf`."""
    if uf not in FORMS:
        raise UnknownUf(uf=uf)
    return any(form.matches(text) for form in FORMS[uf])
