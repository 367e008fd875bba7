"""Inputs of what changes a placed order or its fulfillments: amendments, approvals, bundles, splits, hand-overs; and kept searches."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated
from uuid import UUID

from hub.canon.states import FulfillmentMethod
from hub.orders import SearchList
from schema.inputs import AddressInput, FulfillmentId, LineId, LocationId, OrderId, OrderLineInput, PickedLineInput
from schema.plan.scalars import Json, Quantity, Timestamp

BundleId = Annotated[UUID, "bdl"]
SearchId = Annotated[UUID, "sch"]


@dataclass(frozen=True, slots=True, kw_only=True)
class LineQuantityInput:
    line_id: LineId
    quantity: Quantity


@dataclass(frozen=True, slots=True, kw_only=True)
class AmendOrderInput:
    order_id: OrderId
    expected_version: int
    dry_run: bool = True
    add_lines: tuple[OrderLineInput, ...] | None = None
    set_quantities: tuple[LineQuantityInput, ...] | None = None
    ship_to: AddressInput | None = None
    method: FulfillmentMethod | None = None
    pickup_location_id: LocationId | None = None
    promised_by: Timestamp | None = None
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SubstituteLineInput:
    order_id: OrderId
    line_id: LineId
    sku: str
    dry_run: bool = True
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ApproveOrderInput:
    order_id: OrderId


@dataclass(frozen=True, slots=True, kw_only=True)
class BundleOrdersInput:
    order_ids: tuple[OrderId, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class UnbundleInput:
    bundle_id: BundleId


@dataclass(frozen=True, slots=True, kw_only=True)
class SplitFulfillmentInput:
    fulfillment_id: FulfillmentId
    lines: tuple[PickedLineInput, ...]
    expected_version: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ProofInput:
    """Who took the goods; of a document the last digits are enough."""

    name: str
    document: str | None = None
    note: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class HandOverInput:
    fulfillment_id: FulfillmentId
    code: str
    proof: ProofInput


@dataclass(frozen=True, slots=True, kw_only=True)
class SaveSearchInput:
    name: str
    about: SearchList
    where: Json | None = None
    order_by: Json | None = None
    shared: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class DeleteSearchesInput:
    search_ids: tuple[SearchId, ...]
