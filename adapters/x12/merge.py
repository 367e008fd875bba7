"""Differences laid over a guide: a version that extends another, and a partner's overlay. Trees in, a new tree out; nothing is judged here."""

from __future__ import annotations

from typing import Any

from adapters.x12.yamltext import BadGuide, Fault, Items, Tree


def over(under: Tree, upper: Tree, *, overlay: bool = False) -> Tree:
    """`upper` wins. `overlay`: what it demands is marked, so that a 999 can say so."""
    merged = under.copy()
    for key, value in upper.items():
        merged.put(key, _joined(key, merged.get(key), value, overlay=overlay), upper.where(key))
    return merged


def _joined(key: str, old: Any, value: Any, *, overlay: bool) -> Any:
    if key == "segments" and isinstance(old, Tree) and isinstance(value, Tree):
        return _segments(old, value, overlay=overlay)
    if key == "structure" and isinstance(old, Items) and isinstance(value, Items):
        return _structure(old, value, overlay=overlay)
    if isinstance(old, Tree) and isinstance(value, Tree):
        return _keys(old, value)
    if key in ("checks", "require", "tolerate") and isinstance(old, Items) and isinstance(value, Items):
        joined = Items(value.file, value.line)
        joined.extend([*old, *value])
        return joined
    return value


def _keys(under: Tree, upper: Tree) -> Tree:
    merged = under.copy()
    for key, value in upper.items():
        merged.put(key, value, upper.where(key))
    return merged


def _segments(under: Tree, upper: Tree, *, overlay: bool) -> Tree:
    """A segment is replaced when its elements (`of`) are given, else its numbered elements are changed one by one."""
    merged = under.copy()
    for name, change in upper.items():
        old = merged.get(name)
        if isinstance(old, Tree) and isinstance(change, Tree) and "of" not in change:
            merged.put(name, _elements(old, change, overlay=overlay), upper.where(name))
        else:
            merged.put(name, change, upper.where(name))
    return merged


def _elements(old: Tree, change: Tree, *, overlay: bool) -> Tree:
    merged = old.copy()
    of = Items(change.file, change.line)
    of.extend(old.get("of") or [])
    for key, value in change.items():
        if not key.isdigit():
            merged.put(key, value, change.where(key))
            continue
        at = int(key)
        if not 1 <= at <= len(of) + 1:
            raise BadGuide([Fault(*change.where(key), key, f"the segment has {len(of)} elements")])
        row = _row(of[at - 1], change) if at <= len(of) else Tree(*change.where(key))
        if isinstance(value, Tree):
            for part, text in value.items():
                row.put(part, text, value.where(part))
        if overlay:
            row.put("overlay", "true", change.where(key))
        of[at - 1 : at] = [row]
    merged.put("of", of, old.where("of"))
    return merged


def _row(element: Any, change: Tree) -> Tree:
    if isinstance(element, Tree):
        return element.copy()
    row = Tree(change.file, change.line)
    row.update(zip(("e", "use"), str(element).split(), strict=False))
    return row


def _structure(under: Items, upper: Items, *, overlay: bool) -> Items:
    """Rows `{at: PO1/SDQ, use: O, max: 500}` (`HL/P/MAN`: in one variant) change or add one place; a list without `at` replaces the structure."""
    if not any(isinstance(row, Tree) and "at" in row for row in upper):
        return upper
    merged = _deep(under)
    for row in upper:
        if isinstance(row, Tree) and "at" in row:
            _place(merged, row, overlay=overlay)
    return merged


def _deep(rows: Items) -> Items:
    out = Items(rows.file, rows.line)
    for row in rows:
        twin = row.copy() if isinstance(row, Tree) else row
        if isinstance(twin, Tree) and isinstance(twin.get("of"), Items):
            twin.put("of", _deep(twin["of"]), twin.where("of"))
        if isinstance(twin, Tree) and isinstance(twin.get("variants"), Tree):
            bodies = twin["variants"].copy()
            for code, body in bodies.items():
                bodies.put(code, _deep(body) if isinstance(body, Items) else body, bodies.where(code))
            twin.put("variants", bodies, twin.where("variants"))
        out.append(twin)
    return out


def _place(rows: Items, change: Tree, *, overlay: bool) -> None:
    *loops, name = str(change["at"]).split("/")
    variants: Tree | None = None
    for loop in loops:
        if variants is not None:
            inner, variants = variants.get(loop), None
        else:
            found = next((r for r in rows if isinstance(r, Tree) and r.get("loop") == loop), Tree("", 0))
            variants = found["variants"] if isinstance(found.get("variants"), Tree) else None
            inner = rows if variants is not None else found.get("of")
        if not isinstance(inner, Items):
            raise BadGuide([Fault(*change.where("at"), "at", f"there is no loop {loop} in the structure")])
        rows = inner
    if variants is not None:
        raise BadGuide([Fault(*change.where("at"), "at", f"one of {', '.join(variants)} follows {loops[-1]}")])
    row = next((r for r in rows if isinstance(r, Tree) and name in (r.get("seg"), r.get("loop"))), None)
    if row is None:
        if "after" in change and not any(
            isinstance(r, Tree) and r.get("seg", r.get("loop")) == change["after"] for r in rows
        ):
            raise BadGuide([Fault(*change.where("after"), "after", f"there is no {change['after']} beside {name}")])
        row = Tree(*change.where("at"))
        row.put("seg", name, change.where("at"))
        after = next(
            (
                i
                for i, r in enumerate(rows)
                if isinstance(r, Tree) and r.get("seg", r.get("loop")) == change.get("after")
            ),
            len(rows) - 1,
        )
        rows.insert(after + 1, row)
    for key, value in change.items():
        if key not in ("at", "after"):
            row.put(key, value, change.where(key))
    if overlay:
        row.put("overlay", "true", change.where("at"))
