"""`hub edi check` without the command line: one file's bytes to one JSON object that says everything found in it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from adapters.x12.ack import ack_text, answer, ta1_code
from adapters.x12.checkers import DATES
from adapters.x12.errors import LEVEL_3_TO_5, REMARK, Finding, ack_of, effect, sentence
from adapters.x12.examine import Unread, all_accepted, examine
from adapters.x12.library import Library
from adapters.x12.profile import Profile
from adapters.x12.seal import marks_of
from adapters.x12.summary import summary
from adapters.x12.verdicts import REJECTED, InterchangeVerdict, SetVerdict
from hub.canon.codec import dump


def check_file(
    name: str,
    chunks: Iterable[bytes],
    library: Library,
    profile: Profile | None = None,
    *,
    canonical: bool = False,
) -> dict[str, Any]:
    """The object of one file; keys may be added, never removed. `canonical`: with each document whole, under `data`."""
    interchanges: list[dict[str, Any]] = []
    documents: dict[int, list[dict[str, Any]]] = {}
    reason: str | None = None
    unreadable = accepted = True
    for found in examine(chunks, library, profile):
        if isinstance(found, SetVerdict):
            if found.document is not None:
                said = summary(found.kind, found.document)
                documents[id(found)] = [{**said, "data": dump(found.document)} if canonical else said]
                found.document = None
        elif isinstance(found, InterchangeVerdict):
            unreadable = False
            interchanges.append(_interchange(found, documents))
            accepted = accepted and all_accepted(found)
            reason = reason or first_words(found)
            documents.clear()
        elif isinstance(found, Unread):
            reason = found.reason
    outcome = "unreadable" if unreadable else "ok" if accepted else "errors"
    return {
        "file": name,
        "outcome": outcome,
        "reason": None if outcome == "ok" else reason,
        "interchanges": interchanges,
    }


def unreadable(name: str, reason: str) -> dict[str, Any]:
    return {"file": name, "outcome": "unreadable", "reason": reason, "interchanges": []}


def first_words(interchange: InterchangeVerdict) -> str | None:
    """The first finding that is more than a remark."""
    tolerate = interchange.profile.tolerate
    levels: list[Sequence[Finding]] = [interchange.findings]
    for group in interchange.groups:
        levels.append(group.findings)
        levels += [one.findings for one in group.sets]
    return next((sentence(f) for level in levels for f in level if effect(f, tolerate) != REMARK), None)


def _interchange(found: InterchangeVerdict, documents: Mapping[int, list[dict[str, Any]]]) -> dict[str, Any]:
    kind = found.profile.ack if found.profile.ack != "none" else "997"
    groups = []
    for group in found.groups:
        rejected = REJECTED in (found.verdict, group.verdict)
        sets = [
            {
                "set": one.set,
                "control": one.control,
                "verdict": one.verdict,
                "segments": one.segments,
                "errors": [error(f, kind) for f in one.findings],
                "documents": [] if rejected or one.verdict == REJECTED else documents.get(id(one), []),
            }
            for one in group.sets
        ]
        groups.append(
            {
                "functional_id": group.functional_id,
                "control": group.control,
                "version": group.version,
                "verdict": group.verdict,
                "errors": [error(f, kind) for f in group.findings],
                "sets": sets,
            }
        )
    return {
        "sender": found.isa[6],
        "sender_qualifier": found.isa[5],
        "receiver": found.isa[8],
        "receiver_qualifier": found.isa[7],
        "control": found.control,
        "isa_version": found.isa[12],
        "test": found.test,
        "verdict": found.verdict,
        "ta1_code": ta1_code(found),
        "errors": [error(f, kind) for f in found.findings],
        "groups": groups,
        "ack": shown_ack(found),
    }


def error(finding: Finding, kind: str = "997") -> dict[str, Any]:
    ack = "" if finding.harmless or finding.code in LEVEL_3_TO_5 else ack_of(finding, kind)
    return {
        "code": finding.code,
        "message": sentence(finding),
        "segment": finding.segment,
        "segment_position": finding.position,
        "element": finding.element,
        "value": finding.value,
        "path": finding.path,
        "ak": ack or None,
    }


def shown_ack(found: InterchangeVerdict) -> str | None:
    """The ack that would be sent, numbers 1, date and time those of the interchange, so that it is the same every time."""
    ack = answer(found)
    if ack is None:
        return None
    return ack_text(ack, marks_of(found.profile), isa=1, gs=1, st=1, at=stamp(found.isa[9], found.isa[10]))


def stamp(day: str, clock: str) -> datetime:
    """ISA09 and ISA10 as a time; what is ill-formed becomes the first moment of 2000."""
    iso = DATES[day] if len(day) == 6 else ""
    if len(clock) == 4 and clock.isascii() and clock.isdigit() and clock[:2] < "24" and clock[2:] < "60":
        hour = f"{clock[:2]}:{clock[2:]}"
    else:
        hour = "00:00"
    return datetime.fromisoformat(f"{iso or '2000-01-01'}T{hour}+00:00")
