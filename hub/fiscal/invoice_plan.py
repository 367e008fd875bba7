"""From a request to the canonical invoice, with every amount and code decided. Pure: the same request and tables give the same note."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal, localcontext

from hub.canon.invoice import Invoice, InvoiceItem, InvoicePayment
from hub.canon.taxids import UF_CODES
from hub.fiscal.invoice_checks import check, tidy
from hub.fiscal.invoice_items import Setting, item_total, plan_items, share_out
from hub.fiscal.invoice_request import Fault, Incomplete, InvoiceRequest, PlannedInvoice, fault
from hub.fiscal.tables import FiscalTables
from hub.fiscal.tax.plan import EXACT

ZERO = Decimal(0)
NO_PAYMENT = "90"  # tPag of returns and remittances
_NFCE, _NO_FREIGHT = 65, 9


def plan_invoice(request: InvoiceRequest, tables: FiscalTables) -> PlannedInvoice:
    """The note of a request; `Incomplete` names order, line and field of everything that lacks. A day before the tables is `NoRule`."""
    with localcontext() as context:
        context.prec = EXACT
        return _planned(request, tables)


def _planned(request: InvoiceRequest, tables: FiscalTables) -> PlannedInvoice:
    request = tidy(request)
    issued_at = local_time(request.issued_at, request.issuer.region, tables)
    day = issued_at.date()
    faults = check(request, tables, day)
    setting = _setting(request, tables, day)
    if setting is None:
        raise Incomplete(order=request.order, faults=faults)
    items, rule_faults, doubts = plan_items(request, tables, setting)
    faults += _own_transfer(request)
    faults += [one for one in rule_faults if one not in faults]
    if faults:
        raise Incomplete(order=request.order, faults=faults)
    total = sum((item_total(item) for item in items), ZERO)
    return PlannedInvoice(
        invoice=_invoice(request, tables, setting, items=tuple(items), issued_at=issued_at, total=total),
        total=total,
        doubts=doubts,
    )


def local_time(at: datetime, uf: str, tables: FiscalTables) -> datetime:
    """The time on the UF's clock, whole seconds; as it came where the UF is unknown (a fault names it)."""
    if uf not in UF_CODES:
        return at
    offset = tables["uf_clocks"].find(at.date(), uf=uf).text("offset")
    clock = datetime.fromisoformat(f"2000-01-01T00:00:00{offset}").tzinfo
    return at.astimezone(clock).replace(microsecond=0)


def _setting(request: InvoiceRequest, tables: FiscalTables, day: date) -> Setting | None:
    """What the lines share; None where it cannot be known because of faults that are told already."""
    issuer, buyer = request.issuer, request.buyer
    channel = tables["sales_channels"].get(day, channel=request.channel)
    due = tables["reform_due"].get(day, crt=str(issuer.tax_regime))
    if channel is None or due is None or tables["operations"].get(day, operation=request.operation) is None:
        return None
    place = request.ship_to or buyer
    here = request.model == _NFCE or channel.flag("counter") or place is None
    buyer_uf = issuer.region if here or place is None else place.region
    if not {issuer.region, buyer_uf} <= set(UF_CODES):
        return None
    taxpayer = buyer is not None and buyer.taxpayer
    return Setting(
        day=day,
        issuer_uf=issuer.region,
        buyer_uf=buyer_uf,
        destination="1" if buyer_uf == issuer.region else "2",
        buyer="own" if _same_company(request) else "taxpayer" if taxpayer else "consumer",
        taxpayer=taxpayer,
        final=not taxpayer or request.final_use,
        crt=issuer.tax_regime,
        reform=due.flag("due"),
    )


def _same_company(request: InvoiceRequest) -> bool:
    """Establishments of one company share the first eight characters of the CNPJ."""
    ours, theirs = request.issuer.tax_id or "", (request.buyer and request.buyer.tax_id) or ""
    return len(ours) == len(theirs) == 14 and ours[:8] == theirs[:8]


def _own_transfer(request: InvoiceRequest) -> list[Fault]:
    if request.operation == "transfer" and not _same_company(request):
        return [fault(None, "buyer.tax_id", "CONTRADICTION", "a transfer goes to an establishment of the same company")]
    return []


def _payments(request: InvoiceRequest, tables: FiscalTables, day: date, total: Decimal) -> tuple[InvoicePayment, ...]:
    """The note's total shared over the order's payments: they sum to it, whatever part of the order this note is."""
    if not tables["operations"].find(day, operation=request.operation).flag("paid"):
        return (InvoicePayment(medium=NO_PAYMENT, amount=ZERO),)
    parts = share_out(total, [payment.amount for payment in request.payments], capped=False)
    return tuple(
        InvoicePayment(
            medium=tables["payment_media"].find(day, medium=payment.medium).text("code"),
            amount=part,
            description=payment.description,
        )
        for payment, part in zip(request.payments, parts, strict=True)
        if part or total == 0
    )


def _invoice(
    request: InvoiceRequest,
    tables: FiscalTables,
    setting: Setting,
    *,
    items: tuple[InvoiceItem, ...],
    issued_at: datetime,
    total: Decimal,
) -> Invoice:
    operation = tables["operations"].find(setting.day, operation=request.operation)
    channel = tables["sales_channels"].find(setting.day, channel=request.channel)
    intermediary = channel.flag("intermediary")
    return Invoice(
        invoice_id=request.invoice_id,
        model=request.model,
        series=request.series,
        number=request.number,
        random_code=request.random_code,
        issued_at=issued_at,
        environment=request.environment,
        emission_type=request.emission_type,
        operation=operation.text("title"),
        purpose=int(operation.number("purpose")),
        outgoing=operation.flag("outgoing"),
        destination=int(setting.destination),
        final_consumer=setting.final,
        presence=int(channel.number("presence")),
        issuer=request.issuer,
        buyer=request.buyer,
        items=items,
        payments=_payments(request, tables, setting.day, total),
        freight_mode=_NO_FREIGHT if request.model == _NFCE else request.freight_mode,
        carrier_name=request.carrier_name,
        packages=request.packages,
        referenced_keys=request.referenced_keys,
        intermediary=intermediary,
        intermediary_tax_id=request.intermediary_tax_id if intermediary else None,
        intermediary_account=request.intermediary_account if intermediary else None,
        contingency_at=request.contingency_at,
        contingency_reason=request.contingency_reason,
        notes=request.notes,
        delivery=request.ship_to,
        reform_groups=setting.reform,
    )
