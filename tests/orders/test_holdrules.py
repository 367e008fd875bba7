"""Rule files are refused with their line and reason; rules match what they say."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from hub.canon.states import HoldKind
from hub.orders import BadHoldRules, Known, load_hold_rules, matching, parse_hold_rules
from hub.orders.draft import Hold, merged
from tests.orders.test_draft import HOME, draft
from tests.world import MAPPINGS, START

RULE = """holds: x
rules:
  - id: a
    kind: FRAUD
    when: {score_at_least: "75"}
    reason: score {score}
    released_by: a person
"""
NOW = Known(channel="shop", now=START)


@pytest.mark.parametrize(
    ("old", "new", "line", "reason"),
    [
        ("kind: FRAUD", "kind: STOCK", 3, "kind is one of"),
        ("    reason: score {score}\n", "", 3, "reason is missing"),
        ("reason: score {score}", "reason: score {colour}", 3, "colour"),
        ("score_at_least", "score_above", 3, "when takes"),
        ('{score_at_least: "75"}', "{orders_at_least: 3}", 3, "go together"),
        ('"75"', '"many"', 3, "cannot be read"),
        ("released_by:", "freed_by:", 3, "unknown field freed_by"),
        ("    released_by: a person", "    released_by: a person\n    then: shrug", 3, "then is one of"),
        ("    released_by: a person", "    released_by: a person\n    deadline_hours: -1", 3, "whole number"),
        ("holds: x", "stops: x", 1, "nothing else"),
        ("  - id: a", "  - id: [", 9, ""),
    ],
)
def test_a_wrong_file_is_refused_with_its_line(old: str, new: str, line: int, reason: str) -> None:
    with pytest.raises(BadHoldRules) as caught:
        parse_hold_rules("x.yaml", RULE.replace(old, new))
    assert reason in caught.value.sentence()
    assert caught.value.sentence().startswith("x.yaml:")
    assert caught.value.data["line"] == line or not reason


def test_the_rules_that_ship_are_sound() -> None:
    rules = load_hold_rules(MAPPINGS / "holds")
    assert {r.id for r in rules.rules} >= {"risk_score", "velocity", "countries_differ", "blocked"}
    assert [s.role for s in rules.steps(Decimal(300_000))] == ["sales_manager", "director"]
    assert matching(rules, draft(), NOW) == []


def test_a_score_holds_and_says_which() -> None:
    rules = parse_hold_rules("x.yaml", RULE)
    [hold] = matching(rules, draft(references=(("fraud_score", "82"),)), NOW)
    assert (hold.kind, hold.reason, hold.rule) == (HoldKind.FRAUD, "score 82", "a")
    assert matching(rules, draft(references=(("fraud_score", "74.9"),)), NOW) == []
    assert matching(rules, draft(references=(("fraud_score", "high"),)), NOW) == []


def test_all_conditions_of_a_rule_must_hold() -> None:
    rules = load_hold_rules(MAPPINGS / "holds")
    abroad = replace(HOME, country="PT")
    cheap = draft(1, bill_to=abroad)
    dear = draft(200, bill_to=abroad)
    assert [h.rule for h in matching(rules, cheap, NOW)] == []
    assert [h.rule for h in matching(rules, dear, NOW)] == ["countries_differ"]


def test_velocity_counts_this_order_too_and_asks_for_a_doubt_as_well() -> None:
    rules = load_hold_rules(MAPPINGS / "holds")
    doubted = draft(references=(("fraud_score", "45"),))
    earlier = [START - timedelta(hours=n) for n in (1, 2, 3, 4, 5, 30)]
    assert [h.rule for h in matching(rules, doubted, replace(NOW, earlier=earlier))] == ["velocity"]
    assert matching(rules, doubted, replace(NOW, earlier=earlier[1:])) == []
    assert matching(rules, draft(), replace(NOW, earlier=earlier * 20)) == []


def test_holds_of_one_kind_become_one() -> None:
    soon, late = START, START + timedelta(hours=1)
    both = merged([Hold(HoldKind.FRAUD, "a", deadline=late), Hold(HoldKind.FRAUD, "b", deadline=soon)])
    assert [(h.reason, h.deadline) for h in both] == [("a; b", soon)]
