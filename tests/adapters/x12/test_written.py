"""What leaves is padded, counted, numbered, fit for the partner's characters and delimiters, and checked before; what arrives is read in any of them."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.x12.ack import ack_text, answer
from adapters.x12.profile import Profile
from adapters.x12.seal import Marks
from adapters.x12.verdicts import InterchangeVerdict
from adapters.x12.write import CannotWrite, interchange_of, write_set
from tests.adapters.x12.x12files import ORDER, document, file, found, group, interchange, library, one_set, the_set

AT = datetime(2026, 11, 21, 9, 15, tzinfo=UTC)
PARTNER = Profile(partner="p", ids=(("ZZ", "ACMERETAIL"),), ours=("ZZ", "HUBDEMO"), settings={"currency": "USD"})
NAMED = [*ORDER[:3], "N1*ST*CAFÉ ÁGUA*92*0007", *ORDER[4:]]


def notice(**more: Any) -> dict[str, Any]:
    line = {"line_ref": "1", "invoiced": "2", "unit": "EA", "price": "9.90", "ids": {"sku": "A-1"}}
    return {"date": "2026-11-20", "number": "INV1", "external_id": "PO1", "lines": [{**line, **more}]}


def written(data: dict[str, Any], profile: Profile = PARTNER) -> tuple[str, tuple[str, ...]]:
    one = write_set("invoice", "INV1", data, library(), profile)
    return interchange_of([one, one], profile, isa=7, gs=8, st=1, at=AT), one.notes


# ------------------------------------------------------------------ what leaves
def test_envelopes_are_padded_counted_and_numbered() -> None:
    text, _ = written(notice())
    rows = [s.split("*") for s in text.split("~")[:-1]]
    assert [len(x) for x in rows[0]] == [3, 2, 10, 2, 10, 2, 15, 2, 15, 6, 4, 1, 5, 9, 1, 1, 1]
    assert text[105] == "~"
    assert rows[1] == [
        "GS",
        "IN",
        "HUBDEMO",
        "P",
        "20261121",
        "0915",
        "8",
        "X",
        "004010",
    ]
    sets = [i for i, e in enumerate(rows) if e[0] == "ST"]
    assert [rows[i][2] for i in sets] == ["0001", "0002"]
    ends = [(e, i) for i, e in enumerate(rows) if e[0] == "SE"]
    assert [(e[1], e[2]) for e, _ in ends] == [
        (str(i - s + 1), f"{n:04d}") for n, ((_, i), s) in enumerate(zip(ends, sets, strict=True), 1)
    ]
    assert rows[-2:] == [["GE", "2", "8"], ["IEA", "1", "000000007"]]
    assert interchange(text, Profile(partner="q", settings={})).verdict == "accepted"


def test_delimiters_in_words_become_blanks_and_in_ids_are_refused() -> None:
    text, notes = written(notice(description="RED*SHIRT>M~\n"))
    assert "PID*F****RED SHIRT M~" in text.replace("  ", " ").replace(" ~", "~")
    assert "delimiters" in notes[0]
    for odd in ("A*1", "A~1", "A\n1"):
        with pytest.raises(CannotWrite, match="IT107"):
            written(notice(ids={"sku": odd}))


def test_the_repetition_mark_is_a_delimiter_where_the_version_has_one() -> None:
    data = notice(description="RED^SHIRT")
    assert "RED^SHIRT" in written(data)[0]
    later = replace(PARTNER, isa_version="00501", gs_version="005010")
    text, notes = written(data, later)
    assert "RED SHIRT" in text
    assert notes
    with pytest.raises(CannotWrite, match="IT107"):
        written(notice(ids={"sku": "A^1"}), later)


@pytest.mark.parametrize(
    ("charset", "shown"),
    [("ascii", "CAFE ? 5"), ("utf-8", "CAFÉ 五 5"), ("latin-1", "CAFE ? 5"), ("cp037", "CAFE ? 5")],
)
def test_what_the_partners_charset_cannot_say_is_said_without_accents_and_noted(charset: str, shown: str) -> None:
    text, notes = written(notice(description="CAFÉ 五 5"), replace(PARTNER, charset_out=charset))
    assert f"PID*F****{shown}~" in text
    assert bool(notes) == (charset != "utf-8")
    text.encode(charset)
    kept, none = written(notice(description="CAFÉ"), replace(PARTNER, charset_out="latin-1"))
    assert "CAFÉ" in kept
    assert none == ()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"unit": "crate"}, "unit"),
        ({"price": "9.999999999999999999"}, "IT104"),
        ({"ids": {"sku": "A" * 60}}, "IT107"),
        ({"line_ref": "1" * 40}, "IT101"),
        ({"dates": {"shipped": "2026-13-40"}}, "DTM02"),
    ],
)
def test_nothing_that_the_partner_would_reject_leaves(change: dict[str, Any], said: str) -> None:
    with pytest.raises(CannotWrite, match=said):
        written(notice(**change))


def test_balances_are_computed_or_must_hold() -> None:
    assert "TDS*1980~" in written(notice())[0]
    with pytest.raises(CannotWrite, match="invoice_total"):
        written({**notice(), "total": "19.81"})


# ------------------------------------------------------------------ what arrives
@pytest.mark.parametrize("charset", ["utf-8", "latin-1", "cp1252", "cp037"])
def test_a_partners_charset_is_its_own(charset: str) -> None:
    raw = file(group(one_set(NAMED))).encode(charset)
    one = the_set(raw, replace(PARTNER, charset=charset))
    assert one.document is not None
    assert one.document["parties"]["ship_to"]["name"] == "CAFÉ ÁGUA"
    assert not one.findings


@pytest.mark.parametrize(
    "version", ["00040", "00200", "00305", "00400", "00401", "00402", "00403", "00501", "00602", "00801"]
)
def test_any_version_of_isa_is_read_and_answered(version: str) -> None:
    one = interchange(file(version=version), PARTNER)
    assert [s.verdict for g in one.groups for s in g.sets] == ["accepted"]
    ack = answer(one)
    assert ack is not None
    text = ack_text(ack, Marks(), isa=1, gs=1, st=1, at=AT)
    assert interchange(text, Profile(partner="q", settings={})).verdict == "accepted"


@settings(deadline=None)
@given(st.permutations([*"*~>|^!:;$%&\\<_{}\x1c\x1d\x1e\x1f…§"]), st.sampled_from(["", "\n", "\r\n", "\r\n  "]))
def test_any_legal_delimiters_are_read(marks: list[str], newline: str) -> None:
    element, component, end = marks[:3]
    table = {ord("*"): element, ord(">"): component, ord("~"): end + newline}
    assert document(file().translate(table)) == document(file())


def test_several_interchanges_in_one_file_are_judged_each_by_its_own_marks() -> None:
    second = file(control="000000102").replace("*", "|").replace("~", "\n").replace(">", ":")
    third = "\ufeff" + file(control="000000103", version="00501")
    verdicts = [x for x in found(file() + "\r\n" + second + third) if isinstance(x, InterchangeVerdict)]
    assert [(x.control, x.verdict) for x in verdicts] == [(f"00000010{n}", "accepted") for n in (1, 2, 3)]
