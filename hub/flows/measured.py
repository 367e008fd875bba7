"""The numbers that news from outside bring for the stock, looked at before anything is applied. An order's own are the business of `orders.faults`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any, cast

from hub.canon.commands import (
    CancelAsked,
    DocumentRead,
    FulfillmentReported,
    InwardCommand,
    RefundRecorded,
    ReportedLine,
    StockReported,
)
from hub.canon.rates import RatesQuoted
from hub.flows.source import Inapplicable
from hub.kit.bounds import keepable, out_of_bounds

Said = Iterator[tuple[str, str, Decimal]]  # place in the command, what it is in words, the number
NO_NUMBER = Decimal("NaN")


def beyond(command: InwardCommand) -> Inapplicable | None:
    """Why this cannot be kept as it was said: every number that is too large or too fine, with its place."""
    numbers = _NUMBERS.get(type(command))
    bad = (
        [] if numbers is None else [(at, out_of_bounds(what, n)) for at, what, n in numbers(command) if not keepable(n)]
    )
    if not bad:
        return None
    problems = tuple({"code": e.code, "at": at, "message": e.sentence()} for at, e in bad)
    return Inapplicable("; ".join(e.sentence() for _, e in bad[:5]), problems)


def _count(c: StockReported) -> Said:
    for n, (sku, condition, units) in enumerate(c.lines):
        yield f"lines.{n}", f"The count of {sku} ({condition.value})", units
    for n, (sku, _, lot, units) in enumerate(c.lots):
        yield f"lots.{n}", f"The count of {sku} in lot {lot}", units


def _report(c: FulfillmentReported) -> Said:
    yield from _lines("lines", c.lines)
    for n, package in enumerate(c.packages):
        yield from _lines(f"packages.{n}.lines", package.lines)


def _lines(at: str, lines: Iterable[ReportedLine]) -> Said:
    for n, x in enumerate(lines):
        for name, units in (("quantity", x.quantity), ("short", x.short), ("over", x.over)):
            yield f"{at}.{n}.{name}", f"The {name} of line {x.line}", units


def _cancel(c: CancelAsked) -> Said:
    for n, (line, units) in enumerate(c.lines):
        yield f"lines.{n}", f"The quantity of line {line}", units


def _refund(c: RefundRecorded) -> Said:
    yield "amount", f"The amount of refund {c.refund.external_id}", c.refund.amount


def _rates(c: RatesQuoted) -> Said:
    for n, rate in enumerate(c.rates):
        yield f"rates.{n}.cost", f"The cost of {rate.service}", rate.cost
        yield f"rates.{n}.costPerKg", f"The cost of {rate.service} per kg", rate.cost_per_kg


def _document(c: DocumentRead) -> Said:
    """Of documents only a receipt (944) moves stock by what it says; its numbers are text or decimals."""
    if c.kind != "receipt":
        return
    for n, line in enumerate(c.data.get("lines") or ()):
        yield f"lines.{n}.received", f"The received quantity of line {n + 1}", _number(line.get("received"))
        for m, row in enumerate(cast("Iterable[Mapping[str, Any]]", line.get("exceptions") or ())):
            words = f"The quantity of exception {m + 1} of line {n + 1}"
            yield f"lines.{n}.exceptions.{m}.quantity", words, _number(row.get("quantity"))


def _number(said: Any) -> Decimal:
    try:
        return Decimal(str(said or 0))
    except InvalidOperation:
        return NO_NUMBER


_NUMBERS: Mapping[type, Callable[[Any], Said]] = {
    StockReported: _count,
    FulfillmentReported: _report,
    CancelAsked: _cancel,
    RefundRecorded: _refund,
    RatesQuoted: _rates,
    DocumentRead: _document,
}
