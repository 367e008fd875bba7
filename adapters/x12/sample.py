"""A made-up set that a guide accepts: for `--sample`, and as the seed of tests. The same guide always gives the same sample."""

from __future__ import annotations

from datetime import UTC, datetime

from adapters.x12.model import Composite, Element, ElementUse, Guide, Leaf, Loop, SegmentSpec
from adapters.x12.seal import Marks, Out, OutGroup, OutSet, seal

_KNOWN = {
    "355": "EA",
    "100": "USD",
    "26": "US",
    "156": "SC",
    "116": "29601",
    "235": "VN",
    "559": "VI",
    "447": "LX",
    "473": "N",
    "368": "SH",
    "412": "01",
    "110": "TA",
    "558": "A",
    "1650": "X6",
    "610": "100",
    "88": "CP",
}
_ITEMS = {"PO1": (2, 3, 4), "IT1": (2, 3, 4), "SN1": (2, 3)}  # an item without quantity, unit and price shows nothing
_MARKED = {
    "T": ("MAN",),
    "P": ("MAN",),
    "I": ("LIN", "SN1"),
}  # what a level of an 856 must have, whatever the structure says
WHEN = datetime(2026, 1, 15, 9, 15, tzinfo=UTC)


def sample_file(guide: Guide) -> str:
    """A whole test interchange with the sample in it, a segment a line, as the self-test takes it."""
    made = OutSet(set=guide.set, body=sample_segments(guide))
    group = OutGroup(
        functional_id=guide.group, sender="SENDER", receiver="RECEIVER", version=guide.version, sets=[made]
    )
    out = Out(
        sender=("ZZ", "SENDER"),
        receiver=("ZZ", "RECEIVER"),
        version=f"00{guide.version[2]}01",
        test=True,
        groups=[group],
    )
    return seal(out, Marks(newline="\n"), isa=1, gs=1, st=1, at=WHEN)


def sample_segments(guide: Guide, *, full: bool = False, comp: str = ">") -> list[list[str]]:
    """Mandatory segments with their mandatory and conditional elements; `full`: every segment and every element once."""
    out: list[list[str]] = []
    for node in guide.structure:
        _node(node, guide, out, full=full, comp=comp)
    return out


def _node(node: Leaf | Loop, guide: Guide, out: list[list[str]], *, full: bool, comp: str) -> None:
    shown = full or node.use == "M" or (isinstance(node, Loop) and node.opener in _ITEMS)
    if node.use == "N" or not shown:
        return
    if isinstance(node, Leaf):
        out.append(segment(guide.segments[node.seg], full=full, comp=comp))
        return
    if node.by:
        _levels(node, guide, out, full=full, comp=comp)
        return
    for child in node.of:
        _node(child, guide, out, full=full, comp=comp)


def _levels(loop: Loop, guide: Guide, out: list[list[str]], *, full: bool, comp: str) -> None:
    """One of each level, each under the one before: HL."""
    usual = [code for code in ("S", "O", "P", "I") if code in loop.variants] or list(loop.variants)
    for number, code in enumerate(usual, 1):
        out.append([loop.opener, str(number), str(number - 1) if number > 1 else "", code])
        for child in loop.variants[code]:
            if not full and child.use == "O" and isinstance(child, Leaf) and child.seg in _MARKED.get(code, ()):
                out.append(segment(guide.segments[child.seg], full=full, comp=comp))
            else:
                _node(child, guide, out, full=full, comp=comp)


def segment(spec: SegmentSpec, *, full: bool, comp: str) -> list[str]:
    e = [spec.id]
    excluded = {at for note in spec.notes if note.kind == "E" for at in note.at[1:]}
    for at, use in enumerate(spec.of, 1):
        in_pairs = spec.pairs is not None and at >= spec.pairs[0]
        wanted = (
            use.use in ("M", "C")
            or ((full or at in _ITEMS.get(spec.id, ())) and use.use == "O")
            or (in_pairs and at <= (spec.pairs or (0, 0))[0] + 1)
        )
        wanted = wanted and at not in excluded and not (in_pairs and at > (spec.pairs or (0, 0))[0] + 1)
        e.append(value(use, comp) if wanted and use.use != "N" else "")
    while not e[-1]:
        e.pop()
    return e


def value(use: ElementUse, comp: str = ">") -> str:
    element = use.element
    if isinstance(element, Composite):
        return comp.join(value(part) if part.use == "M" else "" for part in element.parts).rstrip(comp)
    if use.codes:
        known = _KNOWN.get(element.number, "")
        return known if known in use.codes else min(use.codes)
    return _KNOWN.get(element.number) or _by_kind(element)


def _by_kind(element: Element) -> str:
    if element.kind == "DT":
        return "20260115" if element.high >= 8 else "260115"
    if element.kind == "TM":
        return "0915"
    if element.kind == "R" or element.kind[0] == "N":
        return "1".rjust(element.low, "0") if element.kind != "R" else "1" * element.low
    return ("A" * element.low) if element.low > 1 else "A1"[: element.high]
