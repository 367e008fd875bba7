"""What may be read of routing: kept decisions, with their JSON lists of shares and candidates unfolded to rows."""

from __future__ import annotations

import sqlalchemy as sa

from hub.kit.tables import Amount, Key, Quantity, Uuid
from hub.kit.views import publish, publish_sql
from hub.routing.store import route_decisions

d = route_decisions.c
v_route_decision = publish(
    "v_route_decision",
    sa.select(*(d[n] for n in ("decision_id", "order_id", "at", "mode", "rules", "rules_version", "reason"))),
)

v_route_share = publish_sql(
    "v_route_share",
    """SELECT d.decision_id, x.position, (x.item->>'node_id')::uuid AS location_id, x.item->>'sku' AS sku,
  (x.item->>'quantity')::numeric AS quantity
FROM route_decisions d CROSS JOIN LATERAL jsonb_array_elements(d.chosen) WITH ORDINALITY AS x(item, position)""",
    decision_id=Uuid,
    position=sa.BigInteger(),
    location_id=Uuid,
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
  (x.item->>'distance_km')::numeric AS distance_km
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
    distance_km=Quantity,
)
