"""A partner's profile: who they are, how we write to them, what we tolerate and acknowledge. Secrets are never here, only references to connections."""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import lru_cache
from typing import Any

from adapters.x12.guide import Faults, tolerated, unknown_keys
from adapters.x12.waits import calendar_of, waits_of
from adapters.x12.yamltext import Items, Tree, load_text
from hub.canon.calendar import Hours

_TEXTS = {"partner", "label", "ta1_reason"}  # said as one likes
_CHOICES: Mapping[str, tuple[str, ...]] = {
    "engine": ("pyx12",),
    "no_guide": ("keep", "reject"),
    "ack": ("997", "999", "none"),
    "ta1": ("asked", "always", "never"),
    "usage": ("P", "T"),
    "isa14": ("0", "1"),
    "st_digits": ("4", "5", "6", "7", "8", "9"),
    "duplicates": ("by_control", "by_content"),
    "resend_overdue": ("yes", "no", "true", "false"),
    "hl_order": ("0001", "0002", "0004"),
    "marks": ("none",),
    "application_advice": ("yes", "no"),
}
_VERSION = re.compile("[A-Za-z0-9]{1,12}")
_SHAPES: Mapping[str, tuple[re.Pattern[str], str]] = {
    "isa_version": (re.compile("[0-9]{5}"), "five digits: 00401"),
    "gs_version": (_VERSION, "1 to 12 letters and digits: 004010VICS"),
    "ack_version": (_VERSION, "1 to 12 letters and digits: 004010"),
    "duplicate_window": (re.compile("[1-9][0-9]{0,3}"), "a number of days: 90"),
    "currency": (re.compile("[A-Z]{3}"), "three letters: USD"),
}
_OTHERS = {
    "ids", "ours", "gs", "test_ids", "delimiters", "charset_out", "charset", "guides", "tolerate",
    "ack_levels", "ack_within", "calendar", "sets",
}  # fmt: skip
_KEYS = {*_TEXTS, *_CHOICES, *_SHAPES, *_OTHERS}
_MARKS = ("element", "component", "repetition", "terminator")
_CHARSETS = {"utf-8": "utf-8", "iso8859-1": "latin-1", "cp1252": "cp1252", "cp037": "cp037", "ascii": "ascii"}
_SET = re.compile("[0-9]{3}")
_ID = re.compile("[!-~]([ -~]{0,13}[!-~])?")  # ISA06, GS02: up to 15 characters, padding aside
Id = tuple[str, str]  # qualifier, id


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """Defaults are those of a partner without a file. `settings`: every other field as text, for maps (`profile.currency`)."""

    partner: str
    label: str = ""
    ids: tuple[Id, ...] = ()
    test_ids: tuple[Id, ...] = ()
    ours: Id = ("", "")
    gs_theirs: str = ""
    gs_ours: str = ""
    isa_version: str = "00401"
    gs_version: str = "004010"
    element: str = "*"
    component: str = ">"
    repetition: str = "^"
    terminator: str = "~"
    newline: str = ""
    charset: str | None = None
    charset_out: str = "ascii"
    isa14: str = "0"
    usage: str = "P"
    st_digits: int = 4
    guides: Mapping[str, str] = field(default_factory=dict)
    tolerate: frozenset[str] = frozenset()
    no_guide: str = "keep"
    ack: str = "997"
    ack_levels: frozenset[int] = frozenset({1, 2})
    ack_version: str = ""
    ta1: str = "asked"
    ta1_reason: str = ""
    sets: Mapping[str, str] = field(default_factory=dict)  # set -> in, out or both; what was agreed on
    ack_within: Mapping[str, timedelta | None] = field(default_factory=dict)  # by set; None: no answer is waited for
    calendar: Hours | None = None  # the partner's business hours; only in these `ack_within` runs
    settings: Mapping[str, str] = field(default_factory=dict)
    overlays: Mapping[str, str] = field(default_factory=dict)  # set -> the account's own overlay, as YAML

    @property
    def known(self) -> bool:
        """Whether sender and receiver are to be checked."""
        return bool(self.ids)

    def sends_as(self, sender: Id) -> bool:
        """Whether this partner signs its interchanges so; one without ids, chosen by name, may sign as it likes."""
        return sender in self.ids or sender in self.test_ids or (not self.known and self.partner != "default")


DEFAULT = Profile(partner="default", label="Any partner", settings={"currency": "USD"})


def read_profile(tree: Tree, partner: str) -> Profile:
    """Raises `BadGuide` with every fault."""
    faults = Faults()
    unknown_keys(tree, _KEYS, faults)
    _plain(tree, faults)
    marks = _inner(tree, "delimiters", {*_MARKS, "newline"}, faults)
    gs = _inner(tree, "gs", {"theirs", "ours"}, faults)
    for key in gs:
        _shaped(gs, key, _ID, "an id of 1 to 15 characters", faults)
    ids, ours, test_ids = (_ids(tree, key, faults) for key in ("ids", "ours", "test_ids"))
    sets = _by_set(tree, "sets", re.compile("in|out|both"), "in, out or both", faults)
    guides = _by_set(tree, "guides", _VERSION, "a version", faults)
    tolerate, levels = tolerated(tree, faults), _levels(tree, faults)
    ack_within, calendar = waits_of(tree, faults), calendar_of(tree, faults)
    charset, charset_out = _charset(tree, "charset", faults), _charset(tree, "charset_out", faults)
    used: dict[str, Any] = {**dict(zip(_MARKS, "*>^~", strict=True)), **_delimiters(marks, faults)}
    if len(set(used.values())) != len(used):
        faults.at(tree, "delimiters", "are four different characters")
    faults.settle()
    taken = (
        "label",
        "isa_version",
        "gs_version",
        "isa14",
        "usage",
        "no_guide",
        "ack",
        "ta1",
        "ta1_reason",
        "ack_version",
    )
    return Profile(
        partner=partner,
        ids=ids,
        test_ids=test_ids,
        ours=ours[0] if ours else ("", ""),
        gs_theirs=gs.get("theirs", ids[0][1] if ids else ""),
        gs_ours=gs.get("ours", ours[0][1] if ours else ""),
        newline="\n" if marks.get("newline") == "true" else "",
        charset=None if charset == "ascii" else charset,
        charset_out=charset_out or charset or "ascii",
        st_digits=int(tree.get("st_digits", "4")),
        settings={"currency": "USD", **{k: v for k, v in tree.items() if isinstance(v, str)}},
        sets=sets,
        guides=guides,
        tolerate=tolerate,
        ack_within=ack_within,
        calendar=calendar,
        ack_levels=levels,
        **used,
        **{key: tree[key] for key in taken if key in tree},
    )


def _plain(tree: Tree, faults: Faults) -> None:
    """What is one text."""
    for key in _TEXTS & tree.keys():
        if not isinstance(tree[key], str):
            faults.at(tree, key, "must be text")
    for key, allowed in _CHOICES.items():
        if key in tree and tree[key] not in allowed:
            faults.at(tree, key, f"{tree[key]!r} is none of {', '.join(allowed)}")
    for key, (shape, words) in _SHAPES.items():
        if key in tree:
            _shaped(tree, key, shape, words, faults)


def _shaped(tree: Tree, key: str, shape: re.Pattern[str], words: str, faults: Faults) -> None:
    value = tree[key]
    if not isinstance(value, str) or not shape.fullmatch(value):
        faults.at(tree, key, f"{value!r} is not {words}")


def _inner(tree: Tree, key: str, allowed: set[str], faults: Faults) -> Tree:
    held = tree.get(key)
    if held is not None and not isinstance(held, Tree):
        faults.at(tree, key, f"is written as {{{', '.join(sorted(allowed))}}}")
    found = held if isinstance(held, Tree) else Tree(tree.file, tree.line)
    unknown_keys(found, allowed, faults)
    return found


def _delimiters(marks: Tree, faults: Faults) -> dict[str, str]:
    if marks.get("newline", "true") not in ("true", "false"):
        faults.at(marks, "newline", "is true or false: whether each segment has a line of its own")
    found = {key: marks[key] for key in _MARKS if key in marks}
    for key, mark in found.items():
        if not isinstance(mark, str) or len(mark) != 1 or mark.isalnum() or mark == " ":
            faults.at(marks, key, f"{mark!r} is not one character that is no letter, digit or blank")
    return {key: str(mark) for key, mark in found.items()}


def _by_set(tree: Tree, key: str, shape: re.Pattern[str], words: str, faults: Faults) -> dict[str, str]:
    held = tree.get(key)
    if held is not None and not isinstance(held, Tree):
        faults.at(tree, key, f"is written as {{set: {words}}}")
    rows = held if isinstance(held, Tree) else Tree(tree.file, tree.line)
    for set_id, value in rows.items():
        if not _SET.fullmatch(set_id) or not isinstance(value, str) or not shape.fullmatch(value):
            faults.at(rows, set_id, f"a set of three digits is {words}, not {value!r}")
    return dict(rows)


def _levels(tree: Tree, faults: Faults) -> frozenset[int]:
    told = tree.get("ack_levels", ("1", "2"))
    if not isinstance(told, list | tuple) or not {*map(str, told)} <= {"1", "2", "4"}:
        faults.at(tree, "ack_levels", "are a list of 1, 2 and 4")
        return frozenset()
    return frozenset(map(int, told))


def _charset(tree: Tree, key: str, faults: Faults) -> str | None:
    """Its one name here, however it is spelled."""
    told = tree.get(key)
    if told is None:
        return None
    try:
        return _CHARSETS[codecs.lookup(told if isinstance(told, str) else "").name]
    except LookupError:
        faults.at(tree, key, f"{told!r} is no charset that is known: utf-8, latin-1, cp1252, cp037, ascii")
        return None


def _ids(tree: Tree, key: str, faults: Faults) -> tuple[Id, ...]:
    rows: Any = tree.get(key) or []
    found = []
    for row in rows if isinstance(rows, Items) else [rows] if rows else []:
        known = row if isinstance(row, Tree) else {}
        qualifier, name = str(known.get("qualifier", "")), known.get("id")
        if not re.fullmatch("[A-Z0-9]{2}", qualifier) or not isinstance(name, str) or not _ID.fullmatch(name):
            faults.at(tree, key, "an id is written as {qualifier: ZZ, id: NAME}, the name with up to 15 characters")
            continue
        found.append((qualifier, name))
    return tuple(found)


def configured(config: Mapping[str, Any]) -> Profile | None:
    """The profile that an account holds itself (set by the API), written as in a file. Raises `BadGuide`."""
    held = config.get("profile")
    if not isinstance(held, Mapping):
        return None
    return _of_text(
        json.dumps(held, ensure_ascii=False), str(held.get("partner") or config.get("partner") or "partner")
    )


def with_overlays(profile: Profile, config: Mapping[str, Any]) -> Profile:
    """The profile with the overlays that the account holds; each takes the place of the folder's one."""
    held = config.get("overlays")
    return replace(profile, overlays=held) if isinstance(held, Mapping) and held else profile


@lru_cache(maxsize=256)
def _of_text(text: str, partner: str) -> Profile:
    return read_profile(load_text(text, "profile"), partner)
