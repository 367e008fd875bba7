"""What may be read of orders: heads with their address and totals, lines, holds, tags."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from hub.kit.tables import Key, Uuid
from hub.kit.views import publish, publish_sql
from hub.orders.store import (
    order_amendments,
    order_approvals,
    order_holds,
    order_lines,
    order_tags,
    orders,
    saved_searches,
)

o = orders.c


def _bill(name: str, *, required: bool = False) -> sa.Label[Any]:
    """One text of the billing address; empty instead of null where the contract promises a value."""
    found: Any = o.bill_to[name].astext
    return (sa.func.coalesce(found, sa.literal_column("''")) if required else found).label(f"bill_{name}")


v_order = publish(
    "v_order",
    sa.select(
        *(o[n] for n in ("order_id", "number", "channel", "connection_id", "external_id", "state", "version")),
        *(o[n] for n in ("payment_state", "return_state", "placed_at", "promised_by", "promise_key", "updated_at")),
        *(o[n] for n in ("method", "service_level", "group_id")),
        (o.open_holds > sa.literal_column("0")).label("on_hold"),
        *(o[n] for n in ("customer_id", "customer_tax_id", "currency", "note", "correlation_id", "cancel_reason")),
        o.goods_total.label("subtotal"),
        *(o[n] for n in ("discount_total", "shipping_total", "tax_total", "total")),
        *(o[f"ship_{n}"] for n in ("name", "street", "number", "complement", "district", "city", "region")),
        *(o[f"ship_{n}"] for n in ("postal_code", "country", "phone", "tax_id")),
        sa.cast(o.bill_to["country"].astext, sa.Text).label("bill_known"),
        *(_bill(n) for n in ("name", "number", "complement", "district", "phone", "tax_id")),
        *(_bill(n, required=True) for n in ("street", "city", "region", "postal_code", "country")),
    ),
)

x = order_lines.c
v_order_line = publish(
    "v_order_line",
    sa.select(
        *(x[n] for n in ("line_id", "order_id", "line_no", "sku", "product_id", "title", "kit_parent", "currency")),
        *(x[n] for n in ("unit_price", "discount", "tax", "total", "ordered", "cancelled", "reserved", "picked")),
        *(x[n] for n in ("packed", "shipped", "delivered", "returned")),
    ),
)

h = order_holds.c
v_hold = publish(
    "v_hold",
    sa.select(
        *(h[n] for n in ("hold_id", "order_id", "kind", "reason", "placed_by", "placed_at", "deadline", "rule")),
        h.releases,
        h.released_by,
        h.released_at,
        h.note,
        h.deadline_key,
        h.released_at.is_(None).label("open"),
    ),
)
v_open_hold = publish("v_open_hold", sa.select(h.order_id, h.kind).where(h.released_at.is_(None)))

v_order_tag = publish(
    "v_order_tag", sa.select(order_tags.c.order_id, sa.type_coerce(order_tags.c.tag, Key).label("tag"))
)

q = saved_searches.c
v_saved_search = publish(
    "v_saved_search",
    sa.select(*(q[n] for n in ("search_id", "owner", "name", "about", "query", "shared", "updated_at"))),
)

a = order_amendments.c
v_amendment = publish(
    "v_amendment",
    sa.select(
        *(
            a[n]
            for n in ("amendment_id", "order_id", "state", "reason", "asked_by", "asked_at", "settled_at", "changes")
        ),
        *(a[n] for n in ("total_before", "total_after", "currency", "note")),
        (a.state == sa.literal_column("'APPLIED'")).label("confirmed"),
    ),
)
v_amendment_change = publish_sql(
    "v_amendment_change",
    """SELECT a.amendment_id, x.position, coalesce(x.item->>'kind', '') AS kind, x.item->>'sku' AS sku, x.item->>'before' AS before,
  x.item->>'after' AS after
FROM order_amendments a CROSS JOIN LATERAL jsonb_array_elements(a.changes) WITH ORDINALITY AS x(item, position)""",
    amendment_id=Uuid,
    position=sa.BigInteger(),
    kind=Key,
    sku=Key,
    before=sa.Text(),
    after=sa.Text(),
)

p = order_approvals.c
v_order_approval = publish(
    "v_order_approval",
    sa.select(
        *(p[n] for n in ("order_id", "position", "role", "total_at_least", "approved_by", "approved_at")),
        o.currency,
    ).join_from(order_approvals, orders),
)
v_missing_approval = publish("v_missing_approval", sa.select(p.order_id, p.role).where(p.approved_at.is_(None)))
