"""Small X12 files for tests: a set of segments in its envelope, counts and numbers right unless a test breaks them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache
from typing import Any

from adapters.x12.examine import Unread, examine
from adapters.x12.library import Library
from adapters.x12.profile import Profile
from adapters.x12.verdicts import InterchangeVerdict, SetVerdict

ORDER = (
    "BEG*00*SA*PO1**20261120",
    "REF*DP*041",
    "DTM*010*20261201",
    "N1*ST*STORE 7*92*0007",
    "N3*1 MAIN STREET",
    "N4*GREENVILLE*SC*29601*US",
    "PO1*1*10*EA*9.90**VN*SKU-1*UP*123456789012",
    "PID*F****A SHIRT",
    "PO1*2*4*EA*1.25**VN*SKU-2",
    "CTT*2*14",
)


@cache
def library() -> Library:
    return Library()


def isa(control: str = "000000101", *, sender: str = "ACMERETAIL", asked: str = "0", version: str = "00401") -> str:
    mark = "U" if version < "00402" else "^"
    return (
        f"ISA*00*          *00*          *ZZ*{sender:<15}*ZZ*HUBDEMO        "
        f"*261120*0915*{mark}*{version}*{control}*{asked}*P*>~"
    )


def one_set(segments: Sequence[str] = ORDER, set_id: str = "850", control: str = "0001") -> str:
    return "".join(f"{s}~" for s in (f"ST*{set_id}*{control}", *segments, f"SE*{len(segments) + 2}*{control}"))


def group(*sets: str, functional_id: str = "PO", control: str = "7", version: str = "004010") -> str:
    return f"GS*{functional_id}*ACMERETAIL*HUBDEMO*20261120*0915*{control}*X*{version}~{''.join(sets)}GE*{len(sets)}*{control}~"


def file(*groups: str, control: str = "000000101", asked: str = "0", version: str = "00401") -> str:
    body = groups or (group(one_set()),)
    return f"{isa(control, asked=asked, version=version)}{''.join(body)}IEA*{len(body)}*{control}~"


def found(text: str | bytes, profile: Profile | None = None) -> Iterator[SetVerdict | InterchangeVerdict | Unread]:
    raw = text.encode() if isinstance(text, str) else text
    return examine([raw], library(), profile)


def interchange(text: str | bytes, profile: Profile | None = None) -> InterchangeVerdict:
    return next(x for x in found(text, profile) if isinstance(x, InterchangeVerdict))


def the_set(text: str | bytes, profile: Profile | None = None) -> SetVerdict:
    return next(x for x in found(text, profile) if isinstance(x, SetVerdict))


def document(text: str | bytes, profile: Profile | None = None) -> dict[str, Any]:
    one = the_set(text, profile)
    assert one.document is not None, one.findings
    return dict(one.document)


def codes(text: str | bytes, profile: Profile | None = None) -> set[str]:
    """Every code found at any level."""
    out: set[str] = set()
    for x in found(text, profile):
        if isinstance(x, InterchangeVerdict):
            levels = [x.findings, *(g.findings for g in x.groups), *(s.findings for g in x.groups for s in g.sets)]
            out |= {f.code for level in levels for f in level}
    return out
