"""What is promised to be seen is there: the names of the metrics, each expression of alerts and dashboards, and its series once a story has run."""

from __future__ import annotations

import json
import re

import pytest
from prometheus_client.parser import text_string_to_metric_families
from ruamel.yaml import YAML

from hub.cli.story.script import Story
from hub.cli.story.stage import Stage
from tests.house import metrics as page_of_metrics
from tests.house.promql import NotPromQL, parsed
from tests.house.tree import ROOT
from tests.stage import stage, story

__all__ = ["stage", "story"]

PROMISED = [
    "hub_http_requests_total",
    "hub_http_seconds",
    "hub_graphql_operations_total",
    "hub_graphql_seconds",
    "hub_graphql_plans",
    "hub_graphql_broken_promise_total",
    "hub_graphql_deprecated_total",
    "hub_queue_rows",
    "hub_queue_oldest_ready_seconds",
    "hub_queue_done_total",
    "hub_queue_attempts_total",
    "hub_queue_parked_total",
    "hub_queue_reaped_total",
    "hub_batch_size",
    "hub_batch_seconds",
    "hub_batch_split_total",
    "hub_ledger_facts_total",
    "hub_ledger_tail_lag_seconds",
    "hub_ledger_horizon_age_seconds",
    "hub_live_subscribers",
    "hub_live_events_total",
    "hub_destination_open",
    "hub_destination_seconds",
    "hub_inbox_received_total",
    "hub_inbox_refused_total",
    "hub_idempotent_replays_total",
    "hub_orders_state",
    "hub_stock_refused_total",
    "hub_incidents_open",
    "hub_certificate_days",
    "hub_backup_age_seconds",
    "hub_restore_ok",
    "hub_db_pool_in_use",
    "hub_db_dead_tuples",
    "hub_db_replication_lag_seconds",
    "hub_db_restarts_total",
]

# No story of a few seconds on one machine has these: something must fail first, or be kept for long, or there must be a standby.
RARE = {
    "hub_backup_age_seconds",
    "hub_restore_ok",
    "hub_db_replication_lag_seconds",
    "hub_graphql_broken_promise_total",
    "hub_graphql_deprecated_total",
    "hub_idempotent_replays_total",
    "hub_inbox_refused_total",
    "hub_live_dropped_total",
    "hub_batch_split_total",
    "hub_queue_parked_total",
    "hub_queue_reaped_total",
}
LABELS = {page_of_metrics.shown(c): frozenset(c._labelnames) for c in page_of_metrics.collectors()}
KINDS = {page_of_metrics.shown(c): c._type for c in page_of_metrics.collectors()}


def expressions() -> list[tuple[str, str]]:
    """(where, expression) of every alert and every panel."""
    alerts = YAML(typ="safe").load(ROOT / "docs/alerts/hub.yaml")
    found = [(r["alert"], r["expr"]) for g in alerts["groups"] for r in g["rules"]]
    for path in sorted((ROOT / "docs/observability/grafana/dashboards").glob("*.json")):
        for panel in json.loads(path.read_text(encoding="utf-8"))["panels"]:
            found += [(panel["title"], t["expr"]) for t in panel.get("targets", ())]
    return found


def metric_of(series: str) -> str:
    """The metric that a series belongs to: a histogram has several."""
    return series if series in LABELS else re.sub(r"_(bucket|sum|count)$", "", series)


def test_every_promised_name_is_there() -> None:
    assert set(PROMISED) <= set(LABELS)


def test_every_metric_is_shown_somewhere() -> None:
    read = {metric_of(name) for _, e in expressions() for name, _ in parsed(e).series}
    assert set(LABELS) - read == set()


def test_labels_are_bounded() -> None:
    assert not {n for labels in LABELS.values() for n in labels} & {
        "id",
        "order",
        "tenant",
        "actor",
        "path_info",
        "url",
    }


def test_the_page_says_what_the_code_says() -> None:
    assert page_of_metrics.PAGE.read_text(encoding="utf-8") == page_of_metrics.page(), "python -m tests.house.metrics"


@pytest.mark.parametrize(("where", "expression"), expressions())
def test_an_expression_reads_what_there_is(where: str, expression: str) -> None:
    read = parsed(expression)
    assert read.series, where
    for series, matched in read.series:
        metric = metric_of(series)
        assert metric in LABELS, series
        assert (series != metric) == (KINDS[metric] == "histogram"), series
        assert matched <= LABELS[metric]
    for labels, names in read.grouped:
        for name in names:
            assert labels - {"le"} <= LABELS[metric_of(name)], (where, labels)


@pytest.mark.parametrize(
    "wrong", ["sum(", "rate(hub_x)", "hub_x{a=1}", "sum by a (hub_x)", "hub_x +", "median(hub_x)", "hub_x )", "!"]
)
def test_what_is_no_expression_is_refused(wrong: str) -> None:
    with pytest.raises(NotPromQL):
        parsed(wrong)


@pytest.mark.slow
async def test_every_expression_finds_its_series_after_a_story(stage: Stage, story: Story) -> None:
    from hub.boot.gauges import business, database

    await story.play()
    await business(stage.hub)
    await database(stage.hub)
    text = (await stage.client.get(stage.metrics_url)).text
    there = {s.name for f in text_string_to_metric_families(text) for s in f.samples}
    missing = {
        (where, name)
        for where, e in expressions()
        for name, _ in parsed(e).series
        if name not in there and metric_of(name) not in RARE
    }
    assert missing == set()
