"""The tolerant reader: delimiters found by counting, odd line ends, wrapping, several interchanges, limits, and charsets."""

from __future__ import annotations

import codecs
from decimal import InvalidOperation

import pytest

from adapters.x12 import tokens
from adapters.x12.charset import CHUNK, Guessed, single_bytes
from adapters.x12.checkers import DATES
from adapters.x12.delimiters import Delimiters, find_header
from adapters.x12.examine import Unread, examine
from adapters.x12.report import check_file
from adapters.x12.tokens import Opened, Trailing, Walker, WholeSet
from adapters.x12.verdicts import InterchangeVerdict, SetVerdict
from tests.adapters.x12.x12files import (
    ORDER,
    codes,
    document,
    file,
    found,
    group,
    interchange,
    isa,
    library,
    one_set,
    the_set,
)
from tests.partner import interchange as whole
from tests.partner import purchase_order


def walk(text: str | bytes) -> list[object]:
    return list(Walker([text.encode() if isinstance(text, str) else text]).tokens())


@pytest.mark.parametrize(
    ("change", "marks"),
    [
        ((">~", ">~"), ("*", ">", "~")),
        ((">~", ">~\n"), ("*", ">", "~")),
        ((">~", ">~\r\n  "), ("*", ">", "~")),
        ((">~", ">|"), ("*", ">", "|")),
        ((">~", "^*"), None),
        ((">~", ">…"), ("*", ">", "\xe2\x80\xa6")),
        ((">~", ">\n"), ("*", ">", "\n")),
        ((">~", "\n"), ("*", "", "\n")),
        ((">~", "~\n"), ("*", "", "~")),
        ((">~", ">\r"), ("*", ">", "\r")),
    ],
)
def test_delimiters_are_found(change: tuple[str, str], marks: tuple[str, str, str] | None) -> None:
    head, _, rest = file().partition("~")
    new = change[1]
    terminator = new.rstrip("\r\n ")[-1:] if new.strip("\r\n ") not in ("", ">") else new[-1:]
    text = head[:-1] + new + rest.replace("~", terminator + ("\n" if "\n" in new and terminator != "\n" else ""))
    opened = [t for t in walk(text) if isinstance(t, Opened)]
    if marks is None:
        assert not opened  # the terminator is the element separator
        return
    d = opened[0].delimiters
    assert (d.element, d.component, d.terminator) == marks
    assert the_set(text).verdict == "accepted"


def test_a_wrapped_file_reads_as_the_straight_one() -> None:
    straight = file()
    wrapped = "\r\n".join(straight[i : i + 37] for i in range(0, len(straight), 37))
    assert document(wrapped) == document(straight)
    assert "lines_wrapped" in codes(wrapped)


def test_isa_in_data_is_data_and_at_a_segments_start_it_opens() -> None:
    lines = [*ORDER[:1], "REF*DP*ISA*ISA", *ORDER[2:]]
    assert the_set(file(group(one_set(lines)))).verdict == "accepted"
    cut = file().split("SE*")[0] + file(control="000000102")
    kinds = [x for x in found(cut) if isinstance(x, InterchangeVerdict)]
    assert [x.control for x in kinds] == ["000000101", "000000102"]
    assert "set_not_closed" in {f.code for f in kinds[0].groups[0].sets[0].findings}


def test_two_interchanges_may_use_different_delimiters() -> None:
    other = file(control="000000102").replace("*", "|").replace("~", "!\n")
    both = [x for x in found(file() + other) if isinstance(x, InterchangeVerdict)]
    assert [x.control for x in both] == ["000000101", "000000102"]
    assert all(x.verdict == "accepted" for x in both)
    glued = file().split("IEA")[0] + other
    assert len([x for x in found(glued) if isinstance(x, InterchangeVerdict)]) == 2


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "no ISA"),
        ("hello", "no ISA"),
        ("\0\1\2\3", "no ISA"),
        ("ISA", "no ISA"),
        (isa(), "ISA"),
        (file().replace("*P*>~", "*P**~"), "equal"),
        (file().replace("*P*>~", "*P*A~"), "letter"),
        ("ISA*00*" + "x" * 5000, "ISA"),
    ],
)
def test_what_cannot_be_read_says_why(text: str, reason: str) -> None:
    (only,) = found(text)
    assert isinstance(only, Unread)
    assert reason in only.reason


def test_a_repetition_mark_in_free_text_stays() -> None:
    lines = [*ORDER[:7], "PID*F****BLUE^RED>GREEN", *ORDER[8:]]
    lines_doc = document(file(group(one_set(lines)), version="00501"))["lines"]
    assert lines_doc[0]["description"] == "BLUE^RED>GREEN"


@pytest.mark.parametrize("charset", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_an_accent_never_loses_a_file(charset: str) -> None:
    lines = [*ORDER[:3], "N1*ST*CAFÉ ÁGUA", *ORDER[4:]]
    raw = file(group(one_set(lines))).encode(charset)
    assert document(raw)["parties"]["ship_to"]["name"] == "CAFÉ ÁGUA"
    assert ("charset_guessed" in codes(raw)) == (charset == "cp1252")
    assert codecs.BOM_UTF8 not in raw or charset == "utf-8-sig"


def test_offsets_point_at_the_sets_own_bytes() -> None:
    lines = [*ORDER[:3], "N1*ST*CAFÉ", *ORDER[4:]]
    raw = ("  " + file(group(one_set(lines), one_set(control="0002"))).replace("~", "~\r\n")).encode()
    for size in (len(raw), 50):
        chunks = [raw[i : i + size] for i in range(0, len(raw), size)]
        sets = [t for t in Walker(chunks).tokens() if isinstance(t, WholeSet)]
        texts = [raw[t.offset : t.offset + t.length].strip() for t in sets]
        assert [t[:13] for t in texts] == [b"ST*850*0001~\r", b"ST*850*0002~\r"]
        assert [t[-11:] for t in texts] == [b"SE*12*0001~", b"SE*12*0002~"]


def test_limits_reject_a_set_and_reading_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tokens, "SET_SEGMENTS", 50)
    big = one_set(["REF*DP*1"] * 60)
    good = one_set(control="0002")
    sets = [x for x in found(file(group(big, good))) if isinstance(x, SetVerdict)]
    assert [s.verdict for s in sets] == ["rejected", "accepted"]
    assert sets[0].segments == 62
    assert {f.code for f in sets[0].findings} == {"set_too_large"}


def test_an_endless_segment_takes_no_memory() -> None:
    def chunks() -> object:
        yield file().split("SE*")[0].encode()
        for _ in range(400):
            yield b"X" * 65_536

    walker = Walker(chunks())  # type: ignore[arg-type]
    sets = [t for t in walker.tokens() if isinstance(t, WholeSet)]
    assert sets[0].fault is not None
    assert sets[0].fault[0] == "segment_too_long"
    assert max(len(x) for e in sets[0].segments for x in e) < 200_000


def test_trailing_text_is_kept_and_never_read() -> None:
    found_tokens = walk(file() + "\r\nbye ST*850*1~")
    trailing = [t for t in found_tokens if isinstance(t, Trailing)]
    assert trailing[0].text.startswith("bye ST*850")
    assert len([t for t in found_tokens if isinstance(t, WholeSet)]) == 1


def test_an_exception_of_ours_rejects_the_set_and_nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    compiled = library().guide("004010", "850")
    assert compiled is not None

    def broken(*_: object) -> object:
        raise InvalidOperation

    import adapters.x12.examine as module

    monkeypatch.setattr(module, "scan", broken)
    one = next(x for x in examine([file().encode()], library()) if isinstance(x, SetVerdict))
    assert one.verdict == "rejected"
    assert {f.code for f in one.findings} == {"engine_fault"}


def test_every_set_of_a_repeated_interchange_is_answered_by_its_own() -> None:
    text = file() + file(control="000000102").replace("ACMERETAIL", "OTHERSHOP ")
    senders = [x.sender for x in found(text) if isinstance(x, InterchangeVerdict)]
    assert senders == [("ZZ", "ACMERETAIL"), ("ZZ", "OTHERSHOP")]
    assert interchange(text).groups[0].sets[0].segments == 12


def test_no_text_is_split_often_however_short_the_interchanges_are(monkeypatch: pytest.MonkeyPatch) -> None:
    """What stands behind an interchange was split again for each one: a file of thousands took the square of its length."""
    split: list[int] = []
    segments = Walker._segments

    def counted(self: Walker, parts: list[str], text: str, marks: Delimiters) -> object:
        split.append(len(text))
        return segments(self, parts, text, marks)

    monkeypatch.setattr(Walker, "_segments", counted)
    text = "".join(f"{isa(f'{n:09d}')}IEA*0*{n:09d}~" for n in range(1, 2001))
    assert len([t for t in walk(text) if isinstance(t, Opened)]) == 2000
    assert sum(split) < 20 * len(text)


def test_what_only_looks_like_an_isa_is_not_looked_at_over_and_over(monkeypatch: pytest.MonkeyPatch) -> None:
    looked: list[str] = []

    def counted(text: str, guess: Guessed) -> object:
        looked.append(text)
        return find_header(text, guess)

    monkeypatch.setattr(tokens, "find_header", counted)
    found = walk("ISA*ISA|ISA\u00e9" * 10_000 + file())
    assert [type(t).__name__ for t in found[:2]] == ["Trailing", "Opened"]
    assert len(looked) < 1000


def test_an_isa_soon_after_one_that_cannot_be_read_is_found() -> None:
    opened = [t for t in walk("ISA*00*" + " " * 3500 + file()) if isinstance(t, Opened)]
    assert [t.elements[13] for t in opened] == ["000000101"]


def test_a_file_in_one_piece_is_read_in_small_ones() -> None:
    """So that memory is that of one set, whoever hands the file in."""
    assert max(map(len, single_bytes([b"x" * 1_000_000], None))) <= CHUNK


def test_long_values_are_kept_short_where_many_are_kept() -> None:
    DATES.clear()
    long = "9" * 60_000
    one = the_set(file(group(one_set([*ORDER[:3], f"DTM*010*{long}", *ORDER[3:]]))))
    assert long not in DATES
    assert [(f.code, f.element, len(f.value or "")) for f in one.findings] == [("date_invalid", 2, 200)]


def test_strays_without_end_are_counted_up_to_a_number() -> None:
    text = file(group(one_set()) + "ZZZ*1~" * 5000)
    assert len(interchange(text).findings) == 1001
    assert interchange(text).findings[-1].code == "errors_capped"


@pytest.mark.parametrize(("version", "set_id"), [("0" * 300, "850"), ("004010", "8" * 300), ("\u00b2" * 6, "850")])
def test_a_name_that_no_guide_can_have_has_none(version: str, set_id: str) -> None:
    """One of 300 characters is no name of a file either, and raised what nobody expected."""
    assert "no_guide" in codes(file(group(one_set(set_id=set_id), version=version)))
    before = len(library()._guides)
    assert library().guide(version[:12], set_id) is None
    assert len(library()._guides) == before


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        ("*P*>~", "*P**~", "element separator and component separator are equal: '*'"),
        ("*P*>~", "*P*~~", "component separator and segment terminator are equal: '~'"),
        ("~", "*", "element separator and segment terminator are equal: '*'"),
    ],
)
def test_delimiters_that_are_equal_are_named(old: str, new: str, why: str) -> None:
    text = whole(7, "PO", [purchase_order("PO-1", "EA", "SKU-1")]).replace(old, new)
    assert check_file("a", [text.encode()], library())["reason"] == why


def test_a_segment_that_nobody_knows_is_told_as_it_stood() -> None:
    text = whole(7, "PO", [purchase_order("PO-1", "EA", "SKU-1")]).replace("REF*", "REFERENCE*")
    said = check_file("a", [text.encode()], library())
    assert said["reason"] == 'REF at 4: the segment "REFERENCE" is in no guide of this version'
    assert "~AK3*REF*4**1~" in said["interchanges"][0]["ack"]
