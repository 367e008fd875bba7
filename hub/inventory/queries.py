"""What may be read of stock: levels with what is available, movements, soft reservations."""

from __future__ import annotations

import sqlalchemy as sa

from hub.inventory.store import reservation_lines, reservations, stock, stock_movements
from hub.kit.views import publish

s = stock.c
v_stock_level = publish(
    "v_stock_level",
    sa.select(
        s.stock_id,
        s.node_id.label("location_id"),
        *(s[n] for n in ("sku", "condition", "on_hand", "reserved", "safety", "incoming", "version", "updated_at")),
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
        *(m[n] for n in ("sku", "condition", "on_hand_delta", "reserved_delta", "cause", "cause_id", "event_id")),
    ),
)

r = reservations.c
v_reservation = publish("v_reservation", sa.select(r.reservation_id, r.reference, r.state, r.expires_at))

x = reservation_lines.c
v_reservation_line = publish(
    "v_reservation_line", sa.select(x.reservation_id, x.node_id.label("location_id"), x.sku, x.quantity)
)
