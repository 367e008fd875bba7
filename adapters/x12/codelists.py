"""Code lists: a foreign code and our word for it, both ways. A word with several codes needs one marked `preferred`, or it cannot be written."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from adapters.x12.model import CodeTable
from adapters.x12.yamltext import Tree

if TYPE_CHECKING:
    from adapters.x12.guide import Faults


def table_of(name: str, raw: Any, faults: Faults) -> CodeTable:
    """`{EA: each, CA: {is: case, preferred: true}}`, in a file under `codes:` or inline."""
    rows = raw.get("codes", raw) if isinstance(raw, Tree) else raw
    if not isinstance(rows, Tree):
        place = raw if isinstance(raw, Tree) else Tree(name, 1)
        faults.at(place, name, "a table is written as {CODE: word}")
        return CodeTable(name=name, words={}, back={})
    words: dict[str, str] = {}
    codes: dict[str, list[str]] = {}
    preferred: dict[str, str] = {}
    for code, row in rows.items():
        word = row.get("is") if isinstance(row, Tree) else row
        if not isinstance(word, str) or not word:
            faults.at(rows, code, "a code needs its word, as text or {is: word, preferred: true}")
            continue
        words[code] = word
        codes.setdefault(word, []).append(code)
        if isinstance(row, Tree) and row.get("preferred") == "true":
            if word in preferred:
                faults.at(rows, code, f"{preferred[word]} is already preferred for {word}")
            preferred[word] = code
    back: dict[str, str] = {}
    for word, known in codes.items():
        if len(known) > 1 and word not in preferred:
            faults.at(rows, known[1], f"not invertible: {', '.join(known)} all mean {word} and none is preferred")
            continue
        back[word] = preferred.get(word, known[0])
    return CodeTable(name=name, words=words, back=back)
