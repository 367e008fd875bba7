"""Metrics of one process, Prometheus text. Labels are bounded: no ids, no tenants."""

from __future__ import annotations

from collections import Counter as Tally
from collections.abc import Iterable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

REGISTRY = CollectorRegistry()
_SLOW = (0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)
_FAST = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10)

HTTP_REQUESTS = Counter("hub_http_requests_total", "Requests answered.", ["route", "status"], registry=REGISTRY)
HTTP_SECONDS = Histogram("hub_http_seconds", "Time to the answer.", ["route"], buckets=_FAST, registry=REGISTRY)
INBOX_RECEIVED = Counter("hub_inbox_received_total", "Messages kept.", ["adapter"], registry=REGISTRY)
INBOX_REFUSED = Counter(
    "hub_inbox_refused_total", "Messages turned away at the door.", ["adapter", "reason"], registry=REGISTRY
)
QUEUE_DONE = Counter("hub_queue_done_total", "Rows worked to their end.", ["queue", "kind"], registry=REGISTRY)
QUEUE_ATTEMPTS = Counter("hub_queue_attempts_total", "Rows handed to a handler.", ["queue", "kind"], registry=REGISTRY)
QUEUE_PARKED = Counter("hub_queue_parked_total", "Rows given up for a person.", ["queue", "kind"], registry=REGISTRY)
QUEUE_REAPED = Counter("hub_queue_reaped_total", "Rows taken over from the dead.", ["queue", "kind"], registry=REGISTRY)
QUEUE_ROWS = Gauge("hub_queue_rows", "Rows at work.", ["queue", "kind", "state"], registry=REGISTRY)
QUEUE_OLDEST = Gauge(
    "hub_queue_oldest_ready_seconds", "Age of the oldest row that is due.", ["queue", "kind"], registry=REGISTRY
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
LEDGER_LAG = Gauge(
    "hub_ledger_tail_lag_seconds", "Age of the oldest fact that live streams have not been handed.", registry=REGISTRY
)
LEDGER_HORIZON = Gauge(
    "hub_ledger_horizon_age_seconds",
    "For how long one open transaction has held back what readers may see.",
    registry=REGISTRY,
)
GRAPHQL_OPERATIONS = Counter(
    "hub_graphql_operations_total", "Operations answered.", ["operation", "path", "code"], registry=REGISTRY
)
GRAPHQL_SECONDS = Histogram(
    "hub_graphql_seconds", "Time to the answer.", ["operation", "path"], buckets=_FAST, registry=REGISTRY
)
GRAPHQL_PLANS = Gauge("hub_graphql_plans", "Compiled plans that are kept.", registry=REGISTRY)
GRAPHQL_BROKEN = Counter(
    "hub_graphql_broken_promise_total", "Answers in which a non-null value was null.", ["type"], registry=REGISTRY
)
GRAPHQL_DEPRECATED = Counter(
    "hub_graphql_deprecated_total", "Operations that use a deprecated field.", ["type", "field"], registry=REGISTRY
)
LIVE_SUBSCRIBERS = Gauge("hub_live_subscribers", "Open subscriptions.", ["transport"], registry=REGISTRY)
LIVE_EVENTS = Counter("hub_live_events_total", "Events handed to subscribers.", ["transport"], registry=REGISTRY)
LIVE_DROPPED = Counter(
    "hub_live_dropped_total", "Subscribers sent away because they read too slowly.", ["transport"], registry=REGISTRY
)
DESTINATION_OPEN = Gauge(
    "hub_destination_open", "Destinations left alone after failures.", ["destination"], registry=REGISTRY
)
DESTINATION_SECONDS = Histogram(
    "hub_destination_seconds", "Time of one call.", ["destination"], buckets=_SLOW, registry=REGISTRY
)
REPLAYS = Counter(
    "hub_idempotent_replays_total", "Answers given again for a known key.", ["command"], registry=REGISTRY
)
ORDERS = Gauge("hub_orders_state", "Orders that are under way.", ["state"], registry=REGISTRY)
STOCK_REFUSED = Counter("hub_stock_refused_total", "Reservations for which there was too little.", registry=REGISTRY)
INCIDENTS = Gauge("hub_incidents_open", "Incidents that nobody has resolved.", ["kind"], registry=REGISTRY)
CERTIFICATE = Gauge("hub_certificate_days", "Days until a certificate ends.", ["name"], registry=REGISTRY)
BACKUP_AGE = Gauge("hub_backup_age_seconds", "Age of the newest backup.", ["name"], registry=REGISTRY)
RESTORE_OK = Gauge("hub_restore_ok", "1: the newest backup was restored and verified.", ["name"], registry=REGISTRY)
POOL_IN_USE = Gauge("hub_db_pool_in_use", "Connections at work.", ["pool"], registry=REGISTRY)
DEAD_TUPLES = Gauge("hub_db_dead_tuples", "Rows that vacuum has yet to remove.", ["table"], registry=REGISTRY)
REPLICATION_LAG = Gauge(
    "hub_db_replication_lag_seconds", "What a standby has not replayed.", ["standby"], registry=REGISTRY
)
DB_RESTARTS = Counter("hub_db_restarts_total", "Restarts of the database that this process saw.", registry=REGISTRY)


class Kinds:
    """What queues hold, as labels: commands, timers' kinds, messages' topics. A topic is the other side's word, so only the first hundred of a
    queue have a name of their own.
    """

    MOST = 100

    def __init__(self) -> None:
        self._known: dict[str, set[str]] = {}

    def label(self, queue: str, kind: str) -> str:
        known = self._known.setdefault(queue, set())
        if kind not in known and len(known) >= self.MOST:
            return "other"
        known.add(kind)
        return kind

    def of(self, queue: str) -> set[str]:
        """Those that had a label so far."""
        return self._known.get(queue, set())

    def count(self, counter: Counter, queue: str, kinds: Iterable[str]) -> None:
        """One for each."""
        for kind, n in Tally(self.label(queue, k) for k in kinds).items():
            counter.labels(queue, kind).inc(n)


KINDS = Kinds()


def text() -> bytes:
    """Everything of this process in the exposition format."""
    return generate_latest(REGISTRY)
