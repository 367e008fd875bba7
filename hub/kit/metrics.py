"""Metrics of one process, Prometheus text. Labels are bounded: no ids, no tenants."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

REGISTRY = CollectorRegistry()
_FAST = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10)

HTTP_REQUESTS = Counter("hub_http_requests_total", "Requests answered.", ["route", "status"], registry=REGISTRY)
HTTP_SECONDS = Histogram("hub_http_seconds", "Time to the answer.", ["route"], buckets=_FAST, registry=REGISTRY)
INBOX_RECEIVED = Counter("hub_inbox_received_total", "Messages kept.", ["adapter"], registry=REGISTRY)
INBOX_REFUSED = Counter(
    "hub_inbox_refused_total", "Messages turned away at the door.", ["adapter", "reason"], registry=REGISTRY
)
QUEUE_DONE = Counter("hub_queue_done_total", "Rows worked to their end.", ["queue"], registry=REGISTRY)
QUEUE_ATTEMPTS = Counter("hub_queue_attempts_total", "Rows handed to a handler.", ["queue"], registry=REGISTRY)
QUEUE_PARKED = Counter("hub_queue_parked_total", "Rows given up for a person.", ["queue"], registry=REGISTRY)
QUEUE_REAPED = Counter("hub_queue_reaped_total", "Rows taken over from the dead.", ["queue"], registry=REGISTRY)
QUEUE_ROWS = Gauge("hub_queue_rows", "Rows at work.", ["queue", "state"], registry=REGISTRY)
QUEUE_OLDEST = Gauge(
    "hub_queue_oldest_ready_seconds", "Age of the oldest row that is due.", ["queue"], registry=REGISTRY
)
BATCH_SIZE = Histogram(
    "hub_batch_size",
    "Items that went together.",
    ["command"],
    buckets=(1, 2, 4, 8, 16, 32, 64, 128, 256, 500),
    registry=REGISTRY,
)
BATCH_SECONDS = Histogram("hub_batch_seconds", "Time of a batch.", ["command"], buckets=_FAST, registry=REGISTRY)
BATCH_SPLIT = Counter("hub_batch_split_total", "Batches halved to find the poison.", ["command"], registry=REGISTRY)
LEDGER_FACTS = Counter("hub_ledger_facts_total", "Facts written by this process.", ["type"], registry=REGISTRY)


def text() -> bytes:
    """Everything of this process in the exposition format."""
    return generate_latest(REGISTRY)
