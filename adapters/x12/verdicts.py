"""What was found in an interchange, level by level, and the verdict that follows. Facts only; `examine` makes them, `ack` tells them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from adapters.x12.delimiters import Delimiters
from adapters.x12.errors import NOTE, REJECT, RULES, Finding, effect, worst
from adapters.x12.profile import Profile
from adapters.x12.tokens import Remarks

ACCEPTED, NOTED, REJECTED = "accepted", "accepted_with_errors", "rejected"
_WORDS = {REJECT: REJECTED, NOTE: NOTED}


def verdict_word(findings: Sequence[Finding], tolerate: frozenset[str]) -> str:
    return _WORDS.get(worst({effect(f, tolerate) for f in findings}), ACCEPTED) if findings else ACCEPTED


@dataclass(slots=True, kw_only=True)
class SetVerdict:
    """One set. `document` is there only while it is handed out; `kind` of it even afterwards. One stays for each set of a file until its
    interchange is judged, so it is kept small.
    """

    set: str
    control: str
    segments: int
    offset: int = 0
    length: int = 0
    kind: str = ""
    findings: Sequence[Finding] = ()
    verdict: str = ACCEPTED
    document: Mapping[str, Any] | None = None

    @property
    def quarantined(self) -> bool:
        """Accepted in the ack, yet not to be acted on before a person has looked."""
        return any(RULES[f.code].quarantine for f in self.findings)


@dataclass(slots=True, kw_only=True)
class GroupVerdict:
    """One group. `told`: GE01 as received, None without GE. `elements`: GS."""

    functional_id: str
    control: str
    version: str
    elements: list[str]
    findings: list[Finding] = field(default_factory=list)
    sets: list[SetVerdict] = field(default_factory=list)
    verdict: str = ACCEPTED
    told: str | None = None
    implied: bool = False

    @property
    def received(self) -> int:
        return len(self.sets)

    @property
    def accepted(self) -> int:
        return 0 if self.verdict == REJECTED else sum(1 for s in self.sets if s.verdict != REJECTED)


@dataclass(slots=True, kw_only=True)
class InterchangeVerdict:
    """One interchange. `isa`: 17 strings with the id, padding removed; `padded` as received."""

    isa: list[str]
    received: list[str]
    delimiters: Delimiters
    profile: Profile
    offset: int
    end: int = 0
    findings: list[Finding] = field(default_factory=list)
    groups: list[GroupVerdict] = field(default_factory=list)
    technical: list[list[str]] = field(default_factory=list)  # TA1 segments
    verdict: str = ACCEPTED
    remarks: Remarks = field(default_factory=Remarks)

    @property
    def control(self) -> str:
        return self.isa[13]

    @property
    def test(self) -> bool:
        return self.isa[15] == "T"

    @property
    def sender(self) -> tuple[str, str]:
        return self.isa[5], self.isa[6]

    @property
    def stranger(self) -> bool:
        """The account belongs to a partner, and this is somebody else: never answered, never acted on."""
        known = (*self.profile.ids, *self.profile.test_ids)
        return self.profile.known and self.sender not in known

    @property
    def receiver(self) -> tuple[str, str]:
        return self.isa[7], self.isa[8]
