"""Accounts at outside systems: what is plain (config), what is secret (envelope-encrypted), foreign ids learnt, partners' control numbers and exchanges."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import BYTEA

from hub.kit.tables import Json, Key, Time, Uuid, belongs, col, index, metadata, must, one_of, table

connections = table(
    "connections",
    col("connection_id", Uuid),
    col("adapter", Key),
    col("code", Key),  # the {account} of /hooks/{adapter}/{account}
    col("label"),
    col("state", Key, default="'ACTIVE'"),
    col("shadow", sa.Boolean, default="false"),
    col("config", Json, default="'{}'"),
    col("sweep_cursor", null=True),
    col("swept_at", Time, null=True),
    col(
        "sweep_after", Time, null=True
    ),  # nobody sweeps before: a sweep that runs, or the pause that the other side wants
    col("last_ok_at", Time, null=True),
    col("last_error", null=True),
    col("created_at", Time, default="now()"),
    one_of("state", ("ACTIVE", "PAUSED", "FAILING")),
    sa.UniqueConstraint("adapter", "code", name="connections_account"),
    key="connection_id",
)

connection_secrets = table(
    "connection_secrets",
    col("connection_id", Uuid),
    col("field", Key),
    col("no", sa.Integer),  # newest is highest; two live ones during a rotation
    col("value", BYTEA),  # version | key id | nonce(12) | ciphertext | tag
    col("created_at", Time, default="now()"),
    col("expires_at", Time, null=True),
    belongs("connection_id", "connections", "connection_id", ondelete="CASCADE"),
    key=("connection_id", "field", "no"),
)

foreign_refs = table(
    "foreign_refs",
    col("subject_id", Uuid),
    col("connection_id", Uuid),
    col("name", Key),
    col("value", Key),
    col("at", Time, default="now()"),
    index("foreign_refs_value", "connection_id", "name", "value"),
    key=("subject_id", "connection_id", "name"),
)

control_numbers = table(
    "control_numbers",
    col("connection_id", Uuid),
    col("ours", Key),
    col("usage", Key),  # T or P
    col("level", Key),  # isa, gs, st
    col("next", sa.BigInteger, default="1"),
    must("next_in_range", "next BETWEEN 1 AND 999999999", why="control numbers have nine digits and wrap to 1"),
    key=("connection_id", "ours", "usage", "level"),
)

exchanges = table(
    "exchanges",
    col("exchange_id", Uuid),
    col("connection_id", Uuid),
    col("direction", Key),  # IN, OUT
    col("sender", Key),
    col("receiver", Key),
    col("usage", Key),
    col("control", Key),
    col("content_sha256", BYTEA),
    col("verdict", Key, null=True),
    col("ack", BYTEA, null=True),  # the bytes that we answered, sent again for a repeated interchange
    col("ack_state", Key, default="'none'"),
    col("ack_due", Time, null=True),
    col("errors", Json, default="'[]'"),
    col("message_id", Uuid, null=True),
    col("at", Time),
    one_of("direction", ("IN", "OUT")),
    one_of("ack_state", ("none", "waiting", "accepted", "accepted_with_errors", "rejected", "overdue")),
    index("exchanges_control", "connection_id", "direction", "sender", "receiver", "usage", "control"),
    index("exchanges_content", "connection_id", "content_sha256"),
    index("exchanges_at", "at", "exchange_id"),
    key="exchange_id",
)

exchange_sets = table(
    "exchange_sets",
    col("exchange_id", Uuid),
    col("document_id", Uuid),  # the same for the same set: made of the exchange, group and set
    col("group_control", Key),
    col("set_control", Key),
    col("set_id", Key),
    col("version", Key),
    col("verdict", Key),
    col("ack_state", Key, default="'none'"),
    col("subject_kind", Key, null=True),
    col("subject_id", Uuid, null=True),
    col("number", Key, null=True),
    col("message_id", Uuid, null=True),  # the message that it came as, or the delivery that it left as
    col("errors", Json, default="'[]'"),
    col("document", Json, null=True),
    belongs("exchange_id", "exchanges", "exchange_id"),
    index("exchange_sets_document", "document_id", unique=True),
    index("exchange_sets_subject", "subject_id"),
    index("exchange_sets_number", "number", "exchange_id"),
    key=("exchange_id", "group_control", "set_control"),
)

transmissions = table(
    "transmissions",
    col("transmission_id", Uuid),
    col("connection_id", Uuid),
    col("direction", Key),  # IN, OUT
    col("foreign_id", Key),  # the protocol's own id of the message
    col("name"),
    col("state", Key),
    col("mic", null=True),  # the digest that the receipt must repeat, or that ours says
    col("content", BYTEA, null=True),  # OUT: what is sent again without a receipt; IN: what was refused, for 30 days
    col("receipt", BYTEA, null=True),  # the receipt as it left or came, byte for byte: the evidence
    col("receipt_headers", Json, default="'{}'"),
    col("receipt_to", null=True),  # where an asynchronous receipt of ours goes
    col("subject_id", Uuid, null=True),  # OUT: the delivery
    col("reason", null=True),
    col("tries", sa.Integer, default="0"),
    col("at", Time),
    col("receipt_at", Time, null=True),
    one_of("direction", ("IN", "OUT")),
    one_of("state", ("answered", "refused", "waiting", "acknowledged", "rejected", "silent")),
    index("transmissions_once", "connection_id", "direction", "foreign_id", unique=True, where="state <> 'refused'"),
    index("transmissions_at", "at", "transmission_id"),
    key="transmission_id",
)

# Names of segments (element 0) and elements in people's words, of no tenant; an adapter's guides fill it (see hub.boot).
segment_names = sa.Table(
    "segment_names",
    metadata,
    sa.Column("version", Key, nullable=False),
    sa.Column("set_id", Key, nullable=False),
    sa.Column("segment", Key, nullable=False),
    sa.Column("element", sa.Integer, nullable=False),
    sa.Column("name", sa.Text, nullable=False),
    sa.PrimaryKeyConstraint("version", "set_id", "segment", "element"),
)
