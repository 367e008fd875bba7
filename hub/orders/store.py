"""The order's tables: head, lines with their quantities of life, holds, tags and the revisions that channels sent."""

from __future__ import annotations

import sqlalchemy as sa

from hub.canon.states import FulfilledBy, FulfillmentMethod, HoldKind, LineKind, OrderState, PaymentState, ReturnState
from hub.kit.tables import (
    Amount,
    Json,
    Key,
    Quantity,
    Time,
    Uuid,
    belongs,
    col,
    enum_check,
    index,
    must,
    one_of,
    table,
)

orders = table(
    "orders",
    col("order_id", Uuid),
    col("number", Key),
    col("channel", Key),
    col("connection_id", Uuid, null=True),
    col("external_id", Key),
    col("group_id", Key, null=True),
    col("revision", Key),
    col("state", Key),
    col("version", sa.Integer, default="1"),
    col("payment_state", Key),
    col("return_state", Key, default="'NONE'"),
    col("open_holds", sa.SmallInteger, default="0"),
    col("fulfilled_by", Key, default="'MERCHANT'"),
    col("method", Key, default="'SHIP'"),
    col("test", sa.Boolean, default="false"),
    col("customer_id", Uuid, null=True),
    col("customer_name", null=True),
    col("customer_tax_id", Key, null=True),
    col("currency", sa.CHAR(3)),
    col("goods_total", Amount),
    col("discount_total", Amount, default="0"),
    col("shipping_total", Amount, default="0"),
    col("tax_total", Amount, default="0"),
    col("tax_included", sa.Boolean, default="false"),
    col("other_total", Amount, default="0"),  # tip + fees + duties
    col("total", Amount),
    col("ship_name", null=True),
    col("ship_company", null=True),
    col("ship_street", default="''"),
    col("ship_number", null=True),
    col("ship_complement", null=True),
    col("ship_district", null=True),
    col("ship_city", default="''"),
    col("ship_region", default="''"),
    col("ship_postal_code", default="''"),
    col("ship_country", default="''"),
    col("ship_phone", null=True),
    col("ship_tax_id", null=True),
    col("ship_municipality_code", null=True),
    col("bill_to", Json, null=True),
    col("pickup_node_id", Uuid, null=True),
    col("note", null=True),
    col("references", Json, default="'{}'"),
    col("placed_at", Time),
    col("promised_by", Time, null=True),
    col("promise_key", Time, default="'9999-12-31'"),  # promised_by for sorting, never null
    col("ship_by", Time, null=True),
    col("service_level", Key, null=True),  # as the routing rules name it
    col("cancel_reason", null=True),
    col("cancel_origin", Key, null=True),  # who asked for the end of the whole order: CHANNEL or HUB
    col("created_at", Time),
    col("updated_at", Time),
    col("correlation_id", Uuid),
    enum_check("state", OrderState),
    enum_check("payment_state", PaymentState),
    enum_check("return_state", ReturnState),
    enum_check("fulfilled_by", FulfilledBy),
    enum_check("method", FulfillmentMethod),
    must("version_positive", "version > 0", why="compare-and-swap counts from 1"),
    must("holds_not_negative", "open_holds >= 0", why="a hold is released once"),
    index("orders_external_key", "channel", "external_id", unique=True),
    index("orders_number", "number", "order_id"),
    index("orders_placed", "placed_at", "order_id"),
    index("orders_updated", "updated_at", "order_id"),
    index("orders_promise", "promise_key", "order_id"),
    index("orders_state_placed", "state", "placed_at", "order_id"),
    index("orders_channel_placed", "channel", "placed_at", "order_id"),
    index("orders_external", "external_id", "order_id"),
    index("orders_held", "placed_at", "order_id", where="open_holds > 0"),
    index("orders_customer_tax", "customer_tax_id", "placed_at", "order_id", where="customer_tax_id IS NOT NULL"),
    index("orders_group", "group_id", "channel", where="group_id IS NOT NULL"),
    index("orders_payment", "payment_state", "placed_at", "order_id"),
    index("orders_method", "method", "placed_at", "order_id", where="method <> 'SHIP'"),
    index("orders_customer", "customer_id", "created_at", where="customer_id IS NOT NULL"),
    key="order_id",
    fillfactor=80,
)

order_lines = table(
    "order_lines",
    col("line_id", Uuid),
    col("order_id", Uuid),
    col("line_no", sa.Integer),
    col("external_id", Key),
    col("sku", Key),
    col("product_id", Uuid, null=True),
    col("title", default="''"),
    col("kind", Key, default="'GOODS'"),
    col("fulfilled_by", Key, default="'MERCHANT'"),
    col("kit_parent", Uuid, null=True),
    col("currency", sa.CHAR(3)),
    col("unit_price", Amount),
    col("discount", Amount, default="0"),
    col("tax", Amount, default="0"),
    col("total", Amount),
    col("partner", Json, null=True),  # the partner's own line ids, echoed in 855, 856, 810
    col("ordered", Quantity),
    col("cancelled", Quantity, default="0"),
    col("reserved", Quantity, default="0"),
    col("picked", Quantity, default="0"),
    col("packed", Quantity, default="0"),
    col("shipped", Quantity, default="0"),
    col("delivered", Quantity, default="0"),
    col("returned", Quantity, default="0"),
    enum_check("kind", LineKind),
    enum_check("fulfilled_by", FulfilledBy),
    must("ordered_positive", "ordered > 0", why="a line asks for something"),
    must("nothing_negative", "cancelled >= 0 AND returned >= 0", why="the least ones bound the others"),
    must(
        "in_order_of_life",
        "returned <= delivered AND delivered <= shipped AND shipped <= packed AND packed <= picked AND picked <= reserved",
        why="nothing ships that was not packed, nothing is packed that was not picked; the quantities are cumulative",
    ),
    must(
        "within_ordered", "reserved + cancelled <= ordered", why="never more is assigned and cancelled than was asked"
    ),
    belongs("order_id", "orders", "order_id"),
    index("order_lines_order", "order_id", "line_no", unique=True),
    index("order_lines_sku", "sku"),
    key="line_id",
    fillfactor=50,
)

order_holds = table(
    "order_holds",
    col("hold_id", Uuid),
    col("order_id", Uuid),
    col("kind", Key),
    col("reason"),
    col("placed_by"),
    col("placed_at", Time),
    col("deadline", Time, null=True),
    col("deadline_key", Time, default="'9999-12-31'"),  # deadline for sorting, never null
    col("rule", Key, null=True),  # of mappings/holds, where one placed it
    col("releases", default="''"),  # what would end it
    col("released_by", null=True),
    col("released_at", Time, null=True),
    col("note", null=True),
    enum_check("kind", HoldKind),
    belongs("order_id", "orders", "order_id"),
    index("order_holds_one_open", "order_id", "kind", unique=True, where="released_at IS NULL"),
    index("order_holds_order", "order_id", "placed_at"),
    index("order_holds_placed", "placed_at", "hold_id"),
    index("order_holds_deadline", "deadline_key", "hold_id"),
    index("order_holds_open_placed", "placed_at", "hold_id", where="released_at IS NULL"),
    index("order_holds_open_deadline", "deadline_key", "hold_id", where="released_at IS NULL"),
    key="hold_id",
)

order_tags = table(
    "order_tags",
    col("order_id", Uuid),
    col("tag", Key),
    belongs("order_id", "orders", "order_id"),
    index("order_tags_tag", "tag", "order_id"),
    key=("order_id", "tag"),
)

order_revisions = table(
    "order_revisions",
    col("order_id", Uuid),
    col("revision", Key),
    col("applied", sa.Boolean),  # false: older than what stood, recorded only
    col("message_id", Uuid, null=True),
    col("draft", Json, null=True),  # kept where it was not applied; what was applied is the order itself
    col("at", Time),
    belongs("order_id", "orders", "order_id"),
    key=("order_id", "revision"),
)

order_amendments = table(
    "order_amendments",
    col("amendment_id", Uuid),
    col("order_id", Uuid),
    col("state", Key),
    col("reason"),
    col("asked_by"),
    col("asked_at", Time),
    col("settled_at", Time, null=True),
    col("asked", Json),  # what to ask again when the node has answered
    col("changes", Json),  # [{kind, sku, before, after}] for people
    col("total_before", Amount),
    col("total_after", Amount),
    col("currency", sa.CHAR(3)),
    col("waits_for", Json, default="'[]'"),  # fulfillments that must end first
    col("note", null=True),
    one_of("state", ("WAITING", "APPLIED", "REFUSED")),
    belongs("order_id", "orders", "order_id"),
    index("order_amendments_one_waiting", "order_id", unique=True, where="state = 'WAITING'"),
    index("order_amendments_order", "order_id", "asked_at"),
    key="amendment_id",
)

order_approvals = table(
    "order_approvals",
    col("order_id", Uuid),
    col("position", sa.Integer),
    col("role", Key),
    col("total_at_least", Amount),
    col("approved_by", null=True),
    col("approved_at", Time, null=True),
    belongs("order_id", "orders", "order_id"),
    index("order_approvals_waiting", "role", "order_id", where="approved_at IS NULL"),
    key=("order_id", "position"),
)

saved_searches = table(
    "saved_searches",
    col("search_id", Uuid),
    col("owner", Key),
    col("name", Key),
    col("about", Key),  # the list that it filters: orders, fulfillments, incidents, stock, ...
    col("query", Json),  # where and orderBy as that list takes them
    col("shared", sa.Boolean, default="false"),
    col("created_at", Time),
    col("updated_at", Time),
    index("saved_searches_name", "owner", "about", "name", unique=True),
    index("saved_searches_by_name", "name", "search_id"),
    key="search_id",
)
