"""The network as routing sees it: each node with its next hand-over and the lanes that serve a destination."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, time, timedelta
from decimal import Decimal
from uuid import UUID
from zoneinfo import ZoneInfo

from hub.canon.calendar import waits
from hub.kit.db import Tx
from hub.network import Lane, Network, Node
from hub.routing import Board, Offer, Place, Rules

CENT = Decimal("0.01")
_kept: dict[tuple[str, int, str, str], Places] = {}


class Places:
    """One network under one set of rules at one moment; what a destination is offered is worked out once. Good for a minute at most:
    cut-offs and opening hours are whole minutes.
    """

    def __init__(self, network: Network, rules: Rules, now: datetime) -> None:
        self.network, self.rules, self.now = network, rules, now
        self.until = now.replace(second=0, microsecond=0) + timedelta(minutes=1)
        self._ships = {n.node_id: self._cut_off(n).ships_next(now) for n in network.nodes.values()}
        self.board = Board(rules, self.serving)
        self._served: dict[tuple[str, str], list[Place]] = {}

    def serving(self, country: str, region: str) -> Sequence[Place]:
        """Every node, with the offers that reach this destination."""
        key = (country, region)
        if key not in self._served:
            self._served[key] = [self._place(n, *key) for n in self.network.nodes.values()]
        return self._served[key]

    def ships_at(self, node_id: UUID) -> datetime:
        """This node's next hand-over to carriers."""
        return self._ships[node_id]

    def _cut_off(self, node: Node) -> Node:
        given = self.rules.cut_offs.get(node.code)
        return replace(node, cut_off=time.fromisoformat(given)) if given else node

    def _place(self, node: Node, country: str, region: str) -> Place:
        zone = ZoneInfo(node.timezone)
        here = self.now.astimezone(zone)
        ships_at = self._ships[node.node_id]
        return Place(
            node_id=node.node_id,
            code=node.code,
            kind=node.kind.value,
            country=node.address.country,
            region=node.address.region or "",
            active=node.active,
            open_fulfillments=node.open_fulfillments,
            capacity_per_day=node.capacity_per_day,
            ships_at=ships_at,
            offers=tuple(self._offer(x) for x in self.network.lanes_to(node.node_id, country, region, self.now)),
            here=here.time(),
            waits=waits(self.now, ships_at, zone),
        )

    def _offer(self, lane: Lane) -> Offer:
        rate = Decimal(1) if lane.currency == self.rules.currency else self.rules.rates.get(lane.currency)
        return Offer(
            carrier=lane.carrier,
            service=lane.service,
            cost=(lane.cost * (rate or 0)).quantize(CENT),
            cost_per_kg=(lane.cost_per_kg * (rate or 0)).quantize(CENT),
            days=lane.days,
            co2e_g=lane.co2e_g,
            max_weight_g=lane.max_weight_g,
            live=lane.valid_until is not None,
            unusable=None if rate is not None else f"the rules have no rate for {lane.currency}",
        )


def places_of(tx: Tx, network: Network, rules: Rules) -> Places:
    """The places of this moment; those of the last unit when neither the network nor the minute has changed since."""
    key = (tx.database, tx.tenant, rules.name, rules.version)
    kept = _kept.get(key)
    if kept is None or kept.network is not network or not kept.now <= tx.now < kept.until:
        kept = _kept[key] = Places(network, rules, tx.now)
    return kept
