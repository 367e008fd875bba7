"""What YAML would change silently is refused, with its line."""

from __future__ import annotations

import pytest

from hub.mapping.faults import MappingRefused
from hub.mapping.yamlfile import Scalar, read_yaml


@pytest.mark.parametrize(
    ("text", "line", "word"),
    [
        ("a: 1\nb: 1.10\n", 2, "float"),
        ("a: 2026-10-01\n", 1, "date"),
        ("a: 010\n", 1, "leading zeros"),
        ("a: 0x1F\n", 1, "leading zeros"),
        ("a: 1\nb: 2\na: 3\n", 3, "twice"),
        ("a: &x 1\nb: *x\n", 1, "anchors"),
        ("a: {b: 1}\n<<: {c: 2}\n", 2, "merge"),
        ("a:\n\tb: 1\n", 2, "tab"),
        ("a: {b: join(' ', c)}\n", 1, "{ }"),
        ("a: {b: sum(x[].y)}\n", 1, "not YAML"),
        ("sku: 'x:' ?? y\n", 1, "not YAML"),
        ("- a\n", 1, "top"),
        ("a: [1, 2\n", 2, "not YAML"),
        ("1.5: a\n", 1, "float"),
        ("a: !!binary aGk=\n", 1, "refused"),
    ],
)
def test_traps(text: str, line: int, word: str) -> None:
    with pytest.raises(MappingRefused) as caught:
        read_yaml(text, "mappings/x/y.yaml")
    trap = caught.value.traps[0]
    assert (trap.file, trap.line) == ("mappings/x/y.yaml", line)
    assert word in trap.reason


def test_a_tower_of_aliases_is_refused_at_once() -> None:
    floors = [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 40)]
    with pytest.raises(MappingRefused) as caught:
        read_yaml("\n".join(["a0: &a0 [x]", *floors]), "f")
    assert len(caught.value.traps) == 40


def test_words_stay_text() -> None:
    table = read_yaml("a: NO\nb: on\nc: 1:30\nd: yes\ne: '010'\nf: 7\n", "f")
    found = [(node.text, node.kind) for node in table.entries.values() if isinstance(node, Scalar)]
    assert found == [("NO", "str"), ("on", "str"), ("1:30", "str"), ("yes", "str"), ("010", "str"), ("7", "int")]
