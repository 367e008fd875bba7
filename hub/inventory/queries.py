"""What may be read of stock: levels with what is available, lots, movements, soft reservations, what is announced, buffers."""

from __future__ import annotations

import sqlalchemy as sa

from hub.inventory.store import (
    channel_safety,
    incoming,
    reservation_lines,
    reservations,
    stock,
    stock_lots,
    stock_movements,
)
from hub.kit.views import publish

s = stock.c
v_stock_level = publish(
    "v_stock_level",
    sa.select(
        s.stock_id,
        s.node_id.label("location_id"),
        *(s[n] for n in ("sku", "condition", "on_hand", "reserved", "safety", "incoming", "in_lots")),
        s.version,
        s.updated_at,
        (s.on_hand - s.reserved - s.safety).label("available"),
        (s.on_hand - s.reserved < s.safety).label("below_safety"),
    ),
)

m = stock_movements.c
v_stock_movement = publish(
    "v_stock_movement",
    sa.select(
        m.movement_id,
        m.at,
        m.node_id.label("location_id"),
        *(m[n] for n in ("sku", "condition", "on_hand_delta", "reserved_delta", "cause", "cause_id")),
        m.event_id,
        m.lot,
    ),
)

r = reservations.c
v_reservation = publish(
    "v_reservation",
    sa.select(*(r[n] for n in ("reservation_id", "reference", "state", "created_at", "expires_at", "order_id"))),
)

x = reservation_lines.c
v_reservation_line = publish(
    "v_reservation_line", sa.select(x.reservation_id, x.node_id.label("location_id"), x.sku, x.quantity)
)

t = stock_lots.c
v_stock_lot = publish(
    "v_stock_lot",
    sa.select(
        t.lot_id,
        t.node_id.label("location_id"),
        *(t[n] for n in ("sku", "condition", "lot", "on_hand", "claimed", "expires_on", "expiry_key")),
        s.stock_id,
    ).join_from(
        stock_lots,
        stock,
        sa.and_(s.tenant_id == t.tenant_id, s.node_id == t.node_id, s.sku == t.sku, s.condition == t.condition),
    ),
)

i = incoming.c
v_incoming = publish(
    "v_incoming",
    sa.select(
        i.incoming_id,
        i.node_id.label("location_id"),
        *(i[n] for n in ("reference", "sku", "quantity", "expected_at", "lot", "expires_on")),
    ),
)

b = channel_safety.c
v_channel_buffer = publish(
    "v_channel_buffer",
    sa.select(b.buffer_id, b.channel, b.node_id.label("location_id"), sa.func.nullif(b.sku, "").label("sku"), b.units),
)
