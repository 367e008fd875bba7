"""What a guide says, as plain facts: elements, segments with their syntax notes, and the structure of a set. No behavior."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal

from adapters.x12.yamltext import Tree

Usage = Literal["M", "O", "C", "N"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Element:
    """A row of the data element dictionary. `kind`: AN ID DT TM R B or N0..N9 (implied decimals)."""

    number: str
    kind: str
    low: int
    high: int
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Composite:
    number: str
    name: str
    parts: tuple[ElementUse, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ElementUse:
    """An element at one position of a segment. `codes` None: any value; `repeat` 1: does not repeat; `cut`: may be shortened on writing."""

    element: Element | Composite
    use: Usage
    codes: frozenset[str] | None = None
    repeat: int = 1
    cut: bool = False
    overlay: bool = False
    name: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """A syntax note: P paired, R one required, C conditional, E exclusive, L list conditional."""

    kind: str
    at: tuple[int, ...]

    def __str__(self) -> str:
        return self.kind + "".join(f"{x:02d}" for x in self.at)


@dataclass(frozen=True, slots=True, kw_only=True)
class SegmentSpec:
    """`pairs`: (first, last) position of qualifier and value pairs, both absent or both there."""

    id: str
    name: str
    of: tuple[ElementUse, ...]
    notes: tuple[Note, ...] = ()
    pairs: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Leaf:
    seg: str
    use: Usage
    max: int  # 0: no limit
    overlay: bool = False

    @property
    def opener(self) -> str:
        return self.seg


@dataclass(frozen=True, slots=True, kw_only=True)
class Loop:
    """The first of `of` opens it. With `by` (HL.03) the rest depends on that element's value: `variants`."""

    name: str
    use: Usage
    max: int
    of: tuple[Leaf | Loop, ...]
    by: int = 0
    variants: Mapping[str, tuple[Leaf | Loop, ...]] = field(default_factory=dict)
    overlay: bool = False

    @property
    def opener(self) -> str:
        return self.of[0].opener


@dataclass(frozen=True, slots=True, kw_only=True)
class Guide:
    """One set in one version, overlays applied. `tables`: code lists by name, code -> canonical word."""

    set: str
    version: str
    group: str
    title: str
    document: str
    segments: Mapping[str, SegmentSpec]
    known: frozenset[str]  # segment ids of the whole version
    structure: tuple[Leaf | Loop, ...]
    map: Tree
    checks: tuple[Tree, ...]
    require: tuple[Tree, ...]
    tolerate: frozenset[str]
    tables: Mapping[str, CodeTable]
    file: str
    fingerprint: str = ""

    @property
    def key(self) -> str:
        return f"{self.version}/{self.set}"


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeTable:
    """A list of codes with our word for each; `back` only where a word has exactly one (preferred) code."""

    name: str
    words: Mapping[str, str]
    back: Mapping[str, str]


def leaves(nodes: tuple[Leaf | Loop, ...]) -> Iterator[Leaf]:
    for node in nodes:
        if isinstance(node, Leaf):
            yield node
        else:
            yield from leaves(node.of)
            for body in node.variants.values():
                yield from leaves(body)
