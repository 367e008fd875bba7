"""The door of fiscal: plan, number and follow the notes of Brazil."""

from hub.fiscal.commands import InvoiceAsk, Numbered, correct, of_fulfillments, report, request, xml
from hub.fiscal.invoice_plan import plan_invoice
from hub.fiscal.invoice_request import Incomplete, InvoiceRequest, PlannedInvoice, RequestLine, RequestPayment
from hub.fiscal.model import LIFE, FiscalState, IllegalFiscalMove, UnknownDocument
from hub.fiscal.tables import FiscalTables, load_tables, tables_folder

__all__ = [
    "LIFE",
    "FiscalState",
    "FiscalTables",
    "IllegalFiscalMove",
    "Incomplete",
    "InvoiceAsk",
    "InvoiceRequest",
    "Numbered",
    "PlannedInvoice",
    "RequestLine",
    "RequestPayment",
    "UnknownDocument",
    "correct",
    "load_tables",
    "of_fulfillments",
    "plan_invoice",
    "report",
    "request",
    "tables_folder",
    "xml",
]
