"""Fiscal documents of ours, one row a number; their events; numbers given up; the next number of each series; how each authority
does; collection guides and the rules of the UFs; notes that others issued to us. Every exchange stays in the delivery's attempts.
"""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import BYTEA

from hub.kit.tables import Amount, Json, Key, Time, Uuid, belongs, col, index, must, one_of, table

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
    col("emission_type", sa.SmallInteger, default="1"),  # tpEmis
    col("contingency", sa.Boolean, default="false"),
    col("operation", Key, default="'sale'"),  # a word of the table `operations`
    col("refers_to_id", Uuid, null=True),  # the note of ours that this one returns
    col("replaced_by_id", Uuid, null=True),  # its goods left with another note, issued in contingency
    col("unwanted", null=True),  # why it shall end as soon as its fate is known
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
    one_of("kind", ("NFE", "NFCE")),
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
        where="state IN ('AUTHORIZED', 'CONTINGENCY') AND replaced_by_id IS NULL AND refers_to_id IS NULL",
    ),
    index(
        "fiscal_documents_one_open",
        "fulfillment_id",
        "model",
        unique=True,
        where="state IN ('PENDING', 'SIGNED', 'SENT', 'UNKNOWN') AND replaced_by_id IS NULL AND refers_to_id IS NULL",
    ),
    index("fiscal_documents_replaced", "replaced_by_id", where="replaced_by_id IS NOT NULL"),
    index("fiscal_documents_refers", "refers_to_id", where="refers_to_id IS NOT NULL"),
    index("fiscal_documents_void", "issuer_tax_id", "model", "series", "number", where="state = 'VOID_PENDING'"),
    index(
        "fiscal_documents_open",
        "connection_id",
        "model",
        where="state IN ('PENDING', 'SIGNED', 'SENT', 'UNKNOWN', 'CONTINGENCY')",
    ),
    index("fiscal_documents_order", "order_id"),
    index("fiscal_documents_issued", "issued_at", "fiscal_document_id"),
    index("fiscal_documents_state", "state", "issued_at", "fiscal_document_id"),
    index("fiscal_documents_cstat", "authority_code", "issued_at", "fiscal_document_id"),
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

EVENT_STATES = ("ASKED", "UNKNOWN", "REGISTERED", "REJECTED")

fiscal_events = table(
    "fiscal_events",
    col("fiscal_event_id", Uuid),
    col("fiscal_document_id", Uuid),
    col("kind", Key),  # of `RegisterInvoiceEvent`
    col("sequence", sa.SmallInteger),  # nSeqEvento
    col("state", Key, default="'ASKED'"),
    col("text", null=True),  # xJust, xCorrecao
    col("details", Json, null=True),  # what it says besides its text
    col("protocol", Key, null=True),  # nProt
    col("authority_code", Key, null=True),  # cStat
    col("authority_message", null=True),  # xMotivo
    col("asked_at", Time),
    col("registered_at", Time, null=True),
    col("xml", BYTEA, null=True),  # procEventoNFe
    one_of("state", EVENT_STATES),
    must("sequence_in_range", "sequence BETWEEN 1 AND 99", why="nSeqEvento has two digits"),
    belongs("fiscal_document_id", "fiscal_documents", "fiscal_document_id"),
    index("fiscal_events_sequence", "fiscal_document_id", "kind", "sequence", unique=True, where="state <> 'REJECTED'"),
    index(
        "fiscal_events_one_open",
        "fiscal_document_id",
        "kind",
        unique=True,
        where="state IN ('ASKED', 'UNKNOWN')",
    ),
    key="fiscal_event_id",
)

VOID_STATES = ("ASKED", "VOIDED", "REJECTED")

fiscal_voids = table(
    "fiscal_voids",
    col("fiscal_void_id", Uuid),
    col("connection_id", Uuid),
    col("issuer_tax_id", Key),
    col("environment", sa.SmallInteger),
    col("model", sa.SmallInteger),
    col("series", sa.Integer),
    col("year", sa.SmallInteger),  # ano
    col("first", sa.Integer),  # nNFIni
    col("last", sa.Integer),  # nNFFin
    col("reason"),  # xJust
    col("state", Key, default="'ASKED'"),
    col("protocol", Key, null=True),
    col("authority_code", Key, null=True),
    col("authority_message", null=True),
    col("asked_at", Time),
    col("voided_at", Time, null=True),
    col("xml", BYTEA, null=True),  # ProcInutNFe
    one_of("state", VOID_STATES),
    must("range", "1 <= first AND first <= last", why="a range has a beginning and an end"),
    index(
        "fiscal_voids_first",
        "issuer_tax_id",
        "environment",
        "model",
        "series",
        "first",
        unique=True,
        where="state <> 'REJECTED'",
    ),
    index("fiscal_voids_asked", "asked_at", "fiscal_void_id"),
    index("fiscal_voids_state", "state", "asked_at", "fiscal_void_id"),
    key="fiscal_void_id",
)

MODES = ("NORMAL", "SVC", "EPEC", "OFFLINE")

fiscal_authorities = table(
    "fiscal_authorities",
    col("fiscal_authority_id", Uuid, default="gen_random_uuid()"),
    col("connection_id", Uuid),
    col("model", sa.SmallInteger),
    col("region", Key),  # UF of the issuer
    col("environment", sa.SmallInteger),
    col("mode", Key, default="'NORMAL'"),
    col("mode_since", Time, null=True),
    col("mode_reason", null=True),  # xJust
    col("mode_by", Key, null=True),  # OPERATOR or HUB
    col("silent_since", Time, null=True),  # the first of the calls in a row that were not answered
    col("good_in_a_row", sa.SmallInteger, default="0"),
    col("code", Key, null=True),  # cStat of the status service; null: no answer
    col("message", null=True),
    col("checked_at", Time, null=True),
    col("standby_code", Key, null=True),  # the same of the authority that stands in
    col("standby_message", null=True),
    col("standby_checked_at", Time, null=True),
    one_of("mode", MODES),
    must(
        "a_mode_has_a_reason",
        "mode = 'NORMAL' OR (mode_reason IS NOT NULL AND mode_since IS NOT NULL)",
        why="a note in contingency says when and why (dhCont, xJust)",
    ),
    index("fiscal_authorities_id", "fiscal_authority_id", unique=True),
    index("fiscal_authorities_region", "region", "fiscal_authority_id"),
    key=("connection_id", "model"),
)

GUIDE_STATES = ("WAITING", "REQUESTED", "UNKNOWN", "ISSUED", "PAID", "REJECTED", "OWN")

gnre_guides = table(
    "gnre_guides",
    col("gnre_guide_id", Uuid),
    col("fiscal_document_id", Uuid),
    col("order_id", Uuid, null=True),
    col("fulfillment_id", Uuid, null=True),
    col("connection_id", Uuid),
    col("environment", sa.SmallInteger),  # ambiente
    col("region", Key),  # ufFavorecida
    col("revenue", Key),  # receita
    col("identifier", Key),  # identificadorGuia
    col("state", Key, default="'WAITING'"),
    col("version", sa.Integer, default="1"),
    col("before_dispatch", sa.Boolean, default="false"),  # the goods wait until it is paid
    col("principal", Amount),
    col("fcp", Amount),
    col("pay_by", sa.Date),
    col("guide", Json, null=True),  # the canonical guide, once the UF's rules are known
    col("receipt", Key, null=True),  # numeroRecibo
    col("code", Key, null=True),
    col("message", null=True),
    col("line", Key, null=True),  # linhaDigitavel
    col("barcode", Key, null=True),  # codigoBarras
    col("pix", null=True),  # qrcodePayload
    col("control", Key, null=True),  # nossoNumero
    col("pay_until", sa.Date, null=True),  # dataLimitePagamento
    col("total", Amount, null=True),  # valorGNRE, as the UF computed it
    col("paid_on", sa.Date, null=True),
    col("pdf", sa.LargeBinary, null=True),  # pdfGuias: the sheet that travels with the goods
    col("created_at", Time),
    col("updated_at", Time),
    one_of("state", GUIDE_STATES),
    must(
        "issued_can_be_paid",
        "state <> 'ISSUED' OR COALESCE(line, barcode, pix) IS NOT NULL",
        why="a guide without payment data is of no use to anybody",
    ),
    index("gnre_guides_once", "fiscal_document_id", "region", "revenue", unique=True),
    index("gnre_guides_identifier", "identifier", unique=True),
    index("gnre_guides_waiting", "environment", "region", "revenue", where="state = 'WAITING'"),
    index("gnre_guides_state", "state", "created_at", "gnre_guide_id"),
    index("gnre_guides_created", "created_at", "gnre_guide_id"),
    index("gnre_guides_fulfillment", "fulfillment_id"),
    index("gnre_guides_order", "order_id"),
    key="gnre_guide_id",
)

gnre_rules = table(
    "gnre_rules",
    col("environment", sa.SmallInteger),
    col("region", Key),
    col("revenue", Key),
    col("rules", Json),
    col("read_at", Time),
    key=("environment", "region", "revenue"),
)

incoming_notes = table(
    "incoming_notes",
    col("access_key", Key),  # chNFe
    col("incoming_note_id", Uuid),  # made of the key
    col("connection_id", Uuid),
    col("message_id", Uuid),  # the inbox row with the bytes as they came
    col("issuer_tax_id", Key),
    col("issuer_name", null=True),
    col("total", Amount, null=True),
    col("issued_at", Time, null=True),
    col("protocol", Key, null=True),
    col("whole", sa.Boolean, default="false"),  # the note itself, not only its summary
    col("status", Key, default="'AUTHORIZED'"),
    col("stance", Key, null=True),  # what we told the authority of it: the kind of the newest manifestation
    col("note", Json, null=True),  # the canonical incoming note
    col("referenced_keys", sa.ARRAY(Key), default="'{}'"),  # NFref/refNFe
    col("document_id", Uuid, null=True),  # our note that it returns or corrects
    col("purchase_order_id", Uuid, null=True),
    col("created_at", Time),
    col("updated_at", Time),
    one_of("status", ("AUTHORIZED", "CANCELLED", "DENIED")),
    index("incoming_notes_id", "incoming_note_id", unique=True),
    index("incoming_notes_stance", "stance", "created_at", "incoming_note_id"),
    index("incoming_notes_received", "created_at", "incoming_note_id"),
    index("incoming_notes_issuer", "issuer_tax_id", "issued_at"),
    index("incoming_notes_document", "document_id", where="document_id IS NOT NULL"),
    key="access_key",
)
