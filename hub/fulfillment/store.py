"""What one node does for one order: fulfillment with its share of the lines, shipments, packages, carrier events."""

from __future__ import annotations

import sqlalchemy as sa

from hub.canon.states import FulfillmentMethod, OrderState
from hub.kit.tables import (
    Amount,
    Json,
    Key,
    Quantity,
    Time,
    Uuid,
    belongs,
    col,
    enum_check,
    index,
    metadata,
    must,
    table,
)

# The legal moves, filled from hub.orders.model.MOVES by the migration: a foreign key makes an illegal one impossible.
moves = sa.Table(
    "moves",
    metadata,
    sa.Column("old", Key, nullable=False),
    sa.Column("new", Key, nullable=False),
    sa.PrimaryKeyConstraint("old", "new"),
)

fulfillments = table(
    "fulfillments",
    col("fulfillment_id", Uuid),
    col("order_id", Uuid),
    col("position", sa.Integer),
    col("node_id", Uuid),
    col("decision_id", Uuid, null=True),
    col("method", Key),
    col("previous_state", Key, default="'DRAFT'"),
    col("state", Key, default="'APPROVED'"),
    col("version", sa.Integer, default="1"),
    col("carrier", null=True),
    col("service", null=True),
    col("ship_by", Time),
    col("wms_reference", Key, null=True),
    col("wms_sequence", sa.Integer, default="0"),
    col("pickup_code", Key, null=True),
    col("bundle_id", Uuid, null=True),  # those of one bundle leave together
    col("noted_with", Uuid, null=True),  # the fulfillment whose note is this one's too
    col("dispatch_requested_at", Time, null=True),
    col("dispatch", Json, null=True),  # what was asked: packages, carrier, service, tracking
    col("cancel_requested_at", Time, null=True),
    # ORDER_CANCELLED: the customer gets nothing; REROUTE: another node is looked for; AMENDED: what is still wanted is planned anew
    col("cancel_kind", Key, null=True),
    col("created_at", Time),
    col("updated_at", Time),
    enum_check("method", FulfillmentMethod),
    enum_check("state", OrderState),
    must("not_draft", "state <> 'DRAFT'", why="a fulfillment is born from an approved order"),
    sa.ForeignKeyConstraint(["previous_state", "state"], ["moves.old", "moves.new"], name="fulfillments_legal_move"),
    belongs("order_id", "orders", "order_id"),
    belongs("node_id", "nodes", "node_id"),
    index("fulfillments_order", "order_id", "position", unique=True),
    index("fulfillments_ship_by", "ship_by", "fulfillment_id"),
    index("fulfillments_state", "state", "ship_by", "fulfillment_id"),
    index("fulfillments_node", "node_id", "state", "ship_by", "fulfillment_id"),
    index("fulfillments_created", "created_at", "fulfillment_id"),
    index("fulfillments_method", "method", "ship_by", "fulfillment_id", where="method <> 'SHIP'"),
    index("fulfillments_carrier", "carrier", "ship_by", "fulfillment_id", where="carrier IS NOT NULL"),
    index("fulfillments_bundle", "bundle_id", where="bundle_id IS NOT NULL"),
    index(
        "fulfillments_stopping",
        "ship_by",
        "fulfillment_id",
        where="cancel_requested_at IS NOT NULL AND state <> 'CANCELLED'",
    ),
    index("fulfillments_noted", "noted_with", where="noted_with IS NOT NULL"),
    index("fulfillments_wms", "wms_reference", where="wms_reference IS NOT NULL"),
    key="fulfillment_id",
    fillfactor=80,
)

fulfillment_lines = table(
    "fulfillment_lines",
    col("fulfillment_id", Uuid),
    col("line_id", Uuid),
    col("line_no", sa.Integer),
    col("sku", Key),
    col("assigned", Quantity),
    col("short", Quantity, default="0"),
    col("picked", Quantity, default="0"),
    col("packed", Quantity, default="0"),
    col("shipped", Quantity, default="0"),
    col("delivered", Quantity, default="0"),
    must("assigned_positive", "assigned > 0", why="a share of nothing is no share"),
    must(
        "in_order_of_life",
        "short >= 0 AND delivered >= 0 AND delivered <= shipped AND shipped <= packed AND packed <= picked AND picked + short <= assigned",
        why="as order lines; what is short is never picked",
    ),
    belongs("fulfillment_id", "fulfillments", "fulfillment_id"),
    index("fulfillment_lines_order", "fulfillment_id", "line_no"),
    index("fulfillment_lines_line", "line_id"),
    index("fulfillment_lines_sku", "sku", "fulfillment_id"),
    key=("fulfillment_id", "line_id"),
    fillfactor=50,
)

shipments = table(
    "shipments",
    col("shipment_id", Uuid),
    col("fulfillment_id", Uuid),
    col("order_id", Uuid),
    col("carrier"),
    col("service", null=True),
    col("tracking_number", Key, null=True),
    col("tracking_url", null=True),
    col("label_url", null=True),
    col("status", Key, default="'DISPATCHED'"),
    col("dispatched_at", Time, null=True),
    col("delivered_at", Time, null=True),
    col("cost", Amount, null=True),
    col("currency", sa.CHAR(3), null=True),
    col("co2e_g", sa.Integer, null=True),
    belongs("fulfillment_id", "fulfillments", "fulfillment_id"),
    index("shipments_fulfillment", "fulfillment_id"),
    index("shipments_order", "order_id"),
    index("shipments_tracking", "tracking_number", where="tracking_number IS NOT NULL"),
    key="shipment_id",
)

packages = table(
    "packages",
    col("package_id", Uuid),
    col("shipment_id", Uuid),
    col("position", sa.Integer),
    col("sscc", Key, null=True),
    col("weight_g", sa.Integer, null=True),
    col("length_mm", sa.Integer, null=True),
    col("width_mm", sa.Integer, null=True),
    col("height_mm", sa.Integer, null=True),
    col("content", Json, default="'[]'"),  # [{line_id, sku, quantity, lots, serials}]
    belongs("shipment_id", "shipments", "shipment_id"),
    index("packages_shipment", "shipment_id", "position"),
    key="package_id",
)

tracking_events = table(
    "tracking_events",
    col("shipment_id", Uuid),
    col("at", Time),
    col("code", Key),
    col("description", null=True),
    col("place", null=True),
    belongs("shipment_id", "shipments", "shipment_id"),
    key=("shipment_id", "at", "code"),
)
