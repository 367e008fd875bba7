"""One checker function per segment type, generated as source from the guide: presence, length, type, codes, notes. Values enter by `repr` only."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from typing import Any

from adapters.x12.model import Composite, Element, ElementUse, Note, SegmentSpec

# check(elements, bad, component separator, repetition separator): appends (code, element, component, repetition, value)
Check = Callable[[list[str], list[Any], str, str], None]

_REAL = re.compile(r"-?(?:[0-9]+\.?[0-9]*|\.[0-9]+)\Z").match
_WHOLE = re.compile(r"-?[0-9]+\Z").match
_TIME = re.compile(r"(?:[01][0-9]|2[0-3])[0-5][0-9](?:[0-5][0-9](?:[0-9]{1,2})?)?\Z").match
_KEPT = 65_536


class Dates(dict[str, str]):
    """X12 date text -> ISO text, empty when it is no date. Six digits: 00-49 is 20xx. Forgets all when full, keeps no long text."""

    def __missing__(self, text: str) -> str:
        if len(text) not in (6, 8):
            return ""
        full = text if len(text) == 8 else ("20" if text[:2] < "50" else "19") + text
        iso = ""
        if full.isascii() and full.isdigit():
            try:
                iso = date(int(full[:4]), int(full[4:6]), int(full[6:])).isoformat()
            except ValueError:
                iso = ""
        if len(self) >= _KEPT:
            self.clear()
        self[text] = iso
        return iso


DATES = Dates()


def compile_check(spec: SegmentSpec) -> Check:
    lines = ["def check(e, bad, comp, rep):", " n = len(e)"]
    names: dict[str, Any] = {"REAL": _REAL, "WHOLE": _WHOLE, "TIME": _TIME, "DATES": DATES}
    count = len(spec.of)
    lines += [
        f" if n > {count + 1}:",
        f"  bad.append((('elements_too_many' if any(e[{count + 1}:]) else 'elements_trailing'), {count + 1}, None, None, None))",
    ]
    last_mandatory = max((i for i, use in enumerate(spec.of, 1) if use.use == "M"), default=0)
    for i in range(1, last_mandatory + 1):
        lines += [f" v = e[{i}] if n > {i} else ''"]
        lines += _element(spec.of[i - 1], i, " ", names)
    pad, notes = " ", _notes(spec)
    for i in range(last_mandatory + 1, count + 1):
        lines += [f"{pad}if n > {i}:", f"{pad} v = e[{i}]"]
        pad += " "
        lines += [pad + line for note in notes.pop(i, ()) for line in _note(note)]
        lines += _element(spec.of[i - 1], i, pad, names)
        if spec.pairs and spec.pairs[0] <= i < spec.pairs[1] and (i - spec.pairs[0]) % 2 == 0:
            lines += _pair(i, pad)
        if len(pad) > 60:  # beyond what Python nests: from here each element asks for itself
            lines += [f" if n > {i}: rest_{i}(e, n, bad, comp, rep)"]
            names[f"rest_{i}"] = _rest(spec, i + 1)
            break
    lines += [" " + line for group in notes.values() for note in group for line in _note(note)]
    check: Check = _function("check", lines, names)
    return check


def _rest(spec: SegmentSpec, start: int) -> Callable[..., None]:
    lines = ["def rest(e, n, bad, comp, rep):"]
    names: dict[str, Any] = {"REAL": _REAL, "WHOLE": _WHOLE, "TIME": _TIME, "DATES": DATES}
    for i in range(start, len(spec.of) + 1):
        lines += [f" if n <= {i}: return", f" v = e[{i}]", *_element(spec.of[i - 1], i, " ", names)]
        if spec.pairs and spec.pairs[0] <= i < spec.pairs[1] and (i - spec.pairs[0]) % 2 == 0:
            lines += _pair(i, " ")
    rest: Callable[..., None] = _function("rest", [*lines, " return"], names)
    return rest


def _function(name: str, lines: list[str], names: dict[str, Any]) -> Any:
    exec(compile("\n".join(lines), f"<guide {name}>", "exec"), names)  # noqa: S102 - source made here, foreign text enters as repr only
    return names[name]


def _element(use: ElementUse, i: int, pad: str, names: dict[str, Any]) -> list[str]:
    """Lines that check `v`, element `i`."""
    if use.use == "N":
        return [f"{pad}if v: bad.append(('elements_too_many', {i}, None, None, v))"]
    lines = [f"{pad}if v:"]
    inner = pad + " "
    if isinstance(use.element, Composite):
        names[f"composite_{i}"] = _composite(use.element, i)
        many = f"composite_{i}(v, bad, comp, 1)"
        if use.repeat != 1:
            many = f"[composite_{i}(x, bad, comp, k) for k, x in enumerate(v.split(rep) if rep else [v], 1)]"
        lines.append(f"{inner}{many}")
    elif use.repeat != 1:
        names[f"part_{i}"] = _part(use, use.element, i)
        lines += [
            f"{inner}parts = v.split(rep) if rep else [v]",
            f"{inner}if 0 < {use.repeat} < len(parts): bad.append(('repetitions_too_many', {i}, None, None, v))",
            f"{inner}for k, x in enumerate(parts, 1): part_{i}(x, bad, None, k)",
        ]
    else:
        lines += _value(use, use.element, names, pad=inner, place=f"{i}, None, None, v", codes=f"CODES_{i}")
    if use.use == "M":
        lines.append(f"{pad}else: bad.append(('element_missing', {i}, None, None, None))")
    return lines


def _value(use: ElementUse, element: Element, names: dict[str, Any], *, pad: str, place: str, codes: str) -> list[str]:
    kind, low, high = element.kind, element.low, element.high
    if kind == "DT":
        return [f"{pad}if not DATES[v] or not {low} <= len(v) <= {high}: bad.append(('date_invalid', {place}))"]
    if kind == "TM":
        return [f"{pad}if not TIME(v): bad.append(('time_invalid', {place}))"]
    if use.codes is not None:
        names[codes] = use.codes
    numeric = kind == "R" or kind[0] == "N"
    size = "k" if numeric else "len(v)"
    wrong = f"'too_short' if {size} < {low} else 'too_long'"
    if use.codes is not None and not numeric and all(low <= len(code) <= high for code in use.codes):
        why = f"'code_invalid' if {low} <= len(v) <= {high} else {wrong}"  # one look is enough for what is right
        return [f"{pad}if v not in {codes}: bad.append(({why}, {place}))"]
    lines = _digits(kind, pad, place) if numeric else []
    if low == high:
        lines.append(f"{pad}if {size} != {low}: bad.append(({wrong}, {place}))")
    elif low == 1:
        lines.append(f"{pad}if {size} > {high}: bad.append(('too_long', {place}))")
    else:
        lines.append(f"{pad}if not {low} <= {size} <= {high}: bad.append(({wrong}, {place}))")
    if use.codes is not None:
        word = "if" if numeric else "elif"
        lines.append(f"{pad}{word} v not in {codes}: bad.append(('code_invalid', {place}))")
    return lines


def _digits(kind: str, pad: str, place: str) -> list[str]:
    """Lines that count the digits of `v` as `k`. Most numbers are whole; of those that are not a point is frequent, a sign rare."""
    lines = [f"{pad}k = len(v)", f"{pad}if not (v.isdigit() and v.isascii()):"]
    odd = pad + " "
    if kind == "R":
        lines += [f"{odd}digits = v.replace('.', '', 1)", f"{odd}k -= 1"]
        lines += [f"{odd}if not (len(digits) == k and digits.isdigit() and digits.isascii()):"]
        odd += " "
    test = "REAL" if kind == "R" else "WHOLE"
    return [
        *lines,
        f"{odd}k = len(v) - v.count('-') - v.count('.')",
        f"{odd}if not {test}(v): bad.append(('character_invalid', {place}))",
    ]


def _part(use: ElementUse, element: Element, i: int) -> Callable[..., None]:
    names: dict[str, Any] = {"REAL": _REAL, "WHOLE": _WHOLE, "TIME": _TIME, "DATES": DATES}
    lines = ["def part(v, bad, c, k0):"]
    body = _value(use, element, names, pad="  ", place=f"{i}, c, k0, v", codes="CODES")
    part: Callable[..., None] = _function("part", [*lines, " if v:", *body, " return"], names)
    return part


def _composite(composite: Composite, i: int) -> Callable[..., None]:
    parts = [
        _part(use, use.element, i) if isinstance(use.element, Element) and use.use != "N" else None
        for use in composite.parts
    ]
    needed = frozenset(k for k, use in enumerate(composite.parts, 1) if use.use == "M")

    def check(v: str, bad: list[Any], comp: str, repetition: int) -> None:
        values = v.split(comp) if comp else [v]
        if len(values) > len(parts):
            bad.append(("components_too_many", i, None, repetition, v))
        for k, part in enumerate(parts, 1):
            value = values[k - 1] if k <= len(values) else ""
            if value and part is not None:
                part(value, bad, k, repetition)
            elif not value and k in needed:
                bad.append(("element_missing", i, k, repetition, None))

    return check


def _pair(i: int, pad: str) -> list[str]:
    """A qualifier without its value, or the other way round; `v` holds the qualifier."""
    return [
        f"{pad}if not (v and n > {i + 1} and e[{i + 1}]) and (v == '') != (n <= {i + 1} or e[{i + 1}] == ''):",
        f"{pad} bad.append(('element_conditional', {i + 1} if v else {i}, None, None, 'P{i:02d}{i + 1:02d}'))",
    ]


def _notes(spec: SegmentSpec) -> dict[int, list[Note]]:
    """By the element without which a note has nothing to say, so that short segments are not asked; 0: it always has. What the pairs say
    already is not said twice.
    """
    first, last = spec.pairs or (0, 0)
    own = {(i, i + 1) for i in range(first, last, 2)} if first else set()
    found: dict[int, list[Note]] = {}
    for note in spec.notes:
        if note.kind != "P" or note.at not in own:
            place = 0 if note.kind == "R" else min(note.at) if note.kind in "PE" else note.at[0]
            found.setdefault(place, []).append(note)
    return found


def _note(note: Note) -> list[str]:
    """The finding's value carries the note's text; it is moved to what was expected when the finding is made."""
    there = [f"(n > {x} and e[{x}] != '')" for x in note.at]
    text = repr(str(note))
    first, rest = there[0], there[1:]

    def say(condition: str, code: str, at: str) -> list[str]:
        return [f"if {condition}: bad.append(({code!r}, {at}, None, None, {text}))"]

    absent = f"next(x for x in {note.at!r} if n <= x or e[x] == '')"
    if note.kind == "P":
        count = " + ".join(there)
        whole = " and ".join([f"n > {max(note.at)}", *(f"e[{x}]" for x in note.at)])
        return [
            f"if not ({whole}) and 0 < {count} < {len(there)}: bad.append(('element_conditional', {absent}, None, None, {text}))"
        ]
    if note.kind == "R":
        return say(f"not ({' or '.join(there)})", "element_conditional", str(note.at[0]))
    if note.kind == "C":
        return say(
            f"{first} and not ({' and '.join(rest)})",
            "element_conditional",
            f"next(x for x in {note.at[1:]!r} if n <= x or e[x] == '')",
        )
    if note.kind == "L":
        return say(f"{first} and not ({' or '.join(rest)})", "element_conditional", str(note.at[1]))
    return say(f"{' + '.join(there)} > 1", "element_exclusive", f"[x for x in {note.at!r} if n > x and e[x] != ''][1]")
