"""What may be read of fulfillments: head, lines, shipments, packages, carrier events."""

from __future__ import annotations

import sqlalchemy as sa

from hub.fulfillment.store import fulfillment_lines, fulfillments, packages, shipments, tracking_events
from hub.kit.views import publish

f = fulfillments.c
v_fulfillment = publish(
    "v_fulfillment",
    sa.select(
        *(f[n] for n in ("fulfillment_id", "order_id", "position", "decision_id", "method", "state", "version")),
        f.node_id.label("location_id"),
        *(f[n] for n in ("carrier", "service", "ship_by", "wms_reference", "pickup_code", "dispatch_requested_at")),
        *(f[n] for n in ("bundle_id", "cancel_requested_at", "created_at", "updated_at")),
        sa.and_(f.dispatch_requested_at.is_not(None), f.state == sa.literal_column("'PACKED'")).label("at_the_door"),
        sa.and_(f.cancel_requested_at.is_not(None), f.state != sa.literal_column("'CANCELLED'")).label("stopping"),
        sa.func.coalesce(f.noted_with, f.fulfillment_id).label("noted_as"),
    ),
)

x = fulfillment_lines.c
v_fulfillment_line = publish(
    "v_fulfillment_line",
    sa.select(
        *(x[n] for n in ("fulfillment_id", "line_id", "line_no", "sku", "assigned", "short", "picked", "packed")),
        x.shipped,
    ),
)

s = shipments.c
v_shipment = publish(
    "v_shipment",
    sa.select(
        *(s[n] for n in ("shipment_id", "fulfillment_id", "order_id", "carrier", "service", "tracking_number")),
        *(s[n] for n in ("tracking_url", "label_url", "dispatched_at", "delivered_at", "cost")),
        sa.func.coalesce(s.currency, sa.literal_column("'BRL'")).label("currency"),
        s.co2e_g,
    ),
)

p = packages.c
v_package = publish(
    "v_package",
    sa.select(*(p[n] for n in ("shipment_id", "position", "sscc", "weight_g", "length_mm", "width_mm", "height_mm"))),
)

t = tracking_events.c
v_tracking_event = publish("v_tracking_event", sa.select(t.shipment_id, t.at, t.code, t.description, t.place))
