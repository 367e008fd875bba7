"""A partner's profile: who they are, how we write to them, what we tolerate and acknowledge. Secrets are never here, only references to connections."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import lru_cache
from typing import Any

from adapters.x12.guide import Faults, tolerated
from adapters.x12.waits import calendar_of, waits_of
from adapters.x12.wellformed import USUAL, charset_of, check_forms, inner, is_id
from adapters.x12.yamltext import Items, Tree, load_text
from hub.canon.agreement import EXACT, Tolerance, tolerance_of
from hub.canon.calendar import Hours

_PLAIN = (
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
    codes: Tree | None = None  # the partner's own codes, by code list; laid over ours in every guide
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
    check_forms(tree, faults)
    ids, ours, test_ids = (_ids(tree, key, faults) for key in ("ids", "ours", "test_ids"))
    tolerate, tolerance = tolerated(tree, faults), _tolerance(tree, faults)
    ack_within, calendar = waits_of(tree, faults), calendar_of(tree, faults)
    charset, charset_out = charset_of(tree, "charset", faults), charset_of(tree, "charset_out", faults)
    faults.settle()
    marks, gs, sets, guides = (inner(tree, key, "", faults) for key in ("delimiters", "gs", "sets", "guides"))
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
        sets=dict(sets),
        guides=dict(guides),
        tolerate=tolerate,
        ack_within=ack_within,
        calendar=calendar,
        price_tolerance=tolerance,
        codes=inner(tree, "codes", "", faults) or None,
        ack_levels=frozenset(map(int, tree.get("ack_levels") or ("1", "2"))),
        settings={"currency": "USD", **{k: v for k, v in tree.items() if isinstance(v, str)}},
        **{key: marks[key] for key in USUAL if key in marks},
        **{key: tree[key] for key in _PLAIN if key in tree},
    )


def _ids(tree: Tree, key: str, faults: Faults) -> tuple[Id, ...]:
    rows: Any = tree.get(key) or []
    found = []
    for row in rows if isinstance(rows, Items) else [rows] if rows else []:
        known = row if isinstance(row, Tree) else {}
        qualifier, name = str(known.get("qualifier", "")), known.get("id")
        if not re.fullmatch("[A-Z0-9]{2}", qualifier) or not is_id(name):
            faults.at(tree, key, "an id is written as {qualifier: ZZ, id: NAME}, the name with up to 15 characters")
            continue
        found.append((qualifier, str(name)))
    return tuple(found)


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
