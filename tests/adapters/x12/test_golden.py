"""Golden files: what is read of each, what is answered, and that writing the canonical document gives the same segments again."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from adapters.x12.lossless import from_json, to_json
from adapters.x12.write import SETS, write_set
from tests.adapters.x12.goldens import FOLDER, PARTNER, files, judged, made
from tests.adapters.x12.x12files import library

WAVE_1 = ("810", "846", "850", "855", "856", "860", "940", "943", "944", "945", "997")
NAMES = [f"{p.parent.name}/{p.stem}" for p in files()]
WORDS = {"850": "order", "875": "grocery_order"}  # two words of ours are written as an 850, an 875 is an order too


def golden(name: str) -> Path:
    return FOLDER / f"{name}.edi"


@pytest.mark.parametrize("name", NAMES)
def test_it_is_read_as_it_was(name: str) -> None:
    path = golden(name)
    one, around = judged(path)
    assert one.findings == ()
    assert around.findings == []
    assert made(path) == json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", [n for n in NAMES if n[-3:] not in ("997", "999")])
def test_its_document_is_written_with_the_same_segments(name: str) -> None:
    """Also from the JSON in which the hub keeps it: nothing depends on Decimal."""
    path = golden(name)
    version, set_id = name.split("/")
    document = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))["document"]
    kind = WORDS.get(set_id) or judged(path)[0].kind
    profile = replace(PARTNER, gs_version=version, guides={set_id: version})
    written = write_set(kind, "1", document, library(), profile)
    wanted = [line.rstrip("~\n").split("*") for line in path.read_text(encoding="utf-8").splitlines()[3:-3]]
    assert written.set.segments == wanted
    assert written.notes == ()


@pytest.mark.parametrize("name", NAMES)
def test_its_json_gives_the_same_bytes(name: str) -> None:
    raw = golden(name).read_bytes()
    assert from_json(to_json(raw)) == raw


def test_each_set_has_one_in_each_version_asked_for() -> None:
    """Wave 1 in all three; every guide of its own directory has a file that shows it."""
    wanted = {f"{v}/{s}" for v in ("004010", "004010VICS", "005010") for s in WAVE_1}
    wanted |= {f"{v}/{s}" for v, s in library().names()}
    assert wanted <= set(NAMES)


def test_every_set_can_be_written() -> None:
    answered = {"997", "999"}  # made by the acknowledging engine itself
    assert {s for _, s in library().names()} - answered == set(SETS.values())
