"""Places with stock, and the lanes from them: cost, days, CO2e."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY

from hub.canon.states import NodeKind
from hub.kit.tables import Amount, Key, Time, Uuid, belongs, col, enum_check, index, must, table

nodes = table(
    "nodes",
    col("node_id", Uuid),
    col("code", Key),
    col("name"),
    col("kind", Key),
    col("street"),
    col("number", null=True),
    col("complement", null=True),
    col("district", null=True),
    col("city"),
    col("region"),
    col("postal_code"),
    col("country", Key),
    col("municipality_code", null=True),  # cMun
    col("phone", null=True),
    col("latitude", sa.Numeric(9, 6), null=True),
    col("longitude", sa.Numeric(9, 6), null=True),
    col("legal_name", null=True),  # xNome of the establishment
    col("tax_id", Key, null=True),  # CNPJ of the establishment
    col("state_registration", null=True),  # IE
    col("tax_regime", sa.SmallInteger, null=True),  # CRT
    col("fiscal_series", sa.Integer, null=True),
    col("fiscal_connection_id", Uuid, null=True),  # the sefaz account that signs for it
    col("wms_connection_id", Uuid, null=True),
    col("timezone"),
    col("cut_off", sa.Time, null=True),  # local time; orders after it leave the next working day
    col("work_days", ARRAY(sa.SmallInteger), default="'{1,2,3,4,5}'"),  # ISO weekdays
    col("closed_on", ARRAY(sa.Date), default="'{}'"),  # holidays of this node
    col("capacity_per_day", sa.Integer, null=True),
    col("open_fulfillments", sa.Integer, default="0"),
    col("active", sa.Boolean, default="true"),
    col("updated_at", Time, default="now()"),
    enum_check("kind", NodeKind),
    must(
        "brazil_has_issuer",
        "country <> 'BR' OR tax_id IS NOT NULL",
        why="goods leave a Brazilian node only with a note, and a note has an issuer",
    ),
    index("nodes_code_key", "code", unique=True),
    key="node_id",
)

lanes = table(
    "lanes",
    col("lane_id", Uuid),
    col("node_id", Uuid),
    col("carrier"),
    col("service"),
    col("country", Key),
    col("region", Key, default="''"),  # '' = the whole country
    col("cost", Amount),
    col("cost_per_kg", Amount, default="0"),
    col("currency", sa.CHAR(3)),
    col("days", sa.SmallInteger),
    col("co2e_g", sa.Integer, default="0"),
    col("max_weight_g", sa.Integer, null=True),
    col("live", sa.Boolean, default="false"),
    col("valid_until", Time, null=True),  # a carrier's quote holds until then
    must("live_ends", "live = (valid_until IS NOT NULL)", why="a quote that never ends is a rate table"),
    belongs("node_id", "nodes", "node_id"),
    must("cost_not_negative", "cost >= 0 AND cost_per_kg >= 0", why="a lane does not pay us"),
    index("lanes_from", "node_id", "country", "region", "carrier", "service", "live", unique=True),
    key="lane_id",
)
