"""Carriers that quote are asked ahead of time, by a timer; their answers are lanes that count before the rate table until they end.

A connection asks when its config says `rates: {nodes: [codes], destinations: [BR/SP, ...], weight_g: 1000, every_minutes: 60}`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, ClassVar
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


class BadRatesConfig(HubError):
    """The account's field rates.{field} cannot be {value}: {reason}."""

    code: ClassVar[str] = "BAD_RATES_CONFIG"


@dataclass(frozen=True, slots=True)
class Asking:
    """What a connection's config says of rates."""

    nodes: tuple[str, ...]
    destinations: tuple[tuple[str, str], ...]
    weight_g: int
    every: timedelta


def asking(config: Mapping[str, Any]) -> Asking | None:
    """None: the account is not asked for rates. Raises `BadRatesConfig` with the field that is wrong."""
    told = config.get("rates")
    if not told:
        return None
    if not isinstance(told, Mapping):
        raise BadRatesConfig(field="", value=told, reason="a map of nodes, destinations, weight_g, every_minutes")
    if unknown := sorted(set(told) - {"nodes", "destinations", "weight_g", "every_minutes"}):
        raise BadRatesConfig(field=unknown[0], value=told[unknown[0]], reason="there is no such field")
    places = [str(d).partition("/") for d in _texts(told, "destinations")]
    if wrong := [c for c, _, _ in places if not (len(c) == 2 and c.isascii() and c.isupper())]:
        raise BadRatesConfig(field="destinations", value=wrong[0], reason="say BR or BR/SP")
    return Asking(
        nodes=_texts(told, "nodes"),
        destinations=tuple((country, region) for country, _, region in places),
        weight_g=_whole(told, "weight_g", 1000),
        every=timedelta(minutes=_whole(told, "every_minutes", 60)),
    )


def _texts(told: Mapping[str, Any], field: str) -> tuple[str, ...]:
    value = told.get(field)
    if not isinstance(value, list) or not value or not all(isinstance(x, str) and x for x in value):
        raise BadRatesConfig(field=field, value=value, reason="a list of texts")
    return tuple(value)


def _whole(told: Mapping[str, Any], field: str, default: int) -> int:
    value = told.get(field, default)
    if not isinstance(value, int) or isinstance(value, bool) or not 0 < value <= 100_000:
        raise BadRatesConfig(field=field, value=value, reason="a whole number above zero")
    return value


async def begin(tx: Tx, connection_id: UUID) -> None:
    """Ask this connection from now on if its config says so; called when it was made, changed or set to work again."""
    found = [c for c in await connections.of_tenant(tx) if c.connection_id == connection_id]
    if any(asking(c.config) for c in found):
        await timers.set_timers(tx, [_timer(connection_id, tx.now)])


async def ask(tx: Tx, fired: Sequence[timers.Fired]) -> None:
    """Owe the questions of these connections and look again when they say. One that is paused or asks no more falls silent."""
    causes = {f.subject_id: Cause(f.correlation_id, f.timer_id) for f in fired}
    places = await network.load(tx)
    mine = [c for c in await connections.of_tenant(tx) if c.connection_id in causes and c.state != "PAUSED"]
    told = [(c, asked) for c in mine if (asked := asking(c.config)) is not None]
    await outbox.owe(tx, [d for c, asked in told for d in _questions(c, asked, places, causes[c.connection_id])])
    await timers.set_timers(tx, [_timer(c.connection_id, tx.now + asked.every) for c, asked in told])


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


def _questions(connection: Connection, asked: Asking, places: Network, cause: Cause) -> list[outbox.Delivery]:
    nodes = [n for code in asked.nodes if (n := places.node(code))]
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
                    destinations=asked.destinations,
                    weight_g=asked.weight_g,
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
