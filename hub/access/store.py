"""Who may enter: tenants, API keys (only a hash of the secret), the answers of idempotent commands, wrapped data keys."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, BYTEA

from hub.kit.tables import Json, Key, Time, Uuid, col, index, must, one_of, table

ROLES = ("STOREFRONT", "PORTAL", "PARTNER", "OPERATOR", "ANALYST", "ADMIN")

tenants = table(
    "tenants",
    col("code", Key),
    col("name"),
    col("created_at", Time, default="now()"),
    sa.UniqueConstraint("code", name="tenants_code"),
    key=(),
)

api_keys = table(
    "api_keys",
    col("key_id", Key),
    col("secret_sha256", BYTEA),
    col("role", Key),
    col("scopes", ARRAY(sa.Text), default="'{}'"),  # empty: all that the role may
    col("label", default="''"),
    col("channel", Key, null=True),  # a storefront's own channel
    col("connection_id", Uuid, null=True),  # a partner's own connection
    col("cost_bucket", sa.Integer, default="20000"),  # 0: none
    col("created_at", Time, default="now()"),
    col("expires_at", Time, null=True),
    col("revoked_at", Time, null=True),
    one_of("role", ROLES),
    must("secret_hashed", "octet_length(secret_sha256) = 32", why="a secret is never stored, only its SHA-256"),
    sa.UniqueConstraint("key_id", name="api_keys_key_id"),
    key="key_id",
)

idempotency = table(
    "idempotency",
    col("actor", Key),
    col("key", Key),
    col("command", Key),
    col("input_hash", BYTEA),
    col("outcome", Json, null=True),  # null only inside the transaction that is at work on it
    col("created_at", Time, default="now()"),
    index("idempotency_age", "created_at"),
    key=("actor", "key"),
)

data_keys = table(
    "data_keys",
    col("key_no", sa.Integer),
    col("kek_id", Key),
    col("wrapped", BYTEA),
    col("uses", sa.BigInteger, default="0"),  # reserved in blocks; a key is replaced before 2^32 uses
    col("created_at", Time, default="now()"),
    key="key_no",
)
