"""Kept routing decisions: which node, why, and why not the others. `candidates` and `chosen` are JSON lists that views unfold."""

from __future__ import annotations

import sqlalchemy as sa

from hub.kit.tables import Json, Key, Time, Uuid, col, index, one_of, table

route_decisions = table(
    "route_decisions",
    col("decision_id", Uuid),
    col("order_id", Uuid),
    col("at", Time),
    col("mode", Key, default="'LIVE'"),
    col("rules", Key),  # file name
    col("rules_version", Key),  # sha256 of the file, 16 hex digits
    col("reason", null=True),  # why it was decided again: SHORT_PICK, REJECTED, RELEASED ...
    col("score", sa.Numeric(18, 4), default="0"),
    col("exact", sa.Boolean, default="true"),  # false: the bound on steps was reached, the best found stands
    col("relaxed", Json, default="'[]'"),  # filters left out because nothing could be placed with them
    col(
        "candidates", Json
    ),  # [{node_id, feasible, excluded_by, reason, score, parts, cost, currency, days, co2e_g, offers}]
    col("chosen", Json),  # [{node_id, line_id, sku, quantity, carrier, service, parcels}]
    col("unplaced", Json, default="'[]'"),  # [{line_id, sku, quantity}]
    one_of("mode", ("LIVE", "SHADOW", "SIMULATED")),
    index("route_decisions_order", "order_id", "at"),
    index("route_decisions_at", "at", "decision_id"),
    key="decision_id",
)

rule_versions = table(
    "rule_versions",
    col("rules_id", Uuid, default="gen_random_uuid()"),
    col("version", Key),
    col("name", Key),
    col("content"),
    col("first_used", Time),
    index("rule_versions_id_key", "rules_id", unique=True),
    index("rule_versions_used", "first_used", "rules_id"),
    key=("name", "version"),
)

shadow_differences = table(
    "shadow_differences",
    col("difference_id", Uuid),
    col("order_id", Uuid),
    col("at", Time),
    col("live_version", Key),
    col("shadow_version", Key),
    col("live_chosen", Json),
    col("shadow_chosen", Json),
    col("score_delta", sa.Numeric(18, 4), null=True),
    index("shadow_differences_at", "at", "difference_id"),
    index("shadow_differences_order", "order_id"),
    key="difference_id",
)
