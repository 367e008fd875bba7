"""What a profile's fields may look like: one table, each with what is expected in words. What they mean is not known here."""

from __future__ import annotations

import codecs
import re
from collections.abc import Mapping
from typing import Any

from adapters.x12.guide import Faults, unknown_keys
from adapters.x12.yamltext import Items, Tree

_VERSION = (r"[0-9]{6}[0-9A-Z]{0,6}", "a version as in GS08, e.g. 004010 or 004010VICS")
_FREE = {"partner", "label", "ta1_reason"}  # said as one likes
_CHOICES: Mapping[str, tuple[str, ...]] = {
    "engine": ("pyx12",),
    "no_guide": ("keep", "reject"),
    "ack": ("997", "999", "none"),
    "ta1": ("asked", "always", "never"),
    "usage": ("P", "T"),
    "isa14": ("0", "1"),
    "duplicates": ("by_control", "by_content"),
    "resend_overdue": ("yes", "no", "true", "false"),
    "poc_quantity": ("total", "delta"),
    "hl_order": ("0001", "0002", "0004"),
    "marks": ("none",),
    "application_advice": ("yes", "no"),
}
_FORMS: Mapping[str, tuple[str, str]] = {
    "isa_version": (r"[0-9]{5}", "five digits as in ISA12, e.g. 00401"),
    "gs_version": _VERSION,
    "ack_version": _VERSION,
    "st_digits": (r"[4-9]", "4 to 9"),
    "currency": (r"[A-Z]{3}", "three capital letters, e.g. USD"),
    "duplicate_window": (r"[1-9][0-9]{0,3}", "a number of days, e.g. 90"),
}
_CHARSETS = {"utf-8": "utf-8", "iso8859-1": "latin-1", "cp1252": "cp1252", "cp037": "cp037", "ascii": "ascii"}
_ELSEWHERE = {
    "ids", "test_ids", "ours", "gs", "delimiters", "charset", "charset_out", "guides", "sets", "tolerate",
    "ack_levels", "ack_within", "calendar", "price_tolerance", "codes",
}  # fmt: skip
KEYS = {*_FREE, *_CHOICES, *_FORMS, *_ELSEWHERE}
USUAL = {"element": "*", "component": ">", "repetition": "^", "terminator": "~"}
_ID = re.compile("[!-~]([ -~]{0,13}[!-~])?")
_LEVELS = frozenset({"1", "2", "4"})
_BLANKS = " \t\r\0"  # a line end may close a segment; the separators of ASCII (1C to 1F) are in use


def check_forms(tree: Tree, faults: Faults) -> None:
    """Every fault of form, each at its line."""
    unknown_keys(tree, KEYS, faults)
    for key, value in tree.items():
        if key in {*_FREE, *_CHOICES, *_FORMS} and not isinstance(value, str):
            faults.at(tree, key, "must be one text, not a list or a table")
        elif key in _CHOICES and value not in _CHOICES[key]:
            faults.at(tree, key, f"{value!r} is none of {', '.join(_CHOICES[key])}")
        elif key in _FORMS and not re.fullmatch(_FORMS[key][0], value):
            faults.at(tree, key, f"{value!r} is not {_FORMS[key][1]}")
    inner(tree, "codes", "{list: {CODE: word}}: {unit: {BX: CT}}", faults)
    _delimiters(tree, faults)
    for name, value in inner(tree, "gs", "{theirs: ID, ours: ID}", faults).items():
        if name not in ("theirs", "ours"):
            faults.at(tree["gs"], name, "unknown key, known are ours, theirs")
        elif not is_id(value):
            faults.at(tree["gs"], name, f"{value!r} is not 1 to 15 plain characters, as in GS02 and GS03")
    versions = (_VERSION[0], f"has {_VERSION[1]}")
    _by_set(tree, "guides", versions, "{set: version}: {850: 004010}", faults)
    ways = ("in|out|both", "is in, out or both")
    _by_set(tree, "sets", ways, "{set: in, out or both}: {850: in, 855: out}", faults)
    levels = tree.get("ack_levels")
    if levels is not None and (not isinstance(levels, Items) or any(x not in _LEVELS for x in levels)):
        faults.at(tree, "ack_levels", f"is a list of 1, 2, 4, not {_shown(levels)}")


def inner(tree: Tree, key: str, form: str, faults: Faults) -> Tree:
    """The table under that key, an empty one where there is none."""
    held = tree.get(key)
    if held is not None and not isinstance(held, Tree):
        faults.at(tree, key, f"is written as {form}")
    return held if isinstance(held, Tree) else Tree(tree.file, tree.line)


def is_id(value: Any) -> bool:
    """An id of an envelope: 1 to 15 printable characters of ASCII, padding aside (ISA06, ISA08, GS02, GS03)."""
    return isinstance(value, str) and _ID.fullmatch(value) is not None


def charset_of(tree: Tree, key: str, faults: Faults) -> str | None:
    """Its one name here, however it is spelled."""
    told = tree.get(key)
    if told is None:
        return None
    try:
        return _CHARSETS[codecs.lookup(told if isinstance(told, str) else "").name]
    except LookupError:
        faults.at(tree, key, f"{told!r} is no charset that is known: utf-8, latin-1, cp1252, cp037, ascii")
        return None


def _by_set(tree: Tree, key: str, form: tuple[str, str], written: str, faults: Faults) -> None:
    rows = inner(tree, key, written, faults)
    for set_id, value in rows.items():
        if not (re.fullmatch(r"[0-9]{3}", set_id) and isinstance(value, str) and re.fullmatch(form[0], value)):
            faults.at(rows, set_id, f"{value!r} for the set {set_id!r}: a set of three digits {form[1]}")


def _delimiters(tree: Tree, faults: Faults) -> None:
    """Each one character that is no letter, digit or blank, and all different: else no reader finds the segments again."""
    marks = inner(tree, "delimiters", "{element: '*', component: '>', repetition: '^', terminator: '~'}", faults)
    unknown_keys(marks, {*USUAL, "newline"}, faults)
    if marks.get("newline", "false") not in ("true", "false"):
        faults.at(marks, "newline", f"{marks['newline']!r} is neither true nor false")
    used: dict[str, str] = {}
    for name, usual in USUAL.items():
        value = marks.get(name, usual)
        barred = _BLANKS if name == "terminator" else _BLANKS + "\n"
        if not isinstance(value, str) or len(value) != 1 or value.isalnum() or value in barred:
            faults.at(marks, name, f"{value!r} is not one character that is no letter, digit or blank")
        if str(value) in used:
            before = used[str(value)]
            faults.at(marks, name if name in marks else before, f"{value!r} is both {before} and {name}")
        used.setdefault(str(value), name)


def _shown(held: Any) -> str:
    return repr(held) if isinstance(held, str) else "[" + ", ".join(str(x) for x in held) + "]"
