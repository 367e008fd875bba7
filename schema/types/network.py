"""Places with stock. The type is `Location`: Relay owns the word Node."""

from __future__ import annotations

from typing import Any

import strawberry

from hub.canon.states import NodeKind
from hub.network.queries import v_location
from schema.plan.bind import Filter, Page, bound, embed, key
from schema.plan.fields import listing
from schema.plan.scalars import Quantity
from schema.types.parts import UNSET, Address, Node, TextFilter, address

_ADDRESS: Any = {field: column for field, column in address().items() if field not in ("tax_id", "name")}


@bound(v_location, area="network", key="location_id", prefix="loc")
@strawberry.type
class Location(Node):
    id: strawberry.ID = key("location_id")
    code: str
    name: str
    kind: NodeKind
    address: Address = embed(**_ADDRESS)
    tax_id: str | None
    state_registration: str | None
    timezone: str
    latitude: Quantity | None
    longitude: Quantity | None
    cut_off: str | None
    capacity_per_day: int | None
    open_fulfillments: int
    active: bool


@strawberry.input
class LocationWhere:
    kind: NodeKind | None = UNSET
    active: bool | None = UNSET
    code: TextFilter | None = UNSET


LOCATIONS = Page(
    {"CODE": "code"},
    {"kind": Filter("kind", enum=True), "active": Filter("active", flag=True), "code": Filter("code")},
    descending=False,
)

ROOTS = {"locations": listing(Location, LOCATIONS, where=LocationWhere)}
