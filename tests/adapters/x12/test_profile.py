"""Profiles of partners: every field does what it says, and what is wrong, or read by nobody, is refused with its key."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from adapters.x12.library import Library
from adapters.x12.ports import Exchange
from adapters.x12.profile import Profile, configured
from adapters.x12.sent import sent_document
from adapters.x12.write import interchange_of, write_set
from adapters.x12.yamltext import BadGuide
from hub.boot import check_partner
from hub.canon.commands import CaptureOrder, ExchangeRead
from hub.canon.ports import Account, Request
from tests.adapters.x12.x12files import ORDER, codes, file, group, interchange, library, one_set

OURS: dict[str, Any] = {
    "partner": "acme",
    "ids": [{"qualifier": "ZZ", "id": "ACMERETAIL"}],
    "ours": {"qualifier": "ZZ", "id": "HUBDEMO"},
}
INVOICE: dict[str, Any] = {
    "date": "2026-11-20",
    "number": "I1",
    "external_id": "PO1",
    "lines": [{"line_ref": "1", "invoiced": "2", "unit": "EA", "price": "9.90", "ids": {"sku": "A-1"}}],
}
OWN = {"unit": {"ZB": "CT", "EC": "EA", "XX": "XX"}}
NUMBERS = {"isa": 12, "gs": 7, "st": 3}
AT = datetime(2026, 11, 20, 9, 15, tzinfo=UTC)


def profile(**fields: Any) -> Profile:
    found = configured({"profile": {**OURS, **fields}})
    assert found is not None
    return found


def sent(**fields: Any) -> list[list[str]]:
    """The elements of an invoice to that partner."""
    return elements(INVOICE, profile(**fields))


def elements(invoice: Mapping[str, Any], one: Profile) -> list[list[str]]:
    text = interchange_of([write_set("invoice", "I1", invoice, library(), one)], one, **NUMBERS, at=AT)
    return [s.split("*") for s in text.replace("\n", "").split("~")]


@pytest.mark.parametrize(
    ("fields", "shown"),
    [
        ({"isa_version": "00501", "gs_version": "005010"}, [("ISA", 12, "00501"), ("GS", 8, "005010")]),
        ({"gs": {"theirs": "DEPT7", "ours": "HUB7"}}, [("GS", 2, "HUB7"), ("GS", 3, "DEPT7")]),
        ({"isa14": "1"}, [("ISA", 14, "1")]),
        ({"usage": "T"}, [("ISA", 15, "T"), ("ISA", 8, "ACMERETAIL     ")]),
        (
            {"usage": "T", "test_ids": [{"qualifier": "12", "id": "ACMETEST"}]},
            [("ISA", 7, "12"), ("ISA", 8, "ACMETEST       "), ("ISA", 15, "T")],
        ),
        ({"st_digits": "9"}, [("ST", 2, "000000003"), ("SE", 2, "000000003")]),
    ],
)
def test_what_we_send_is_as_the_profile_says(fields: Mapping[str, Any], shown: list[tuple[str, int, str]]) -> None:
    found = sent(**fields)
    assert [(s, at, next(e for e in found if e[0] == s)[at]) for s, at, _ in shown] == shown


def test_the_delimiters_are_the_partners() -> None:
    marks = {"element": "|", "component": "<", "repetition": "!", "terminator": "'", "newline": "true"}
    one = profile(delimiters=marks)
    text = interchange_of([write_set("invoice", "I1", INVOICE, library(), one)], one, **NUMBERS, at=AT)
    assert text.startswith("ISA|00|")
    assert "|<'\nGS|IN|" in text
    assert "*" not in text


@pytest.mark.parametrize(("told", "wanted"), [("yes", True), ("true", True), ("no", False), (None, False)])
def test_what_is_overdue_is_sent_again_where_the_profile_says_so(told: str | None, wanted: object) -> None:
    one = profile(**({"resend_overdue": told} if told else {}))
    written = write_set("invoice", "I1", INVOICE, library(), one)
    assert sent_document(written, one, **NUMBERS).resend is wanted


def test_another_guide_is_read_and_written_where_the_profile_names_it() -> None:
    one = profile(guides={"850": "004010", "810": "005010"})
    assert "no_guide" not in codes(file(group(one_set(), version="009999")), one)
    assert next(e for e in sent(guides={"810": "005010"}) if e[0] == "GS")[8] == "005010"


def test_windows_and_habits_of_numbers_go_with_each_message() -> None:
    found = arrived(file().encode(), duplicates="by_content", duplicate_window="30")
    assert {(e.headers["x12-duplicates"], e.headers["x12-window"]) for e in found} == {("by_content", "30")}


@pytest.mark.parametrize("charset", ["cp037", "latin-1", "cp1252", "utf-8", "ISO-8859-1", "UTF8"])
def test_a_partners_charset_is_its_own_through_the_ports(charset: str) -> None:
    """Its files come as messages that are read again: an EBCDIC file was unreadable there."""
    lines = [x.replace("STORE 7", "CAFÉ ÁGUA") for x in ORDER]
    raw = file(group(one_set(lines)).replace("GS*PO*ACMERETAIL", "GS*PO*ACMÉ")).encode(charset)
    read = [c for e in arrived(raw, charset=charset) for c in Exchange(library()).read(e, {}, account(charset=charset))]
    [order, whole] = read
    assert isinstance(order, CaptureOrder)
    assert order.draft.ship_to is not None
    assert order.draft.ship_to.company == "CAFÉ ÁGUA"
    assert isinstance(whole, ExchangeRead)
    assert (whole.verdict, whole.ack and whole.ack["groups"][0]["receiver"]) == ("accepted", "ACMÉ")


def arrived(raw: bytes, **fields: Any) -> list[Any]:
    request = Request(method="PUT", path="a.edi", query={}, headers={}, body=raw)
    return Exchange(library()).envelopes(request, account(**fields))


def account(**fields: Any) -> Account:
    return Account(connection_id="c", code="acme", config={"profile": {**OURS, **fields}}, now=AT)


WRONG: dict[str, Any] = {
    "partner": ["a"],
    "label": ["a"],
    "ids": [{"qualifier": "ZZ", "id": "A" * 16}],
    "test_ids": [{"qualifier": "Z", "id": "A"}],
    "ours": {"qualifier": "ZZ", "id": ["A"]},
    "gs": {"theirs": ""},
    "isa_version": "4010",
    "gs_version": "004010/850",
    "ack_version": ["004010"],
    "delimiters": {"element": "~"},
    "charset": "rot13",
    "charset_out": "utf-16",
    "isa14": "2",
    "usage": "X",
    "st_digits": "45",
    "guides": {"85": "004010"},
    "tolerate": "too_long",
    "no_guide": "maybe",
    "duplicates": "never",
    "duplicate_window": "99999999999",
    "ack": "998",
    "ack_levels": ["one"],
    "ta1": "sometimes",
    "ack_within": "soon",
    "calendar": "weekdays",
    "resend_overdue": "perhaps",
    "sets": {"850": "inward"},
    "engine": "bots",
    "hl_order": "0009",
    "marks": "some",
    "application_advice": "maybe",
    "currency": "dollars",
    "codes": "BX",
}


@pytest.mark.parametrize("key", WRONG)
def test_a_wrong_field_is_refused_with_its_key(key: str) -> None:
    with pytest.raises(BadGuide) as refused:
        profile(**{key: WRONG[key]})
    assert key in refused.value.sentence() or next(iter(WRONG[key])) in refused.value.sentence()


@pytest.mark.parametrize(
    "value",
    [{"element": "**"}, {"element": "A"}, {"terminator": " "}, {"newline": "yes"}, {"component": "^"}, {"other": "x"}],
)
def test_wrong_delimiters_are_refused(value: dict[str, str]) -> None:
    with pytest.raises(BadGuide):
        profile(delimiters=value)


def test_a_partners_own_codes_are_read_and_written_and_ours_are_still_read() -> None:
    """ZB is what it calls CT, EC one more name for EA, XX a unit that nobody else has."""
    one = profile(codes=OWN)
    lines = [x.replace("*EA*", "*ZB*", 1) if x.startswith("PO1") else x for x in ORDER]
    assert set(codes(file(group(one_set(lines))))) - set(codes(file())) == {"unmapped"}
    raw = file(group(one_set(lines))).encode()
    [order, _] = [c for e in arrived(raw, codes=OWN) for c in Exchange(library()).read(e, {}, account(codes=OWN))]
    assert isinstance(order, CaptureOrder)
    assert {json.loads(text)["unit"] for _, text in order.draft.partner_lines} == {"CT"}
    found = {}
    for unit in ("CT", "EA", "XX", "DZ"):
        invoice = {**INVOICE, "lines": [{**INVOICE["lines"][0], "unit": unit}]}
        found[unit] = next(e for e in elements(invoice, one) if e[0] == "IT1")[3]
    assert found == {"CT": "ZB", "EA": "EC", "XX": "XX", "DZ": "DZ"}
    assert "code_invalid" not in codes(file(group(one_set(ORDER))), one)


@pytest.mark.parametrize(
    ("told", "why"),
    [
        ({"units": {"BX": "CT"}}, "units: there is no such code list, there are carrier_status, "),
        ({"unit": ["BX"]}, "unit: is written as {CODE: word}"),
        ({"unit": {"ZB": "crate"}}, "ZB: 'crate' is none of "),
    ],
)
def test_codes_of_no_list_and_words_that_are_none_are_refused_where_they_are_set(
    told: dict[str, Any], why: str
) -> None:
    free = {**OURS, "ids": [{"qualifier": "ZZ", "id": "ACMETOO"}]}
    assert any(why in fault for fault in check_partner({"profile": {**free, "codes": told}}, {}))
    assert check_partner({"profile": {**free, "codes": {"unit": {"ZB": {"is": "CT"}}}}}, {}) == []


def test_what_may_be_tolerated_is() -> None:
    assert profile(tolerate=["too_long:PO1.04"]).tolerate == {"too_long:PO1.04"}


@pytest.mark.parametrize("key", ["default_node", "batch", "schedule", "units", "sdq"])
def test_what_nobody_reads_is_no_setting(key: str) -> None:
    with pytest.raises(BadGuide, match=f"{key}: unknown key"):
        profile(**{key: "1"})


def test_a_wrong_profile_keeps_no_other_partner_from_trading(tmp_path: Path) -> None:
    """Of several folders those behind the wrong one were forgotten after the first time: their interchanges were a stranger's."""
    for name, text in (
        ("acme", "ids: [{qualifier: ZZ, id: ACME}]"),
        ("bad", "ack: maybe"),
        ("worse", "isa14: [1]"),
        ("zeta", "ids: [{qualifier: ZZ, id: ZETA}]"),
    ):
        (tmp_path / "partners" / name).mkdir(parents=True)
        (tmp_path / "partners" / name / "profile.yaml").write_text(text)
    found = Library(tmp_path)
    for _ in range(2):
        zeta = found.profile_of("ZZ", "ZETA")
        assert zeta is not None
        assert zeta.partner == "zeta"
        with pytest.raises(BadGuide, match=r"bad/profile\.yaml:1: ack"):
            found.profile("bad")
        with pytest.raises(BadGuide) as all_of_them:
            found.profiles()
        assert [f.file for f in all_of_them.value.data["faults"]] == [
            "partners/bad/profile.yaml",
            "partners/worse/profile.yaml",
        ]


def test_an_account_in_ascii_is_read_as_any() -> None:
    assert (profile(charset="ascii").charset, profile(charset="ascii").charset_out) == (None, "ascii")
    assert profile(charset="cp037").charset_out == "cp037"
    assert "charset_guessed" in codes(interchange_bytes(), profile(charset="ascii"))
    assert interchange(file(), profile()).verdict == "accepted"


def interchange_bytes() -> bytes:
    return file(group(one_set([x.replace("STORE 7", "CAFÉ") for x in ORDER]))).encode("latin-1")
