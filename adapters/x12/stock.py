"""What 3PLs and suppliers report, as the hub's own news: shipping advice (945), inventory (846), carrier status (214), order change (860)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from hub.canon.commands import (
    CancelAsked,
    FulfillmentReported,
    InwardCommand,
    ReportedLine,
    ReportedPackage,
    StockReported,
    TrackingSeen,
)
from hub.canon.ports import NeverTry
from hub.canon.states import Condition

Doc = Mapping[str, Any]
ZERO = Decimal(0)
_CONDITIONS = {"on_hand": Condition.NEW, "unusable": Condition.DAMAGED, "on_hold": Condition.QUARANTINE}
_SSCC = frozenset({"GM", "AA"})


def reported(document: Doc) -> Iterator[InwardCommand]:
    """945: what left for one pick order. Line references come back in N9 LI; without them the product id stands for the line."""
    number = str(document.get("number") or "")
    if not number:
        return
    rows: list[Doc] = []
    packages: list[ReportedPackage] = []
    tracking = (document.get("references") or {}).get("tracking")
    for group in document.get("groups") or ():
        held = list(group.get("lines") or ())
        rows += held
        own = tuple(ReportedLine(line=_ref(x), quantity=x.get("shipped", ZERO)) for x in held if not _other(x))
        sscc = next((m.get("value") for m in group.get("marks") or () if m.get("kind") in _SSCC), None)
        told = (group.get("references") or {}).get("tracking") or tracking
        packages.append(ReportedPackage(sscc=sscc, lines=own, carrier=document.get("scac"), tracking=told))
    yield FulfillmentReported(
        pick_order=number,
        status="DISPATCHED",
        at=_day(document.get("shipped_on")),
        lines=tuple(_lines(rows)),
        packages=tuple(packages),
        wms_id=document.get("shipment_id"),
    )


def _ref(line: Doc) -> str:
    return (line.get("references") or {}).get("line") or line.get("id") or line.get("case_upc") or ""


def _other(line: Doc) -> bool:
    """Goods that left in place of those asked for."""
    return line.get("status") == "substituted"


def _lines(rows: Sequence[Doc]) -> Iterator[ReportedLine]:
    """One a line of the pick order, however many cartons it went into; what was ordered is told with each of them. What was given instead
    lacks of the line itself, whether the warehouse says so in a row of its own or not.
    """
    for ref in dict.fromkeys(map(_ref, rows)):
        mine = [x for x in rows if _ref(x) == ref and not _other(x)]
        given = [x for x in rows if _ref(x) == ref and _other(x)]
        shipped = sum((x.get("shipped", ZERO) for x in mine), ZERO)
        ordered = max((x["ordered"] for x in mine if "ordered" in x), default=None)
        told = sum((x.get("difference", ZERO) for x in mine), ZERO)
        short = told if ordered is None else ordered - shipped
        if not mine:
            short = sum((x.get("shipped", ZERO) for x in given), ZERO)
        lacking = max(short, ZERO)
        status = next((x.get("status") for x in [*given, *mine] if x.get("status")), None)
        yield ReportedLine(
            line=ref, quantity=shipped, short=lacking, over=max(-short, ZERO), reason=status if lacking else None
        )
        for x in given:
            yield ReportedLine(
                line=ref, quantity=x.get("shipped", ZERO), instead=x.get("id") or x.get("case_upc") or "?"
            )


def counted(document: Doc) -> Iterator[InwardCommand]:
    """846: a count of one node (N1 WH) by product and condition. `available` counts only where on hand is not told."""
    node = ((document.get("parties") or {}).get("ship_from") or {}).get("id")
    at = _day(document.get("date"), document.get("time"))
    if not node or at is None:
        return
    rows: list[tuple[str, Condition, Decimal]] = []
    for line in document.get("lines") or ():
        ids = line.get("ids") or {}
        sku = ids.get("sku") or ids.get("buyer_sku") or ids.get("upc") or ids.get("gtin")
        told = {q.get("kind"): q.get("quantity", ZERO) for q in line.get("quantities") or ()}
        if sku is None:
            continue
        if "on_hand" not in told and "available" in told:
            told["on_hand"] = told["available"]
        rows += [(sku, condition, told[kind]) for kind, condition in _CONDITIONS.items() if kind in told]
    if rows:
        yield StockReported(node=node, at=at, lines=tuple(rows))


def tracked(document: Doc) -> Iterator[InwardCommand]:
    """214: each status of a shipment. A status word of ours stands in the table of the guide."""
    tracking = document.get("tracking") or document.get("shipment_id")
    for event in (e for stage in document.get("stages") or () for e in stage.get("events") or ()):
        at = _day(event.get("date"), event.get("time"))
        status = event.get("status")
        if tracking and at is not None and status:
            place = ", ".join(x for x in (event.get("city"), event.get("region")) if x) or None
            yield TrackingSeen(
                tracking=tracking, status=status, at=at, code=str(event.get("code") or status), place=place
            )


def changed(document: Doc, revision: str) -> Iterator[InwardCommand]:
    """860: a cancel of the whole order is asked for at once; other changes are documents that a flow weighs."""
    if document.get("purpose") == "cancel" and document.get("external_id"):
        yield CancelAsked(external_id=document["external_id"], reason="cancelled by the partner", revision=revision)


def _day(day: Any, clock: Any = None) -> datetime | None:
    if not isinstance(day, str) or not day:
        return None
    try:
        return datetime.fromisoformat(f"{day}T{str(clock)[:8] if clock else '00:00'}").replace(tzinfo=UTC)
    except ValueError as error:  # a partner may break it where its profile says so
        reason = f"{day} {str(clock)[:40]!r} is no time"
        raise NeverTry(reason, faults=[{"code": "amount_unreadable", "message": reason}]) from error
