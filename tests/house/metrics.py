"""The page of the metrics, made from their definitions. `python -m tests.house.metrics` writes docs/metrics.md."""

from __future__ import annotations

from prometheus_client.metrics import MetricWrapperBase

from hub.kit.metrics import REGISTRY
from tests.house.tree import ROOT

PAGE = ROOT / "docs" / "metrics.md"
HEAD = """# Metrics

Every process, web and worker, serves them as Prometheus text at `/metrics` of its internal port (`HUB_INTERNAL_HOST`, `HUB_INTERNAL_PORT`, 9464),
which is never public. Labels are bounded: no ids, no tenants. Made from `hub/kit/metrics.py` by `python -m tests.house.metrics`.

The alerts are [files](alerts/hub.yaml), so are the [dashboards](observability/grafana/dashboards/hub.json); `docker compose --profile observability up`
runs both. What was looked up in the database (rows of queues, orders, incidents, destinations, dead rows) is said by each worker for the whole
database: take the `max`, not the `sum`.
"""


def collectors() -> list[MetricWrapperBase]:
    found = {id(c): c for c in REGISTRY._collector_to_names if isinstance(c, MetricWrapperBase)}
    return sorted(found.values(), key=lambda c: c._name)


def shown(metric: MetricWrapperBase) -> str:
    return f"{metric._name}{'_total' if metric._type == 'counter' else ''}"


def page() -> str:
    rows = [
        f"| `{shown(c)}` | {c._type} | {', '.join(c._labelnames) or '-'} | {c._documentation} |" for c in collectors()
    ]
    return HEAD + "\n| name | kind | labels | what |\n|---|---|---|---|\n" + "\n".join(rows) + "\n"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
