"""X12 as JSON and back: the same bytes for every sample, for damaged files, and for whatever bytes there are; an edited element is written anew."""

from __future__ import annotations

import codecs
import json
import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.x12.lossless import NotLossless, from_json, to_json
from adapters.x12.seal import Delimited
from tests.adapters.x12.mutations import mutated
from tests.adapters.x12.x12files import ORDER, document, file, group, one_set
from tests.shared import shared_path


def through(raw: bytes, charset: str | None = None) -> bytes:
    return from_json(json.loads(json.dumps(to_json(raw, charset))))


def interchanges(raw: bytes, charset: str | None = None) -> list[dict[str, Any]]:
    return [p for p in to_json(raw, charset)["parts"] if "isa" in p]


def test_every_sample_comes_back_byte_for_byte() -> None:
    folder = shared_path("samples/x12")
    expected = json.loads((folder / "expected.json").read_text(encoding="utf-8"))
    for name, said in expected.items():
        raw = (folder / name).read_bytes()
        assert through(raw) == raw, name
        found = interchanges(raw)
        assert len(found) == said["interchanges"], name
        sets = [
            s for i in found for g in i["content"] if isinstance(g, dict) for s in g.get("content", ()) if "st" in s
        ]
        assert [s["set"] for s in sets] == said["sets"], name


def test_damaged_samples_come_back_too() -> None:
    dice = random.Random(41)
    folder = shared_path("samples/x12")
    files = [p.read_bytes() for p in sorted(folder.iterdir()) if p.name not in ("INDEX.md", "expected.json")]
    for _ in range(600):
        raw = mutated(dice.choice(files), dice)
        assert through(raw) == raw


@given(st.binary(max_size=400))
def test_any_bytes_come_back(raw: bytes) -> None:
    assert through(raw) == raw


@given(
    st.lists(st.text(st.characters(codec="utf-8"), max_size=8), min_size=1, max_size=6),
    st.sampled_from(["", "\n", "\r\n", "  ", "\r\n  "]),
    st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "latin-1", "cp1252", "cp037"]),
)
def test_values_of_any_kind_come_back(values: list[str], newline: str, charset: str) -> None:
    lines = [*ORDER[:7], f"PID*F****{'*'.join(values)}", *ORDER[8:]]
    raw = file(group(one_set(lines))).replace("~", "~" + newline).encode(charset, "replace")
    assert through(raw, charset if charset != "utf-8-sig" else None) == raw


@pytest.mark.parametrize("charset", ["utf-8", "utf-16", "cp1252", "cp037"])
def test_values_read_as_text_in_the_partners_charset(charset: str) -> None:
    lines = [*ORDER[:3], "N1*ST*CAFÉ", *ORDER[4:]]
    raw = file(group(one_set(lines))).encode(charset)
    (one,) = interchanges(raw, None if charset == "utf-16" else charset)
    (group_form,) = one["content"]
    (set_form,) = group_form["content"]
    assert set_form["set"] == "850"
    assert ["N1", "ST", "CAFÉ"] in set_form["segments"]
    assert (one["isa"][6], one["isa"][15], one["isa"][16]) == ("ACMERETAIL     ", "P", ">")
    assert "as" not in one


def test_an_edited_element_is_written_and_the_rest_stays_as_it_was_spelled() -> None:
    wrapped = b"\r\n".join(file().encode()[i : i + 37] for i in range(0, len(file()), 37))
    form = to_json(codecs.BOM_UTF8 + wrapped)
    segments = form["parts"][1]["content"][0]["content"][0]["segments"]
    segments[0][3] = "PO2"
    changed = from_json(form)
    assert changed != codecs.BOM_UTF8 + wrapped
    assert changed.count(b"\r\n") == wrapped.count(b"\r\n") - 1  # only the edited segment lost its break
    assert document(changed) == {**document(wrapped), "external_id": "PO2"}


@pytest.mark.parametrize(
    ("change", "place"),
    [
        (lambda f: f.pop("charset"), "/"),
        (lambda f: f.update(charset="latin-9000"), "/charset"),
        (lambda f: f["parts"].append(7), "/parts/1"),
        (lambda f: f["parts"][0].update(end=None), "/parts/0/end"),
        (lambda f: f["parts"][0]["delimiters"].update(element=""), "/parts/0/delimiters"),
        (lambda f: f["parts"][0]["isa"].append(1), "/parts/0/isa/17"),
        (lambda f: f["parts"][0]["content"].append([]), "/parts/0/content/1"),
        (lambda f: f["parts"][0]["content"][0].update(content={}), "/parts/0/content/0/content"),
    ],
)
def test_malformed_json_is_refused_with_its_place(change: Any, place: str) -> None:
    form = to_json(file().encode())
    change(form)
    with pytest.raises(NotLossless) as refused:
        from_json(form)
    assert refused.value.data["at"] == place


def test_a_value_that_would_split_is_refused() -> None:
    form = to_json(file().encode())
    form["parts"][0]["content"][0]["gs"][2] = "A*B"
    with pytest.raises(Delimited, match="GS02"):
        from_json(form)
