"""pyx12 as a second opinion over our guides: on randomly damaged sets both engines come to the same verdict in at least 99.5 percent."""

from __future__ import annotations

from pathlib import Path

import pytest

from adapters.x12.examine import examine
from adapters.x12.second import judged, opinion
from adapters.x12.split import envelopes_of
from adapters.x12.verdicts import SetVerdict
from tests.adapters.x12.goldens import FOLDER, files
from tests.adapters.x12.oracle.differential import EXPLAINED, NO_OPINION, compare
from tests.adapters.x12.x12files import ORDER, file, group, library, one_set

pytestmark = pytest.mark.slow
ROUNDS = 200


@pytest.mark.parametrize("path", files(), ids=lambda p: f"{p.parent.name}/{p.stem}")
def test_it_accepts_our_golden_files(path: Path) -> None:
    """So the map directory made of a guide says what the guide says."""
    envelope = next(envelopes_of(path.read_bytes(), library()))
    told = opinion(envelope.body, envelope.headers["x12-version"], path.stem)
    assert told is (None if path.stem in NO_OPINION else True)


def test_both_engines_agree_on_damaged_sets() -> None:
    tally = compare(ROUNDS, 5)
    assert tally.no_opinion < ROUNDS * 0.2
    assert tally.equal >= 0.995, tally.differences
    unexplained = sum(n for codes, n in tally.kinds.items() if codes not in EXPLAINED)
    assert unexplained <= ROUNDS * 0.005, tally.differences


def test_it_counts_over_all_instances_of_a_loop() -> None:
    """The difference `accepted after double`: two G62 are allowed in a stop (S5). It takes them in one stop, and none more in the next."""
    text = (FOLDER / "004010" / "204.edi").read_text(encoding="utf-8").replace("\n", "")
    lines = text.split("~")[3:-4]
    stop = next(k for k, line in enumerate(lines) if line.startswith("G62*69"))
    lines.insert(stop, lines[stop])
    second = next(k for k, line in enumerate(lines) if line.startswith("S5*2"))
    for rest, theirs in ((lines[second:], False), ([], True)):
        raw = file(group(one_set([*lines[:second], *rest], "204"), functional_id="SM")).encode()
        assert opinion(raw, "004010", "204") is theirs
        assert next(x for x in examine([raw], library()) if isinstance(x, SetVerdict)).findings == ()


def test_what_it_raises_is_no_opinion(tmp_path: Path) -> None:
    assert judged(file(), tmp_path) is None  # there is no map in that directory
    assert opinion(b"hello", "004010", "850") is None
    assert opinion(file().encode(), "004010", "123") is None
    wrong = file(group(one_set([*ORDER, "ZZZ*1"]))).encode()
    assert opinion(wrong, "004010", "850") is False
