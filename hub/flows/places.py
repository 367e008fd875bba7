"""The network as routing sees it: each node with its next hand-over and the lanes that serve a destination."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, time
from decimal import Decimal
from uuid import UUID

from hub.network import Lane, Network, Node
from hub.routing import Demand, Offer, Place, Rules


class Places:
    """Places for many demands at one moment; a destination's lanes are looked up once."""

    def __init__(self, network: Network, rules: Rules, now: datetime) -> None:
        self._network, self._rules = network, rules
        self._ships = {n.node_id: self._cut_off(n).ships_next(now) for n in network.nodes.values()}
        self._served: dict[tuple[str, str], list[Place]] = {}
        self._methods: dict[UUID, str] = {}

    def serving(self, demand: Demand) -> list[Place]:
        """Every node, with the offers that reach this demand's destination."""
        self._methods[demand.order_id] = demand.method
        key = (demand.country, demand.region)
        if key not in self._served:
            self._served[key] = [self._place(n, *key) for n in self._network.nodes.values()]
        return self._served[key]

    def ships_at(self, node_id: UUID) -> datetime:
        """This node's next hand-over to carriers."""
        return self._ships[node_id]

    def method(self, order_id: UUID, node_id: UUID) -> str:
        """How this node hands the order over: a store that ships is SHIP_FROM_STORE, a supplier DROP_SHIP."""
        asked = self._methods.get(order_id, "SHIP")
        kind = self._network.nodes[node_id].kind
        return {"STORE": "SHIP_FROM_STORE", "SUPPLIER": "DROP_SHIP"}.get(kind, "SHIP") if asked == "SHIP" else asked

    def _cut_off(self, node: Node) -> Node:
        given = self._rules.cut_offs.get(node.code)
        return replace(node, cut_off=time.fromisoformat(given)) if given else node

    def _place(self, node: Node, country: str, region: str) -> Place:
        return Place(
            node_id=node.node_id,
            code=node.code,
            kind=node.kind.value,
            country=node.address.country,
            region=node.address.region or "",
            active=node.active,
            open_fulfillments=node.open_fulfillments,
            capacity_per_day=node.capacity_per_day,
            ships_at=self._ships[node.node_id],
            offers=tuple(self._offer(x) for x in self._network.lanes_to(node.node_id, country, region)),
        )

    def _offer(self, lane: Lane) -> Offer:
        rate = Decimal(1) if lane.currency == self._rules.currency else self._rules.rates[lane.currency]
        return Offer(
            carrier=lane.carrier,
            service=lane.service,
            cost=(lane.cost * rate).quantize(Decimal("0.01")),
            cost_per_kg=(lane.cost_per_kg * rate).quantize(Decimal("0.01")),
            days=lane.days,
            co2e_g=lane.co2e_g,
            max_weight_g=lane.max_weight_g,
        )
