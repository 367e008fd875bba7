"""Code lists: a foreign code and our word for it, both ways. A word with several codes needs one marked `preferred`, or it cannot be written.
A partner's own codes lie over a list: what it says for a word is what it gets.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from adapters.x12.model import CodeTable
from adapters.x12.yamltext import BadGuide, Fault, Tree

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


def laid_over(lists: Mapping[str, Tree], own: Tree) -> dict[str, Tree]:
    """The lists with a partner's codes `{unit: {BX: CT}}` in them. Raises `BadGuide` for a list or a word that there is not."""
    found, faults = dict(lists), list[Fault]()
    for name, rows in own.items():
        if name not in lists:
            reason = f"there is no such code list, there are {', '.join(sorted(lists))}"
            faults.append(Fault(*own.where(name), name, reason))
        elif not isinstance(rows, Tree):
            faults.append(Fault(*own.where(name), name, "is written as {CODE: word}"))
        else:
            found[name] = _merged(lists[name], rows, faults)
    if faults:
        raise BadGuide(faults)
    return found


def _merged(base: Tree, own: Tree, faults: list[Fault]) -> Tree:
    """A word that the partner has a code for is written with that one, the first of several; codes of ours are still read."""
    merged = (base["codes"] if isinstance(base.get("codes"), Tree) else base).copy()
    known = {_word(row) for row in merged.values()}
    said: set[str] = set()
    for code, row in own.items():
        word = _word(row)
        if word not in known and word != code:
            faults.append(Fault(*own.where(code), code, f"{word!r} is none of {', '.join(sorted(known))}"))
            continue
        for other, there in merged.items():
            if other != code and word not in said and _word(there) == word:
                merged[other] = word
        merged.put(code, _preferred(own, word) if word not in said else word, own.where(code))
        said.add(word)
    return merged


def _word(row: Any) -> str:
    return str(row.get("is", "") if isinstance(row, Tree) else row)


def _preferred(own: Tree, word: str) -> Tree:
    row = Tree(own.file, own.line)
    row.update({"is": word, "preferred": "true"})
    return row
