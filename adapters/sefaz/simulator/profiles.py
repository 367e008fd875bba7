"""How authorities differ, as data: what they check strictly, how they answer, what is switched on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from datetime import timedelta
from typing import Any

from hub.canon.taxids.ufs import UF_CODES


@dataclass(frozen=True, slots=True, kw_only=True)
class Behavior:
    """One authority. `asynchronous`: batches are taken with 103 and asked for later, `polls` times in vain."""

    uf: str
    strict_prefixes: bool = True  # 404, 587
    strict_blanks: bool = False  # 588
    asynchronous: bool = False
    polls: int = 1
    svc_active: bool = False  # serves tpEmis 6 and 7
    stopped: str | None = None  # 108 or 109
    delay: float = 0.0  # seconds before every answer
    late_emission: timedelta = timedelta(days=7)  # 228
    cancel_within: timedelta = timedelta(hours=24)  # 501
    late_cancel: bool = False  # 155 instead of 501
    environment: str = "2"
    summaries: bool = True  # the feed gives a summary until the recipient has answered (210200, 210210)
    feed_rest: timedelta = timedelta(hours=1)  # 656 for who asks earlier after the end of the feed


PROFILES: Mapping[str, Behavior] = {
    "SP": Behavior(uf="SP"),
    "MS": Behavior(uf="MS", strict_blanks=True),
    "PR": Behavior(uf="PR", strict_prefixes=False),
    "BA": Behavior(uf="BA", asynchronous=True),
    "RS": Behavior(uf="RS", late_cancel=True),
    "MG": Behavior(uf="MG", strict_blanks=True),
    "SVCRS": Behavior(uf="RS", svc_active=True),
    "SVCAN": Behavior(uf="SP", svc_active=True),
    "SLOW": Behavior(uf="SP", delay=2.0),
    "STOPPED": Behavior(uf="SP", stopped="108"),
}


def behavior(name: str) -> Behavior:
    """A named profile, or a UF whose other traits are those of SP."""
    return PROFILES[name] if name in PROFILES else replace(PROFILES["SP"], uf=name)


def changed(behavior: Behavior, given: Mapping[str, Any]) -> Behavior:
    """With these traits: `profile` first, then single ones; times are `<trait>_seconds`. Raises `ValueError` for an unknown one."""
    made = named(str(given["profile"])) if "profile" in given else behavior
    known = {each.name: each for each in fields(Behavior)}
    traits: dict[str, Any] = {}
    for name, value in given.items():
        trait = name.removesuffix("_seconds")
        if trait not in known and name != "profile":
            raise ValueError(f"unknown trait {name}: one of {', '.join(sorted(known))}")
        if trait in known:
            traits[trait] = timedelta(seconds=float(value)) if name.endswith("_seconds") else value
    return replace(made, **traits)


def named(name: str) -> Behavior:
    """As `behavior`; `ValueError` for a name that is neither a profile nor a UF."""
    if name not in names():
        raise ValueError(f"unknown profile {name}")
    return behavior(name)


def names() -> frozenset[str]:
    return frozenset({*PROFILES, *UF_CODES})
