"""What a partner is told: 997 of accepted, partly accepted and rejected groups, TA1, and who is never answered."""

from __future__ import annotations

import io
import logging
import re
import shutil
from importlib.resources import files
from pathlib import Path

import pytest
from pyx12.params import ParamsBase
from pyx12.x12n_document import x12n_document

from adapters.x12.report import shown_ack
from adapters.x12.verdicts import InterchangeVerdict
from tests.adapters.x12.test_catalogue import CASES, raw
from tests.adapters.x12.x12files import ORDER, file, found, group, interchange, isa, one_set


def ack(text: str) -> list[str]:
    return (shown_ack(interchange(text)) or "").split("~")[:-1]


def test_a_good_order_is_accepted_and_answered_to_its_sender() -> None:
    lines = ack(file())
    assert lines[0].split("*")[6].strip() == "HUBDEMO"
    assert lines[0].split("*")[8].strip() == "ACMERETAIL"
    assert lines[1:] == [
        "GS*FA*HUBDEMO*ACMERETAIL*20261120*0915*1*X*004010",
        "ST*997*0001",
        "AK1*PO*7",
        "AK2*850*0001",
        "AK5*A",
        "AK9*A*1*1*1",
        "SE*6*0001",
        "GE*1*1",
        "IEA*1*000000001",
    ]


def test_one_bad_set_of_three_rejects_only_itself() -> None:
    bad = one_set([*ORDER[:6], "PO1*1*ten*EA*9.90**VN*SKU-1", "CTT*1"], control="0002")
    lines = ack(file(group(one_set(), bad, one_set(control="0003"))))
    assert "AK3*PO1*8**8" in lines
    assert "AK4*2*330*6*ten" in lines
    assert lines.count("AK5*A") == 2
    assert "AK5*R*5" in lines
    assert "AK9*P*3*3*2" in lines


def test_a_wrong_group_count_rejects_the_group_alone() -> None:
    lines = ack(file(group(one_set()).replace("GE*1*7", "GE*2*7")))
    assert "AK9*R*2*1*0*5" in lines
    assert not any(line.startswith("AK2") for line in lines)


def test_a_rejected_interchange_gets_a_technical_ack_and_nothing_else() -> None:
    lines = ack(file().replace("IEA*1*000000101", "IEA*1*000000777"))
    assert lines[1] == "TA1*000000101*261120*0915*R*001"
    assert lines[2] == "IEA*0*000000001"


def test_a_technical_ack_that_is_asked_for_stands_directly_after_isa() -> None:
    lines = ack(file(asked="1"))
    assert lines[1] == "TA1*000000101*261120*0915*A*000"
    assert lines[2].startswith("GS*FA")


def test_acks_are_never_acked() -> None:
    inner = group(one_set(["AK1*PO*1", "AK9*A*1*1*1"], "997"), functional_id="FA")
    assert shown_ack(interchange(file(inner))) is None
    assert shown_ack(interchange(f"{isa()}TA1*000000009*261120*0915*R*001~IEA*0*000000101~")) is None


def test_copies_of_bad_values_lose_delimiters_and_are_cut() -> None:
    long = "X" * 90 + ">" + "Y" * 90
    lines = ack(file(group(one_set(["BEG*00*SA*PO1**20261120", f"PO1*1*1*{long}*1**VN*A", "CTT*1"]))))
    copy = next(line for line in lines if line.startswith("AK4")).split("*")[4]
    assert len(copy) == 99
    assert ">" not in copy


@pytest.mark.parametrize(
    ("change", "wanted"),
    [
        (("REF*DP", "R*DP"), "AK3*R?*3**1"),
        (("REF*DP", "*DP"), "AK3*??*3**1"),
        (("REF*DP", "R.FX*DP"), "AK3*R?F*3**1"),
        (("*7*X*", "*A7/*X*"), "AK1*PO*7"),
        (("*7*X*", "**X*"), "AK1*PO*0"),
        (("GS*PO*", "GS*POX*"), "AK1*PO*7"),
        (("ST*850*", "ST*8*"), "AK2*8??*0001"),
        (("ST*850*0001", "ST*850"), "AK2*850*????"),
        (("ST*850*0001", "ST*850*00010001000"), "AK2*850*000100010"),
        (("ST*850*0001", "ST*850*1"), "AK2*850*1"),
    ],
)
def test_what_a_sender_misspelled_is_said_in_an_ack_that_can_be_read(change: tuple[str, str], wanted: str) -> None:
    """AK3, AK1 and AK2 repeated ids of one letter, of none and of ten as they were, and the sender rejected our ack."""
    lines = ack(file().replace(*change, 1))
    assert wanted in lines
    back = interchange("~".join(lines) + "~")
    faults = {(f.code, f.segment, f.element) for g in back.groups for s in g.sets for f in s.findings}
    assert faults <= {("too_short", "AK2", 2)}  # a number of one digit is repeated, so that its sender knows it


@pytest.mark.parametrize(("version", "code"), [("004010", "3"), ("005010", "13")])
def test_too_many_components_are_too_many_elements_before_005010(version: str, code: str) -> None:
    lines = [*ORDER[:-1], "SLN*1**I*1*" + ">".join(["EA"] * 16), ORDER[-1]]
    told = ack(file(group(one_set([*lines]), version=version), version="00401" if version < "005" else "00501"))
    assert code in [line.split("*")[3] for line in told if line.startswith("AK4*5")]


@pytest.fixture(scope="module")
def maps(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """pyx12's own maps of the envelope and the 997, less its lists of HIPAA's groups and sets in AK101 and AK201, by which it would find no segment."""
    folder, package = tmp_path_factory.mktemp("maps"), Path(str(files("pyx12"))) / "map"
    for name in ("x12.control.00401.xml", "dataele.xml", "codes.xml", "maps.xml"):
        shutil.copy(package / name, folder)
    text = (package / "997.4010.xml").read_text()
    for name in ("AK101", "AK201"):
        text, n = re.subn(
            rf'(<element xid="{name}">.*?)<valid_codes>.*?</valid_codes>', r"\1", text, count=1, flags=re.DOTALL
        )
        assert n == 1
    (folder / "997.4010.xml").write_text(text)
    return folder


def of_pyx12(text: str, maps: Path) -> list[str]:
    """What it finds wrong."""
    log, said = logging.getLogger("pyx12.error_handler"), list[str]()
    watch = logging.Handler()
    watch.emit = lambda record: said.append(record.getMessage())  # type: ignore[method-assign]
    log.addHandler(watch)
    try:
        good = x12n_document(ParamsBase(), io.StringIO(text), io.StringIO(), None, map_path=str(maps))
    finally:
        log.removeHandler(watch)
    return [] if good else said or ["refused"]


# What it holds against us is the sender's: a version that nobody knows, and a number of two digits, are answered as they came.
THEIRS = {"group_version", "set_control_invalid"}


@pytest.mark.parametrize("code", [c for c, text in CASES.items() if text and c not in THEIRS])
def test_our_997s_parse_without_error_through_the_map_of_the_second_engine(code: str, maps: Path) -> None:
    answers = [shown_ack(x) for x in found(raw(CASES[code])) if isinstance(x, InterchangeVerdict)]
    assert {text: told for text in answers if text and (told := of_pyx12(text, maps))} == {}


def test_the_second_engine_would_tell_a_wrong_997(maps: Path) -> None:
    good = shown_ack(interchange(file())) or ""
    for wrong in (good.replace("AK9*A", "AK9*Z"), good.replace("AK5*A~", ""), good.replace("AK1*PO*7", "AK1*PO")):
        assert of_pyx12(wrong, maps)
