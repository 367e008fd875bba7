"""What may be read of fiscal documents, of collection guides and of the notes that others issued to us, and where their files are fetched."""

from __future__ import annotations

import sqlalchemy as sa

from hub.fiscal.store import (
    fiscal_authorities,
    fiscal_documents,
    fiscal_events,
    fiscal_voids,
    gnre_guides,
    incoming_notes,
)
from hub.kit.tables import Key, Quantity, Uuid
from hub.kit.views import publish, publish_sql

d = fiscal_documents.c
_place = sa.literal_column("'/api/v1/fiscal-documents/fis_'", sa.Text()) + sa.func.encode(
    sa.func.uuid_send(d.fiscal_document_id), sa.literal_column("'hex'"), type_=sa.Text()
)

# What a document that has not ended waits for.
WAITS = """CASE fiscal_documents.state WHEN 'PENDING' THEN 'SIGNATURE' WHEN 'SIGNED' THEN 'SENDING' WHEN 'SENT' THEN 'AUTHORITY' WHEN 'UNKNOWN' THEN 'AUTHORITY'
  WHEN 'CONTINGENCY' THEN 'RETURN_OF_AUTHORITY' WHEN 'REJECTED' THEN 'PERSON' WHEN 'VOID_PENDING' THEN 'VOIDING' END"""

v_fiscal_document = publish(
    "v_fiscal_document",
    sa.select(
        *(d[n] for n in ("fiscal_document_id", "kind", "state", "version", "model", "series", "number", "access_key")),
        *(d[n] for n in ("protocol", "authority_code", "authority_message", "contingency", "issued_at")),
        *(d[n] for n in ("authorized_at", "total", "currency", "order_id", "fulfillment_id", "connection_id")),
        *(d[n] for n in ("operation", "emission_type", "unwanted", "refers_to_id", "replaced_by_id")),
        sa.literal_column(WAITS, sa.Text()).label("waits_for"),
        sa.case((d.signed_xml.is_not(None), _place + sa.literal_column("'/xml'", sa.Text()))).label("xml_url"),
        sa.case((d.protocol.is_not(None), _place + sa.literal_column("'/pdf'", sa.Text()))).label("pdf_url"),
    ),
)

v_fiscal_item = publish_sql(
    "v_fiscal_item",
    """SELECT d.fiscal_document_id, (x.item->>'number')::int AS position, x.item->>'sku' AS sku,
  x.item->>'title' AS title, x.item->>'ncm' AS ncm, x.item->>'cfop' AS cfop, x.item->>'icms_cst' AS icms_cst, (x.item->>'quantity')::numeric AS quantity,
  x.item->>'unit' AS unit, (x.item->>'unit_price')::numeric AS unit_price, (x.item->>'total')::numeric AS total, coalesce((x.item->>'discount')::numeric, 0) AS discount,
  'BRL' AS currency
FROM fiscal_documents d CROSS JOIN LATERAL jsonb_array_elements(d.invoice->'items') AS x(item)""",
    fiscal_document_id=Uuid,
    position=sa.Integer(),
    sku=sa.Text(),
    title=sa.Text(),
    ncm=sa.Text(),
    cfop=sa.Text(),
    icms_cst=sa.Text(),
    quantity=Quantity,
    unit=sa.Text(),
    unit_price=Quantity,
    total=Quantity,
    discount=Quantity,
    currency=sa.Text(),
)

v_fiscal_tax = publish_sql(
    "v_fiscal_tax",
    """SELECT d.fiscal_document_id, (x.item->>'number')::int AS item, (x.item->>'number')::int * 100 + t.tax_position AS position, x.item->>'sku' AS sku, t.line->>'tax' AS tax,
  (t.line->>'base')::numeric AS base, (t.line->>'rate')::numeric AS rate, coalesce((t.line->>'reduction')::numeric, 0) AS reduction,
  coalesce((t.line->>'deferral')::numeric, 0) AS deferral, (t.line->>'value')::numeric AS value, t.line->>'rule' AS rule, t.line->>'source' AS source, 'BRL' AS currency
FROM fiscal_documents d CROSS JOIN LATERAL jsonb_array_elements(d.invoice->'items') AS x(item)
CROSS JOIN LATERAL jsonb_array_elements(x.item->'taxes') WITH ORDINALITY AS t(line, tax_position)""",
    fiscal_document_id=Uuid,
    item=sa.Integer(),
    position=sa.BigInteger(),
    sku=sa.Text(),
    tax=sa.Text(),
    base=Quantity,
    rate=Quantity,
    reduction=Quantity,
    deferral=Quantity,
    value=Quantity,
    rule=sa.Text(),
    source=sa.Text(),
    currency=sa.Text(),
)

e = fiscal_events.c
v_fiscal_event = publish(
    "v_fiscal_event",
    sa.select(
        *(e[n] for n in ("fiscal_event_id", "fiscal_document_id", "kind", "sequence", "state", "text", "protocol")),
        *(e[n] for n in ("authority_code", "authority_message", "asked_at", "registered_at")),
    ),
)

v = fiscal_voids.c
v_fiscal_void = publish(
    "v_fiscal_void",
    sa.select(
        *(v[n] for n in ("fiscal_void_id", "state", "issuer_tax_id", "environment", "model", "series", "first")),
        *(v[n] for n in ("last", "reason", "protocol", "authority_code", "authority_message", "asked_at", "voided_at")),
    ),
)

a = fiscal_authorities.c
v_fiscal_authority = publish(
    "v_fiscal_authority",
    sa.select(
        *(a[n] for n in ("fiscal_authority_id", "connection_id", "model", "region", "environment", "mode")),
        *(a[n] for n in ("mode_since", "mode_reason", "mode_by", "silent_since", "code", "message", "checked_at")),
        *(a[n] for n in ("standby_code", "standby_message", "standby_checked_at")),
    ),
)

g = gnre_guides.c
_guide_place = sa.literal_column("'/api/v1/gnre-guides/gnr_'", sa.Text()) + sa.func.encode(
    sa.func.uuid_send(g.gnre_guide_id), sa.literal_column("'hex'"), type_=sa.Text()
)
BRL = sa.literal_column("'BRL'", sa.Text())

v_gnre_guide = publish(
    "v_gnre_guide",
    sa.select(
        *(g[n] for n in ("gnre_guide_id", "state", "version", "region", "revenue", "identifier", "before_dispatch")),
        *(g[n] for n in ("principal", "fcp", "total", "pay_until", "line", "barcode", "pix", "control")),
        *(g[n] for n in ("receipt", "code", "message", "paid_on", "created_at", "updated_at")),
        *(g[n] for n in ("order_id", "fulfillment_id", "fiscal_document_id", "connection_id")),
        g.pay_by.label("due_on"),
        (g.principal + g.fcp).label("amount"),
        BRL.label("currency"),
        sa.case((g.pdf.is_not(None), _guide_place + sa.literal_column("'/pdf'", sa.Text()))).label("pdf_url"),
    ),
)

i = incoming_notes.c
v_incoming_note = publish(
    "v_incoming_note",
    sa.select(
        *(i[n] for n in ("incoming_note_id", "access_key", "issuer_tax_id", "issuer_name", "total", "issued_at")),
        *(i[n] for n in ("protocol", "whole", "status", "stance", "document_id", "purchase_order_id")),
        *(i[n] for n in ("connection_id", "message_id", "updated_at")),
        i.created_at.label("received_at"),
        BRL.label("currency"),
        i.note["order_reference"].astext.label("order_reference"),
        (i.document_id.is_not(None) | i.purchase_order_id.is_not(None)).label("matched"),
    ),
)

v_incoming_note_reference = publish_sql(
    "v_incoming_note_reference",
    """SELECT n.incoming_note_id, x.access_key
FROM incoming_notes n CROSS JOIN LATERAL unnest(n.referenced_keys) AS x(access_key)""",
    incoming_note_id=Uuid,
    access_key=Key,
)

v_incoming_item = publish_sql(
    "v_incoming_item",
    """SELECT n.incoming_note_id, x.position, x.item->>'sku' AS sku, coalesce(x.item->>'title', '') AS title,
  (x.item->>'quantity')::numeric AS quantity, coalesce(x.item->>'unit', '') AS unit, (x.item->>'unit_price')::numeric AS unit_price,
  (x.item->>'total')::numeric AS total, 'BRL' AS currency, x.item->>'gtin' AS gtin, x.item->>'ncm' AS ncm, x.item->>'cfop' AS cfop,
  x.item->>'order_reference' AS order_reference, x.item->>'order_item' AS order_item
FROM incoming_notes n CROSS JOIN LATERAL jsonb_array_elements(n.note->'items') WITH ORDINALITY AS x(item, position)""",
    incoming_note_id=Uuid,
    position=sa.BigInteger(),
    sku=sa.Text(),
    title=sa.Text(),
    quantity=Quantity,
    unit=sa.Text(),
    unit_price=Quantity,
    total=Quantity,
    currency=sa.Text(),
    gtin=sa.Text(),
    ncm=sa.Text(),
    cfop=sa.Text(),
    order_reference=sa.Text(),
    order_item=sa.Text(),
)
