"""What may be read of places with stock."""

from __future__ import annotations

import sqlalchemy as sa

from hub.kit.views import publish
from hub.network.store import nodes

n = nodes.c
v_location = publish(
    "v_location",
    sa.select(
        n.node_id.label("location_id"),
        *(n[c] for c in ("code", "name", "kind", "street", "number", "complement", "district", "city", "region")),
        *(n[c] for c in ("postal_code", "country", "phone", "tax_id", "state_registration", "timezone")),
        *(n[c] for c in ("latitude", "longitude", "capacity_per_day", "open_fulfillments", "active")),
        sa.func.to_char(n.cut_off, sa.literal_column("'HH24:MI'"), type_=sa.Text()).label("cut_off"),
        n.wms_connection_id,
    ),
)
