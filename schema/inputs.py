"""Inputs of mutations as plain frozen data; the GraphQL input types are generated from them. Ids are UUIDs, their kind is
in the annotation; amounts and quantities are Decimals under the names of their scalars.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated
from uuid import UUID

from hub.canon.states import Condition, FulfillmentMethod, HoldKind, OrderState, PaymentState
from schema.plan.scalars import Amount, Day, Json, Quantity, Timestamp
from schema.types.enums import ConnectionState

OrderId = Annotated[UUID, "ord"]
LineId = Annotated[UUID, "oln"]
FulfillmentId = Annotated[UUID, "ful"]
LocationId = Annotated[UUID, "loc"]
ReservationId = Annotated[UUID, "rsv"]
IncidentId = Annotated[UUID, "inc"]
ConnectionId = Annotated[UUID, "con"]
ExchangeId = Annotated[UUID, "xch"]
QueueId = Annotated[UUID, "*"]


class HoldThen(StrEnum):
    """What happens at a hold's deadline if it still stands."""

    REMIND = "REMIND"
    RELEASE = "RELEASE"
    CANCEL = "CANCEL"


# ------------------------------------------------------------------ orders
@dataclass(frozen=True, slots=True, kw_only=True)
class AddressInput:
    name: str | None = None
    street: str
    number: str | None = None
    complement: str | None = None
    district: str | None = None
    city: str
    region: str
    postcode: str
    country_code: str
    tax_id: str | None = None
    phone: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerInput:
    name: str
    email: str | None = None
    phone: str | None = None
    tax_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderLineInput:
    line_no: int | None = None
    sku: str
    quantity: Quantity
    unit_price: Amount
    discount: Amount | None = None
    title: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpectedTotalsInput:
    total: Amount


@dataclass(frozen=True, slots=True, kw_only=True)
class CaptureOrderInput:
    channel: str
    external_id: str
    revision: str | None = None
    currency_code: str
    placed_at: Timestamp | None = None
    lines: tuple[OrderLineInput, ...]
    ship_to: AddressInput
    bill_to: AddressInput | None = None
    customer: CustomerInput
    shipping: Amount | None = None
    payment_state: PaymentState | None = None
    method: FulfillmentMethod | None = None
    pickup_location_id: LocationId | None = None
    promised_by: Timestamp | None = None
    note: str | None = None
    tags: tuple[str, ...] | None = None
    totals: ExpectedTotalsInput | None = None
    reservation_id: ReservationId | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TransitionOrderInput:
    order_id: OrderId
    to: OrderState
    expected_version: int | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CancelOrderInput:
    order_id: OrderId
    line_ids: tuple[LineId, ...] | None = None
    reason: str
    expected_version: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaceHoldInput:
    order_id: OrderId
    kind: HoldKind
    reason: str
    deadline: Timestamp | None = None
    then: HoldThen = HoldThen.REMIND


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleaseHoldInput:
    order_id: OrderId
    kind: HoldKind
    note: str | None = None


# ------------------------------------------------------------------ stock
@dataclass(frozen=True, slots=True, kw_only=True)
class StockDeltaInput:
    location_id: LocationId
    sku: str
    condition: Condition = Condition.NEW
    delta: Quantity
    lot: str | None = None
    expires_on: Day | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AdjustStockInput:
    reason: str
    changes: tuple[StockDeltaInput, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class StockSetInput:
    location_id: LocationId
    sku: str
    condition: Condition = Condition.NEW
    quantity: Quantity
    change_from_quantity: Quantity
    lot: str | None = None
    expires_on: Day | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SetStockInput:
    reason: str
    levels: tuple[StockSetInput, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReservationLineInput:
    location_id: LocationId | None = None
    sku: str
    quantity: Quantity


@dataclass(frozen=True, slots=True, kw_only=True)
class ReserveStockInput:
    reference: str
    lines: tuple[ReservationLineInput, ...]
    ttl_seconds: int = 900
    all_or_nothing: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleaseReservationInput:
    reservation_id: ReservationId


@dataclass(frozen=True, slots=True, kw_only=True)
class ExtendReservationInput:
    reservation_id: ReservationId
    ttl_seconds: int


@dataclass(frozen=True, slots=True, kw_only=True)
class StockMoveInput:
    from_location_id: LocationId
    to_location_id: LocationId
    sku: str
    condition: Condition = Condition.NEW
    quantity: Quantity
    lot: str | None = None
    arrives_at: Timestamp | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TransferStockInput:
    reference: str
    moves: tuple[StockMoveInput, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpectedStockInput:
    location_id: LocationId
    sku: str
    quantity: Quantity
    expected_at: Timestamp
    lot: str | None = None
    expires_on: Day | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AnnounceStockInput:
    reference: str
    lines: tuple[ExpectedStockInput, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceiveStockInput:
    reference: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SafetyInput:
    location_id: LocationId
    sku: str
    units: Quantity


@dataclass(frozen=True, slots=True, kw_only=True)
class SetSafetyStockInput:
    levels: tuple[SafetyInput, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class BufferInput:
    channel: str
    location_id: LocationId
    sku: str | None = None
    units: Quantity


@dataclass(frozen=True, slots=True, kw_only=True)
class SetChannelBuffersInput:
    buffers: tuple[BufferInput, ...]


# ------------------------------------------------------------------ routing, fulfillment
@dataclass(frozen=True, slots=True, kw_only=True)
class PlanRouteInput:
    order_id: OrderId
    dry_run: bool = False
    rules: str | None = None
    avoid_location_ids: tuple[LocationId, ...] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PickedLineInput:
    order_line_id: LineId
    quantity: Quantity


@dataclass(frozen=True, slots=True, kw_only=True)
class TransitionFulfillmentInput:
    fulfillment_id: FulfillmentId
    to: OrderState
    lines: tuple[PickedLineInput, ...] | None = None
    expected_version: int | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PackageInput:
    weight_g: int
    length_mm: int | None = None
    width_mm: int | None = None
    height_mm: int | None = None
    sscc: str | None = None
    asset_identifiers: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DispatchFulfillmentInput:
    fulfillment_id: FulfillmentId
    packages: tuple[PackageInput, ...]
    carrier: str
    service: str | None = None
    tracking_number: str | None = None
    expected_version: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RejectFulfillmentInput:
    fulfillment_id: FulfillmentId
    lines: tuple[LineId, ...] | None = None
    reason: str


# ------------------------------------------------------------------ incidents, queues, connections
@dataclass(frozen=True, slots=True, kw_only=True)
class AssignIncidentInput:
    incident_id: IncidentId
    owner: str


@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentStepInput:
    incident_id: IncidentId
    step: str
    arguments: Json | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SnoozeIncidentInput:
    incident_id: IncidentId
    until: Timestamp


@dataclass(frozen=True, slots=True, kw_only=True)
class ResolveIncidentInput:
    incident_id: IncidentId
    resolution: str


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueInput:
    ids: tuple[QueueId, ...] | None = None
    fingerprint: str | None = None
    reason: str | None = None
    body: Json | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionStateInput:
    connection_id: ConnectionId
    state: ConnectionState
    shadow: bool | None = None


# ------------------------------------------------------------------ interchanges, partners
@dataclass(frozen=True, slots=True, kw_only=True)
class ExchangeInput:
    """`setControl`: only this one of its sets."""

    exchange_id: ExchangeId
    set_control: str | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplayExchangeInput:
    """`ack`: the acknowledgement is owed once more, byte for byte."""

    exchange_id: ExchangeId
    set_control: str | None = None
    ack: bool = False
    dry_run: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class PartnerInput:
    """`profile`: as in `profile.yaml`. Without one, that of the folder `partner` under `mappings/partners` counts."""

    code: str
    name: str
    partner: str | None = None
    profile: Json | None = None
    transport: Json | None = None
    dry_run: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class GuideOverlayInput:
    """`overlay`: YAML as in `mappings/partners/<partner>/<set>.yaml`; without one the partner has none any more."""

    code: str
    set_id: str
    overlay: str | None = None
    dry_run: bool = False
