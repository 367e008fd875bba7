"""What a mapping's `fields` mean: a tree of leaves and objects, each with its canonical place and the line that asked for it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from hub.mapping.functions import Compiled
from hub.mapping.grammar import Call, Expr, First, Path
from hub.mapping.paths import written
from hub.mapping.targets import Shape


@dataclass(frozen=True, slots=True, kw_only=True)
class LeafPlan:
    """`at` is the canonical place with `[]` for each loop."""

    key: str
    at: str
    shape: Shape
    compiled: Compiled
    file: str
    line: int

    def source(self) -> str | None:
        """The paths that the expression may read, as written."""
        return " ?? ".join(written(path) for path in paths_of(self.compiled.expr)) or None


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectPlan:
    key: str
    at: str
    shape: Shape
    leaves: tuple[LeafPlan, ...]
    objects: tuple[ObjectPlan, ...]
    file: str
    line: int
    when: Compiled | None = None
    each: Path | None = None
    start: Path | None = None  # $from

    def walk(self) -> Iterator[LeafPlan]:
        """All leaves below, in the order of the file."""
        yield from self.leaves
        for child in self.objects:
            yield from child.walk()


def paths_of(expr: Expr) -> Iterator[Path]:
    """Every path in an expression; the table's name in `map` is none."""
    if isinstance(expr, Path):
        yield expr
    elif isinstance(expr, First):
        for option in expr.options:
            yield from paths_of(option)
    elif isinstance(expr, Call):
        for arg in expr.args[:1] if expr.name == "map" else expr.args:
            yield from paths_of(arg)
