"""All mutations as data: name, input, payload, area of rights, whether a key is required."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import strawberry
from strawberry.tools import create_type

from schema import changes as c
from schema import guide_inputs as gi
from schema import inputs as i
from schema import invoice_inputs as ii
from schema.mutations import changed as d
from schema.mutations import guide_payloads as gp
from schema.mutations import invoice_payloads as ip
from schema.mutations import payloads as p
from schema.mutations.inputs import input_type
from schema.plan.selection import NotCovered


@dataclass(frozen=True, slots=True, kw_only=True)
class Mutation:
    """`dry`: the input's flag that asks for a preview. `many`: the argument is `inputs`, at most 500."""

    input: type
    payload: type
    area: str
    key_required: bool = False
    many: bool = False
    dry: str | None = None


_ORDER = {"payload": p.OrderPayload, "area": "orders"}
_AMENDMENT: dict[str, Any] = {"payload": d.AmendOrderPayload, "area": "orders"}
_BUNDLE: dict[str, Any] = {"payload": d.FulfillmentsPayload, "area": "fulfillment"}
_SEARCH: dict[str, Any] = {"payload": d.SearchPayload, "area": "searches"}
_STOCK = {"payload": p.StockPayload, "area": "stock"}
_FULFILLMENT = {"payload": p.FulfillmentPayload, "area": "fulfillment"}
_INVOICE: dict[str, Any] = {"payload": ip.InvoicePayload, "area": "fiscal"}
_INCIDENT = {"payload": p.IncidentPayload, "area": "incidents"}
_QUEUE: dict[str, Any] = {"input": i.QueueInput, "payload": p.QueuePayload, "area": "queues"}
_EXCHANGE = {"payload": p.ExchangePayload, "area": "documents"}
_RESERVATION: dict[str, Any] = {"payload": p.ReservationPayload, "area": "reservations", "key_required": True}

MUTATIONS: Mapping[str, Mutation] = {
    "capture_order": Mutation(input=i.CaptureOrderInput, **_ORDER),  # type: ignore[arg-type]
    "capture_orders": Mutation(input=i.CaptureOrderInput, payload=p.BulkOrderPayload, area="orders", many=True),
    "transition_order": Mutation(input=i.TransitionOrderInput, **_ORDER),  # type: ignore[arg-type]
    "cancel_order": Mutation(input=i.CancelOrderInput, **_ORDER),  # type: ignore[arg-type]
    "amend_order": Mutation(input=c.AmendOrderInput, dry="dry_run", **_AMENDMENT),
    "substitute_line": Mutation(input=c.SubstituteLineInput, dry="dry_run", **_AMENDMENT),
    "approve_order": Mutation(input=c.ApproveOrderInput, **_ORDER),  # type: ignore[arg-type]
    "place_hold": Mutation(input=i.PlaceHoldInput, **_ORDER),  # type: ignore[arg-type]
    "release_hold": Mutation(input=i.ReleaseHoldInput, **_ORDER),  # type: ignore[arg-type]
    "adjust_stock": Mutation(input=i.AdjustStockInput, key_required=True, **_STOCK),  # type: ignore[arg-type]
    "set_stock": Mutation(input=i.SetStockInput, **_STOCK),  # type: ignore[arg-type]
    "transfer_stock": Mutation(input=i.TransferStockInput, key_required=True, **_STOCK),  # type: ignore[arg-type]
    "announce_stock": Mutation(input=i.AnnounceStockInput, **_STOCK),  # type: ignore[arg-type]
    "receive_stock": Mutation(input=i.ReceiveStockInput, **_STOCK),  # type: ignore[arg-type]
    "set_safety_stock": Mutation(input=i.SetSafetyStockInput, **_STOCK),  # type: ignore[arg-type]
    "set_channel_buffers": Mutation(input=i.SetChannelBuffersInput, payload=p.BufferPayload, area="stock"),
    "extend_reservation": Mutation(input=i.ExtendReservationInput, **_RESERVATION),
    "reserve_stock": Mutation(input=i.ReserveStockInput, **_RESERVATION),
    "release_reservation": Mutation(input=i.ReleaseReservationInput, **_RESERVATION),
    "plan_route": Mutation(input=i.PlanRouteInput, payload=p.RoutePayload, area="routing", dry="dry_run"),
    "transition_fulfillment": Mutation(input=i.TransitionFulfillmentInput, **_FULFILLMENT),  # type: ignore[arg-type]
    "dispatch_fulfillment": Mutation(input=i.DispatchFulfillmentInput, **_FULFILLMENT),  # type: ignore[arg-type]
    "reject_fulfillment": Mutation(input=i.RejectFulfillmentInput, **_FULFILLMENT),  # type: ignore[arg-type]
    "bundle_orders": Mutation(input=c.BundleOrdersInput, **_BUNDLE),
    "unbundle": Mutation(input=c.UnbundleInput, **_BUNDLE),
    "split_fulfillment": Mutation(input=c.SplitFulfillmentInput, **_BUNDLE),
    "hand_over": Mutation(input=c.HandOverInput, **_FULFILLMENT),  # type: ignore[arg-type]
    "save_search": Mutation(input=c.SaveSearchInput, **_SEARCH),
    "delete_searches": Mutation(input=c.DeleteSearchesInput, **_SEARCH),
    "assign_incident": Mutation(input=i.AssignIncidentInput, **_INCIDENT),  # type: ignore[arg-type]
    "run_incident_step": Mutation(input=i.IncidentStepInput, **_INCIDENT),  # type: ignore[arg-type]
    "snooze_incident": Mutation(input=i.SnoozeIncidentInput, **_INCIDENT),  # type: ignore[arg-type]
    "resolve_incident": Mutation(input=i.ResolveIncidentInput, **_INCIDENT),  # type: ignore[arg-type]
    "retry_deliveries": Mutation(**_QUEUE),
    "ignore_deliveries": Mutation(**_QUEUE),
    "retry_messages": Mutation(**_QUEUE),
    "ignore_messages": Mutation(**_QUEUE),
    "pay_gnre_guide": Mutation(input=gi.GnreGuidePaidInput, payload=gp.GnreGuidePayload, area="guides"),
    "retry_gnre_guide": Mutation(input=gi.GnreGuideInput, payload=gp.GnreGuidePayload, area="guides"),
    "manifest_incoming_note": Mutation(input=gi.ManifestInput, payload=gp.IncomingNotePayload, area="guides"),
    "match_incoming_note": Mutation(input=gi.MatchNoteInput, payload=gp.IncomingNotePayload, area="guides"),
    "export_fiscal_month": Mutation(input=gi.FiscalMonthInput, payload=gp.FiscalMonthPayload, area="guides"),
    "retry_exchange": Mutation(input=i.ExchangeInput, **_EXCHANGE),  # type: ignore[arg-type]
    "ignore_exchange": Mutation(input=i.ExchangeInput, **_EXCHANGE),  # type: ignore[arg-type]
    "replay_exchange": Mutation(input=i.ReplayExchangeInput, dry="dry_run", **_EXCHANGE),  # type: ignore[arg-type]
    "resend_exchange": Mutation(input=i.ExchangeInput, key_required=True, **_EXCHANGE),  # type: ignore[arg-type]
    "set_partner": Mutation(input=i.PartnerInput, payload=p.PartnerPayload, area="partners", dry="dry_run"),
    "set_guide_overlay": Mutation(input=i.GuideOverlayInput, payload=p.PartnerPayload, area="partners", dry="dry_run"),
    "cancel_invoice": Mutation(input=ii.CancelInvoiceInput, **_INVOICE),
    "correct_invoice": Mutation(input=ii.CorrectInvoiceInput, **_INVOICE),
    "tell_reform_event": Mutation(input=ii.ReformEventInput, **_INVOICE),
    "share_invoice": Mutation(input=ii.ShareInvoiceInput, **_INVOICE),
    "tell_delivery_event": Mutation(input=ii.DeliveryEventInput, **_INVOICE),
    "retry_invoice": Mutation(input=ii.RetryInvoiceInput, **_INVOICE),
    "return_invoice": Mutation(input=ii.ReturnInvoiceInput, key_required=True, **_INVOICE),
    "issue_invoice": Mutation(input=ii.IssueInvoiceInput, key_required=True, **_INVOICE),
    "void_numbers": Mutation(input=ii.VoidNumbersInput, payload=ip.VoidNumbersPayload, area="guides"),
    "set_emission_mode": Mutation(input=ii.EmissionModeInput, payload=ip.EmissionModePayload, area="guides"),
    "set_certificate": Mutation(input=ii.CertificateInput, payload=ip.CertificatePayload, area="connections"),
    "set_connection_state": Mutation(input=i.ConnectionStateInput, payload=p.ConnectionPayload, area="connections"),
}


def _field(name: str, mutation: Mutation) -> Any:
    """The strawberry field. The executor never runs it: `schema.mutations.run` answers every mutation."""

    def resolve(**_given: Any) -> Any:
        raise NotCovered(name)

    argument = "inputs" if mutation.many else "input"
    made = input_type(mutation.input)
    annotation: Any = list[made] if mutation.many else made  # type: ignore[valid-type]
    resolve.__signature__ = inspect.Signature(  # type: ignore[attr-defined]
        [inspect.Parameter(argument, inspect.Parameter.KEYWORD_ONLY, annotation=annotation)]
    )
    field: Any = strawberry.field(
        resolver=resolve, graphql_type=mutation.payload, metadata={"mutation": mutation, "area": None}
    )
    field.python_name = name
    return field


MutationType = create_type("Mutation", [_field(n, m) for n, m in MUTATIONS.items()])
