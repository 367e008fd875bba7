"""Dated tables: what is refused, with its place, and what is found."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from hub.kit.dated import BadTable, NoRule, Table, load

HEAD = """table: t
key: [uf, kind]
columns: {rate: number, note: text?, on: flag?}
defaults: {kind: a, checked_on: 2026-11-20}
rows:
"""


def table(folder: Path, rows: str, head: str = HEAD) -> Table:
    path = folder / "t.yaml"
    path.write_text(head + rows, encoding="utf-8")
    return load(path)


def test_a_row_holds_from_its_day_to_the_day_before_its_end(tmp_path: Path) -> None:
    found = table(
        tmp_path,
        "  - {uf: [SP, RJ], rate: 18, valid_from: 2024-01-01, valid_to: 2025-01-01, source: x}\n"
        "  - {uf: SP, rate: 19.50, valid_from: 2025-01-01, source: y, doubtful: true, note: n, on: true}\n",
    )
    assert found.find(date(2024, 12, 31), uf="SP", kind="a").number("rate") == 18
    later = found.find(date(2025, 1, 1), uf="SP", kind="a")
    assert (later.number("rate"), later.text("note"), later.flag("on")) == (Decimal("19.5"), "n", True)
    assert found.get(date(2025, 1, 1), uf="RJ", kind="a") is None
    assert [(row.key, row.line) for row in found.doubtful()] == [(("SP", "a"), 7)]
    assert len(found.on(date(2024, 6, 1))) == 2
    with pytest.raises(NoRule, match=r"table t holds for uf RJ, kind a on 2025-01-01: add one to t\.yaml"):
        found.find(date(2025, 1, 1), uf="RJ", kind="a")
    with pytest.raises(TypeError):
        found.get(date(2025, 1, 1), uf="RJ")


@pytest.mark.parametrize(
    ("rows", "fault"),
    [
        ("  - {uf: SP, rate: 18, valid_from: 2024-01-01}\n", r"t\.yaml:6: source is missing"),
        ("  - {uf: SP, rate: 18, valid_from: 2024-01-01, source: ''}\n", r"t\.yaml:6: a text is needed"),
        ("  - {uf: SP, rate: high, valid_from: 2024-01-01, source: x}\n", r"t\.yaml:6: 'high' is not a number"),
        ("  - {uf: SP, rate: -1, valid_from: 2024-01-01, source: x}\n", r"t\.yaml:6: '-1' is not a number"),
        ("  - {uf: SP, rate: 1e9, valid_from: 2024-01-01, source: x}\n", r"t\.yaml:6: '1e9' is not a number"),
        ("  - {uf: SP, rate: .nan, valid_from: 2024-01-01, source: x}\n", r"t\.yaml:6: '\.nan' is not a number"),
        ("  - {uf: SP, rate: 1, valid_from: 2024-02-30, source: x}\n", r"t\.yaml:6: '2024-02-30' is not a day"),
        ("  - {uf: SP, rate: 1, valid_from: 2024-1-1, source: x}\n", r"t\.yaml:6: '2024-1-1' is not a day"),
        ("  - {uf: SP, rate: 1, valid_from: 2024-01-01, valid_to: 2024-01-01, source: x}\n", "not after valid_from"),
        ("  - {uf: SP, rate: 1, rat: 2, valid_from: 2024-01-01, source: x}\n", r"t\.yaml:6: unknown column rat"),
        ("  - {uf: SP, uf: RJ, rate: 1, valid_from: 2024-01-01, source: x}\n", r"t\.yaml:6: uf stands twice"),
        ("  - [SP]\n", r"t\.yaml:6: a row must be a mapping"),
        ("  - {uf: SP, rate: 1, on: maybe, valid_from: 2024-01-01, source: x}\n", "'maybe' is not a flag"),
        ("  - {uf: SP\n", r"t\.yaml:\d+: it is not YAML"),
        ("", r"t\.yaml:\d+: there are no rows"),
        ("  - \x00\n", "it is not YAML"),
        ("  - " + "[" * 400, "it is not YAML"),
        ("  - {[a]: 1, uf: *x}\n", "it is not YAML"),
        ("  - {[a]: 1}\n", r"t\.yaml:6: a text is needed"),
    ],
)
def test_refused_with_file_and_line(tmp_path: Path, rows: str, fault: str) -> None:
    with pytest.raises(BadTable, match=fault):
        table(tmp_path, rows)


def test_overlap_names_both_lines(tmp_path: Path) -> None:
    rows = (
        "  - {uf: [RJ, SP], rate: 18, valid_from: 2024-01-01, source: x}\n"
        "  - {uf: SP, rate: 19, valid_from: 2025-01-01, source: y}\n"
    )
    with pytest.raises(BadTable, match=r"t\.yaml:6: and t\.yaml:7: both hold for SP a on 2025-01-01"):
        table(tmp_path, rows)


def test_all_faults_at_once(tmp_path: Path) -> None:
    rows = (
        "  - {uf: SP, rate: x, valid_from: 2024-01-01, source: x}\n  - {uf: RJ, rate: 1, valid_from: no, source: x}\n"
    )
    with pytest.raises(BadTable) as refused:
        table(tmp_path, rows)
    assert str(refused.value.data["faults"]).count("t.yaml:") == 2


@pytest.mark.parametrize(
    "head",
    ["rows:\n", HEAD.replace("number", "float"), HEAD + "  - {}\nextra: 1\n", "- 1\n", HEAD.replace("on:", "source:")],
)
def test_a_wrong_head_is_refused(tmp_path: Path, head: str) -> None:
    with pytest.raises(BadTable):
        table(tmp_path, "", head)


def test_short_rows_stand_in_lines(tmp_path: Path) -> None:
    head = "table: t\nkey: [uf, city]\ncolumns: {code: text, rate: number}\n"
    shared = 'defaults: {valid_from: 2020-01-01, checked_on: 2026-01-01, source: "law"}\n'
    path = tmp_path / "t.yaml"
    path.write_text(f"{head}{shared}lines: |\n  SP|sao paulo|1|18\n  RJ|rio|2|20.5\n", encoding="utf-8")
    row = load(path).find(date(2026, 1, 1), uf="RJ", city="rio")
    assert (row.text("code"), row.number("rate"), row.source, row.line) == ("2", Decimal("20.5"), "law", 7)
    path.write_text(f"{head}{shared}lines: |\n  SP|sao paulo|1|x\n  RJ|rio\n  SP|sao paulo|3|1\n", encoding="utf-8")
    with pytest.raises(BadTable) as caught:
        load(path)
    faults = str(caught.value.data["faults"])
    for said in (
        "t.yaml:6: 'x' is not a number",
        "t.yaml:7: 4 values are needed",
        "t.yaml:8: both hold for SP sao paulo",
    ):
        assert said in faults
    path.write_text(f"{head}lines: |\n  SP|sao paulo|1|18\n", encoding="utf-8")
    with pytest.raises(BadTable, match="source is missing from the defaults"):
        load(path)
