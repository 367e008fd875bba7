"""A rule file with faults gives no rules, and says all of them with their lines."""

from __future__ import annotations

from pathlib import Path

import pytest

from hub.routing import BadRules, check_cases, load_rules, parse_rules, run_cases
from tests.depot import MAPPINGS

HEAD = "rules: x\ncurrency: BRL\nfilters: [{id: stock}]\nscore: {cost: '1'}\n"


@pytest.mark.parametrize(
    ("more", "fault"),
    [
        ("colour: red", "x.yaml:5: unknown field colour"),
        ("fallback: maybe", "x.yaml:5: fallback is one of hold, partial, not 'maybe'"),
        ("relax: [[luck]]", "x.yaml:5: relax: unknown luck"),
        ("priorities: [money]", "x.yaml:5: priorities: unknown money"),
        ("most_nodes: many", "x.yaml:5: most_nodes is a whole number, not 'many'"),
        ("cut_offs: {A: '25:00'}", "x.yaml:5: A: '25:00' is no local time HH:MM"),
        ("levels: {FAST: {speed: 1}}", "x.yaml:5: unknown field of a level speed"),
        ("tax:\n  - {from: SP, to: RJ}", "x.yaml:6: a row of tax has from, to and percent"),
        (
            "tax:\n  - {from: SP, to: RJ, percent: '1'}\n  - {from: SP, to: RJ, percent: '2'}",
            "x.yaml:7: the way from SP to RJ stands twice",
        ),
        ("policies:\n  - {id: p}", "x.yaml:6: a policy has an id and says when it holds"),
        ("policies:\n  - {id: p, when: {moon: [full]}}", "x.yaml:6: unknown condition moon"),
        ("policies:\n  - {id: p, when: {kind: STORE}}", "x.yaml:6: kind takes lists, not 'STORE'"),
        ("policies: {id: p}", "x.yaml:5: policies is a list"),
        ("rates: {USD: 5.4}", "x.yaml:5: rates: write 5.4 between quotes, so that it stays exact"),
        ("rates: {USD: '-1'}", "x.yaml:5: rates: -1 must be zero or more"),
    ],
)
def test_a_fault_is_told_with_its_line(more: str, fault: str) -> None:
    with pytest.raises(BadRules) as told:
        parse_rules("x.yaml", HEAD + more)
    assert fault in str(told.value)


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ("{id: stock}", "{id: luck}", "x.yaml:3: id is one of"),
        ("{id: stock}", "{id: kind}", "x.yaml:3: the filter kind needs values"),
        ("{id: stock}", "{id: size}", "x.yaml:3: the filter size needs most"),
        ("{id: stock}", "{id: stock, maybe: 1}", "x.yaml:3: unknown field of a filter maybe"),
        ("{id: stock}", "{id: hours, values: [noon-16:00]}", "x.yaml:3: values: 'noon' is no local time"),
        ("cost: '1'", "joy: '1'", "x.yaml:4: unknown weight joy"),
        ("cost: '1'", "cost: 1.5", "x.yaml:4: cost: write 1.5 between quotes"),
        ("cost: '1'", "cost: '-3'", "x.yaml:4: cost: -3 must be zero or more"),
        ("cost: '1'", "cost: cheap", "x.yaml:4: cost: 'cheap' is no number"),
        ("currency: BRL\n", "", "x.yaml:1: currency is missing"),
        ("rules: x", "rules: [", "x.yaml:3: expected"),
        (HEAD, "- one\n", "x.yaml:1: a rule file is a map"),
    ],
)
def test_a_fault_in_what_every_file_has(old: str, new: str, fault: str) -> None:
    with pytest.raises(BadRules) as told:
        parse_rules("x.yaml", HEAD.replace(old, new))
    assert fault in str(told.value)


def test_all_faults_are_told_at_once() -> None:
    with pytest.raises(BadRules) as told:
        parse_rules("x.yaml", HEAD.replace("'1'", "'-1'") + "colour: red\nfallback: maybe")
    assert str(told.value).count("x.yaml:") == 3


def test_the_version_is_that_of_the_text() -> None:
    assert parse_rules("x.yaml", HEAD).version != parse_rules("x.yaml", HEAD + "# other\n").version
    assert parse_rules("x.yaml", HEAD).version == parse_rules("y.yaml", HEAD).version


@pytest.mark.parametrize("path", sorted((MAPPINGS / "routing").glob("*.yaml")), ids=lambda p: p.name)
def test_every_rule_file_of_the_house_holds(path: Path) -> None:
    rules = load_rules(path)
    assert len(rules.cases) >= 3
    check_cases(rules)


CASES = (
    HEAD
    + """
case_places:
  N: {at: BR/SP, lanes: [{to: BR, carrier: C, service: S, cost: "9", days: 1}]}
cases:
  - case: it ships
    stock: {N: {A: 1}}
    demand: {to: BR/SP, lines: {A: 1}}
    expect: {nodes: {N: {A: 1}}}
"""
)


@pytest.mark.parametrize(
    ("old", "new", "difference"),
    [
        ("nodes: {N: {A: 1}}", "nodes: {N: {A: 2}}", "nodes: expected {'N': {'A': '2'}}, came {'N': {'A': '1'}}"),
        ("nodes: {N: {A: 1}}", "excluded: {N: stock}", "excluded: expected {'N': 'stock'}, came {}"),
        ("nodes: {N: {A: 1}}", "services: {N: C/T}", "services: expected {'N': 'C/T'}, came {'N': 'C/S'}"),
        ("nodes: {N: {A: 1}}", "luck: 1", "unknown expectation luck"),
        ("expect: {nodes: {N: {A: 1}}}", "expect: {}", "a case expects something"),
        ("lines: {A: 1}", "lines: {A: one}", "it cannot be read: InvalidOperation"),
        ("stock: {N", "stock: {M", "there is no place M"),
        ("demand: {to", "demand: {mood: good, to", "unknown field of a demand mood"),
        ("{at: BR/SP", "{at: BR/SP, colour: red", "unknown field of a place colour"),
    ],
)
def test_a_case_that_fails_is_told_with_its_line(old: str, new: str, difference: str) -> None:
    check_cases(parse_rules("x.yaml", CASES))
    rules = parse_rules("x.yaml", CASES.replace(old, new))
    with pytest.raises(BadRules) as told:
        check_cases(rules)
    assert "x.yaml:9: case it ships: " in str(told.value)
    assert difference in str(told.value)
    assert difference in " ".join(run_cases(rules)[0].differences)


def test_a_case_tells_why_the_others_were_excluded() -> None:
    text = CASES.replace("stock: {N: {A: 1}}", "stock: {}")
    differences = run_cases(parse_rules("x.yaml", text))[0].differences
    assert "N is excluded by stock: has none of A" in differences


def test_before_four_at_one_node_later_at_the_other() -> None:
    text = """rules: x
currency: BRL
filters:
  - {id: hours, only: [A], values: ["00:00-16:00"]}
  - {id: hours, only: [B], values: ["16:00-24:00"]}
  - {id: stock}
score: {cost: "1"}
case_places: {A: {at: BR/SP}, B: {at: BR/AM, timezone: America/Manaus}}
cases:
  - {case: before, now: "2026-03-02T15:59:00-03:00", stock: {A: {X: 1}, B: {X: 1}}, demand: {lines: {X: 1}}, expect: {nodes: {A: {X: 1}}, excluded: {B: hours}}}
  - {case: nobody, now: "2026-03-02T16:30:00-03:00", stock: {A: {X: 1}, B: {X: 1}}, demand: {lines: {X: 1}}, expect: {unplaced: {X: 1}}}
  - {case: later, now: "2026-03-02T17:00:00-03:00", stock: {A: {X: 1}, B: {X: 1}}, demand: {lines: {X: 1}}, expect: {nodes: {B: {X: 1}}, excluded: {A: hours}}}
"""
    assert [r.differences for r in run_cases(parse_rules("x.yaml", text))] == [(), (), ()]
