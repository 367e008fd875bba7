"""Laws: what is written reads back equal, what was read is written as it was, and our own acks pass our own guides."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

from adapters.x12.ack import ack_text, answer
from adapters.x12.examine import examine
from adapters.x12.forward import Context
from adapters.x12.outward import Outward
from adapters.x12.profile import Profile
from adapters.x12.report import check_file
from adapters.x12.sample import sample_file, sample_segments
from adapters.x12.scan import scan
from adapters.x12.seal import Marks
from adapters.x12.verdicts import InterchangeVerdict, SetVerdict
from adapters.x12.write import SETS, interchange_of, write_set
from tests.adapters.x12.documents import KINDS
from tests.adapters.x12.x12files import ORDER, file, group, interchange, library, one_set

AT = datetime(2026, 11, 21, 9, 15, tzinfo=UTC)
PARTNER = Profile(partner="p", ids=(("ZZ", "ACMERETAIL"),), ours=("ZZ", "HUBDEMO"), settings={"currency": "USD"})
FEW = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def read_back(kind: str, data: Mapping[str, Any], version: str) -> dict[str, Any]:
    profile = replace(PARTNER, gs_version=version, isa_version="00501" if version >= "005" else "00401")
    written = write_set(kind, "1", data, library(), profile)
    text = interchange_of([written], profile, isa=1, gs=1, st=1, at=AT)
    one = next(x for x in examine([text.encode()], library(), PARTNER_OURS) if isinstance(x, SetVerdict))
    assert not one.findings, one.findings
    assert one.document is not None
    return dict(one.document)


PARTNER_OURS = Profile(partner="p", settings={"currency": "USD"})


@pytest.mark.parametrize("version", ["004010", "004010VICS", "005010"])
@pytest.mark.parametrize("kind", sorted(KINDS))
def test_what_is_written_reads_back_equal(kind: str, version: str) -> None:
    @FEW
    @given(KINDS[kind])
    def law(data: dict[str, Any]) -> None:
        if kind == "ship_notice" and version == "004010VICS":  # where every order names its store
            for order in data["shipments"][0]["orders"]:
                order["parties"] = {"buyer": {"name": "STORE", "scheme": "92", "id": "0007"}}
        back = read_back(kind, data, version)
        back.pop("currency_role", None)
        assert back == data

    law()


@pytest.mark.parametrize("full", [False, True])
@pytest.mark.parametrize("name", ["/".join(x) for x in library().names()])
def test_samples_of_every_guide_pass_it_and_survive_the_way_through(name: str, full: bool) -> None:
    version, set_id = name.split("/")
    compiled = library().guide(version, set_id)
    assert compiled is not None
    segments = sample_segments(compiled.guide, full=full)
    scanned = scan(compiled.guide, compiled.plan, segments, ">", "^")
    assert scanned.findings == [], scanned.findings
    document = compiled.read(scanned.tree, 1, Context(">", "^", {}))
    out: list[list[str]] = []
    compiled.lay(compiled.put(document, 1, Outward({})), out.append, [], ">", "^")
    again = scan(compiled.guide, compiled.plan, out, ">", "^")
    assert compiled.read(again.tree, 1, Context(">", "^", {})) == document
    if not full:
        wanted = [e for e in segments if len(e) > 1]
        missing = [e for e in wanted if e not in out and e[0] not in _UNMAPPED]
        assert not missing


@pytest.mark.parametrize("name", ["/".join(x) for x in library().names()])
def test_the_sample_that_a_partner_gets_is_a_file_that_the_self_test_takes(name: str) -> None:
    version, _, set_id = name.partition("/")
    compiled = library().guide(version, set_id)
    assert compiled is not None
    said = check_file("sample", [sample_file(compiled.guide).encode()], library())
    assert (said["outcome"], said["reason"]) == ("ok", None)
    assert said["interchanges"][0]["groups"][0]["sets"][0]["set"] == compiled.guide.set


@pytest.mark.parametrize("name", ["/".join(x) for x in library().names()])
def test_what_is_laid_is_read_in_the_same_places(name: str) -> None:
    """Writing judges a tree without reading it again; where it says that all fits, reading says so too, and finds the same tree."""
    version, set_id = name.split("/")
    compiled = library().guide(version, set_id)
    assert compiled is not None
    assert compiled.plan.sure == (set_id not in ("820", "867"))  # their loops can be told apart by what follows only
    for full in (False, True):
        segments = sample_segments(compiled.guide, full=full)
        document = compiled.read(scan(compiled.guide, compiled.plan, segments, ">", "^").tree, 1, Context(">", "^", {}))
        tree = compiled.put(document, 1, Outward({}))
        out: list[list[str]] = []
        bad: list[Any] = []
        fits = compiled.lay(tree, out.append, bad, ">", "^")
        again = scan(compiled.guide, compiled.plan, out, ">", "^")
        assert (fits and not bad) == (again.findings == [])
        if compiled.plan.sure:
            assert again.tree == tree


def test_a_tree_that_lacks_or_repeats_does_not_fit() -> None:
    compiled = library().guide("004010", "850")
    assert compiled is not None
    segments = sample_segments(compiled.guide)
    for broken in (segments[1:], [*segments[:1], *segments]):
        tree = scan(compiled.guide, compiled.plan, broken, ">", "^").tree
        assert not compiled.lay(tree, list[list[str]]().append, [], ">", "^")
    for wrong in ("PO1*1*ten*EA", "PO1*1*1*EACH", "PO1*1**EA*5"):
        scanned = scan(compiled.guide, compiled.plan, [segments[0], wrong.split("*")], ">", "^")
        bad: list[Any] = []
        compiled.lay(scanned.tree, list[list[str]]().append, bad, ">", "^")
        assert len(bad) == len(scanned.findings) > 0


_UNMAPPED = frozenset({"PO1"})  # an 850 without PO101 is written with the position that it was read with


def test_our_acks_pass_our_own_guides() -> None:
    bad = one_set([*ORDER[:6], "PO1*1*ten*EACH*9.90**VN", "ZZZ*1", "CTT*1"], control="0002")
    text = file(group(one_set(), bad, one_set(control="0003")))
    for kind in ("997", "999"):
        ack = answer(interchange(text, replace(PARTNER_OURS, ack=kind)))
        assert ack is not None
        own = ack_text(ack, Marks(), isa=1, gs=1, st=1, at=AT)
        found = next(x for x in examine([own.encode()], library(), PARTNER_OURS) if isinstance(x, InterchangeVerdict))
        assert found.findings == []
        assert [f for g in found.groups for f in g.findings] == []
        assert [(s.set, s.findings) for g in found.groups for s in g.sets] == [(kind, ())]


def test_every_document_that_can_be_written_has_a_set() -> None:
    assert {SETS[kind] for kind in KINDS} <= {set_id for _, set_id in library().names()}
