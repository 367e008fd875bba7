"""Stock by (node, SKU, condition), which of it lies in which lot, the movements that explain both, and soft reservations with an
expiry. A hard reservation is a live line of a fulfillment at that node.
"""

from __future__ import annotations

import sqlalchemy as sa

from hub.canon.states import Condition, MovementCause
from hub.kit.tables import Key, Quantity, Time, Uuid, belongs, col, enum_check, index, must, one_of, table

stock = table(
    "stock",
    col("stock_id", Uuid),
    col("node_id", Uuid),
    col("sku", Key),
    col("condition", Key, default="'NEW'"),
    col("on_hand", Quantity, default="0"),
    col("reserved", Quantity, default="0"),
    col("safety", Quantity, default="0"),
    col("incoming", Quantity, default="0"),
    col("version", sa.Integer, default="1"),
    col("counted_at", Time, null=True),
    col("updated_at", Time, default="now()"),
    col("in_lots", Quantity, default="0"),  # of what is on hand; the rest has no lot
    enum_check("condition", Condition),
    must("on_hand_not_negative", "on_hand >= 0", why="what is not there cannot leave"),
    must("reserved_not_negative", "reserved >= 0", why="a reservation is given back once"),
    must("never_oversold", "reserved <= on_hand", why="a unit is promised to one buyer"),
    must("part_lies_in_lots", "in_lots BETWEEN 0 AND on_hand", why="a lot is a part of what is there"),
    must("safety_not_negative", "safety >= 0 AND incoming >= 0", why="buffers are kept, not owed"),
    belongs("node_id", "nodes", "node_id"),
    index("stock_id_key", "stock_id", unique=True),
    index("stock_sku", "sku", "node_id"),
    index("stock_updated", "updated_at", "stock_id"),
    index("stock_condition", "condition", "updated_at", "stock_id", where="condition <> 'NEW'"),
    key=("node_id", "sku", "condition"),
    fillfactor=70,
)

stock_lots = table(
    "stock_lots",
    col("lot_id", Uuid, default="gen_random_uuid()"),
    col("node_id", Uuid),
    col("sku", Key),
    col("condition", Key, default="'NEW'"),
    col("lot", Key),
    col("on_hand", Quantity, default="0"),
    col("claimed", Quantity, default="0"),  # of what is on hand: chosen for fulfillments
    col("expires_on", sa.Date, null=True),
    sa.Column(
        "expiry_key", sa.Date, sa.Computed("coalesce(expires_on, '9999-12-31'::date)", persisted=True)
    ),  # what never expires, last
    enum_check("condition", Condition),
    must("lot_named", "lot <> ''", why="units without a lot have no row"),
    must("on_hand_not_negative", "on_hand >= 0", why="what is not there cannot leave"),
    must("claimed_once", "claimed BETWEEN 0 AND on_hand", why="a unit of a lot is chosen for one fulfillment"),
    belongs(("node_id", "sku", "condition"), "stock", ("node_id", "sku", "condition")),
    index("stock_lots_id_key", "lot_id", unique=True),
    index("stock_lots_expiry", "expiry_key", "lot_id"),
    index("stock_lots_sku", "sku", "lot"),
    index("stock_lots_lot", "lot"),
    key=("node_id", "sku", "condition", "lot"),
)

lot_claims = table(
    "lot_claims",
    col("owner_id", Uuid),  # the fulfillment that takes them
    col("node_id", Uuid),
    col("sku", Key),
    col("lot", Key),
    col("quantity", Quantity),
    must("quantity_positive", "quantity > 0", why="a claim takes something"),
    index("lot_claims_lot", "node_id", "sku", "lot"),
    key=("owner_id", "node_id", "sku", "lot"),
)

stock_movements = table(
    "stock_movements",
    col("movement_id", Uuid),
    col("at", Time),
    col("node_id", Uuid),
    col("sku", Key),
    col("condition", Key),
    col("on_hand_delta", Quantity, default="0"),
    col("reserved_delta", Quantity, default="0"),
    col("cause", Key),
    col("cause_id", Uuid, null=True),
    col("event_id", Uuid),
    col("lot", Key, null=True),
    enum_check("cause", MovementCause),
    must("moves_something", "on_hand_delta <> 0 OR reserved_delta <> 0", why="an empty movement explains nothing"),
    index("stock_movements_key", "node_id", "sku", "condition", "at"),
    index("stock_movements_at", "at", "movement_id"),
    index("stock_movements_sku", "sku", "at", "movement_id"),
    index("stock_movements_cause", "cause_id"),
    # what is rare; a condition or a cause in which nearly all rows stand is found by walking
    index("stock_movements_condition", "condition", "at", "movement_id", where="condition <> 'NEW'"),
    index("stock_movements_odd", "cause", "at", "movement_id", where="cause NOT IN ('RESERVE', 'SHIP')"),
    index("stock_movements_lot", "lot", "at", where="lot IS NOT NULL"),
    key=("at", "movement_id"),
    partition_by="at",
)

reservations = table(
    "reservations",
    col("reservation_id", Uuid),
    col("reference", Key),
    col("state", Key, default="'ACTIVE'"),
    col("created_at", Time),
    col("expires_at", Time),
    col("order_id", Uuid, null=True),  # the order that it became or will become
    one_of("state", ("ACTIVE", "RELEASED", "EXPIRED", "USED")),
    index("reservations_expiry", "expires_at", where="state = 'ACTIVE'"),
    index("reservations_ends", "expires_at", "reservation_id"),
    index("reservations_order", "order_id", where="order_id IS NOT NULL"),
    index("reservations_reference", "reference"),
    key="reservation_id",
)

reservation_lines = table(
    "reservation_lines",
    col("reservation_id", Uuid),
    col("node_id", Uuid),
    col("sku", Key),
    col("quantity", Quantity),
    must("quantity_positive", "quantity > 0", why="a reservation keeps something"),
    belongs("reservation_id", "reservations", "reservation_id"),
    index("reservation_lines_sku", "sku", "node_id"),
    key=("reservation_id", "node_id", "sku"),
)

incoming = table(
    "incoming",
    col("incoming_id", Uuid),
    col("reference", Key),  # the document that announced it: a purchase order, a container, a transfer
    col("node_id", Uuid),
    col("sku", Key),
    col("quantity", Quantity),
    col("expected_at", Time),
    col("lot", Key, null=True),
    col("expires_on", sa.Date, null=True),
    must("quantity_positive", "quantity > 0", why="nothing is not expected"),
    belongs("node_id", "nodes", "node_id"),
    index("incoming_sku", "sku", "expected_at"),
    index("incoming_when", "expected_at", "incoming_id"),
    index("incoming_node", "node_id", "expected_at"),
    index("incoming_reference", "reference"),
    key="incoming_id",
)

channel_safety = table(
    "channel_safety",
    col("buffer_id", Uuid, default="gen_random_uuid()"),
    col("channel", Key),
    col("node_id", Uuid),
    col("sku", Key, default="''"),  # '' = each SKU
    col("units", Quantity),
    must("units_not_negative", "units >= 0", why="a channel cannot take more than there is"),
    belongs("node_id", "nodes", "node_id"),
    index("channel_safety_id_key", "buffer_id", unique=True),
    index("channel_safety_in_order", "channel", "buffer_id"),
    key=("channel", "node_id", "sku"),
)
