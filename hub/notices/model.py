"""States of a notice and the words of each kind. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import ClassVar

from hub.kit.errors import HubError


class NoticeState(StrEnum):
    OWED = "OWED"
    SENT = "SENT"
    REFUSED = "REFUSED"


class UnknownTemplate(HubError):
    """There are no words for {template} in {language}."""

    code: ClassVar[str] = "UNKNOWN_TEMPLATE"


# (template, language) -> (subject, text); what stands in braces is filled in.
WORDS: Mapping[tuple[str, str], tuple[str, str]] = {
    ("invoice", "pt"): (
        "Nota fiscal {number} do seu pedido {order}",
        (
            "Olá, {name},\n\na nota fiscal eletrônica nº {number}, série {series}, do seu pedido {order} foi autorizada. O XML e o DANFE"
            " seguem em anexo.\n\nChave de acesso: {access_key}\nValor: R$ {total}\n\n{sender}\n"
        ),
    ),
    ("invoice", "en"): (
        "Invoice {number} of your order {order}",
        (
            "Hello {name},\n\nthe electronic invoice (NF-e) no. {number}, series {series}, of your order {order} has been authorized. Its XML and"
            " its printed form are attached.\n\nAccess key: {access_key}\nTotal: BRL {total}\n\n{sender}\n"
        ),
    ),
}


def worded(template: str, language: str, values: Mapping[str, str]) -> tuple[str, str]:
    """(subject, text). Raises `UnknownTemplate`."""
    found = WORDS.get((template, language))
    if found is None:
        raise UnknownTemplate(template=template, language=language)
    subject, text = found
    return " ".join(subject.format_map(values).split()), text.format_map(values)
