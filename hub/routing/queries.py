"""What may be read of routing: kept decisions, with their JSON lists of shares and candidates unfolded to rows, rules, shadow differences."""

from __future__ import annotations

import sqlalchemy as sa

from hub.kit.tables import Amount, Json, Key, Quantity, Time, Uuid
from hub.kit.views import publish, publish_sql
from hub.routing.store import route_decisions, rule_versions, shadow_differences

d = route_decisions.c
v_route_decision = publish(
    "v_route_decision",
    sa.select(
        *(
            d[n]
            for n in ("decision_id", "order_id", "at", "mode", "rules", "rules_version", "reason", "score", "exact")
        ),
        d.relaxed,
    ),
)

r = rule_versions.c
v_rule_version = publish(
    "v_rule_version", sa.select(*(r[n] for n in ("rules_id", "name", "version", "content", "first_used")))
)

x = shadow_differences.c
v_shadow_difference = publish(
    "v_shadow_difference",
    sa.select(
        *(x[n] for n in ("difference_id", "order_id", "at", "live_version", "shadow_version", "score_delta")),
        x.live_chosen.label("live"),
        x.shadow_chosen.label("shadow"),
    ),
)

v_route_share = publish_sql(
    "v_route_share",
    """SELECT d.decision_id, x.position, (x.item->>'node_id')::uuid AS location_id, x.item->>'sku' AS sku, (x.item->>'quantity')::numeric AS quantity,
  x.item->>'carrier' AS carrier, x.item->>'service' AS service, (x.item->>'parcels')::int AS parcels
FROM route_decisions d CROSS JOIN LATERAL jsonb_array_elements(d.chosen) WITH ORDINALITY AS x(item, position)""",
    decision_id=Uuid,
    position=sa.BigInteger(),
    location_id=Uuid,
    sku=Key,
    quantity=Quantity,
    carrier=sa.Text(),
    service=sa.Text(),
    parcels=sa.Integer(),
)

v_route_lack = publish_sql(
    "v_route_lack",
    """SELECT d.decision_id, x.position, x.item->>'sku' AS sku, (x.item->>'quantity')::numeric AS quantity
FROM route_decisions d CROSS JOIN LATERAL jsonb_array_elements(d.unplaced) WITH ORDINALITY AS x(item, position)""",
    decision_id=Uuid,
    position=sa.BigInteger(),
    sku=Key,
    quantity=Quantity,
)

v_route_candidate = publish_sql(
    "v_route_candidate",
    """SELECT d.decision_id, x.position, (x.item->>'node_id')::uuid AS location_id,
  coalesce((x.item->>'feasible')::boolean, false) AS feasible, x.item->>'excluded_by' AS excluded_by,
  coalesce(x.item->>'reason', '') AS reason, (x.item->>'score')::numeric AS score, (x.item->>'cost')::numeric AS cost,
  coalesce(x.item->>'currency', 'BRL') AS currency, (x.item->>'days')::numeric AS days,
  round((x.item->>'co2e_g')::numeric)::int AS co2e_g, (x.item->>'tax_cost')::numeric AS tax_cost,
  x.item->>'method' AS method, x.item->>'carrier' AS carrier, x.item->>'service' AS service,
  (x.item->>'ships_at')::timestamptz AS ships_at, (x.item->>'arrives_at')::timestamptz AS arrives_at,
  x.item->'parts' AS parts, coalesce(x.item->'offers', '[]') AS offers
FROM route_decisions d CROSS JOIN LATERAL jsonb_array_elements(d.candidates) WITH ORDINALITY AS x(item, position)""",
    decision_id=Uuid,
    position=sa.BigInteger(),
    location_id=Uuid,
    feasible=sa.Boolean(),
    excluded_by=Key,
    reason=sa.Text(),
    score=Quantity,
    cost=Amount,
    currency=sa.Text(),
    days=Quantity,
    co2e_g=sa.Integer(),
    tax_cost=Amount,
    method=sa.Text(),
    carrier=sa.Text(),
    service=sa.Text(),
    ships_at=Time,
    arrives_at=Time,
    parts=Json,
    offers=Json,
)
