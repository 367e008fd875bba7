"""The sixteen elements of ISA: what may stand in each, and the TA105 code when something else does."""

from __future__ import annotations

import re

from adapters.x12.checkers import DATES
from adapters.x12.errors import Finding
from adapters.x12.profile import Profile
from adapters.x12.tokens import Opened

_TIME = re.compile(r"([01][0-9]|2[0-3])[0-5][0-9]\Z")
_QUALIFIER = re.compile(r"[A-Z0-9]{2}\Z")
_VERSION = re.compile(r"[0-9]{5}\Z")
_CONTROL = re.compile(r"[0-9]{1,9}\Z")

# element -> (TA105, name, what it must look like)
_SHAPES: dict[int, tuple[str, str, re.Pattern[str]]] = {
    5: ("005", "sender qualifier", _QUALIFIER),
    6: ("006", "sender id", re.compile(r"[ -~]{1,15}\Z")),
    7: ("007", "receiver qualifier", _QUALIFIER),
    8: ("008", "receiver id", re.compile(r"[ -~]{1,15}\Z")),
    9: ("014", "date", re.compile(r"[0-9]{6}\Z")),
    10: ("015", "time", _TIME),
    14: ("019", "acknowledgment requested", re.compile(r"[01]\Z")),
    15: ("020", "usage indicator", re.compile(r"[PTI]\Z")),
}
_LENGTHS = (3, 2, 10, 2, 10, 2, 15, 2, 15, 6, 4, 1, 5, 9, 1, 1, 1)


def padding_removed(elements: list[str]) -> list[str]:
    """Blanks and no-break blanks are padding; ISA11 and ISA16 stay as they are."""
    return [x if i in (11, 16) else x.strip(" \xa0") for i, x in enumerate(elements)]


def isa_findings(token: Opened, isa: list[str], profile: Profile) -> list[Finding]:
    found: list[Finding] = []
    if token.found != 16:
        found.append(Finding("isa_elements", "ISA", value=str(token.found)))
        return found
    for i, (ta, name, shape) in _SHAPES.items():
        if not shape.match(isa[i]) or (i == 9 and not DATES[isa[9]]):
            found.append(Finding("isa_value", "ISA", None, i, isa[i], name=name, ta=ta))
    if not _VERSION.match(isa[12]):
        found.append(Finding("isa_version", "ISA", None, 12, isa[12]))
    if not _CONTROL.match(isa[13]):
        found.append(Finding("isa_value", "ISA", None, 13, isa[13], name="control number", ta="018", rejects=True))
    if not token.padded and any(len(x) != n for x, n in zip(token.elements[:16], _LENGTHS, strict=False)):
        found.append(Finding("isa_padding", "ISA"))
    if profile.known and profile.ours[1] and (isa[7], isa[8]) != profile.ours:
        found.append(Finding("isa_receiver_unknown", "ISA", None, 8, isa[8]))
    return found
