"""Paths into a foreign document: closures for speed, and the same path resolved with its concrete places for reasons and provenance."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from hub.mapping.faults import Fault, type_name
from hub.mapping.grammar import Path, Selector, Step, Value


class Scope:
    """Where an evaluation stands: one for the document, one for each `$each` (its `index` moves) and each `$from`."""

    __slots__ = ("env", "index", "outer", "parent", "place", "root", "sink", "through")

    def __init__(
        self, root: Any, env: Any, sink: Any, *, outer: Scope | None, parent: Any, through: Path | None
    ) -> None:
        self.root = root
        self.env = env
        self.sink = sink  # collects the faults of the document
        self.outer = outer  # the scope in which `through` was read
        self.parent = parent  # the object on which `through` was read
        self.through = through
        self.index = -1  # of the element in the foreign list; -1: not a loop
        self.place = -1  # of the object in our list

    def places(self) -> tuple[int, ...]:
        """Our indices of the loops around, outermost first."""
        found: list[int] = []
        scope: Scope | None = self
        while scope is not None:
            if scope.place >= 0:
                found.append(scope.place)
            scope = scope.outer
        return tuple(reversed(found))

    def loop(self) -> Scope | None:
        """The nearest loop; its `parent` is what `^` means."""
        scope: Scope | None = self
        while scope is not None and scope.index < 0:
            scope = scope.outer
        return scope


Run = Callable[[Any, Scope], Any]
Hit = tuple[str, Any]  # concrete path and the value there


def same(value: Any, literal: Value) -> bool:
    """Equality without Python's True == 1."""
    if isinstance(value, bool) or isinstance(literal, bool):
        return value is literal
    return bool(value == literal)


def wrong_step(value: Any, key: str) -> Fault:
    return Fault("WRONG_SHAPE", value, f"{type_name(value)} has no {key}; expected an object")


# ------------------------------------------------------------------ closures
def compile_path(path: Path) -> Run:
    """A closure (object, scope) -> value, null or list; raises `Fault` WRONG_SHAPE."""
    steps = path.steps
    if path.anchor == "@":
        name = steps[0].key
        return lambda _item, scope: scope.env.get(name)
    inner = _chain(path)
    if path.anchor == "$":
        return lambda _item, scope: inner(scope.root, scope)
    if path.anchor == "^":

        def up(item: Any, scope: Scope) -> Any:
            loop = scope.loop()
            return None if loop is None else inner(loop.parent, scope)

        return up
    return inner


def _chain(path: Path) -> Run:
    if not path.plain:
        many = listed(path.steps)
        return lambda item, _scope: _values(resolve(path.steps, item), many)
    keys = tuple(step.key for step in path.steps)
    if len(keys) == 1:
        return _one(keys[0])
    if len(keys) == 3:
        return _three(keys[0], keys[1], keys[2])
    return lambda item, _scope: _walk(item, keys)


def _one(key: str) -> Run:
    def run(item: Any, scope: Scope) -> Any:
        if type(item) is dict:
            return item.get(key)
        if item is None:
            return None
        raise wrong_step(item, key)

    return run


def _three(first: str, second: str, third: str) -> Run:
    keys = (first, second, third)

    def run(item: Any, scope: Scope) -> Any:
        if type(item) is dict:
            value = item.get(first)
            if type(value) is dict:
                value = value.get(second)
                if type(value) is dict:
                    return value.get(third)
            if value is None:
                return None
        return _walk(item, keys)

    return run


def _walk(item: Any, keys: tuple[str, ...]) -> Any:
    for key in keys:
        if type(item) is dict:
            item = item.get(key)
        elif item is None:
            return None
        else:
            raise wrong_step(item, key)
    return item


# ------------------------------------------------------------------ concrete places
def listed(steps: Iterable[Step]) -> bool:
    """Whether a path gives a list: `[]` or a filter in it, without an index that picks from their result."""
    many = False
    for step in steps:
        after = False
        for selector in step.selectors:
            if selector.kind == "index":
                many = False if after else many
            else:
                many = after = True
    return many


def _values(hits: list[Hit] | None, many: bool) -> Any:
    if many:
        return None if hits is None else [value for _, value in hits if value is not None]
    return hits[0][1] if hits else None


def resolve(steps: tuple[Step, ...], item: Any, base: str = "") -> list[Hit] | None:
    """Every concrete place that the steps lead to. None: the first list on the way is missing, which differs from empty."""
    hits: list[Hit] = [(base, item)]
    many = False
    for step in steps:
        moved: list[Hit] = []
        for place, value in hits:
            if value is None:
                continue
            if type(value) is not dict:
                raise wrong_step(value, step.key)
            moved.append((f"{place}.{step.key}" if place else step.key, value.get(step.key)))
        spreads = any(selector.kind != "index" for selector in step.selectors)
        if spreads and not many and all(value is None for _, value in moved):
            return None
        hits = _selected(moved, step.selectors)
        many = many or spreads
        if not hits and not many:
            return None if listed(steps) else []
    return hits


def _selected(hits: list[Hit], selectors: tuple[Selector, ...]) -> list[Hit]:
    stream = False  # a selector before this one has already spread the list
    for selector in selectors:
        if selector.kind == "index" and stream:
            hits = hits[selector.index : selector.index + 1]
        elif selector.kind == "index":
            hits = [hit for place, value in hits for hit in _spread(place, value)[selector.index : selector.index + 1]]
        else:
            if not stream:
                hits = [hit for place, value in hits for hit in _spread(place, value)]
            if selector.kind == "where":
                hits = [hit for hit in hits if _matches(hit[1], selector)]
            stream = True
    return hits


def _spread(place: str, value: Any) -> list[Hit]:
    if value is None:
        return []
    if type(value) is not list:
        raise Fault("WRONG_SHAPE", value, f"{type_name(value)} is no list")
    return elements((place, value))


def _matches(value: Any, selector: Selector) -> bool:
    if type(value) is not dict:
        raise wrong_step(value, selector.key)
    return same(value.get(selector.key), selector.value)


def origin(scope: Scope) -> str:
    """The concrete path of the object on which this scope's expressions stand; empty for the document."""
    if scope.through is None or scope.outer is None:
        return ""
    hits = places(scope.through, scope.parent, scope.outer)
    if scope.index < 0:
        return hits[0][0] if hits else ""
    if not listed(scope.through.steps) and len(hits) == 1:
        hits = elements(hits[0])
    kept = [hit for hit in hits if hit[1] is not None]
    return kept[scope.index][0] if scope.index < len(kept) else ""


def elements(hit: Hit) -> list[Hit]:
    """The places inside a list."""
    place, value = hit
    return [(f"{place}[{index}]", element) for index, element in enumerate(value)] if type(value) is list else [hit]


def places(path: Path, item: Any, scope: Scope, base: str | None = None) -> list[Hit]:
    """The concrete places of any path as it stands in this scope; never raises. `base`: where `item` is, if not the scope's object."""
    if path.anchor == "@":
        return [(f"@{path.steps[0].key}", scope.env.get(path.steps[0].key))]
    if path.anchor == "$":
        item, base = scope.root, ""
    elif path.anchor == "^":
        loop = scope.loop()
        if loop is None or loop.outer is None:
            return []
        item, base = loop.parent, origin(loop.outer)
    elif base is None:
        base = origin(scope)
    try:
        hits = resolve(path.steps, item, base)
    except Fault as fault:
        return [(written(path, base), fault.value)]
    return hits or [(written(path, base), None)]


def written(path: Path, base: str = "") -> str:
    """The path as it is written, after its base."""
    keys = ".".join(step.key + "".join(_mark(selector) for selector in step.selectors) for step in path.steps)
    return f"{base}.{keys}" if base and not path.anchor else keys


def _mark(selector: Selector) -> str:
    marks = {"all": "[]", "index": f"[{selector.index}]", "where": f"[{selector.key}={selector.value!r}]"}
    return marks[selector.kind]
