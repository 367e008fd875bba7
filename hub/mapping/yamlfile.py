"""Reads a mapping file into nodes that know their line, and refuses what YAML would silently change into something else."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError
from ruamel.yaml.nodes import MappingNode, ScalarNode

from hub.mapping.faults import MappingRefused, Trap

_LIMIT = 1024 * 1024  # bytes of a mapping file
_TAG = "tag:yaml.org,2002:"
_CALL = re.compile(r"[a-z_]+\(")


@dataclass(frozen=True, slots=True)
class Scalar:
    """A leaf: its text, its line (from 1) and whether it was quoted. `kind`: str, int, bool or null."""

    text: str
    line: int
    kind: str
    quoted: bool


@dataclass(frozen=True, slots=True)
class Sequence:
    items: tuple[Node, ...]
    line: int


@dataclass(frozen=True, slots=True)
class Table:
    """A YAML mapping, keys in order; `flow`: written inside braces."""

    entries: dict[str, Node]
    line: int
    flow: bool
    lines: dict[str, int]  # key -> its line

    def get(self, key: str) -> Node | None:
        return self.entries.get(key)


Node = Scalar | Sequence | Table


def read_yaml(text: str, file: str) -> Table:
    """The file's top table. Raises `MappingRefused` with every trap found and its line."""
    traps: list[Trap] = []
    if len(text) > _LIMIT:
        raise MappingRefused([Trap(file, 1, "larger than 1 MiB")])
    for number, line in enumerate(text.splitlines(), 1):
        if "\t" in line:
            traps.append(Trap(file, number, "a tab: indent with spaces"))
    if traps:
        raise MappingRefused(traps)
    try:
        top = YAML(typ="safe", pure=True).compose(text)
    except (MarkedYAMLError, ValueError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        reason = getattr(error, "problem", None) or "not YAML"
        raise MappingRefused([Trap(file, mark.line + 1 if mark else 1, f"not YAML: {reason}")]) from error
    if not isinstance(top, MappingNode) or top.anchor:
        raise MappingRefused([Trap(file, 1, "expected keys and values at the top")])
    table = _table(top, file, traps)
    if traps:
        raise MappingRefused(traps)
    return table


def _node(node: Any, file: str, traps: list[Trap]) -> Node:
    line = node.start_mark.line + 1
    if node.anchor:  # not descended into: an alias may lead back here a billion times
        traps.append(Trap(file, line, "anchors and aliases are refused: write it out"))
        return Scalar("", line, "null", quoted=False)
    if isinstance(node, MappingNode):
        return _table(node, file, traps)
    if not isinstance(node, ScalarNode):
        return Sequence(tuple(_node(item, file, traps) for item in node.value), line)
    quoted = node.style in ("'", '"', "|", ">")
    kind = str(node.tag).removeprefix(_TAG)
    text = str(node.value)
    if not quoted:
        refused = _changed(kind, text)
        if refused:
            traps.append(Trap(file, line, refused))
    return Scalar(text, line, "str" if quoted else kind, quoted)


def _changed(kind: str, text: str) -> str | None:
    """Why a plain scalar is not what it looks like, or None."""
    bare = text.lstrip("+-")
    if kind == "int" and bare != "0" and (bare.startswith("0") or "_" in bare):
        return f"{text} would lose its leading zeros or base: quote it"
    if kind in ("float", "timestamp"):
        word = "a float" if kind == "float" else "a date"
        return f"{text} would become {word}: quote it"
    if kind not in ("str", "int", "bool", "null"):
        return f"a value of kind {kind} is refused"
    return None


def _table(node: Any, file: str, traps: list[Trap]) -> Table:
    entries: dict[str, Node] = {}
    lines: dict[str, int] = {}
    for key_node, value_node in node.value:
        line = key_node.start_mark.line + 1
        if not isinstance(key_node, ScalarNode):
            traps.append(Trap(file, line, "a key must be a text"))
            continue
        key = str(key_node.value)
        if key == "<<":
            traps.append(Trap(file, line, "<< (merge) is refused: write it out"))
        elif key in entries:
            traps.append(Trap(file, line, f"the key {key} is written twice"))
        elif node.flow_style and (_CALL.match(key) or _is_call(value_node)):
            traps.append(Trap(file, line, "an expression inside { } is refused: write it in block style"))
        else:
            changed = None if key_node.style else _changed(str(key_node.tag).removeprefix(_TAG), key)
            if changed:
                traps.append(Trap(file, line, changed))
            entries[key] = _node(value_node, file, traps)
            lines[key] = line
    return Table(entries, node.start_mark.line + 1, bool(node.flow_style), lines)


def _is_call(node: Any) -> bool:
    return isinstance(node, ScalarNode) and not node.style and bool(_CALL.match(str(node.value)))
