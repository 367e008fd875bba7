"""Where a value came from: for reasons, provenance and coverage. Slow beside the closures and asked for only then."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from hub.mapping.build import open_each, open_object
from hub.mapping.faults import CAP, HIDDEN, Fault, Reason, shown, type_name
from hub.mapping.functions import Compiled
from hub.mapping.grammar import Call, First, Literal, Path
from hub.mapping.paths import Hit, Scope, elements, listed, places
from hub.mapping.plan import LeafPlan, ObjectPlan
from hub.mapping.targets import is_personal


@dataclass(frozen=True, slots=True)
class Origin:
    """Provenance of one canonical leaf. `alternative`: which side of `??` was taken, from 0."""

    at: str
    sources: tuple[str, ...]
    alternative: int | None
    table: str | None
    file: str
    line: int
    value: Any
    computed: bool = False  # by the hub, from other fields

    def as_dict(self) -> dict[str, Any]:
        return {
            "sources": list(self.sources),
            "alternative": self.alternative,
            "table": self.table,
            "file": self.file,
            "line": self.line,
            "computed": self.computed,
        }


def taken(compiled: Compiled, item: Any, scope: Scope) -> tuple[Compiled, int | None]:
    """The side of `??` that gives the value or the fault; the whole where none does."""
    if not isinstance(compiled.expr, First):
        return compiled, None
    for number, option in enumerate(compiled.args):
        try:
            if option.run(item, scope) is not None:
                return option, number
        except Fault:
            return option, number
    return compiled, None


def sources(compiled: Compiled, item: Any, scope: Scope, base: str | None = None) -> list[Hit]:
    """The concrete places that fed a value, or all that were looked at where there is none."""
    expr = compiled.expr
    if isinstance(expr, Literal):
        return []
    if isinstance(expr, Path):
        return places(expr, item, scope, base)
    option, _ = taken(compiled, item, scope)
    if option is not compiled:
        return sources(option, item, scope, base)
    if not compiled.each:
        return [hit for arg in compiled.args for hit in sources(arg, item, scope, base)]
    values = compiled.args[0]
    hits = sources(values, item, scope, base)
    if isinstance(values.expr, Path) and not listed(values.expr.steps):
        hits = [inner for hit in hits for inner in elements(hit)]
    return [found for place, value in hits for found in sources(compiled.args[1], value, scope, place)] or hits


def place_of(at: str, scope: Scope) -> str:
    """The canonical path with our indices: `lines[].sku` in the second line is `lines[1].sku`."""
    for index in scope.places():
        at = at.replace("[]", f"[{index}]", 1)
    return at.removesuffix("[]")


class Sink:
    """Collects the faults of one document as reasons; after the cap it only counts."""

    def __init__(self, hidden: frozenset[str]) -> None:
        self.hidden = hidden
        self.reasons: list[Reason] = []
        self.more = 0
        self.faulty: set[str] = set()

    def fault(
        self, plan: LeafPlan | ObjectPlan, compiled: Compiled | None, item: Any, scope: Scope, fault: Fault
    ) -> None:
        at = place_of(plan.at, scope)
        self.faulty.add(at)
        if len(self.reasons) >= CAP:
            self.more += 1
            return
        hits: list[Hit] = sources(compiled, item, scope) if compiled else []
        guilty = next((hit for hit in hits if hit[1] is fault.value), hits[0] if hits else None)
        if fault.code == "MISSING":
            source, value = (" ?? ".join(dict.fromkeys(place for place, _ in hits)) or None), "null"
        else:
            # a text in the place of an object may be a whole address: only its type is told
            value = type_name(fault.value) if fault.code == "WRONG_SHAPE" else shown(fault.value)
            source = guilty[0] if guilty else None
        private = plan.at in self.hidden or is_personal(plan.at)
        self.add(
            Reason(
                code=fault.code,
                at=at,
                source=source,
                value=HIDDEN if private and value != "null" else value,
                file=plan.file,
                line=plan.line,
                message=fault.expected,
                table=fault.table,
            )
        )

    def add(self, reason: Reason) -> None:
        if len(self.reasons) >= CAP:
            self.more += 1
        else:
            self.reasons.append(reason)


def origins(plan: ObjectPlan, item: Any, scope: Scope) -> Iterator[Origin]:
    """Provenance of every leaf that the plan builds from this document."""
    opened = open_object(plan, item, scope)
    if opened is None:
        return
    inner, standing = opened
    for leaf in plan.leaves:
        option, number = taken(leaf.compiled, inner, standing)
        try:
            value = leaf.compiled.run(inner, standing)
        except Fault:
            value = None
        hits = sources(option, inner, standing)
        table = _table(option)
        at = place_of(leaf.at, standing)
        yield Origin(at, tuple(dict.fromkeys(p for p, _ in hits)), number, table, leaf.file, leaf.line, value)
    for child in plan.objects:
        if child.each is None:
            yield from origins(child, inner, standing)
            continue
        for element, loop in open_each(child, inner, standing):
            yield from origins(child, element, loop)


def _table(compiled: Compiled) -> str | None:
    expr = compiled.expr
    if isinstance(expr, Call) and expr.name == "map" and isinstance(expr.args[1], Path):
        return expr.args[1].steps[0].key
    return None


def touched(plan: ObjectPlan, item: Any, scope: Scope) -> Iterator[str]:
    """Every concrete place that any expression of the plan looks at, whichever side of `??` gave the value."""
    if plan.when is not None:
        yield from _looked(plan.when, item, scope)
    opened = open_object(plan, item, scope)
    if opened is None:
        return
    inner, standing = opened
    for leaf in plan.leaves:
        yield from _looked(leaf.compiled, inner, standing)
    for child in plan.objects:
        if child.each is None:
            yield from touched(child, inner, standing)
            continue
        yield from _filters(child.each, inner, standing)
        for element, loop in open_each(child, inner, standing):
            yield from touched(child, element, loop)


def _looked(compiled: Compiled, item: Any, scope: Scope, base: str | None = None) -> Iterator[str]:
    expr = compiled.expr
    if isinstance(expr, Path):
        yield from (place for place, _ in places(expr, item, scope, base))
        yield from _filters(expr, item, scope, base)
    elif compiled.each:
        values = compiled.args[0]
        yield from _looked(values, item, scope, base)
        hits = sources(values, item, scope, base)
        if isinstance(values.expr, Path) and not listed(values.expr.steps):
            hits = [inner for hit in hits for inner in elements(hit)]
        for place, value in hits:
            yield from _looked(compiled.args[1], value, scope, place)
    else:
        for arg in compiled.args:
            yield from _looked(arg, item, scope, base)


def _filters(path: Path, item: Any, scope: Scope, base: str | None = None) -> Iterator[str]:
    """The keys that filters of a path look at, in every element."""
    for number, step in enumerate(path.steps):
        for position, selector in enumerate(step.selectors):
            if selector.kind != "where":
                continue
            cut = type(step)(step.key, step.selectors[:position])
            upto = Path(path.anchor, (*path.steps[:number], cut))
            for hit in places(upto, item, scope, base):
                yield from (f"{place}.{selector.key}" for place, _ in elements(hit))
