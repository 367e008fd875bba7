"""HL: numbers in order and parents still open; in the 856 also which level may stand under which, marks and contents."""

from __future__ import annotations

from itertools import pairwise

from adapters.x12.errors import Finding
from adapters.x12.model import Guide
from adapters.x12.profile import Profile

# BSN05 -> parent level -> levels that may follow under it; T between O and P everywhere
_ORDERS: dict[str, dict[str, str]] = {
    "0001": {"": "S", "S": "O", "O": "TP", "T": "P", "P": "I"},
    "0002": {"": "S", "S": "O", "O": "TI", "T": "I", "I": "P"},
    "0004": {"": "S", "S": "O", "O": "TI", "T": "I"},
    "": {"": "S", "S": "OTPI", "O": "TPI", "T": "PIO", "P": "IO", "I": "P"},
}
# level -> what it must hold
_UNMARKED = {"I": ("LIN", "SN1")}
_MARKED = {**_UNMARKED, "P": ("MAN",), "T": ("MAN",)}


def _allowed(segments: list[list[str]], guide: Guide, profile: Profile) -> dict[str, str] | None:
    """Which level may stand under which, by BSN05 or the profile; None: the set has no such rule."""
    if guide.set != "856":
        return None
    order = next((e[5] for e in segments if e[0] == "BSN" and len(e) > 5), "")
    return _ORDERS.get(profile.settings.get("hl_order", order), _ORDERS[""])


def level_findings(segments: list[list[str]], guide: Guide, profile: Profile) -> list[Finding]:
    """All rules of HL; contents and marks are those of a ship notice."""
    names = [e[0] for e in segments]
    heads = [k for k, name in enumerate(names) if name == "HL"]
    found = hierarchy_findings([segments[k] for k in heads], heads, _allowed(segments, guide, profile))
    if guide.set != "856":
        return found
    needs = _UNMARKED if profile.settings.get("marks") == "none" else _MARKED
    for head, end in pairwise([*heads, len(names)]):
        e = segments[head]
        for seg in needs.get(e[3], ()) if len(e) > 3 else ():
            if seg not in names[head:end]:
                found.append(Finding("segment_missing", seg, end + 2))
    return found + mark_findings([(k, segments[k]) for k, name in enumerate(names) if name == "MAN"])


def hierarchy_findings(levels: list[list[str]], places: list[int], allowed: dict[str, str] | None) -> list[Finding]:
    """Numbers, parents and, where `allowed` says so, which level may stand under which. `levels`: the HL segments, `places` where they stand."""
    found: list[Finding] = []
    open_levels: list[tuple[str, int, str]] = []  # the number as text, as a number, its level
    below = [0] * (len(levels) + 1)  # by number: how many levels stand directly under it
    orphans: set[int] = set()
    for count, (e, place) in enumerate(zip(levels, places, strict=True), 1):
        _, number, parent, level = e if len(e) == 4 else [*e, "", "", ""][:4]
        own = str(count)
        if number != own and number.lstrip("0") != own:
            found.append(_finding(place, 1, number, f"expected {count}"))
        above = ""
        if parent or open_levels:
            wanted = parent.lstrip("0") if parent[:1] == "0" else parent
            while open_levels and open_levels[-1][0] != wanted:
                open_levels.pop()
            if not open_levels:
                found.append(_finding(place, 2, parent, "must name a level that is still open"))
                open_levels.append((own, count, level))
                orphans.add(count)
                continue
            _, under, above = open_levels[-1]
            below[under] += 1
        if level and allowed is not None and level not in allowed.get(above, ""):
            found.append(_finding(place, 3, level, f"may not stand {f'under {above}' if above else 'first'}"))
        open_levels.append((own, count, level))
    for count, (e, place) in enumerate(zip(levels, places, strict=True), 1):
        if len(e) > 4 and e[4] and count not in orphans and (e[4] == "1") != (below[count] > 0):
            words = f"it has {below[count]} levels under it"
            found.append(_finding(place, 4, e[4], words)._replace(harmless=True))
    return found


def mark_findings(marks: list[tuple[int, list[str]]]) -> list[Finding]:
    """SSCCs (MAN GM): 18 digits, 20 with the identifier 00, check digit right, none twice. A note on reading, a fault on writing."""
    found: list[Finding] = []
    seen: set[str] = set()
    for place, e in marks:
        if len(e) < 3 or e[1] != "GM":
            continue
        sscc = e[2].removeprefix("00") if len(e[2]) == 20 else e[2]
        reason = "is no SSCC of 18 digits" if len(sscc) != 18 or not sscc.isdigit() or not sscc.isascii() else ""
        if not reason and (right := check_digit(sscc[:-1])) != sscc[-1]:
            reason = f"has the check digit {sscc[-1]} instead of {right}"
        if not reason and sscc in seen:
            reason = "stands twice in this set"
        seen.add(sscc)
        if reason:
            found.append(Finding("check_differs", "MAN", place + 2, 2, e[2], expected=f"the mark {e[2]} {reason}"))
    return found


def check_digit(digits: str) -> str:
    """GS1, weights 3 and 1 from the right."""
    codes = digits.encode("ascii")
    odd, even = codes[-1::-2], codes[-2::-2]
    return str(-(3 * (sum(odd) - 48 * len(odd)) + sum(even) - 48 * len(even)) % 10)


def _finding(place: int, element: int, value: str, expected: str) -> Finding:
    names = {1: "the number", 2: "the parent", 3: "the level", 4: "the child mark"}
    numbers = {1: "628", 2: "734", 3: "735", 4: "736"}
    return Finding(
        "hl_invalid", "HL", place + 2, element, value, expected=expected, number=numbers[element], name=names[element]
    )
