"""Carriers that quote are asked ahead of time, by a timer; their answers are lanes that count before the rate table until they end.

A connection asks when its config says `rates: {nodes: [codes], destinations: [BR/SP, ...], weight_g: 1000, every_minutes: 60}`.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from hub import connections, network, outbox, timers
from hub.canon.codec import dump
from hub.canon.rates import QuoteRates, RatesQuoted
from hub.connections import Connection
from hub.flows.source import Inapplicable, Source
from hub.kit.db import Tx
from hub.kit.errors import HubError
from hub.ledger import Cause
from hub.network import Lane, Network

KIND = "ask_rates"


async def begin(tx: Tx, connection_id: UUID) -> None:
    """Ask this connection from now on; called when its configuration has changed."""
    await timers.set_timers(tx, [_timer(connection_id, tx.now)])


async def ask(tx: Tx, fired: Sequence[timers.Fired]) -> None:
    """Owe the questions of these connections and look again when they say. One that is paused or asks no more falls silent."""
    causes = {f.subject_id: Cause(f.correlation_id, f.timer_id) for f in fired}
    places = await network.load(tx)
    asking = [
        c
        for c in await connections.of_tenant(tx)
        if c.connection_id in causes and c.state != "PAUSED" and c.config.get("rates")
    ]
    await outbox.owe(tx, [d for c in asking for d in _questions(c, places, causes[c.connection_id])])
    every = {c.connection_id: timedelta(minutes=int(c.config["rates"].get("every_minutes", 60))) for c in asking}
    await timers.set_timers(tx, [_timer(i, tx.now + wait) for i, wait in every.items()])


async def quoted(tx: Tx, answers: Sequence[tuple[RatesQuoted, Source]]) -> list[HubError | None]:
    """Keep the quotes as lanes; an outcome for each answer."""
    places = await network.load(tx)
    outcomes: list[HubError | None] = []
    lanes: dict[tuple[UUID, str, str, str, str], Lane] = {}
    for said, _ in answers:
        node = places.node(said.node)
        if node is None:
            outcomes.append(Inapplicable(f"there is no node {said.node}"))
            continue
        if any(r.cost < 0 or r.cost_per_kg < 0 or r.days < 0 for r in said.rates):
            outcomes.append(Inapplicable(f"a rate from {said.node} is below zero"))
            continue
        outcomes.append(None)
        for r in said.rates:
            lanes[node.node_id, r.country, r.region, r.carrier, r.service] = Lane(
                node_id=node.node_id,
                carrier=r.carrier,
                service=r.service,
                country=r.country,
                region=r.region,
                cost=r.cost,
                cost_per_kg=r.cost_per_kg,
                currency=r.currency,
                days=r.days,
                co2e_g=r.co2e_g,
                max_weight_g=r.max_weight_g,
                valid_until=said.valid_until,
            )
    await network.put_lanes(tx, [lanes[k] for k in sorted(lanes)])
    return outcomes


def _questions(connection: Connection, places: Network, cause: Cause) -> list[outbox.Delivery]:
    told = connection.config["rates"]
    destinations = tuple((c, r) for c, _, r in (str(d).partition("/") for d in told.get("destinations", ())))
    nodes = [n for code in told.get("nodes", ()) if (n := places.node(code))]
    return [
        outbox.Delivery(
            destination=connection.destination("outbound"),
            kind="QuoteRates",
            subject_kind="connection",
            subject_id=connection.connection_id,
            payload=dump(
                QuoteRates(
                    node=n.code,
                    origin=n.address,
                    destinations=destinations,
                    weight_g=int(told.get("weight_g", 1000)),
                )
            ),
            causation_id=cause.causation_id or cause.correlation_id,
            correlation_id=cause.correlation_id,
            latest_key=f"rates:{n.code}",
        )
        for n in nodes
    ]


def _timer(connection_id: UUID, at: datetime) -> timers.Timer:
    """One for each connection: set again, it moves."""
    return timers.Timer(
        kind=KIND, subject_kind="connection", subject_id=connection_id, at=at, dedupe_key=connection_id.hex
    )
