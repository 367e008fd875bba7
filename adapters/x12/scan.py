"""One pass over a set: every segment is placed by the transition table, checked by its checker, and laid into the tree that the mapper reads."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from adapters.x12.errors import KEPT_PER_SET, SHOWN, Finding
from adapters.x12.model import Composite, ElementUse, Guide
from adapters.x12.structure import NO_LIMIT, Hop, Plan, Ring, Spot

_EXPECTED_KIND = {"R": "a number", "DT": "a date", "TM": "a time", "AN": "printable text", "ID": "printable text"}


@dataclass(slots=True)
class Scanned:
    """`tree`: slots of the set; a leaf's slot lists its segments, a loop's slot its instances, slot 0 of an instance is its opener."""

    tree: list[Any]
    findings: list[Finding] = field(default_factory=list)
    capped: bool = False

    def add(self, finding: Finding) -> None:
        if finding.value is not None and len(finding.value) > SHOWN:
            finding = finding._replace(value=finding.value[:SHOWN])
        if len(self.findings) < KEPT_PER_SET:
            self.findings.append(finding)
        elif not self.capped:
            self.capped = True
            self.findings[-1] = Finding("errors_capped", expected=str(KEPT_PER_SET))
        if self.capped and finding.code == "segment_missing":
            self.findings[-2] = finding


def scan(guide: Guide, plan: Plan, segments: list[list[str]], comp: str, rep: str) -> Scanned:
    """`segments`: those between ST and SE."""
    root: list[Any] = [None] * plan.root.size
    stack: list[Any] = [root] * (plan.deepest + 1)
    out = Scanned(root)
    bad: list[Any] = []
    table = plan.start
    end = plan.end_at_start
    last: Spot | None = None
    position = 1
    for e in segments:
        position += 1
        hop = table.get(e[0])
        if hop is None:
            out.add(_misplaced(guide, plan, table, e, position))
            continue
        check, following, depth, slot, limit, size, notice, spot = hop
        if notice is not None:
            hop = _notice(out, hop, e, position)
            check, following, depth, slot, limit, size, notice, spot = hop
        parent = stack[depth]
        held = parent[slot]
        if size:
            item: Any = [None] * size
            item[0] = e
            stack[depth + 1] = item
        else:
            item = e
        if held is None:
            parent[slot] = [item]
        else:
            held.append(item)
            if len(held) > limit:
                out.add(_over(hop, e, position, stack, limit))
        check(e, bad, comp, rep)
        if bad:
            path = path_of(spot, stack)
            for fault in bad:
                out.add(element_finding(guide, e[0], position, fault, path))
            bad.clear()
        table = following
        last = spot
    end = last.end if last is not None else end
    for absent in end:
        out.add(Finding("segment_missing", absent.segment, position + 1, overlay=absent.overlay))
    return out


def _notice(out: Scanned, hop: Hop, e: list[str], position: int) -> Hop:
    """Says what the hop has to say; returns the hop itself, or that of the variant which an element names."""
    notice = hop.notice
    if notice is not None and notice.by:
        code = e[notice.by] if len(e) > notice.by else ""
        hop = notice.variants.get(code) or notice.variants[""]
        if code not in notice.variants or not code:
            known = ", ".join(sorted(x for x in notice.variants if x))
            out.add(
                Finding(
                    "hl_invalid", e[0], position, notice.by, code, expected=f"must be one of {known}", name="the level"
                )
            )
        notice = hop.notice
    if notice is not None:
        for absent in notice.missing:
            out.add(Finding("segment_missing", absent.segment, position, overlay=absent.overlay))
        if notice.unexpected:
            out.add(Finding("segment_unexpected", e[0], position))
    return hop


def _misplaced(guide: Guide, plan: Plan, table: dict[str, Hop], e: list[str], position: int) -> Finding:
    name = e[0]
    if name in plan.checks:
        code = "segment_out_of_order"
    elif name in guide.known:
        code = "segment_not_in_set"
    else:
        code = "segment_unknown"
    return Finding(code, name[:3], position, value=None if code != "segment_unknown" else name[:40])


def _over(hop: Hop, e: list[str], position: int, stack: list[Any], limit: int) -> Finding:
    path = path_of(hop.spot, stack)
    if hop.size:
        name = hop.spot.ring.name
        return Finding("loop_over_max", e[0], position, path=path, expected=str(limit), loop=name)
    shown = str(limit) if limit != NO_LIMIT else ""
    return Finding("segment_over_max", e[0], position, path=path, expected=shown)


def path_of(spot: Spot, stack: list[Any]) -> str:
    """`/PO1[2]/SAC[1]/SAC`: loops with their occurrence, then the segment."""
    parts: list[str] = []
    ring: Ring | None = spot.ring
    while ring is not None and ring.parent is not None:
        occurrences = stack[ring.depth - 1][ring.slot]
        parts.append(f"{ring.name}[{len(occurrences) if occurrences else 1}]")
        ring = ring.parent
    return "/" + "/".join([*reversed(parts), spot.leaf.seg])


def element_finding(guide: Guide, segment: str, position: int, fault: tuple[Any, ...], path: str | None) -> Finding:
    """A checker's fault with the words that its place needs."""
    code, element, component, repetition, value = fault
    of = guide.segments[segment].of
    use = of[element - 1] if element <= len(of) else None
    number, name, expected = _facts(use, component, code)
    if code in ("element_conditional", "element_exclusive"):
        expected, value = f"syntax note {value}", None
    elif code in ("elements_too_many", "elements_trailing"):
        expected = str(len(of)) if use is None or use.use != "N" else f"those used, {name} is not"
    if code == "date_invalid" and segment == "W17":
        expected = " (date and receipt number of W17 swapped?)"
    return Finding(
        code,
        segment,
        position,
        element,
        value,
        f"{path}{element:02d}" if path else None,
        expected,
        component,
        repetition if use is not None and use.repeat != 1 else None,
        number,
        name,
        overlay=use.overlay if use else False,
    )


def _facts(use: ElementUse | None, component: int | None, code: str) -> tuple[str, str, str]:
    """(data element number, name, what was expected)."""
    if use is None:
        return "", "", ""
    name, repeat = use.name, use.repeat
    if isinstance(use.element, Composite):
        if component is None or component > len(use.element.parts):
            return use.element.number, name, str(len(use.element.parts))
        use = use.element.parts[component - 1]
        name = use.name
    element = use.element
    if isinstance(element, Composite):
        return element.number, name, ""
    if code == "repetitions_too_many":
        return element.number, name, str(repeat)
    if code == "too_short":
        return element.number, name, str(element.low)
    if code == "too_long":
        return element.number, name, str(element.high)
    if code == "character_invalid":
        kind = "a whole number" if element.kind[0] == "N" else _EXPECTED_KIND.get(element.kind, "text")
        return element.number, name, kind
    if code == "code_invalid" and use.codes is not None:
        shown = sorted(use.codes)
        return element.number, name, ", ".join(shown[:12]) + (" ..." if len(shown) > 12 else "")
    return element.number, name, ""
