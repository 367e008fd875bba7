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
    assert tally.no_opinion == 0, tally.differences
    assert tally.equal >= 0.995, tally.differences
    unexplained = sum(n for codes, n in tally.kinds.items() if codes not in EXPLAINED)
    assert unexplained <= ROUNDS * 0.005, tally.differences


def ours_and_theirs(lines: list[str], set_id: str, functional_id: str) -> tuple[str, bool | None]:
    raw = file(group(one_set(lines, set_id), functional_id=functional_id)).encode()
    one = next(x for x in examine([raw], library()) if isinstance(x, SetVerdict))
    return ",".join(f.code for f in one.findings), opinion(raw, "004010", set_id)


def golden(set_id: str) -> list[str]:
    return (FOLDER / "004010" / f"{set_id}.edi").read_text(encoding="utf-8").replace("\n", "").split("~")[3:-4]


def test_it_counts_within_each_instance_of_a_loop() -> None:
    """Two G62 are allowed in a stop (S5), in the next one again, and not three."""
    lines = golden("204")
    stop = next(k for k, line in enumerate(lines) if line.startswith("G62*69"))
    lines.insert(stop, lines[stop])
    assert ours_and_theirs(lines, "204", "SM") == ("", True)
    lines.insert(stop, lines[stop])
    assert ours_and_theirs(lines, "204", "SM") == ("segment_over_max", False)


def test_what_a_loop_lacks_is_missed_at_its_end_whatever_follows() -> None:
    """W12 is mandatory in each LX of an 945."""
    lines = golden("945")
    openers = [k for k, line in enumerate(lines) if line.startswith("LX*")]
    assert len(openers) > 1
    without = [line for k, line in enumerate(lines) if not (k > openers[-1] and line.startswith("W12*"))]
    assert ours_and_theirs(without, "945", "SW") == ("segment_missing", False)


def test_a_loop_opened_twice_in_a_row_lacks_what_the_first_owes() -> None:
    """It had no opinion of such a set: it takes the second opener at once, unless something stands between the two."""
    lines = golden("945")
    opener = next(k for k, line in enumerate(lines) if line.startswith("LX*"))
    lines.insert(opener, lines[opener])
    assert ours_and_theirs(lines, "945", "SW") == ("segment_missing", False)
    assert ours_and_theirs([*lines, "ZZZ*1"], "945", "SW")[1] is False
    wrong = file(group(one_set(lines, "945"), functional_id="SW")).replace(f"SE*{len(lines) + 2}*", "SE*3*")
    assert opinion(wrong.encode(), "004010", "945") is False


def test_a_loop_that_may_be_opened_twice_in_a_row_is_accepted_by_both() -> None:
    """Nothing more is mandatory in an N1 or a PO1."""
    lines = [x for line in ORDER for x in ((line, line) if line.startswith("PO1*1*") else (line,))]
    assert ours_and_theirs([*lines[:-1], "CTT*3*24"], "850", "PO") == ("", True)


def test_it_rejects_a_segment_without_any_element() -> None:
    """The difference `accepted after empty`: no element of N4 is mandatory, and to us a bare one says nothing."""
    lines = ["N4" if line.startswith("N4*") else line for line in ORDER]
    assert ours_and_theirs(lines, "850", "PO") == ("", False)


def test_what_it_raises_is_no_opinion(tmp_path: Path) -> None:
    assert judged(file(), tmp_path) is None  # there is no map in that directory
    assert opinion(b"hello", "004010", "850") is None
    assert opinion(file().encode(), "004010", "123") is None
    wrong = file(group(one_set([*ORDER, "ZZZ*1"]))).encode()
    assert opinion(wrong, "004010", "850") is False
