"""The door of fiscal: plan, number and follow the notes of Brazil."""

from hub.fiscal.commands import InvoiceAsk, Numbered, correct, of_fulfillments, report, request, xml
from hub.fiscal.export import BadMonth, bounds, export_month
from hub.fiscal.guide_plan import Due, GuideProfile
from hub.fiscal.guides import (
    Owing,
    Ready,
    UnknownGuide,
    advance,
    keep_rules,
    owe_guides,
    pay_guide,
    report_guides,
    waiting_guides,
    withheld,
)
from hub.fiscal.incoming import (
    STANCES,
    Distributed,
    UnknownIncomingNote,
    UnknownStance,
    incoming,
    keep_distributed,
    match_incoming,
    note_id,
    note_stance,
)
from hub.fiscal.invoice_plan import plan_invoice
from hub.fiscal.invoice_request import Incomplete, InvoiceRequest, PlannedInvoice, RequestLine, RequestPayment
from hub.fiscal.model import LIFE, FiscalState, IllegalFiscalMove, UnknownDocument
from hub.fiscal.tables import FiscalTables, load_tables, tables_folder

__all__ = [
    "LIFE",
    "STANCES",
    "BadMonth",
    "Distributed",
    "Due",
    "FiscalState",
    "FiscalTables",
    "GuideProfile",
    "IllegalFiscalMove",
    "Incomplete",
    "InvoiceAsk",
    "InvoiceRequest",
    "Numbered",
    "Owing",
    "PlannedInvoice",
    "Ready",
    "RequestLine",
    "RequestPayment",
    "UnknownDocument",
    "UnknownGuide",
    "UnknownIncomingNote",
    "UnknownStance",
    "advance",
    "bounds",
    "correct",
    "export_month",
    "incoming",
    "keep_distributed",
    "keep_rules",
    "load_tables",
    "match_incoming",
    "note_id",
    "note_stance",
    "of_fulfillments",
    "owe_guides",
    "pay_guide",
    "plan_invoice",
    "report",
    "report_guides",
    "request",
    "tables_folder",
    "waiting_guides",
    "withheld",
    "xml",
]
