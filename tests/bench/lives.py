"""Ready-made order lives for the generator: the rows of one order in every table, and the facts that tell exactly those rows. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from hub.ledger.model import GENESIS, Fact, link

Row = tuple[Any, ...]
Rows = dict[str, list[Row]]

# Nine of ten orders are over, as in a database that has been at work for long.
STATES = ("APPROVED", "PICKING", "PACKED", "DISPATCHED", "IN_TRANSIT", "DELIVERED", "CANCELLED")
WALK = ("APPROVED", "PICKING", "PACKED", "DISPATCHED", "IN_TRANSIT", "DELIVERED", "COMPLETED")
BEFORE = {**dict(zip(WALK[1:], WALK, strict=False)), "APPROVED": "DRAFT", "CANCELLED": "APPROVED"}
CHANNELS = ("shopify", "mercadolivre", "api", "x12")

COLUMNS: Mapping[str, str] = {
    "orders": "order_id number channel external_id revision state version payment_state customer_tax_id currency goods_total total ship_name ship_street"
    " ship_city ship_region ship_postal_code ship_country placed_at promised_by promise_key created_at updated_at correlation_id open_holds",
    "order_lines": "line_id order_id line_no external_id sku title currency unit_price total ordered cancelled reserved picked packed shipped delivered",
    "fulfillments": "fulfillment_id order_id position node_id method previous_state state ship_by wms_reference created_at updated_at",
    "fulfillment_lines": "fulfillment_id line_id line_no sku assigned picked packed shipped delivered",
    "shipments": "shipment_id fulfillment_id order_id carrier tracking_number dispatched_at cost currency",
    "stock_movements": "movement_id at node_id sku condition on_hand_delta reserved_delta cause cause_id event_id",
    "fiscal_documents": "fiscal_document_id kind state environment issuer_tax_id node_id connection_id model series number random_code access_key protocol"
    " authority_code order_id fulfillment_id issued_at authorized_at total invoice created_at updated_at",
    "incidents": "incident_id kind severity state summary dedupe_key opened_at deadline_key order_id subject_kind subject_id playbook resolved_at correlation_id",
    "outbox_done": "seq delivery_id destination kind subject_kind subject_id payload correlation_id causation_id created_at state run_at attempts outcome done_at",
    "inbox_done": "seq message_id connection_id topic external_id dedupe_key body correlation_id received_at state run_at attempts outcome done_at",
    "business_events": "event_id type subject_kind subject_id subject_version correlation_id causation_id actor at data hash",
    "ledger_heads": "subject_id version hash",
    "stock": "stock_id node_id sku condition on_hand reserved updated_at",
    "products": "product_id sku title weight_g",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Company:
    """Whose orders. `connection`: the account that everything came through and goes to."""

    nodes: Sequence[UUID]
    skus: Sequence[str]
    connection: UUID
    began: datetime
    pace: timedelta  # between two orders


def made_id(kind: int, number: int, at: datetime) -> UUID:
    """A UUIDv7 that is the same in every run."""
    return UUID(int=(int(at.timestamp() * 1000) << 80) | (7 << 76) | (kind << 64) | (2 << 62) | number)


@dataclass(slots=True)
class Levels:
    """What all orders together did to the stock: (node, SKU) -> [gone, still reserved]."""

    moved: dict[tuple[UUID, str], list[int]] = field(default_factory=lambda: defaultdict(lambda: [0, 0]))


class Life:
    """One order: number, state, lines, its one fulfillment."""

    def __init__(self, company: Company, number: int) -> None:
        self.company, self.number = company, number
        self.at = company.began + company.pace * number
        self.state = STATES[number // 10 % len(STATES)] if number % 10 == 0 else "COMPLETED"
        self.order, self.share = self.id(1), self.id(2)
        self.node = company.nodes[number % len(company.nodes)]
        count = 1 + number % 3
        self.lines = [
            (self.id(3 + k), company.skus[(number * 7 + k) % len(company.skus)], 1 + (number + k) % 2)
            for k in range(count)
        ]
        self.reached = WALK.index(self.state) if self.state in WALK else -1

    def id(self, kind: int) -> UUID:
        return made_id(kind, self.number, self.at)

    def rows(self, levels: Levels, made: Rows) -> None:
        """Add this order's rows, facts not included."""
        self._order(made)
        if self.reached >= 0:
            self._share(levels, made)
        self._around(made)

    def _order(self, made: Rows) -> None:
        n, at = self.number, self.at
        gone = self.state == "CANCELLED"
        total = Decimal(sum(q for _, _, q in self.lines) * 10) + Decimal("9.90")
        tax_id, due = f"{n % 200_000:011d}", at + timedelta(days=5)
        made["orders"].append(
            (self.order, f"G{n:09d}", CHANNELS[n % 4], f"gen-{n}", "1", self.state, 1 + self.reached + 1, "PENDING" if n % 97 == 0 else "PAID", tax_id,
             "BRL", total, total, "Ana Reis", "Rua A", "Recife", "PE", "50000-000", "BR", at, due, due, at, at + timedelta(hours=1), self.order, 0)
        )  # fmt: skip
        reached = self.reached
        for k, (line, sku, q) in enumerate(self.lines, 1):
            made["order_lines"].append(
                (line, self.order, k, str(k), sku, "Camiseta", "BRL", Decimal(10), Decimal(10 * q), Decimal(q), Decimal(q if gone else 0),
                 *(Decimal(q if reached >= step else 0) for step in (0, 2, 2, 3, 5)))
            )  # fmt: skip

    def _share(self, levels: Levels, made: Rows) -> None:
        n, at, reached = self.number, self.at, self.reached
        method = "SHIP" if n % 11 else "PICKUP"
        made["fulfillments"].append(
            (self.share, self.order, 1, self.node, method, BEFORE[self.state], self.state, at + timedelta(days=1), f"W{n}", at, at + timedelta(hours=1))
        )  # fmt: skip
        for k, (line, sku, q) in enumerate(self.lines, 1):
            done = (Decimal(q if reached >= step else 0) for step in (2, 2, 3, 5))
            made["fulfillment_lines"].append((self.share, line, k, sku, Decimal(q), *done))
            level = levels.moved[self.node, sku]
            level[0] += q if reached >= 3 else 0
            level[1] += q if reached < 3 else 0
            delta = (Decimal(-q), Decimal(-q), "SHIP") if reached >= 3 else (Decimal(0), Decimal(q), "RESERVE")
            made["stock_movements"].append(
                (self.id(10 + k), at, self.node, sku, "NEW", *delta, self.share, self.id(20 + k))
            )
        if reached >= 3:
            made["shipments"].append(
                (self.id(6), self.share, self.order, "Correios", f"BR{n:09d}", at, Decimal("12.50"), "BRL")
            )
            state, protocol = ("AUTHORIZED", f"P{n}") if n % 50 else ("REJECTED", None)
            made["fiscal_documents"].append(
                (self.id(7), "NFE", state, 2, "11222333000181", self.node, self.company.connection, 55, n // 900_000_000, n, "00000001", f"{n:044d}",
                 protocol, "100" if protocol else "539", self.order, self.share, at, at, Decimal(100), {}, at, at)
            )  # fmt: skip

    def _around(self, made: Rows) -> None:
        """The message that brought it, the delivery that it caused, now and then an incident."""
        n, at, connection = self.number, self.at, self.company.connection
        made["inbox_done"].append(
            (n, self.id(8), connection, "orders/create", f"gen-{n}", f"gen-{n}", b"{}", self.order, at, 1, at, 1, "DONE", at + timedelta(seconds=1))
        )  # fmt: skip
        made["outbox_done"].append(
            (n, self.id(9), f"{connection.hex}:wms", "SendPickOrder", "fulfillment", self.share, {}, self.order, self.order, at, 1, at, 1, "DONE", at)
        )  # fmt: skip
        if n % 50 == 0:
            ended = None if n % 1000 == 0 else at + timedelta(hours=2)
            made["incidents"].append(
                (self.id(14), ("late", "unmapped", "stock_short")[n % 3], ("LOW", "MEDIUM", "HIGH", "CRITICAL")[n % 4], "RESOLVED" if ended else "OPEN",
                 "late", f"gen-{n}", at, at + timedelta(days=1), self.order, "order", self.order, "late", ended, self.order)
            )  # fmt: skip

    # ------------------------------------------------------------------ facts
    def facts(self) -> Iterable[tuple[str, str, UUID, dict[str, Any]]]:
        """(type, subject kind, subject, data) in their order: they say what `rows` holds."""
        listed = [[str(line), sku, str(q)] for line, sku, q in self.lines]
        placed = [[line, sku, q, "10"] for line, sku, q in listed]
        paid = "PENDING" if self.number % 97 == 0 else "PAID"
        yield "order.placed", "order", self.order, {"payment_state": paid, "revision": "1", "lines": placed}
        if self.state == "CANCELLED":
            yield "order.cancelled", "order", self.order, {"lines": [[line, q] for line, _, q in listed]}
            return
        yield "order.approved", "order", self.order, {}
        shares = [[str(self.node), *line] for line in listed]
        yield "order.allocated", "order", self.order, {"shares": shares, "unplaced": []}
        yield "fulfillment.planned", "fulfillment", self.share, {"lines": listed}
        for to in WALK[1 : self.reached + 1]:
            if to == "PACKED":
                yield "fulfillment.picked", "fulfillment", self.share, {"lines": listed}
            data: dict[str, Any] = {"lines": listed} if to in ("PACKED", "DISPATCHED", "DELIVERED") else {}
            if to == "DISPATCHED":
                data["node_id"] = str(self.node)
            yield f"fulfillment.{to.lower()}", "fulfillment", self.share, data
            yield "order.state_changed", "order", self.order, {"to": to}

    def told(self, made: Rows) -> None:
        """Add the facts, chained, and the heads that they leave."""
        heads: dict[UUID, tuple[int, bytes]] = {}
        for k, (type_, kind, subject, data) in enumerate(self.facts()):
            fact = Fact(
                event_id=made_id(64 + k, self.number, self.at),
                type=type_,
                subject_kind=kind,
                subject_id=subject,
                correlation_id=self.order,
                causation_id=None,
                actor="generator",
                at=self.at + timedelta(milliseconds=k),
                data=data,
            )
            chained(fact, heads, made)
        made["ledger_heads"] += [(subject, version, hash_) for subject, (version, hash_) in heads.items()]


def chained(fact: Fact, heads: dict[UUID, tuple[int, bytes]], made: Rows) -> None:
    version, previous = heads.get(fact.subject_id, (0, GENESIS))
    hash_ = link(previous, fact, version + 1)
    heads[fact.subject_id] = (version + 1, hash_)
    made["business_events"].append(
        (fact.event_id, fact.type, fact.subject_kind, fact.subject_id, version + 1, fact.correlation_id, None, fact.actor, fact.at, fact.data, hash_)
    )  # fmt: skip
