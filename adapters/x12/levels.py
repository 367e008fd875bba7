"""HL both ways: the flat list of levels in a file, and documents that hold their children (`shipments[].orders[].packages[].lines[]`)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

Reader = tuple[str, Callable[[list[Any], int, Any], dict[str, Any]]]
Putter = tuple[str, Callable[[Mapping[str, Any], int, Any], list[Any]]]
MARKED = "hl_marks"  # the file says in HL04 whether a level has children


def nest(instances: Sequence[list[Any]], readers: Mapping[str, Reader], context: Any, document: dict[str, Any]) -> None:
    """Hang each level under its parent; one without a known parent hangs under the document."""
    known: dict[str, dict[str, Any]] = {}
    for position, instance in enumerate(instances, 1):
        e = instance[0]
        number, parent, code = (e[i] if len(e) > i else "" for i in (1, 2, 3))
        reader = readers.get(code)
        if reader is None:
            continue
        name, read = reader
        entry = read(instance, position, context)
        known[number.lstrip("0")] = entry
        known.get(parent.lstrip("0"), document).setdefault(name, []).append(entry)
        if len(e) > 4 and e[4]:
            document[MARKED] = True


def unnest(document: Mapping[str, Any], putters: Mapping[str, Putter], context: Any) -> list[list[Any]]:
    """Depth first, numbered from 1; children of one level in the order in which the guide names the levels."""
    out: list[list[Any]] = []
    marked = bool(document.get(MARKED))
    levels = [(code, name, put) for code, (name, put) in putters.items()]
    below = frozenset(name for name, _ in putters.values())

    def put_children(holder: Mapping[str, Any], parent: str) -> bool:
        before = len(out)
        for code, name, put in levels:
            for entry in holder.get(name) or ():
                count = len(out) + 1
                number = str(count)
                instance = put(entry, count, context)
                instance[0] = ["HL", number, parent, code]
                out.append(instance)
                has_child = not below.isdisjoint(entry) and put_children(entry, number)
                if marked:
                    instance[0].append("1" if has_child else "0")
        return len(out) > before

    put_children(document, "")
    return out
