"""What a profile's fields may look like: one table, each with what is expected in words. What they mean is not known here."""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Any

from adapters.x12.errors import RULES
from adapters.x12.guide import Faults, unknown_keys
from adapters.x12.yamltext import Items, Tree

_VERSION = (r"[0-9]{6}[0-9A-Z]{0,6}", "a version as in GS08, e.g. 004010 or 004010VICS")
_PLAIN = {
    "isa_version": (r"[0-9]{5}", "five digits as in ISA12, e.g. 00401"),
    "gs_version": _VERSION,
    "ack_version": _VERSION,
    "isa14": (r"[01]", "0 or 1"),
    "st_digits": (r"[4-9]", "4 to 9"),
    "currency": (r"[A-Z]{3}", "three capital letters, e.g. USD"),
    "resend_overdue": (r"yes|no|true|false", "yes or no"),
    "duplicate_window": (r"[1-9][0-9]{0,3}", "a number of days, e.g. 90"),
}
_TEXTS = {
    *_PLAIN, "partner", "label", "charset", "charset_out", "usage", "no_guide", "ack", "ta1", "ta1_reason", "engine", "poc_quantity",
    "duplicates", "application_advice", "hl_order", "marks", "account",
}  # fmt: skip
_MARKS = ("element", "component", "repetition", "terminator")
_USUAL = {"element": "*", "component": ">", "repetition": "^", "terminator": "~"}
_LEVELS = frozenset({"1", "2", "4"})
_PLACE = re.compile(r"[A-Z][A-Z0-9]{1,2}(\.[0-9]{2})?")
BLANKS = " \t\r\0"  # a line end may close a segment; the separators of ASCII (1C to 1F) are in use
LONGEST = 15  # of ISA06, ISA08, GS02 and GS03


def check_forms(tree: Tree, faults: Faults) -> None:
    """Every fault of form, each at its line."""
    for key, value in tree.items():
        if key in _TEXTS and not isinstance(value, str):
            faults.at(tree, key, "must be one text, not a list or a table")
    for key, (form, expected) in _PLAIN.items():
        value = tree.get(key)
        if isinstance(value, str) and not re.fullmatch(form, value):
            faults.at(tree, key, f"{value!r} is not {expected}")
    _delimiters(tree, faults)
    _envelope_ids(tree, faults)
    _items(tree, "ack_levels", _LEVELS, faults)
    _tolerated(tree, faults)
    _guides(tree, faults)
    if tree.get("sets") is not None and not isinstance(tree["sets"], Tree):
        faults.at(tree, "sets", "is written as {set: in, out or both}: {850: in, 855: out}")


def _guides(tree: Tree, faults: Faults) -> None:
    guides = tree.get("guides")
    if guides is None:
        return
    if not isinstance(guides, Tree):
        faults.at(tree, "guides", "is written as {set: version}: {850: 004010}")
        return
    for set_id, version in guides.items():
        if not (re.fullmatch(r"[0-9]{3}", set_id) and isinstance(version, str) and re.fullmatch(_VERSION[0], version)):
            faults.at(guides, set_id, f"{version!r} for the set {set_id!r}: a set of three digits has {_VERSION[1]}")


def _delimiters(tree: Tree, faults: Faults) -> None:
    """Each one character that is no letter, digit or blank, and all different: else no reader finds the segments again."""
    marks = tree.get("delimiters")
    if marks is None:
        return
    if not isinstance(marks, Tree):
        faults.at(tree, "delimiters", "is written as {element: '*', component: '>', repetition: '^', terminator: '~'}")
        return
    unknown_keys(marks, {*_MARKS, "newline"}, faults)
    if marks.get("newline", "false") not in ("true", "false"):
        faults.at(marks, "newline", f"{marks['newline']!r} is neither true nor false")
    for name in _MARKS:
        value = marks.get(name, _USUAL[name])
        barred = BLANKS if name == "terminator" else BLANKS + "\n"
        if not isinstance(value, str) or len(value) != 1 or value.isalnum() or value in barred:
            faults.at(marks, name, f"{value!r} is not one character that is no letter, digit or blank")
    used: dict[str, str] = {}
    for name in _MARKS:
        value = str(marks.get(name, _USUAL[name]))
        if value in used:
            faults.at(marks, name if name in marks else used[value], f"{value!r} is both {used[value]} and {name}")
        used.setdefault(value, name)


def _envelope_ids(tree: Tree, faults: Faults) -> None:
    for key in ("ids", "test_ids", "ours"):
        rows = tree.get(key) or []
        for row in rows if isinstance(rows, Items) else [rows]:
            if isinstance(row, Tree) and len(str(row.get("id", ""))) > LONGEST:
                faults.at(row, "id", f"{row['id']!r} is longer than the {LONGEST} characters of ISA06 and ISA08")
    gs = tree.get("gs")
    if gs is None:
        return
    if not isinstance(gs, Tree):
        faults.at(tree, "gs", "is written as {theirs: ID, ours: ID}")
        return
    unknown_keys(gs, {"theirs", "ours"}, faults)
    for name, value in gs.items():
        if not isinstance(value, str) or not 1 <= len(value) <= LONGEST:
            faults.at(gs, name, f"{value!r} is not 1 to {LONGEST} characters long, as GS02 and GS03 are")


def _items(tree: Tree, key: str, allowed: Collection[str], faults: Faults) -> None:
    held: Any = tree.get(key)
    if held is None:
        return
    if not isinstance(held, Items) or any(x not in allowed for x in held):
        faults.at(tree, key, f"is a list of {', '.join(sorted(allowed))}, not {_shown(held)}")


def _tolerated(tree: Tree, faults: Faults) -> None:
    """Codes, or code:PLACE, that may be tolerated at all: what breaks the envelope or loses content cannot be."""
    held: Any = tree.get("tolerate")
    if held is None:
        return
    if not isinstance(held, Items):
        faults.at(tree, "tolerate", "is a list of codes: [too_long, code_invalid:PO1.03]")
        return
    for item in held:
        code, _, place = str(item).partition(":")
        rule = RULES.get(code)
        if rule is None:
            faults.at(tree, "tolerate", f"there is no error {code!r}")
        elif not rule.tolerable:
            faults.at(tree, "tolerate", f"{code!r} cannot be tolerated")
        elif place and not _PLACE.fullmatch(place):
            faults.at(tree, "tolerate", f"{place!r} is no place such as PO1.03")


def _shown(held: Any) -> str:
    return repr(held) if isinstance(held, str) else "[" + ", ".join(str(x) for x in held) + "]"
