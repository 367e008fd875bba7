"""YAML read as text only: every scalar stays what is written (`00`, `no`, `1.0`), every key keeps its line. Values are judged by who asks."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, ClassVar, NamedTuple

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode

from hub.kit.errors import HubError

DEPTH = 40


class Fault(NamedTuple):
    """One reason to refuse a file of `mappings/`."""

    file: str
    line: int
    key: str
    reason: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.key}: {self.reason}"


class BadGuide(HubError):
    """The guide cannot be used: {summary}"""

    code: ClassVar[str] = "BAD_GUIDE"

    def __init__(self, faults: list[Fault]) -> None:
        super().__init__(faults=tuple(faults), summary="; ".join(str(f) for f in faults[:5]))


class Tree(dict[str, Any]):
    """A YAML mapping; `lines[key]` is where the key stands, `files[key]` where it came from."""

    def __init__(self, file: str, line: int) -> None:
        super().__init__()
        self.file = file
        self.line = line
        self.places: dict[str, tuple[str, int]] = {}

    def put(self, key: str, value: Any, place: tuple[str, int]) -> None:
        self[key] = value
        self.places[key] = place

    def where(self, key: str) -> tuple[str, int]:
        return self.places.get(key, (self.file, self.line))

    def copy(self) -> Tree:
        twin = Tree(self.file, self.line)
        twin.update(self)
        twin.places.update(self.places)
        return twin


class Items(list[Any]):
    """A YAML sequence with the place where it begins."""

    def __init__(self, file: str, line: int) -> None:
        super().__init__()
        self.file = file
        self.line = line


@lru_cache(maxsize=512)
def load_text(text: str, file: str) -> Tree:
    """The mapping that a file holds; shared, so it is copied before it is changed. Raises `BadGuide` for bad YAML, double keys, tags, and anything that is no mapping."""
    loader = YAML(pure=True)
    try:
        node = loader.compose(text)
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else 1
        raise BadGuide([Fault(file, line, "", str(error.problem or error.context))]) from None
    faults: list[Fault] = []
    tree = _value(node, file, faults, DEPTH) if node is not None else None
    if not isinstance(tree, Tree):
        faults.append(Fault(file, 1, "", "the file must hold a mapping"))
    if faults or not isinstance(tree, Tree):
        raise BadGuide(faults)
    return tree


def _value(node: Node, file: str, faults: list[Fault], depth: int) -> Any:
    line = node.start_mark.line + 1
    tag = str(node.tag or "")
    if depth == 0:
        faults.append(Fault(file, line, "", "nested too deeply"))
        return ""
    if isinstance(node, ScalarNode):
        if getattr(node, "style", None) is None and str(node.value) in ("", "~", "null"):
            return ""
        if tag.startswith("!") or (tag and not tag.startswith("tag:yaml.org,2002:")):
            faults.append(Fault(file, line, str(node.value), f"the tag {tag} is not allowed, write text"))
        return str(node.value)
    if not isinstance(node, MappingNode):
        items = Items(file, line)
        items.extend(_value(child, file, faults, depth - 1) for child in node.value)
        return items
    tree = Tree(file, line)
    for key_node, value_node in node.value:
        key = str(key_node.value) if isinstance(key_node, ScalarNode) else ""
        place = (file, key_node.start_mark.line + 1)
        if key in tree:
            faults.append(Fault(*place, key, "the key stands twice"))
        tree.put(key, _value(value_node, file, faults, depth - 1), place)
    return tree
