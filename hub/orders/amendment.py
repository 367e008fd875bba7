"""What an amendment of a placed order means: which quantities, amounts and fulfillments it touches, or why it cannot be. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any, ClassVar
from uuid import UUID

from hub.canon.order import Address
from hub.canon.states import FulfillmentMethod, OrderState
from hub.kit.bounds import MOST, keepable, out_of_bounds
from hub.kit.errors import HubError
from hub.kit.money import plain
from hub.ledger import Cause
from hub.orders.draft import DuplicateLine, Faults, address_faults

ZERO = Decimal(0)
CENT = Decimal("0.01")
OURS = "+"  # the id of a line that was added here begins with it; no channel knows the line
OPEN = frozenset({OrderState.DRAFT, OrderState.APPROVED, OrderState.PICKING, OrderState.PACKED})


class PickingBegun(HubError):
    """{what}: picking has begun, only {free} units can still be changed."""

    code: ClassVar[str] = "PICKING_BEGUN"


class UnknownLine(HubError):
    """The order has no line {line}."""

    code: ClassVar[str] = "UNKNOWN_LINE"


class UnknownProduct(HubError):
    """The catalog has no {sku}."""

    code: ClassVar[str] = "UNKNOWN_PRODUCT"


class KitIsWhole(HubError):
    """{sku} is a part of a kit: change the quantity of the kit."""

    code: ClassVar[str] = "KIT_IS_WHOLE"


class BadAmount(HubError):
    """{what} must not be negative, and new lines ask for more than nothing."""

    code: ClassVar[str] = "BAD_AMOUNT"


class AddressIncomplete(HubError):
    """The address lacks or has wrong: {fields}"""

    code: ClassVar[str] = "ADDRESS_INVALID"


class NoPickupPlace(HubError):
    """Goods are collected at a location of the network; name one, and the method PICKUP with it."""

    code: ClassVar[str] = "NO_PICKUP_PLACE"


class OrderClosed(HubError):
    """The order is {state}; it cannot be amended any more."""

    code: ClassVar[str] = "ORDER_CLOSED"


class AmendmentWaits(HubError):
    """An earlier amendment still waits for a node's answer."""

    code: ClassVar[str] = "AMENDMENT_WAITS"


class NothingChanges(HubError):
    """The amendment changes nothing."""

    code: ClassVar[str] = "NOTHING_CHANGES"


class NothingLeft(HubError):
    """Nothing would be left; cancel the order instead."""

    code: ClassVar[str] = "NOTHING_LEFT"


class NoSubstitute(HubError):
    """The customer did not allow other goods in place of {sku}."""

    code: ClassVar[str] = "NO_SUBSTITUTE"


class AmendmentRefused(HubError):
    """Nothing was changed: {reasons}"""

    code: ClassVar[str] = "AMENDMENT_REFUSED"

    def __init__(self, faults: Sequence[tuple[tuple[str, ...], HubError]]) -> None:
        self.faults = list(faults)
        super().__init__(reasons="; ".join(e.sentence() for _, e in self.faults))


@dataclass(frozen=True, slots=True, kw_only=True)
class NewLine:
    """`unit_price` in the order's currency. Without an `external_id` it gets one that begins with `+`."""

    sku: str
    quantity: Decimal
    unit_price: Decimal
    external_id: str | None = None
    title: str | None = None
    discount: Decimal = ZERO


@dataclass(frozen=True, slots=True, kw_only=True)
class Amendment:
    """`quantities`: line -> how many units are wanted now in all; zero removes the line. `total`: what the channel says the order
    costs now; None: it follows from the lines. `origin`: CHANNEL or HUB, who is not told of it again. `document`: the partner's change that
    asks for it, as whoever answers it later needs it.
    """

    order_id: UUID
    reason: str
    cause: Cause
    expected_version: int | None = None
    add: tuple[NewLine, ...] = ()
    quantities: Mapping[UUID, Decimal] = field(default_factory=dict)
    ship_to: Address | None = None
    method: FulfillmentMethod | None = None
    pickup_node_id: UUID | None = None
    promised_by: datetime | None = None
    ship_by: datetime | None = None
    total: Decimal | None = None
    origin: str = "HUB"
    document: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """A live fulfillment as far as amendments care. `free`: nothing is picked and nobody asked for its end. `units`: line -> units."""

    fulfillment_id: UUID
    free: bool
    units: Mapping[UUID, Decimal]


@dataclass(frozen=True, slots=True, kw_only=True)
class LineChange:
    """Deltas of one line. `part`: of a kit, whose own line carries the amounts of the order."""

    line_id: UUID
    part: bool = False
    ordered: Decimal = ZERO
    cancelled: Decimal = ZERO
    gross: Decimal = ZERO
    discount: Decimal = ZERO
    tax: Decimal = ZERO


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """`stop`: fulfillments that must end first. `changes`: [{kind, sku, before, after}] for people. Amounts are deltas of the head."""

    lines: tuple[LineChange, ...]
    stop: tuple[UUID, ...]
    changes: tuple[Mapping[str, Any], ...]
    goods: Decimal
    discount: Decimal
    tax: Decimal
    total: Decimal


def plan(
    ask: Amendment,
    head: Any,
    lines: Sequence[Any],
    work: Sequence[Work],
    known: frozenset[str],
    places: frozenset[UUID] = frozenset(),
) -> Planned:
    """What the amendment does; `AmendmentRefused` with every reason against it. `known`: SKUs of the catalog among the new ones;
    `places`: where goods can be collected.
    """
    faults: Faults = []
    if OrderState(head["state"]) not in OPEN:
        raise AmendmentRefused([(("orderId",), OrderClosed(state=head["state"]))])
    deltas: list[LineChange] = []
    stop: dict[UUID, None] = {}
    changes: list[Mapping[str, Any]] = []
    for line_id, wanted in ask.quantities.items():
        at = ("quantities", str(line_id))
        line = next((x for x in lines if x["line_id"] == line_id), None)
        if line is None:
            faults.append((at, UnknownLine(line=line_id)))
        elif wrong := _wrong(line, wanted):
            faults.append((at, wrong))
        elif (here := _left(line)) != wanted:
            if line["kit_parent"] is not None:
                faults.append((at, KitIsWhole(sku=line["sku"])))
            for each, n in _with_parts(line, wanted, lines):
                if n < _left(each):
                    faults += [(at, f) for f in _free(each, _left(each) - n, work, stop)]
                deltas.append(_change(each, _left(each), n))
            changes.append(_said("quantity" if wanted else "remove", line["sku"], here, wanted))
    taken = {x["external_id"] for x in lines}
    for place, new in enumerate(ask.add):
        faults += _new_faults(place, new, known, taken)
        changes.append(_said("add", new.sku, ZERO, new.quantity))
    faults += _elsewhere(ask, head, work, stop, changes, places)
    if not faults:
        faults += _whole(ask, lines, changes)
    if faults:
        raise AmendmentRefused(faults)
    return _within(_planned(ask, head, deltas, stop, changes), head)


def _within(planned: Planned, head: Any) -> Planned:
    """The same; raises `AmendmentRefused` where the head would become larger than its columns."""
    largest = max(head["goods_total"] + planned.goods, head["total"] + planned.total)
    if largest > MOST:
        raise AmendmentRefused([(("orderId",), out_of_bounds("The order's total", largest))])
    return planned


def _wrong(line: Any, wanted: Decimal) -> HubError | None:
    large = _too_much(line["sku"], wanted, line["unit_price"])
    return large or (BadAmount(what=line["sku"]) if wanted < 0 else None)


def _left(line: Any) -> Decimal:
    return Decimal(line["ordered"] - line["cancelled"])


def _with_parts(line: Any, wanted: Decimal, lines: Sequence[Any]) -> list[tuple[Any, Decimal]]:
    """The line and, of a kit, its components: (line, units wanted of it)."""
    parts = [x for x in lines if x["kit_parent"] == line["line_id"]]
    return [(line, wanted), *((x, Decimal(wanted * x["ordered"] / line["ordered"])) for x in parts)]


def _planned(
    ask: Amendment, head: Any, deltas: list[LineChange], stop: Mapping[UUID, None], changes: list[Mapping[str, Any]]
) -> Planned:
    sold = [d for d in deltas if not d.part]
    goods = sum((d.gross for d in sold), ZERO) + sum((n.quantity * n.unit_price for n in ask.add), ZERO)
    discount = sum((d.discount for d in sold), ZERO) + sum((n.discount for n in ask.add), ZERO)
    tax = sum((d.tax for d in sold), ZERO)
    total = goods - discount + (ZERO if head["tax_included"] else tax)
    return Planned(
        lines=tuple(deltas),
        stop=tuple(stop),
        changes=tuple(changes),
        goods=goods,
        discount=discount,
        tax=tax,
        total=total if ask.total is None else ask.total - head["total"],
    )


def _free(line: Any, fewer: Decimal, work: Sequence[Work], stop: dict[UUID, None]) -> list[HubError]:
    """Note the fulfillments that must give `fewer` units of the line back: what no node has goes first, then the last planned."""
    left = fewer - (line["ordered"] - line["cancelled"] - line["reserved"])
    for each in reversed(work):
        if left <= 0:
            break
        if each.free and line["line_id"] in each.units:
            stop[each.fulfillment_id] = None
            left -= each.units[line["line_id"]]
    return [PickingBegun(what=line["sku"], free=(fewer - left).normalize())] if left > 0 else []


def _change(line: Any, here: Decimal, wanted: Decimal) -> LineChange:
    """Deltas from `here` to `wanted` units: amounts in proportion, a line that goes takes all of its amounts along."""
    n = wanted - here
    share = n / here if here else ZERO
    discount = (line["discount"] * share).quantize(CENT) if n < 0 else ZERO
    gross = line["unit_price"] * n
    if not wanted:
        gross, discount = -(line["total"] + line["discount"]), -line["discount"]
    emptied = line["ordered"] + n <= 0
    return LineChange(
        line_id=line["line_id"],
        part=line["kit_parent"] is not None,
        ordered=ZERO if emptied else n,
        cancelled=-n if emptied else ZERO,
        gross=gross,
        discount=discount,
        tax=(line["tax"] * share).quantize(CENT),
    )


def _new_faults(place: int, new: NewLine, known: frozenset[str], taken: set[str]) -> Faults:
    """`taken`: ids of lines that are there; the new line's is added to them."""
    found: Faults = []
    if large := _too_much(new.sku, new.quantity, new.unit_price, new.discount):
        found.append((("add", str(place)), large))
    elif new.quantity <= 0 or new.unit_price < 0 or not ZERO <= new.discount <= new.quantity * new.unit_price:
        found.append((("add", str(place)), BadAmount(what=new.sku)))
    if new.sku not in known:
        found.append((("add", str(place), "sku"), UnknownProduct(sku=new.sku)))
    if new.external_id in taken:
        found.append((("add", str(place), "lineNo"), DuplicateLine(line=new.external_id)))
    if new.external_id is not None:
        taken.add(new.external_id)
    return found


def _too_much(sku: str, quantity: Decimal, price: Decimal, discount: Decimal = ZERO) -> HubError | None:
    """The first number of a line, or quantity by price, that no column keeps as it was said."""
    for name, value in (("quantity", quantity), ("unitPrice", price), ("discount", discount)):
        if not keepable(value):
            return out_of_bounds(f"The {name} of {sku}", value)
    gross = quantity * price
    return out_of_bounds(f"Quantity by price of {sku}", gross) if gross > MOST else None


def _elsewhere(
    ask: Amendment,
    head: Any,
    work: Sequence[Work],
    stop: dict[UUID, None],
    changes: list[Mapping[str, Any]],
    places: frozenset[UUID],
) -> Faults:
    """Another address or method moves everything, so nothing may be at work; a promise or a day to ship by moves nothing."""
    faults = _nowhere(ask, head, places)
    if ask.promised_by is not None and ask.promised_by != head["promised_by"]:
        changes.append(_said("promise", None, head["promised_by"], ask.promised_by))
    if ask.ship_by is not None and ask.ship_by != head["ship_by"]:
        changes.append(_said("ship_by", None, head["ship_by"], ask.ship_by))
    moved = []
    if ask.ship_to is not None:
        moved.append("shipTo")
        changes.append(_said("address", None, head["ship_postal_code"], ask.ship_to.postal_code))
    if ask.method is not None and ask.method != head["method"]:
        moved.append("method")
        changes.append(_said("method", None, head["method"], ask.method.value))
    if not moved:
        return faults
    stop.update(dict.fromkeys(w.fulfillment_id for w in work if w.free))
    free = sum((sum(w.units.values(), ZERO) for w in work if w.free), ZERO)
    return faults + [((m,), PickingBegun(what=m, free=free)) for m in moved if not all(w.free for w in work)]


def _nowhere(ask: Amendment, head: Any, places: frozenset[UUID]) -> Faults:
    """A place that no carrier finds, goods to be collected nowhere, or sent to nobody's address."""
    found: Faults = []
    if ask.ship_to is not None and (wrong := list(address_faults(ask.ship_to))):
        found.append((("shipTo",), AddressIncomplete(fields=", ".join(wrong))))
    if (ask.method is FulfillmentMethod.PICKUP) != (ask.pickup_node_id is not None) or (
        ask.pickup_node_id is not None and ask.pickup_node_id not in places
    ):
        found.append((("pickupLocationId",), NoPickupPlace()))
    if ask.method not in (None, FulfillmentMethod.PICKUP) and ask.ship_to is None and not head["ship_country"]:
        found.append((("shipTo",), AddressIncomplete(fields="the whole address")))
    return found


def _whole(ask: Amendment, lines: Sequence[Any], changes: Sequence[Any]) -> Faults:
    if not changes:
        return [(("orderId",), NothingChanges())]
    left = [ask.quantities.get(x["line_id"], x["ordered"] - x["cancelled"]) for x in lines]
    return [] if ask.add or any(left) else [(("quantities",), NothingLeft())]


def _said(kind: str, sku: str | None, before: Any, after: Any) -> dict[str, Any]:
    shown = [plain(x) if isinstance(x, Decimal) else x if x is None else str(x) for x in (before, after)]
    return {"kind": kind, "sku": sku, "before": shown[0], "after": shown[1]}
