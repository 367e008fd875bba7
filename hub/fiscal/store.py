"""Fiscal documents of ours, one row a number; the next number of each series; every exchange stays in the delivery's attempts."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import BYTEA

from hub.kit.tables import Amount, Json, Key, Time, Uuid, col, index, must, one_of, table

STATES = (
    "PENDING",
    "SIGNED",
    "SENT",
    "UNKNOWN",
    "CONTINGENCY",
    "AUTHORIZED",
    "REJECTED",
    "DENIED",
    "CANCELLED",
    "VOID_PENDING",
    "VOIDED",
)

fiscal_documents = table(
    "fiscal_documents",
    col("fiscal_document_id", Uuid),
    col("kind", Key),
    col("state", Key, default="'PENDING'"),
    col("version", sa.Integer, default="1"),
    col("environment", sa.SmallInteger),  # tpAmb
    col("issuer_tax_id", Key),
    col("node_id", Uuid),
    col("connection_id", Uuid),
    col("model", sa.SmallInteger),
    col("series", sa.Integer),
    col("number", sa.Integer),
    col("random_code", Key),  # cNF
    col("access_key", Key, null=True),  # chNFe
    col("protocol", Key, null=True),  # nProt
    col("authority_code", Key, null=True),  # cStat
    col("authority_message", null=True),  # xMotivo
    col("contingency", sa.Boolean, default="false"),
    col("order_id", Uuid, null=True),
    col("fulfillment_id", Uuid, null=True),
    col("issued_at", Time),
    col("authorized_at", Time, null=True),
    col("total", Amount),
    col("currency", sa.CHAR(3), default="'BRL'"),
    col("invoice", Json),  # the canonical invoice, tax plan included
    col("signed_xml", BYTEA, null=True),
    col("protocol_xml", BYTEA, null=True),
    col("created_at", Time),
    col("updated_at", Time),
    one_of("kind", ("NFE", "NFCE", "CORRECTION", "CANCELLATION")),
    one_of("state", STATES),
    must(
        "authorized_has_protocol", "state <> 'AUTHORIZED' OR protocol IS NOT NULL", why="only the authority authorizes"
    ),
    index("fiscal_documents_number_key", "issuer_tax_id", "environment", "model", "series", "number", unique=True),
    index("fiscal_documents_key", "access_key", unique=True, where="access_key IS NOT NULL"),
    index(
        "fiscal_documents_one_good",
        "fulfillment_id",
        "model",
        unique=True,
        where="state IN ('AUTHORIZED', 'CONTINGENCY') AND kind IN ('NFE', 'NFCE')",
    ),
    index(
        "fiscal_documents_one_open",
        "fulfillment_id",
        "model",
        unique=True,
        where="state IN ('PENDING', 'SIGNED', 'SENT', 'UNKNOWN')",
    ),
    index("fiscal_documents_order", "order_id"),
    index("fiscal_documents_issued", "issued_at", "fiscal_document_id"),
    index("fiscal_documents_state", "state", "issued_at", "fiscal_document_id"),
    index("fiscal_documents_cstat", "authority_code", "issued_at", where="authority_code IS NOT NULL"),
    key="fiscal_document_id",
)

fiscal_numbers = table(
    "fiscal_numbers",
    col("issuer_tax_id", Key),
    col("environment", sa.SmallInteger),
    col("model", sa.SmallInteger),
    col("series", sa.Integer),
    col("next", sa.Integer, default="1"),
    must("next_in_range", "next BETWEEN 1 AND 999999999", why="nNF has nine digits"),
    key=("issuer_tax_id", "environment", "model", "series"),
)
