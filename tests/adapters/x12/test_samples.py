"""Every public sample file comes to its expected outcome, and nothing in it vanishes."""

from __future__ import annotations

import json

from adapters.x12.report import check_file
from adapters.x12.tokens import Opened, Part, Stray, Walker, WholeSet
from tests.adapters.x12.x12files import library
from tests.shared import shared_path


def test_every_sample_gives_its_expected_outcome() -> None:
    folder = shared_path("samples/x12")
    expected = json.loads((folder / "expected.json").read_text(encoding="utf-8"))
    assert len(expected) == 64
    for name, wanted in expected.items():
        result = check_file(name, [(folder / name).read_bytes()], library())
        groups = [g for i in result["interchanges"] for g in i["groups"]]
        assert (result["outcome"] == "unreadable") == (wanted["outcome"] == "unreadable"), name
        assert len(result["interchanges"]) == wanted["interchanges"], name
        assert len(groups) == wanted["groups"], name
        assert [s["set"] for g in groups for s in g["sets"]] == wanted["sets"], name
        assert not (wanted["envelope_errors"] and result["outcome"] == "ok"), name
        assert "\n" not in json.dumps(result), name


def test_the_size_of_the_chunks_changes_nothing() -> None:
    folder = shared_path("samples/x12")
    for path in sorted(folder.iterdir()):
        if path.name in ("INDEX.md", "expected.json"):
            continue
        raw = path.read_bytes()
        whole = check_file(path.name, [raw], library())
        small = check_file(path.name, [raw[i : i + 61] for i in range(0, len(raw), 61)], library())
        assert whole == small, path.name


def test_no_segment_vanishes() -> None:
    folder = shared_path("samples/x12")
    expected = json.loads((folder / "expected.json").read_text(encoding="utf-8"))
    for name in expected:
        raw = (folder / name).read_bytes()
        tokens = list(Walker([raw]).tokens())
        listed = 0
        for token in tokens:
            listed += token.total if isinstance(token, WholeSet) else isinstance(token, (Opened, Part, Stray))
        terminator = next(t for t in tokens if isinstance(t, Opened)).delimiters.terminator
        parts = [p for p in raw.decode("latin-1").split(terminator) if p.strip(" \r\n\t\0") not in ("", "\xef\xbb\xbf")]
        if terminator != "\n" and name != "staedi__simple997-multiple-interchanges.edi":
            assert listed == len(parts), name
