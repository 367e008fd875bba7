"""Verdicts told to their sender: what must be answered as JSON, and that JSON as 997, 999 and TA1 segments. One answer per interchange."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from adapters.x12.errors import REMARK, RULES, Finding, ack_of, effect
from adapters.x12.seal import Marks, Out, OutGroup, OutSet, seal
from adapters.x12.verdicts import ACCEPTED, NOTED, REJECTED, GroupVerdict, InterchangeVerdict, SetVerdict

_VERSION = re.compile(r"00[3-9][0-9]{2}0")
_KNOWN_ISA = {"00200", "00300", "00301", "00302", "00303", "00304", "00305", "00306", "00307", "00400", "00401", "00402", "00403", "00404", "00405", "00406", "00501", "00502", "00503", "00504", "00601", "00602"}  # fmt: skip
IMPLEMENTATION_999 = "005010X231A1"
_LETTER = {ACCEPTED: "A", NOTED: "E", REJECTED: "R"}
_MOST = 5
_COPY = 99
_SINCE_005 = {"12": "3", "13": "3"}  # AK403: too many repetitions or components were too many elements before


def ta1_code(interchange: InterchangeVerdict) -> str:
    """TA105: that of the worst finding, `000` without any."""
    coded = [(f, ack_of(f, "997")) for f in interchange.findings]
    told = sorted(
        (effect(f, interchange.profile.tolerate) != "R", i, text[6:])
        for i, (f, text) in enumerate(coded)
        if text.startswith("TA105") and effect(f, interchange.profile.tolerate) != REMARK
    )
    return told[0][2] if told else "000"


def answer(interchange: InterchangeVerdict) -> dict[str, Any] | None:
    """What must be answered, as JSON; None: nothing. A group FA and a TA1 are never answered.
    Of an accepted set only `set`, `control` and `status` are there; else also `codes` and `errors`.
    """
    profile = interchange.profile
    if interchange.stranger:
        return None
    rejected = interchange.verdict == REJECTED
    kind = profile.ack
    groups = [
        _group(group, interchange, kind)
        for group in interchange.groups
        if not rejected and kind != "none" and group.functional_id != "FA" and not group.implied
    ]
    asked = interchange.isa[14] == "1" and not (profile.ta1 == "never" and profile.ta1_reason)
    technical = None
    if (rejected and not _only_acks(interchange)) or asked or profile.ta1 == "always":
        technical = _technical(interchange, _LETTER[interchange.verdict], ta1_code(interchange))
    return _to_sender(interchange, technical, groups) if groups or technical is not None else None


def refused_duplicate(interchange: InterchangeVerdict) -> dict[str, Any] | None:
    """What is answered where the number came before with other content: a rejection of the whole, whatever the profile says of 997 and 999.
    None for a stranger, and for TA1s alone.
    """
    if interchange.stranger or _only_acks(interchange):
        return None
    code = RULES["duplicate_interchange"].ack.removeprefix("TA105 ")
    return _to_sender(interchange, _technical(interchange, "R", code), [])


def _technical(interchange: InterchangeVerdict, letter: str, code: str) -> list[str]:
    return [interchange.control, interchange.isa[9], interchange.isa[10], letter, code]


def _to_sender(
    interchange: InterchangeVerdict, technical: list[str] | None, groups: list[dict[str, Any]]
) -> dict[str, Any]:
    return {
        "kind": interchange.profile.ack,
        "sender": list(interchange.receiver),
        "receiver": list(interchange.sender),
        "isa_version": interchange.isa[12] if interchange.isa[12] in _KNOWN_ISA else "00401",
        "test": interchange.test,
        "stamp": interchange.isa[9] + interchange.isa[10],
        "ta1": technical,
        "groups": groups,
    }


def _only_acks(interchange: InterchangeVerdict) -> bool:
    """Holds nothing but acks: answering them could go on for ever."""
    return bool(interchange.technical) and not interchange.groups


def _group(group: GroupVerdict, interchange: InterchangeVerdict, kind: str) -> dict[str, Any]:
    tolerate = interchange.profile.tolerate
    e = group.elements
    version = group.version[:6] if _VERSION.fullmatch(group.version[:6]) else "004010"
    told_in = IMPLEMENTATION_999 if kind == "999" else interchange.profile.ack_version or version
    modern = told_in >= "005"
    codes = _codes([f for f in group.findings if effect(f, tolerate) != REMARK], "AK905", "997")
    return {
        "functional_id": group.functional_id,
        "control": group.control,
        "group_version": group.version,
        "version": told_in,
        "sender": e[3].strip() if len(e) > 3 else "",
        "receiver": e[2].strip() if len(e) > 2 else "",
        "status": _group_letter(group),
        "told": group.told if group.told and group.told.isdigit() else str(group.received),
        "received": str(group.received),
        "accepted": str(group.accepted),
        "codes": codes,
        "sets": [_set(s, interchange, kind, modern=modern) for s in group.sets] if group.verdict != REJECTED else [],
    }


def _group_letter(group: GroupVerdict) -> str:
    if group.verdict == REJECTED or (group.sets and not group.accepted):
        return "R"
    if group.accepted < group.received:
        return "P"
    return "E" if group.verdict == NOTED or any(s.verdict == NOTED and _told(s) for s in group.sets) else "A"


def _told(one: SetVerdict) -> bool:
    """Whether an ack speaks of anything in it; unmapped codes and balances it does not."""
    return any(ack_of(f, "997") and not f.harmless and effect(f) != REMARK for f in one.findings)


def _set(one: SetVerdict, interchange: InterchangeVerdict, kind: str, *, modern: bool) -> dict[str, Any]:
    tolerate = interchange.profile.tolerate
    shown = [f for f in one.findings if effect(f, tolerate) != REMARK and _speaks(f, interchange, kind)]
    prefix = "IK502" if kind == "999" else "AK502"
    errors = _errors(shown, kind, modern=modern)
    summary = [Finding("segment_errors")] if errors else []
    letter = _LETTER[one.verdict]
    if not shown and letter != "R":
        return {"set": one.set, "control": one.control, "status": "A"}
    return {
        "set": one.set,
        "control": one.control,
        "status": letter,
        "codes": _codes([*shown, *summary], prefix, kind),
        "errors": errors,
    }


def _speaks(finding: Finding, interchange: InterchangeVerdict, kind: str) -> bool:
    if finding.code == "require_failed" and kind != "999":
        return 4 in interchange.profile.ack_levels
    return bool(ack_of(finding, kind))


def _codes(findings: Sequence[Finding], prefix: str, kind: str) -> list[str]:
    """At most five, distinct, worst first."""
    ranked = sorted(findings, key=lambda f: RULES[f.code].effect != "R")
    found = [text[6:] for f in ranked if (text := ack_of(f, kind)).startswith(prefix)]
    return list(dict.fromkeys(found))[:_MOST]


def _errors(findings: Sequence[Finding], kind: str, *, modern: bool) -> list[dict[str, Any]]:
    """AK3 rows in order of position, each with its AK4 rows. `modern`: the answer is of a version that knows all codes (005010)."""
    rows: dict[tuple[int, str], dict[str, Any]] = {}
    for finding in sorted(findings, key=lambda f: f.position or 0):
        text = ack_of(finding, kind)
        if text[2:5] not in ("304", "403"):
            continue
        key = (finding.position or 0, finding.segment or "")
        row = rows.setdefault(key, {"segment": key[1][:3], "position": key[0], "loop": "", "codes": [], "elements": []})
        if text[2:5] == "304":
            row["codes"].append(text[6:])
            continue
        if "8" not in row["codes"]:
            row["codes"].append("8")
        row["elements"].append(
            {
                "at": [finding.element, finding.component, finding.repetition],
                "number": finding.number if finding.number.isdigit() else "",
                "code": text[6:] if modern else _SINCE_005.get(text[6:], text[6:]),
                "value": finding.value or "",
            }
        )
    return list(rows.values())


# ---------------------------------------------------------------- to segments
def ack_interchange(ack: Mapping[str, Any]) -> Out:
    """The answer as an interchange to be sealed; the component separator inside AK401 is `:` until then."""
    groups: dict[tuple[str, str, str], list[OutSet]] = {}
    for group in ack["groups"]:
        key = (group["version"], group["sender"], group["receiver"])
        is_999 = ack["kind"] == "999"
        segments = _segments(group, is_999=is_999)
        one = OutSet(set="999" if is_999 else "997", body=segments, extra=IMPLEMENTATION_999 if is_999 else "")
        groups.setdefault(key, []).append(one)
    return Out(
        sender=(ack["sender"][0], ack["sender"][1]),
        receiver=(ack["receiver"][0], ack["receiver"][1]),
        version="00501" if ack["kind"] == "999" and ack["isa_version"] < "00501" else ack["isa_version"],
        test=ack["test"],
        between=[["TA1", *ack["ta1"]]] if ack["ta1"] else [],
        groups=[
            OutGroup(functional_id="FA", version=version, sender=sender, receiver=receiver, sets=sets)
            for (version, sender, receiver), sets in groups.items()
        ],
    )


def _segments(group: Mapping[str, Any], *, is_999: bool) -> list[list[str]]:
    """Fresh lists, free to be changed, save for the one that says `accepted` of every set without a fault: there are thousands of it."""
    modern = group["version"] >= "005"
    third = [group["group_version"][:12]] if modern and group["group_version"] else []
    out = [["AK1", _filled(group["functional_id"], 2, 2), _digits(group["control"]), *third]]
    three, four, five = ("IK3", "IK4", "IK5") if is_999 else ("AK3", "AK4", "AK5")
    accepted = [five, "A"]
    for one in group["sets"]:
        out.append(["AK2", _filled(one["set"], 3, 3), _filled(one["control"] or "????", 1, 9)])
        for row in one.get("errors", ()):
            out.append([three, _filled(row["segment"], 2, 3), str(row["position"]), row["loop"], *row["codes"][:_MOST]])
            for element in row["elements"]:
                at = ":".join(str(x) for x in _trimmed(element["at"]))
                out.append([four, at, element["number"], element["code"], element["value"]])
        plain = one["status"] == "A" and not one.get("codes")
        out.append(accepted if plain else [five, one["status"], *one.get("codes", ())])
    out.append(["AK9", group["status"], group["told"], group["received"], group["accepted"], *group["codes"]])
    return out


def _filled(told: str, low: int, high: int) -> str:
    """What the sender wrote, as far as an ack can say it: cut where it is too long, `?` for what is missing or no letter or digit."""
    plain = (
        told if told.isascii() and told.isalnum() else "".join(c if c.isascii() and c.isalnum() else "?" for c in told)
    )
    return plain[:high] if len(plain) >= low else plain.ljust(low, "?")


def _digits(told: str) -> str:
    """AK102 is a number, whatever GS06 was."""
    return (
        told if told.isascii() and told.isdigit() and len(told) < 10 else "".join(re.findall("[0-9]", told))[:9] or "0"
    )


def _trimmed(at: Sequence[Any]) -> list[Any]:
    element, component, repetition = at
    if repetition is not None:
        return [element, component or "", repetition]
    return [element, component] if component is not None else [element]


def ack_text(ack: Mapping[str, Any], marks: Marks, *, isa: int, gs: int, st: int, at: datetime) -> str:
    """The whole answer. Everything copied from the sender loses delimiters and control characters first."""
    out = ack_interchange(ack)
    taken = {marks.element, marks.component, marks.repetition, marks.terminator}

    def bare(text: str, longest: int) -> str:
        return "".join(c for c in text if c not in taken and c.isprintable())[:longest]

    groups = []
    for group in out.groups:
        sets = [replace(s, body=[_clean(e, marks, taken) for e in s.segments]) for s in group.sets]
        groups.append(replace(group, sender=bare(group.sender, 15), receiver=bare(group.receiver, 15), sets=sets))
    clean = replace(
        out,
        sender=(bare(out.sender[0], 2), bare(out.sender[1], 15)),
        receiver=(bare(out.receiver[0], 2), bare(out.receiver[1], 15)),
        between=[_clean(list(e), marks, taken) for e in out.between],
        groups=groups,
    )
    return seal(clean, marks, isa=isa, gs=gs, st=st, at=at)


def _clean(e: list[str], marks: Marks, taken: set[str]) -> list[str]:
    """In place; nearly always there is nothing to do."""
    copied = e[0] in ("AK4", "IK4")
    if copied:
        e[1] = e[1].replace(":", marks.component)
    start = 2 if copied else 1
    blob = "".join(e[start:])
    if not (blob.isprintable() and taken.isdisjoint(blob)):
        for i in range(start, len(e)):
            e[i] = "".join(c for c in e[i] if c not in taken and c.isprintable())
    if copied:
        e[4] = e[4][:_COPY].strip()
    while len(e) > 2 and not e[-1]:
        e.pop()
    return e
