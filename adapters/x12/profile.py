"""A partner's profile: who they are, how we write to them, what we tolerate and acknowledge. Secrets are never here, only references to connections."""

from __future__ import annotations

import codecs
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import lru_cache
from typing import Any

from adapters.x12.guide import Faults, unknown_keys
from adapters.x12.waits import calendar_of, waits_of
from adapters.x12.wellformed import check_forms
from adapters.x12.yamltext import Items, Tree, load_text
from hub.canon.agreement import EXACT, Tolerance, tolerance_of
from hub.canon.calendar import Hours

_KEYS = {
    "partner", "label", "ids", "ours", "gs", "test_ids",
    "isa_version", "gs_version", "delimiters", "charset_out", "extended", "isa14", "usage", "st_digits",
    "charset", "guides", "tolerate", "no_guide", "duplicates", "duplicate_window",
    "ack", "ack_levels", "ack_version", "ta1", "ta1_reason", "ack_within", "resend_overdue", "calendar",
    "sets", "engine", "poc_quantity", "hl_order", "ctt", "sdq", "marks", "application_advice",
    "account", "currency", "units", "party_ids", "price_tolerance", "default_node", "transport", "batch", "schedule",
}  # fmt: skip
_CHOICES = {
    "engine": ("pyx12",),
    "no_guide": ("keep", "reject"),
    "ack": ("997", "999", "none"),
    "ta1": ("asked", "always", "never"),
    "usage": ("P", "T"),
    "duplicates": ("by_control", "by_content"),
    "poc_quantity": ("total", "delta"),
    "ctt": ("hl", "lines"),
    "application_advice": ("yes", "no"),
}
_PLAIN = (
    "label",
    "isa_version",
    "gs_version",
    "charset",
    "isa14",
    "usage",
    "no_guide",
    "ack",
    "ta1",
    "ta1_reason",
    "ack_version",
)
_WAYS = ("in", "out", "both")
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
    price_tolerance: Tolerance = EXACT  # how far PO104 may be from the agreed price
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
    for key, allowed in _CHOICES.items():
        if key in tree and tree[key] not in allowed:
            faults.at(tree, key, f"{tree[key]!r} is none of {', '.join(allowed)}")
    check_forms(tree, faults)
    marks = tree.get("delimiters")
    marks = marks if isinstance(marks, Tree) else Tree(tree.file, tree.line)
    ids = _ids(tree, "ids", faults)
    ours = _ids(tree, "ours", faults)
    gs = tree.get("gs")
    gs = gs if isinstance(gs, Tree) else Tree(tree.file, tree.line)
    guides = tree.get("guides")
    sets = _sets(tree, faults)
    ack_within, calendar = waits_of(tree, faults), calendar_of(tree, faults)
    tolerance = _tolerance(tree, faults)
    _charsets(tree, faults)
    faults.settle()
    plain = {k: tree[k] for k in _PLAIN if k in tree}
    marked = {k: marks[k] for k in ("element", "component", "repetition", "terminator") if k in marks}
    return Profile(
        partner=partner,
        ids=ids,
        test_ids=_ids(tree, "test_ids", faults),
        ours=ours[0] if ours else ("", ""),
        gs_theirs=gs.get("theirs", ids[0][1] if ids else ""),
        gs_ours=gs.get("ours", ours[0][1] if ours else ""),
        newline="\n" if marks.get("newline") == "true" else "",
        charset_out=tree.get("charset_out", tree.get("charset", "ascii")),
        st_digits=int(tree.get("st_digits", "4")),
        sets=sets,
        guides=dict(guides) if isinstance(guides, Tree) else {},
        tolerate=frozenset(tree.get("tolerate") or ()),
        ack_within=ack_within,
        calendar=calendar,
        price_tolerance=tolerance,
        ack_levels=frozenset(int(x) for x in tree.get("ack_levels") or ("1", "2")),
        settings={"currency": "USD", **{k: v for k, v in tree.items() if isinstance(v, str)}},
        **plain,
        **marked,
    )


def _sets(tree: Tree, faults: Faults) -> dict[str, str]:
    sets = tree.get("sets")
    if not isinstance(sets, Tree):
        return {}
    for key, way in sets.items():
        if not (len(key) == 3 and key.isdigit()) or way not in _WAYS:
            faults.at(sets, key, f"a set of three digits is in, out or both, not {way!r}")
    return dict(sets)


def _tolerance(tree: Tree, faults: Faults) -> Tolerance:
    told = tree.get("price_tolerance")
    if told is None:
        return EXACT
    found = tolerance_of(told) if isinstance(told, str) else None
    if found is None:
        shown = repr(told) if isinstance(told, str) else "a list or a table"
        faults.at(
            tree,
            "price_tolerance",
            f"{shown} is neither a percentage of the agreed price, below 100% ('0.5%'), nor an amount a unit ('0.05'), with up to four decimals",
        )
    return found or EXACT


def _charsets(tree: Tree, faults: Faults) -> None:
    for key in ("charset", "charset_out"):
        if key in tree and not _is_charset(tree[key]):
            faults.at(tree, key, f"{tree[key]!r} is no charset that is known: utf-8, latin-1, cp1252, cp037, ascii")


def _is_charset(name: Any) -> bool:
    try:
        codecs.lookup(str(name))
    except LookupError:
        return False
    return True


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


def _ids(tree: Tree, key: str, faults: Faults) -> tuple[Id, ...]:
    rows: Any = tree.get(key) or []
    found = []
    for row in rows if isinstance(rows, Items) else [rows] if rows else []:
        if not isinstance(row, Tree) or not row.get("id") or len(row.get("qualifier", "")) != 2:
            faults.at(tree, key, "an id is written as {qualifier: ZZ, id: NAME}")
            continue
        found.append((row["qualifier"], row["id"]))
    return tuple(found)
