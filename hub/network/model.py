"""Places with stock and the lanes from them; when a place ships next. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal
from uuid import UUID
from zoneinfo import ZoneInfo

from hub.canon.calendar import hand_over
from hub.canon.order import Address
from hub.canon.states import NodeKind


@dataclass(frozen=True, slots=True, kw_only=True)
class Lane:
    """From a node to a country or one region of it. `cost` per shipment plus `cost_per_kg`, in `currency`; `days` in transit."""

    node_id: UUID
    carrier: str
    service: str
    country: str
    region: str  # '' = the whole country
    cost: Decimal
    cost_per_kg: Decimal
    currency: str
    days: int
    co2e_g: int
    max_weight_g: int | None = None
    valid_until: datetime | None = None  # of a live quote; None: the rate table


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """`cut_off` is local time; `work_days` ISO weekdays; `closed_on` holidays of this node. Fiscal fields are those of the establishment."""

    node_id: UUID
    code: str
    name: str
    kind: NodeKind
    address: Address
    timezone: str
    cut_off: time | None = None
    work_days: tuple[int, ...] = (1, 2, 3, 4, 5)
    closed_on: tuple[date, ...] = ()
    capacity_per_day: int | None = None
    open_fulfillments: int = 0
    active: bool = True
    legal_name: str | None = None
    tax_id: str | None = None
    state_registration: str | None = None
    tax_regime: int | None = None
    fiscal_series: int | None = None
    fiscal_connection_id: UUID | None = None
    wms_connection_id: UUID | None = None

    @property
    def brazilian(self) -> bool:
        return self.address.country == "BR"

    def ships_next(self, now: datetime) -> datetime:
        """The next moment at which this node hands over to carriers: its cut-off of the first working day that is not yet past (UTC in, UTC out)."""
        return hand_over(now, ZoneInfo(self.timezone), self.cut_off, self.work_days, self.closed_on)


@dataclass(frozen=True, slots=True)
class Network:
    """All nodes of a tenant and the lanes from each."""

    nodes: Mapping[UUID, Node]
    lanes: Mapping[UUID, tuple[Lane, ...]]

    def node(self, code: str) -> Node | None:
        return next((n for n in self.nodes.values() if n.code == code), None)

    def lanes_to(self, node_id: UUID, country: str, region: str, now: datetime) -> tuple[Lane, ...]:
        """Lanes from that node that serve the destination, one for each service: a valid live quote counts before the rate table,
        a lane to the region before one to the whole country.
        """
        best: dict[tuple[str, str], Lane] = {}
        for lane in self.lanes.get(node_id, ()):
            if lane.country != country or lane.region not in ("", region):
                continue
            if lane.valid_until is not None and lane.valid_until <= now:
                continue
            key = (lane.carrier, lane.service)
            if key not in best or _exactness(lane) > _exactness(best[key]):
                best[key] = lane
        return tuple(best.values())


def _exactness(lane: Lane) -> tuple[bool, bool]:
    return lane.valid_until is not None, lane.region != ""
