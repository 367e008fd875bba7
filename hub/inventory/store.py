"""Stock by (node, SKU, condition), the movements that explain it, and soft reservations with an expiry.
A hard reservation is a live line of a fulfillment at that node.
"""

from __future__ import annotations

import sqlalchemy as sa

from hub.canon.states import Condition
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
    enum_check("condition", Condition),
    must("on_hand_not_negative", "on_hand >= 0", why="what is not there cannot leave"),
    must("reserved_not_negative", "reserved >= 0", why="a reservation is given back once"),
    must("never_oversold", "reserved <= on_hand", why="a unit is promised to one buyer"),
    must("safety_not_negative", "safety >= 0 AND incoming >= 0", why="buffers are kept, not owed"),
    belongs("node_id", "nodes", "node_id"),
    index("stock_id_key", "stock_id", unique=True),
    index("stock_sku", "sku", "node_id"),
    index("stock_updated", "updated_at", "stock_id"),
    key=("node_id", "sku", "condition"),
    fillfactor=70,
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
    col("cause", Key),  # COUNT, ADJUSTMENT, RESERVE, RELEASE, SHIP, RETURN, RECEIPT, TRANSFER
    col("cause_id", Uuid, null=True),
    col("event_id", Uuid),
    must("moves_something", "on_hand_delta <> 0 OR reserved_delta <> 0", why="an empty movement explains nothing"),
    index("stock_movements_key", "node_id", "sku", "condition", "at"),
    index("stock_movements_at", "at", "movement_id"),
    index("stock_movements_sku", "sku", "at", "movement_id"),
    index("stock_movements_cause", "cause_id"),
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
    one_of("state", ("ACTIVE", "RELEASED", "EXPIRED", "USED")),
    index("reservations_expiry", "expires_at", where="state = 'ACTIVE'"),
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
    must("quantity_positive", "quantity > 0", why="nothing is not expected"),
    belongs("node_id", "nodes", "node_id"),
    index("incoming_sku", "sku", "expected_at"),
    index("incoming_reference", "reference"),
    key="incoming_id",
)

channel_safety = table(
    "channel_safety",
    col("channel", Key),
    col("node_id", Uuid),
    col("sku", Key, default="''"),  # '' = each SKU
    col("units", Quantity),
    must("units_not_negative", "units >= 0", why="a channel cannot take more than there is"),
    belongs("node_id", "nodes", "node_id"),
    key=("channel", "node_id", "sku"),
)
