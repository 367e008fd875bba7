"""Messages of contract wms/1 from a WMS -> canon. Collects every fault of a message, then fails once; unknown fields are ignored."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from adapters.wms.fields import ZERO, Faults, Fields, parsed
from hub.canon.commands import FulfillmentReported, InwardCommand, ReportedLine, ReportedPackage, StockReported
from hub.canon.ports import Account, Envelope, MappingFile
from hub.canon.states import Condition
from hub.kit.clock import rfc3339

CONTRACT = "wms/1"
REFERENCE = "quantity:"  # + line: the account's reference that holds what we asked for, as text

RESULTS = {"accepted": "ACKNOWLEDGED", "accepted_short": "ACKNOWLEDGED", "refused": "REFUSED"}
CONDITIONS = {c.value: c for c in Condition}
MODES = {"absolute": "absolute"}


@dataclass(frozen=True, slots=True)
class Digest:
    """What the inbox files a message under; nothing in it is checked."""

    topic: str = "unreadable"
    external_id: str | None = None
    revision: str | None = None
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Kind:
    """How one message type is read. `name`: of the quantity in its lines; the flags: what it must have."""

    status: str | None
    name: str = "picked"
    lines: bool = False
    packages: bool = False
    carrier: bool = False


KINDS: Mapping[str, Kind] = {
    "pick_order.acknowledged": Kind(None, name="accepted", lines=True),
    "pick_order.picking": Kind("PICKING"),
    "pick_order.picked": Kind("PICKED", lines=True),
    "pick_order.packed": Kind("PACKED", packages=True),
    "pick_order.dispatched": Kind("DISPATCHED", packages=True, carrier=True),
    "pick_order.cancelled": Kind("CANCELLED"),
    "pick_order.cancel_refused": Kind("CANCEL_REFUSED"),
}


class WmsReader:
    """The reader of the contract. It uses no mapping: the contract is ours."""

    def read(self, envelope: Envelope, mappings: Mapping[str, MappingFile], account: Account) -> list[InwardCommand]:
        faults = Faults(contract=CONTRACT)
        data = parsed(envelope.body)
        if data is None:
            faults.add("NOT_READABLE", "$")
            faults.settle()
        made = _message(Fields(data or {}, faults), account.references)
        faults.settle()
        return made


def digest_of(body: bytes) -> Digest:
    """Type, subject and order mark of a message; `unreadable` when it is no message."""
    data = parsed(body)
    if data is None:
        return Digest()
    fields = Fields(data, Faults(contract=CONTRACT))
    sequence, at = fields.integer("sequence"), fields.instant("at")
    if sequence is not None:
        revision: str | None = f"{sequence:012d}"
    else:
        revision = rfc3339(at) if at else None
    subject = fields.text("pick_order") or fields.text("node")
    return Digest(fields.text("type") or "unreadable", subject, revision, at)


def _message(fields: Fields, references: Mapping[str, str]) -> list[InwardCommand]:
    reader = fields.coded("type", "wms/type", READERS)
    made: list[InwardCommand] = reader(fields, references) if reader else []
    return made


def _report(fields: Fields, references: Mapping[str, str]) -> list[InwardCommand]:
    kind = KINDS[fields.data["type"]]
    acknowledged = kind.name == "accepted"
    status = fields.coded("result", "wms/result", RESULTS) if acknowledged else kind.status
    needs_lines = kind.lines and status != "REFUSED"
    lines = tuple(_line(x, kind.name) for x in fields.each("lines", required=needs_lines))
    if len({x.line for x in lines}) < len(lines):
        fields.faults.add("DUPLICATE_LINE", fields.at("lines"))
    if needs_lines:
        _adds_up(fields, lines, references)
    return [
        FulfillmentReported(
            pick_order=fields.text("pick_order", required=True) or "",
            status=status or "",
            sequence=fields.integer("sequence", required=True),
            at=fields.instant("at", required=True),
            lines=lines,
            packages=tuple(_package(x, kind) for x in fields.each("packages", required=kind.packages)),
            wms_id=fields.text("wms_id"),
            reason=fields.text("reason"),
        )
    ]


def _line(fields: Fields, name: str) -> ReportedLine:
    return ReportedLine(
        line=fields.text("line", required=True) or "",
        quantity=fields.quantity(name, required=True),
        short=fields.quantity("short"),
        reason=fields.text("reason"),
    )


def _adds_up(fields: Fields, lines: tuple[ReportedLine, ...], references: Mapping[str, str]) -> None:
    """What is there and what is short must be what the pick order asked, for every line whose asked quantity is known
    here. Shorts add up over the life of a pick order: what was short when acknowledged is so again when picked.
    """
    for i, line in enumerate(lines):
        asked = references.get(REFERENCE + line.line)
        total = line.quantity + line.short
        if asked is not None and total != Decimal(asked):
            fields.faults.add(
                "CHECK_FAILED",
                f"{fields.at('lines')}[{i}]",
                message=f"{line.quantity} there and {line.short} short is not the {asked} asked for",
            )


def _package(fields: Fields, kind: Kind) -> ReportedPackage:
    return ReportedPackage(
        sscc=fields.text("sscc"),
        weight_g=fields.integer("weight_g"),
        size_mm=_size(fields),
        lines=tuple(_packed(x) for x in fields.each("lines", required=True)),
        carrier=fields.text("carrier", required=kind.carrier),
        service=fields.text("service"),
        tracking=fields.text("tracking"),
    )


def _packed(fields: Fields) -> ReportedLine:
    return ReportedLine(
        line=fields.text("line", required=True) or "",
        quantity=fields.quantity("quantity", required=True),
        lots=fields.texts("lots"),
        serials=fields.texts("serials"),
    )


def _size(fields: Fields) -> tuple[int, int, int] | None:
    """Length, width, height in millimetres."""
    given: Any = fields.data.get("size_mm")
    if given is None:
        return None
    if isinstance(given, list) and len(given) == 3 and all(type(x) is int and 0 < x < 100_000 for x in given):
        return given[0], given[1], given[2]
    fields.faults.add("WRONG_SHAPE", fields.at("size_mm"), given)
    return None


def _stock(fields: Fields, _: Mapping[str, str]) -> list[InwardCommand]:
    """Lines of one SKU and condition are summed; those that name a lot are told by lot as well."""
    fields.coded("mode", "wms/mode", MODES)
    node, at = fields.text("node", required=True), fields.instant("at", required=True)
    counted: dict[tuple[str, Condition], Decimal] = {}
    lots: dict[tuple[str, Condition, str], Decimal] = {}
    for line in fields.each("lines", required=True):
        sku, lot = line.text("sku", required=True), line.text("lot")
        condition = line.coded("condition", "wms/condition", CONDITIONS)
        on_hand = line.quantity("on_hand", required=True)
        if sku and condition:
            counted[sku, condition] = counted.get((sku, condition), ZERO) + on_hand
            if lot:
                lots[sku, condition, lot] = lots.get((sku, condition, lot), ZERO) + on_hand
    if node is None or at is None:
        return []
    return [
        StockReported(
            node=node,
            at=at,
            lines=tuple((sku, c, n) for (sku, c), n in counted.items()),
            lots=tuple((sku, c, lot, n) for (sku, c, lot), n in lots.items()),
        )
    ]


def _state(fields: Fields, references: Mapping[str, str]) -> list[InwardCommand]:
    """The answer to a read: every message that the WMS has for the pick order; those seen before change nothing."""
    return [
        command
        for message in fields.each("messages")
        for command in _message(message, references)
        if isinstance(command, FulfillmentReported)
    ]


READERS: Mapping[str, Callable[[Fields, Mapping[str, str]], list[InwardCommand]]] = {
    **dict.fromkeys(KINDS, _report),
    "stock.reported": _stock,
    "pick_order.state": _state,
}
