"""Inward commands of many messages, applied set-wise in one unit. Each has its own outcome; an order among commands of one subject is kept."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import timedelta
from decimal import Decimal
from typing import Any, cast

from hub import connections, fiscal, fulfillment, inventory, network, notices, orders
from hub.canon.commands import (
    AckReceived,
    AuthorityReported,
    CancelAsked,
    CaptureOrder,
    DocumentRead,
    ExchangeRead,
    FulfillmentReported,
    GnreGuideReported,
    GnreRulesReported,
    InvoiceEventReported,
    InvoiceReported,
    InwardCommand,
    NumbersReported,
    RefundRecorded,
    StockReported,
    TrackingSeen,
)
from hub.canon.notice import NoticeReported
from hub.canon.rates import RatesQuoted
from hub.flows import contingency, incoming, live_rates
from hub.flows.answered import acks_received
from hub.flows.cancel import PartAsked, cancel_part
from hub.flows.capture import Incoming, capture
from hub.flows.exchange import exchanges_read
from hub.flows.measured import beyond
from hub.flows.pick_document import known_by_us
from hub.flows.reactor import Deps
from hub.flows.report import reported
from hub.flows.source import Inapplicable, NotYet, Source
from hub.incidents import NewIncident
from hub.kit.db import Tx
from hub.kit.errors import HubError
from hub.ledger import append, fact

Item = tuple[InwardCommand, Source]
Apply = Callable[[Tx, Sequence[Any], Deps], Awaitable[list[HubError | None]]]


async def apply(tx: Tx, items: Sequence[Item], deps: Deps) -> list[HubError | None]:
    """An outcome for each command: None when applied, else why not. Kinds are applied in the order of `KINDS`."""
    outcomes: list[HubError | None] = [beyond(command) for command, _ in items]
    for kind, handler in KINDS.items():
        mine = [n for n, (command, _) in enumerate(items) if outcomes[n] is None and isinstance(command, kind)]
        if mine:
            found = await handler(tx, [items[n] for n in mine], deps)
            for n, outcome in zip(mine, found, strict=True):
                outcomes[n] = outcome
    for n, (command, _) in enumerate(items):
        if not isinstance(command, tuple(KINDS)):
            outcomes[n] = Inapplicable(f"nobody answers {type(command).__name__}")
    return outcomes


async def _captures(tx: Tx, items: Sequence[tuple[CaptureOrder, Source]], deps: Deps) -> list[HubError | None]:
    incoming = [
        Incoming(
            draft=c.draft, channel=s.channel, cause=s.cause, connection_id=s.connection_id, message_id=s.message_id
        )
        for c, s in items
    ]
    found = await capture(tx, incoming, deps)
    return [
        Inapplicable(
            "; ".join(str(e) for _, e in o.faults),
            tuple({"code": e.code, "at": ".".join(path), "message": e.sentence()} for path, e in o.faults),
        )
        if o.faults
        else None
        for o in found
    ]


async def _cancels(tx: Tx, items: Sequence[tuple[CancelAsked, Source]], deps: Deps) -> list[HubError | None]:
    known = await orders.by_external(tx, [(s.channel, c.external_id) for c, s in items])
    outcomes: list[HubError | None] = []
    for command, source in items:
        order_id = known.get((source.channel, command.external_id))
        if order_id is None:
            outcomes.append(NotYet(f"order {command.external_id}"))
            continue
        if command.lines:
            part = PartAsked(
                order_id=order_id, lines=command.lines, reason=command.reason, cause=source.cause, origin="CHANNEL"
            )
            [outcome] = await cancel_part(tx, [part])
            outcomes.append(_refused(outcome) if isinstance(outcome, orders.AmendmentRefused) else None)
            continue
        said = {"reason": command.reason, "revision": command.revision, "origin": "CHANNEL"}
        append(tx, [fact(tx, "order.cancel_asked", "order", order_id, said, source.cause)])
        outcomes.append(None)
    return outcomes


def _refused(refusal: orders.AmendmentRefused) -> HubError:
    problems = tuple({"code": e.code, "at": ".".join(path), "message": e.sentence()} for path, e in refusal.faults)
    return Inapplicable(refusal.sentence(), problems)


async def _refunds(tx: Tx, items: Sequence[tuple[RefundRecorded, Source]], deps: Deps) -> list[HubError | None]:
    known = await orders.by_external(tx, [(s.channel, c.refund.order_external_id) for c, s in items])
    outcomes: list[HubError | None] = []
    for command, source in items:
        refund = command.refund
        order_id = known.get((source.channel, refund.order_external_id))
        if order_id is None:
            outcomes.append(NotYet(f"order {refund.order_external_id}", timedelta(minutes=5)))
            continue
        said = {"refund": refund.external_id, "amount": refund.amount, "currency": refund.currency}
        append(tx, [fact(tx, "order.refund_recorded", "order", order_id, said, source.cause)])
        outcomes.append(None)
    return outcomes


async def _reports(tx: Tx, items: Sequence[tuple[FulfillmentReported, Source]], deps: Deps) -> list[HubError | None]:
    return await reported(tx, await known_by_us(tx, items), deps.incidents)


async def _tracking(tx: Tx, items: Sequence[tuple[TrackingSeen, Source]], deps: Deps) -> list[HubError | None]:
    unknown = set(await fulfillment.tracked(tx, [(c, s.cause) for c, s in items]))
    return [NotYet(f"shipment {c.tracking}") if c.tracking in unknown else None for c, _ in items]


async def _stock(tx: Tx, items: Sequence[tuple[StockReported, Source]], deps: Deps) -> list[HubError | None]:
    places = await network.load(tx)
    partners = {c.connection_id for c in await connections.of_tenant(tx) if c.adapter in deps.agreed}
    outcomes: list[HubError | None] = [None] * len(items)
    for place in sorted(range(len(items)), key=lambda n: items[n][0].at):
        command, source = items[place]
        node = places.node(command.node)
        if node is None:
            outcomes[place] = Inapplicable(f"there is no node {command.node}")
            continue
        if source.connection_id in partners and node.wms_connection_id != source.connection_id:
            outcomes[place] = Inapplicable(
                f"{source.channel} is not the warehouse of {node.code}, so it cannot count it"
            )
            continue
        levels = [(sku, condition.value, n) for sku, condition, n in command.lines]
        in_lots: dict[tuple[str, str], dict[str, Decimal]] = {}
        for sku, condition, lot, n in command.lots:
            in_lots.setdefault((sku, condition.value), {})[lot] = n
        skipped = await inventory.count_reported(tx, node.node_id, command.at, levels, source.cause, in_lots)
        await deps.incidents.open(tx, [_count_refused(node, s, why, source) for s, why in skipped if why != "OLDER"])
    return outcomes


def _count_refused(node: network.Node, sku: str, why: str, source: Source) -> NewIncident:
    return NewIncident(
        kind="count_refused",
        summary=f"{node.code} counted {sku}: {'below zero' if why == 'NEGATIVE' else 'less than is reserved'}; nothing was changed.",
        subject_kind="node",
        subject_id=node.node_id,
        detail=sku,
        cause=source.cause,
        data={"sku": sku, "reason": why},
    )


async def _rates(tx: Tx, items: Sequence[tuple[RatesQuoted, Source]], deps: Deps) -> list[HubError | None]:
    return await live_rates.quoted(tx, items)


async def _invoices(tx: Tx, items: Sequence[tuple[InvoiceReported, Source]], deps: Deps) -> list[HubError | None]:
    await fiscal.report(tx, [(c, s.cause) for c, s in items])
    return [None] * len(items)


async def _events(tx: Tx, items: Sequence[tuple[InvoiceEventReported, Source]], deps: Deps) -> list[HubError | None]:
    """What we said of a foreign note is noted with it; events of our own notes belong to these, and a registered cancellation cancels."""
    for said, source in items:
        if said.invoice_id is None and said.status == "REGISTERED":
            await fiscal.note_stance(tx, said.access_key, said.kind, source.cause)
    await fiscal.report_events(tx, [(c, s.cause) for c, s in items])
    gone = [(c, s) for c, s in items if c.invoice_id is not None and (c.kind, c.status) == ("CANCEL", "REGISTERED")]
    if gone:
        await fiscal.report(tx, [(_cancelled(c), s.cause) for c, s in gone])
    return [None] * len(items)


def _cancelled(said: InvoiceEventReported) -> InvoiceReported:
    return InvoiceReported(
        invoice_id=said.invoice_id or "",
        status="CANCELLED",
        authority_code=said.authority_code,
        authority_message=said.authority_message,
    )


async def _numbers(tx: Tx, items: Sequence[tuple[NumbersReported, Source]], deps: Deps) -> list[HubError | None]:
    await fiscal.report_numbers(tx, [(c, s.cause) for c, s in items])
    return [None] * len(items)


async def _authorities(tx: Tx, items: Sequence[tuple[AuthorityReported, Source]], deps: Deps) -> list[HubError | None]:
    await contingency.heard(tx, items, deps)
    return [None] * len(items)


async def _exchanges(tx: Tx, items: Sequence[tuple[ExchangeRead, Source]], deps: Deps) -> list[HubError | None]:
    return await exchanges_read(tx, items, deps.incidents)


async def _acks(tx: Tx, items: Sequence[tuple[AckReceived, Source]], deps: Deps) -> list[HubError | None]:
    return await acks_received(tx, items, deps.incidents)


async def _documents(tx: Tx, items: Sequence[tuple[DocumentRead, Source]], deps: Deps) -> list[HubError | None]:
    """Kept as a fact under its message; what acts on one kind of document is a flow of its own. Notes issued to us have a room."""
    await incoming.keep(tx, [i for i in items if i[0].kind in incoming.KINDS])
    for command, source in (i for i in items if i[0].kind not in incoming.KINDS):
        said = {"kind": command.kind, "number": command.number, "channel": source.channel, "data": command.data}
        append(tx, [fact(tx, "document.read", "message", source.message_id, said, source.cause)])
    return [None] * len(items)


async def _notices(tx: Tx, items: Sequence[tuple[NoticeReported, Source]], deps: Deps) -> list[HubError | None]:
    await notices.report(tx, [(c, s.cause) for c, s in items])
    return [None] * len(items)


async def _guides(tx: Tx, items: Sequence[tuple[GnreGuideReported, Source]], deps: Deps) -> list[HubError | None]:
    await fiscal.report_guides(tx, [(c, s.cause) for c, s in items])
    return [None] * len(items)


async def _rules(tx: Tx, items: Sequence[tuple[GnreRulesReported, Source]], deps: Deps) -> list[HubError | None]:
    await fiscal.keep_rules(tx, [(c, s.cause) for c, s in items])
    return [None] * len(items)


KINDS: Mapping[type, Apply] = {
    CaptureOrder: cast("Apply", _captures),
    CancelAsked: cast("Apply", _cancels),
    RefundRecorded: cast("Apply", _refunds),
    FulfillmentReported: cast("Apply", _reports),
    TrackingSeen: cast("Apply", _tracking),
    StockReported: cast("Apply", _stock),
    InvoiceReported: cast("Apply", _invoices),
    InvoiceEventReported: cast("Apply", _events),
    NumbersReported: cast("Apply", _numbers),
    AuthorityReported: cast("Apply", _authorities),
    GnreGuideReported: cast("Apply", _guides),
    GnreRulesReported: cast("Apply", _rules),
    NoticeReported: cast("Apply", _notices),
    ExchangeRead: cast("Apply", _exchanges),
    AckReceived: cast("Apply", _acks),
    DocumentRead: cast("Apply", _documents),
    RatesQuoted: cast("Apply", _rates),
}
