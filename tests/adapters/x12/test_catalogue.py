"""Every row of the error catalogue is provoked once; the ack segment is what the table says, for 997 and 999."""

from __future__ import annotations

import dataclasses

import pytest

from adapters.x12.errors import RULES, ack_of, sentence
from adapters.x12.examine import examine
from adapters.x12.profile import DEFAULT, Profile
from adapters.x12.report import shown_ack
from adapters.x12.verdicts import InterchangeVerdict
from tests.adapters.x12.x12files import ORDER, codes, file, group, interchange, isa, library, one_set

ORDER_LINES = list(ORDER)
KNOWN = Profile(
    partner="acme-retail", ids=(("ZZ", "ACMERETAIL"),), ours=("ZZ", "HUBDEMO"), settings={"currency": "USD"}
)
NINES = dataclasses.replace(DEFAULT, ack="999")


def order(*segments: str) -> str:
    """A file whose only set is an 850 of these segments."""
    return file(group(one_set(segments)))


def changed(index: int, text: str) -> str:
    """The usual order with one segment replaced."""
    lines = [*ORDER_LINES]
    lines[index] = text
    return order(*lines)


def ship_notice(*segments: str) -> str:
    return file(group(one_set(["BSN*00*S1*20261121*0915*0001", *segments], "856"), functional_id="SH"))


MANY_DTM = [*ORDER_LINES[:3], *["DTM*010*20261201"] * 10, *ORDER_LINES[3:]]
CASES: dict[str, str] = {
    "isa_elements": file().replace("*0*P*>~GS", "*P*>~GS"),
    "isa_value": file().replace("*261120*0915*U", "*261320*0915*U"),
    "isa_receiver_unknown": file().replace("*ZZ*HUBDEMO  ", "*ZZ*OTHERS   "),
    "isa_version": file().replace("*00401*", "*0040X*"),
    "interchange_control_mismatch": file().replace("IEA*1*000000101", "IEA*1*000000777"),
    "interchange_group_count": file().replace("IEA*1*", "IEA*3*"),
    "interchange_not_closed": file().split("IEA")[0],
    "stray_segment": file().replace("ST*850", "REF*DP*1~ST*850"),
    "group_missing": f"{isa()}{one_set()}IEA*0*000000101~",
    "trailing_data": file() + "hello there",
    "duplicate_interchange": file() + file(),
    "group_unknown": file(group(one_set(), functional_id="QQ")),
    "group_version": file(group(one_set(), version="009990")),
    "group_not_closed": file().replace("GE*1*7~", ""),
    "group_control_mismatch": file().replace("GE*1*7", "GE*1*8"),
    "group_set_count": file().replace("GE*1*7", "GE*4*7"),
    "group_control_invalid": file(group(one_set(), control="A7")),
    "no_guide": file(group(one_set(set_id="999"))),
    "set_not_closed": file().replace("SE*12*0001~", ""),
    "set_control_mismatch": file().replace("SE*12*0001", "SE*12*0002"),
    "set_segment_count": file().replace("SE*12*", "SE*13*"),
    "segment_errors": order(*ORDER_LINES, "ZZZ*1"),
    "set_id_invalid": file(group(one_set(set_id="85"))),
    "set_control_invalid": file(group(one_set(control="01"))),
    "set_control_duplicate": file(group(one_set(), one_set())),
    "set_not_of_group": file(group(one_set(["AK1*PO*1", "AK9*A*1*1*1"], "997"))),
    "segment_unknown": order(*ORDER_LINES, "ZZZ*1"),
    "segment_missing": order(*ORDER_LINES[1:]),
    "loop_over_max": order(*ORDER_LINES[:2], *["SAC*C*D240***100"] * 26, *ORDER_LINES[2:]),
    "segment_over_max": order(*MANY_DTM),
    "segment_not_in_set": order(*ORDER_LINES, "AK1*PO*1"),
    "segment_out_of_order": order(*ORDER_LINES, "CUR*BY*USD"),
    "hl_invalid": ship_notice("HL*1**S", "HL*3*1*O", "PRF*PO1"),
    "element_missing": changed(0, "BEG*00*SA***20261120"),
    "element_conditional": changed(6, "PO1*1*10*EA*9.90**VN"),
    "elements_too_many": changed(4, "N3*1 MAIN*A*B"),
    "too_short": changed(5, "N4*G*SC*29601*US"),
    "too_long": changed(6, "PO1*1*10*EACH*9.90**VN*SKU-1"),
    "character_invalid": changed(6, "PO1*1*ten*EA*9.90**VN*SKU-1"),
    "code_invalid": changed(0, "BEG*99*SA*PO1**20261120"),
    "date_invalid": changed(0, "BEG*00*SA*PO1**20261399"),
    "time_invalid": changed(2, "DTM*010*20261201*2561"),
    "repetitions_too_many": "",
    "element_exclusive": file(
        group(one_set(["BIA*00*SI*R1*20261120", "LIN**VN*A", "QTY*33*1*EA*X"], "846"), functional_id="IB")
    ),
    "components_too_many": order(*ORDER_LINES[:-1], "SLN*1**I*1*" + ">".join(["EA"] * 16), ORDER_LINES[-1]),
    "require_failed": "",
    "segment_unexpected": "",
    "unmapped": changed(6, "PO1*1*10*QQ*9.90**VN*SKU-1"),
    "check_failed": order(*ORDER_LINES[:-1], "CTT*9"),
    "check_differs": order(*ORDER_LINES[:-1], "CTT*2*99"),
    "amount_unreadable": "",
    "charset_guessed": changed(3, "N1*ST*CAF\udce9"),
    "empty_segment": file().replace("REF*DP", "~~REF*DP"),
    "control_leading_zeros": file().replace("GE*1*7", "GE*1*007"),
    "lines_wrapped": file().replace("GREENVILLE", "GREEN\nVILLE"),
    "isa_padding": file().replace("HUBDEMO        *", "HUBDEMO*"),
    "unterminated": file()[:-1],
    "elements_trailing": changed(4, "N3*1 MAIN****"),
    "party_repeated": order(*ORDER_LINES[:6], *ORDER_LINES[3:]),
    "errors_capped": order(*ORDER_LINES, *["ZZZ*1"] * 1001),
    "segment_too_long": changed(3, "N1*ST*" + "A" * 70_000),
    "set_too_large": "",
    "engine_fault": "",
}
ELSEWHERE = {
    "repetitions_too_many": "test_overlay",
    "require_failed": "test_overlay",
    "segment_unexpected": "test_overlay",
    "amount_unreadable": "below",
    "set_too_large": "test_tokens",
    "engine_fault": "test_tokens",
}


def raw(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


def told(found: InterchangeVerdict, code: str) -> list[str]:
    levels = [found.findings, *(g.findings for g in found.groups), *(s.findings for g in found.groups for s in g.sets)]
    return [ack_of(f, found.profile.ack) for level in levels for f in level if f.code == code]


def test_the_table_has_a_case_for_every_row() -> None:
    assert set(CASES) == set(RULES)
    assert set(ELSEWHERE) == {code for code, text in CASES.items() if not text}


@pytest.mark.parametrize("code", sorted(c for c, text in CASES.items() if text and c != "segment_errors"))
def test_each_error_is_found_and_said(code: str) -> None:
    profile = KNOWN if code == "isa_receiver_unknown" else None
    assert code in codes(raw(CASES[code]), profile)


@pytest.mark.parametrize("kind", ["997", "999"])
@pytest.mark.parametrize(
    "code", sorted(c for c, text in CASES.items() if text and RULES[c].ack and c not in ("no_guide", "errors_capped"))
)
def test_the_ack_says_it(code: str, kind: str) -> None:
    """`AK403 5` means an AK4 whose third element is 5, and so on; a rejected interchange has only its TA1."""
    profile = dataclasses.replace(KNOWN if code == "isa_receiver_unknown" else DEFAULT, ack=kind, ta1="always")
    every = [x for x in examine([raw(CASES[code])], library(), profile) if isinstance(x, InterchangeVerdict)]
    found = every[-1]
    if code == "trailing_data":
        found = every[0]
    ack = shown_ack(found)
    assert ack is not None
    wanted = next(iter(told(found, code)), RULES[code].ack_999 if kind == "999" else RULES[code].ack)
    segment, value = wanted.split(" ")
    if code == "components_too_many" and kind == "997":
        value = "3"  # 004010 has no word of its own for it
    name, at = segment[:3], int(segment[3:])
    lines = [line.split("*") for line in ack.split("~") if line.startswith(name + "*")]
    several = name in ("AK3", "IK3", "AK5", "IK5", "AK9")  # up to five codes stand side by side
    values = [v for line in lines for v in (line[at:] if several else line[at : at + 1])]
    assert value in values, (code, wanted, ack)


def test_messages_name_place_value_and_expectation() -> None:
    one = interchange(CASES["too_long"]).groups[0].sets[0]
    assert [sentence(f) for f in one.findings] == ['PO103 at 8: unit of measure "EACH" is longer than 2 characters']


def test_the_place_of_an_error_names_its_loops() -> None:
    lines = [*ORDER_LINES[:9], "SAC*X*D240", *ORDER_LINES[9:]]
    one = interchange(order(*lines)).groups[0].sets[0]
    assert [f.path for f in one.findings] == ["/PO1[2]/SAC[1]/SAC01"]


def test_tolerated_errors_are_noted_instead() -> None:
    text = changed(6, "PO1*1*10*EACH*9.90**VN*SKU-1")
    for tolerate in ("too_long", "too_long:PO1", "too_long:PO1.03"):
        profile = dataclasses.replace(DEFAULT, tolerate=frozenset({tolerate}))
        assert interchange(text, profile).groups[0].sets[0].verdict == "accepted_with_errors"
    other = dataclasses.replace(DEFAULT, tolerate=frozenset({"too_long:PO1.04", "element_missing"}))
    assert interchange(text, other).groups[0].sets[0].verdict == "rejected"
    assert interchange(CASES["element_missing"], other).groups[0].sets[0].verdict == "rejected"


def test_an_amount_that_a_partner_may_break_is_parked_not_guessed() -> None:
    profile = dataclasses.replace(DEFAULT, tolerate=frozenset({"character_invalid"}))
    one = interchange(CASES["character_invalid"], profile).groups[0].sets[0]
    assert "amount_unreadable" in {f.code for f in one.findings}
    assert one.verdict == "accepted_with_errors"
    assert one.quarantined


def test_no_guide_is_kept_or_rejected_as_the_profile_says() -> None:
    assert interchange(CASES["no_guide"]).groups[0].sets[0].verdict == "accepted_with_errors"
    strict = dataclasses.replace(DEFAULT, no_guide="reject")
    assert interchange(CASES["no_guide"], strict).groups[0].sets[0].verdict == "rejected"


def test_what_the_table_leaves_to_us_never_reaches_the_ack() -> None:
    for code in ("unmapped", "check_failed", "check_differs"):
        ack = shown_ack(interchange(CASES[code])) or ""
        assert "AK5*A~" in ack, code
        assert "AK9*A*" in ack, code
