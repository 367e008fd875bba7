"""CNPJ (numeric, and alphanumeric since NT 2026.004) and CPF. Lower case is invalid: edges that take human input upper-case first."""

from __future__ import annotations

import re

from hub.canon.taxids.modulus import cyclic_sum, eleven

_CNPJ = re.compile(r"[0-9A-Z]{12}[0-9]{2}", re.ASCII)
_CPF = re.compile(r"[0-9]{11}", re.ASCII)
_SEPARATORS = str.maketrans("", "", "./- ")


def without_separators(text: str) -> str:
    """CNPJ, CPF or IE as typed, without `. / -` and blanks. Never for an access key."""
    return text.translate(_SEPARATORS)


def cnpj_digits(stem: str) -> str:
    """The two check digits for the first twelve characters of a CNPJ."""
    first = str(eleven(cyclic_sum(stem)))
    return first + str(eleven(cyclic_sum(stem + first)))


def cnpj_valid(text: str) -> bool:
    """Fourteen characters without separators."""
    return bool(_CNPJ.fullmatch(text)) and len(set(text)) > 1 and cnpj_digits(text[:12]) == text[12:]


def cpf_valid(text: str) -> bool:
    """Eleven digits without separators."""
    if not _CPF.fullmatch(text) or len(set(text)) == 1:
        return False
    first = eleven(cyclic_sum(text[:9], range(2, 11)))
    second = eleven(cyclic_sum(text[:10], range(2, 12)))
    return text[9:] == f"{first}{second}"
