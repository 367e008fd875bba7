"""Guides, extensions and partners' overlays: what they change, and every reason for which one is refused, with file and line."""

from __future__ import annotations

import dataclasses
import shutil
from pathlib import Path

import pytest

from adapters.x12.examine import examine
from adapters.x12.library import ROOT, Library
from adapters.x12.profile import DEFAULT, Profile
from adapters.x12.report import shown_ack
from adapters.x12.verdicts import InterchangeVerdict
from adapters.x12.yamltext import BadGuide
from tests.adapters.x12.x12files import ORDER, file, group, one_set

PROFILE = dataclasses.replace(DEFAULT, partner="shop")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    few = shutil.ignore_patterns("9*.yaml", "855.yaml", "856.yaml", "860.yaml", "810.yaml", "846.yaml", "[1-7]*.yaml")
    for part in ("x12/004010", "x12/005010", "x12/codes"):
        shutil.copytree(ROOT / part, tmp_path / part, ignore=few)
    (tmp_path / "partners" / "shop").mkdir(parents=True)
    return tmp_path


def judged(root: Path, text: str, overlay: str, profile: Profile = PROFILE) -> InterchangeVerdict:
    (root / "partners" / "shop" / "850.yaml").write_text('overlay: {set: "850", version: "004010"}\n' + overlay)
    found = examine([text.encode()], Library(root), profile)
    return next(x for x in found if isinstance(x, InterchangeVerdict))


def found(root: Path, text: str, overlay: str, profile: Profile = PROFILE) -> set[str]:
    return {f.code for f in judged(root, text, overlay, profile).groups[0].sets[0].findings}


def test_an_overlay_narrows_elements_and_says_so_in_a_999(root: Path) -> None:
    overlay = "segments: {PO1: {3: {codes: [CA]}}}\n"
    assert found(root, file(), overlay) == {"code_invalid"}
    ack = shown_ack(judged(root, file(), overlay, dataclasses.replace(PROFILE, ack="999"))) or ""
    assert "IK4*3*355*I6*EA~" in ack


def test_an_overlay_forbids_widens_and_requires(root: Path) -> None:
    assert found(root, file(), "structure: [{at: DTM, use: N}]\n") == {"segment_unexpected"}
    added = 'structure: [{at: PO1/QTY, use: O, max: "3", after: PO1}]\n'
    lines = [*ORDER[:7], "QTY*33*1", *ORDER[7:]]
    assert found(root, file(group(one_set(lines))), "") == {"segment_not_in_set"}
    assert found(root, file(group(one_set(lines))), added) == set()
    require = 'require: [{at: "REF[01=IA]"}]\n'
    assert found(root, file(), require) == {"require_failed"}
    assert judged(root, file(), require).groups[0].sets[0].verdict == "accepted_with_errors"
    acked = dataclasses.replace(PROFILE, ack_levels=frozenset({1, 2, 4}))
    assert judged(root, file(), require, acked).groups[0].sets[0].verdict == "rejected"
    assert found(root, file(), 'require: [{at: "REF[01=IA]", when: BEG.02 = DS}]\n') == set()


def test_an_overlay_tolerates_and_maps(root: Path) -> None:
    bad = file(group(one_set(["BEG*00*SA*PO1**20261120", "PO1*1*1*EACH*1**VN*A", "CTT*1"])))
    assert judged(root, bad, "tolerate: [too_long]\n").groups[0].sets[0].verdict == "accepted_with_errors"
    (root / "partners" / "shop" / "850.yaml").write_text("overlay: {}\nmap: {vendor_code: 'REF[01=DP].02'}\n")
    documents = [getattr(x, "document", None) for x in examine([file().encode()], Library(root), PROFILE)]
    assert documents[0] is not None
    assert documents[0]["vendor_code"] == "041"


def test_a_repeating_element_is_split_only_where_the_guide_says_so(root: Path) -> None:
    lines = list(ORDER)
    lines[1] = "REF*DP*A^B^C"
    text = file(group(one_set(lines)), version="00501")
    assert found(root, text, "") == set()
    assert found(root, text, 'segments: {REF: {2: {repeat: "2"}}}\n') == {"repetitions_too_many"}
    assert found(root, text, 'segments: {REF: {2: {repeat: "3"}}}\n') == set()


REFUSED: dict[str, tuple[str, str]] = {
    "unknown key": ("segments: {PO1: {4: {must: M}}}\n", "must"),
    "unknown key at the top": ("segmants: {}\n", "segmants"),
    "unknown element": ('segments: {PO1: {of: ["99999 M"]}}\n', "e"),
    "no code list": ("segments: {PO1: {3: {codes: nowhere}}}\n", "codes"),
    "no such table": ("map: {x: {at: BEG.02, table: nowhere}}\n", "table"),
    "place out of reach": ("map: {x: N3.01}\n", "x"),
    "place beyond the segment": ("map: {x: BEG.40}\n", "x"),
    "no place at all": ("map: {x: hello}\n", "x"),
    "qualifier not among the codes": ('map: {x: "BEG[01=77].03"}\n', "x"),
    "table not invertible": ("map: {x: {at: BEG.02, table: {A: one, B: one}}}\n", "B"),
    "two preferred": (
        'map: {x: {at: BEG.02, table: {A: {is: o, preferred: "true"}, B: {is: o, preferred: "true"}}}}\n',
        "B",
    ),
    "unknown type": ("map: {x: {at: BEG.02, type: number}}\n", "type"),
    "usage": ("segments: {PO1: {4: {use: X}}}\n", "use"),
    "maximum": ("structure: [{at: DTM, max: many}]\n", "max"),
    "note": ("segments: {REF: {notes: [R0209]}}\n", "notes"),
    "ambiguous": ("structure: [{at: DTM2, seg: DTM, after: DTM}]\n", "structure"),
    "double key": ("map: {x: BEG.02, x: BEG.03}\n", "x"),
    "tag": ("map: {x: !python BEG.02}\n", "BEG.02"),
    "bad yaml": ("map: {x: [}\n", ""),
    "check without sides": ("checks: [{code: c, equal: [CTT.01], else: note}]\n", "equal"),
    "check of unknown function": ("checks: [{code: c, equal: [CTT.01, product(PO1)], else: note}]\n", "equal"),
    "check without consequence": ("checks: [{code: c, equal: [CTT.01, count(PO1)], else: perhaps}]\n", "else"),
    "number where text is meant": ("map: {x: {at: BEG.02, else: [1]}}\n", "else"),
    "bad constant": ("map: {x: {at: CUR.02, write: {CUR.01: [BY]}}}\n", "CUR.01"),
    "no such loop": ("structure: [{at: PO9/DTM, use: O}]\n", "at"),
    "element too far": ("segments: {N3: {9: {use: M}}}\n", "9"),
}


@pytest.mark.parametrize("why", sorted(REFUSED))
def test_a_wrong_overlay_is_refused_with_file_and_line(root: Path, why: str) -> None:
    text, key = REFUSED[why]
    (root / "partners" / "shop" / "850.yaml").write_text("overlay: {}\n\n" + text)
    with pytest.raises(BadGuide) as bad:
        Library(root).guide("004010", "850", "shop")
    faults = bad.value.data["faults"]
    assert any(f.key == key and f.reason for f in faults), faults
    assert any((f.file, f.line) == ("partners/shop/850.yaml", 3) for f in faults) or why == "ambiguous", faults


@pytest.mark.parametrize(
    ("overlay", "key"),
    [
        ("map: {x: BEG}\n", "x"),
        ("map: {x: {at: CUR, type: text}}\n", "at"),
        ("structure: [{at: QTY, use: O, max: '3', after: NOWHERE}]\n", "after"),
    ],
)
def test_what_names_no_element_and_no_neighbour_is_refused(root: Path, overlay: str, key: str) -> None:
    (root / "partners" / "shop" / "850.yaml").write_text(overlay)
    with pytest.raises(BadGuide) as bad:
        Library(root).guide("004010", "850", "shop")
    assert [(f.line, f.key) for f in bad.value.data["faults"]] == [(1, key)]


def test_all_faults_are_collected(root: Path) -> None:
    (root / "partners" / "shop" / "850.yaml").write_text("map:\n  x: BEG.40\n  y: N3.01\n  z: hello\n")
    with pytest.raises(BadGuide) as bad:
        Library(root).guide("004010", "850", "shop")
    assert [f.line for f in bad.value.data["faults"]] == [2, 3, 4]


@pytest.mark.parametrize("name", ["partners/shop/850.yaml", "x12/004010/850.yaml", "x12/004010/elements.yaml"])
def test_a_wrong_guide_is_refused_with_file_and_line_while_the_old_one_stays_in_force(root: Path, name: str) -> None:
    (root / "partners" / "shop" / "850.yaml").write_text("overlay: {}\nsegments: {PO1: {3: {codes: [CA]}}}\n")
    library = Library(root)
    order = {"850": file().encode(), "other": file().replace("*EA*", "*CA*").encode()}

    def verdicts() -> list[str]:
        judged = [x for raw in order.values() for x in examine([raw], library, PROFILE)]
        return [s.verdict for x in judged if isinstance(x, InterchangeVerdict) for s in x.groups[0].sets]

    before = verdicts()
    assert before == ["rejected", "accepted"]
    path = root / name
    path.write_text("what: ever\n" + path.read_text())
    with pytest.raises(BadGuide) as bad:
        Library(root).guide("004010", "850", "shop")
    assert (name, 1) in [(f.file, f.line) for f in bad.value.data["faults"]]
    assert verdicts() == before
    assert library.guide_for(PROFILE, "004010", "850") is not None


def test_an_overlay_of_the_account_takes_the_place_of_the_folders_and_is_judged_in_the_same_words(root: Path) -> None:
    path = root / "partners" / "shop" / "850.yaml"
    wrong = "overlay: {}\n\nsegments: {PO1: {3: {codes: nowhere}}}\n"
    path.write_text(wrong)
    library = Library(root)
    with pytest.raises(BadGuide) as by_folder:
        library.guide("004010", "850", "shop")
    path.write_text("overlay: {}\nsegments: {PO1: {3: {codes: [CA]}}}\n")
    library = Library(root)
    old = library.guide("004010", "850", "shop")
    with pytest.raises(BadGuide) as by_account:
        library.guide("004010", "850", "shop", wrong)
    assert by_account.value.data["faults"] == by_folder.value.data["faults"]
    assert library.guide("004010", "850", "shop") is old
    own = library.guide("004010", "850", "shop", "segments: {PO1: {3: {codes: [EA]}}}\n")
    assert own is not old
    assert own is library.guide("004010", "850", "shop", "segments: {PO1: {3: {codes: [EA]}}}\n")
    profile = dataclasses.replace(PROFILE, partner="shop", overlays={"850": "segments: {PO1: {3: {codes: [EA]}}}\n"})
    assert library.guide_for(profile, "004010", "850") is own


def test_overlays_of_accounts_are_kept_compiled_up_to_a_number(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("adapters.x12.library.OVERLAYS", 2)
    library = Library(root)
    texts = [f"segments: {{PO1: {{3: {{codes: [{code}]}}}}}}\n" for code in ("EA", "CA", "DZ")]
    first, *_ = (library.guide("004010", "850", "shop", text) for text in texts)
    assert library.guide("004010", "850", "shop", texts[2]) is library.guide("004010", "850", "shop", texts[2])
    assert library.guide("004010", "850", "shop", texts[0]) is not first


def test_scalars_are_text_whatever_they_look_like(root: Path) -> None:
    (root / "x12" / "codes" / "odd.yaml").write_text("codes: {00: zero, no: 'no', 1.0: one, on: true}\n")
    (root / "partners" / "shop" / "850.yaml").write_text("map: {x: {at: BEG.02, table: odd}}\n")
    compiled = Library(root).guide("004010", "850", "shop")
    assert compiled is not None
    assert compiled.guide.tables["odd"].words == {"00": "zero", "no": "no", "1.0": "one", "on": "true"}


def test_versions_fall_back_to_their_first_six_characters_and_extend(root: Path) -> None:
    library = Library(root)
    vics = library.guide("004010VICS", "850")
    assert vics is library.guide("004010VICS", "850")
    assert vics is not None
    assert vics.guide.version == "004010"
    later = library.guide("005010", "850")
    assert later is not None
    assert later.guide.segments["REF"].of[1].element.high == 50  # type: ignore[union-attr]
    assert library.guide("001010", "850") is None
    assert library.guide("../../etc", "850") is None
