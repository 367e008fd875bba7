"""What may be read of fiscal documents: state, key, protocol, and where the XML and the printed form are fetched."""

from __future__ import annotations

import sqlalchemy as sa

from hub.fiscal.store import fiscal_documents
from hub.kit.views import publish

d = fiscal_documents.c
_place = sa.literal_column("'/api/v1/fiscal-documents/fis_'", sa.Text()) + sa.func.encode(
    sa.func.uuid_send(d.fiscal_document_id), sa.literal_column("'hex'"), type_=sa.Text()
)

v_fiscal_document = publish(
    "v_fiscal_document",
    sa.select(
        *(d[n] for n in ("fiscal_document_id", "kind", "state", "version", "model", "series", "number", "access_key")),
        *(d[n] for n in ("protocol", "authority_code", "authority_message", "contingency", "issued_at")),
        *(d[n] for n in ("authorized_at", "total", "currency", "order_id", "fulfillment_id", "connection_id")),
        sa.case((d.signed_xml.is_not(None), _place + sa.literal_column("'/xml'", sa.Text()))).label("xml_url"),
        sa.case((d.protocol.is_not(None), _place + sa.literal_column("'/pdf'", sa.Text()))).label("pdf_url"),
    ),
)
