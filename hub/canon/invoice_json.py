"""The canonical invoice as plain JSON and back: decimals and times as text, so that what the outbox stores is exactly what was decided."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import MISSING, Field, fields
from datetime import datetime
from decimal import Decimal, InvalidOperation
from functools import cache
from typing import Any, ClassVar, TypeVar, cast, get_type_hints

from hub.canon.invoice import Invoice, InvoiceItem, InvoicePackage, InvoiceParty, InvoicePayment, TaxLine
from hub.kit.errors import HubError

T = TypeVar("T")
Faults = list[dict[str, str]]


class InvoiceUnreadable(HubError):
    """This is not the JSON of an invoice: {faults}"""

    code: ClassVar[str] = "INVOICE_UNREADABLE"


def invoice_to_json(invoice: Invoice) -> dict[str, Any]:
    """Every field by its name; amounts as text in the scale they have, times as ISO 8601 with offset."""
    return _object(invoice)


def invoice_from_json(data: Mapping[str, Any]) -> Invoice:
    """The invoice of `invoice_to_json`; `InvoiceUnreadable` names every missing, unknown or malformed field at once."""
    faults: Faults = []
    invoice = _record(Invoice, data, "", faults)
    if faults or invoice is None:
        raise InvoiceUnreadable(faults=tuple(faults))
    return invoice


def _plain(value: Any) -> Any:
    if isinstance(value, (tuple, list)):
        return [_plain(each) for each in value]
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, datetime):
        return value.isoformat()
    if hasattr(value, "__dataclass_fields__"):
        return _object(value)
    return value


def _object(record: Any) -> dict[str, Any]:
    return {field.name: _plain(getattr(record, field.name)) for field in fields(record)}


def _decimal(value: Any) -> Decimal:
    if not isinstance(value, str):
        raise TypeError
    number = Decimal(value)
    if not number.is_finite():
        raise ValueError
    return number


def _moment(value: Any) -> datetime:
    moment = datetime.fromisoformat(value)
    if moment.tzinfo is None:
        raise ValueError
    return moment


def _exactly(kind: type) -> Callable[[Any], Any]:
    def same(value: Any) -> Any:
        if type(value) is not kind:
            raise TypeError
        return value

    return same


_SCALARS: Mapping[Any, Callable[[Any], Any]] = {
    Decimal: _decimal,
    datetime: _moment,
    str: _exactly(str),
    int: _exactly(int),
    bool: _exactly(bool),
}
_LISTS: Mapping[Any, Any] = {
    tuple[TaxLine, ...]: TaxLine,
    tuple[InvoiceItem, ...]: InvoiceItem,
    tuple[InvoicePayment, ...]: InvoicePayment,
    tuple[InvoicePackage, ...]: InvoicePackage,
    tuple[str, ...]: str,
}


@cache
def _shape(record: Any) -> tuple[tuple[Field[Any], Any, bool], ...]:
    """(field, its type without None, may be null) for each field of a record."""
    hints = get_type_hints(record)
    shape = []
    for field in fields(record):
        hint = hints[field.name]
        inner = [each for each in getattr(hint, "__args__", ()) if each is not type(None)]
        optional = type(None) in getattr(hint, "__args__", ())
        shape.append((field, inner[0] if optional else hint, optional))
    return tuple(shape)


def _record(record: type[T], data: Any, at: str, faults: Faults) -> T | None:
    if not isinstance(data, Mapping):
        faults.append({"at": at or ".", "code": "NOT_AN_OBJECT"})
        return None
    shape = _shape(cast("Any", record))
    before = len(faults)
    values: dict[str, Any] = {}
    for field, hint, optional in shape:
        where = f"{at}.{field.name}" if at else field.name
        if field.name not in data:
            if optional:
                values[field.name] = None
            elif field.default is MISSING:
                faults.append({"at": where, "code": "MISSING"})
            continue
        given = data[field.name]
        values[field.name] = None if given is None and optional else _value(hint, given, where, faults)
    known = {field.name for field, _, _ in shape}
    faults.extend({"at": f"{at}.{name}" if at else name, "code": "UNKNOWN_FIELD"} for name in data if name not in known)
    return record(**values) if len(faults) == before else None


def _value(hint: Any, given: Any, at: str, faults: Faults) -> Any:
    if hint is InvoiceParty:
        return _record(InvoiceParty, given, at, faults)
    if hint in _LISTS:
        if not isinstance(given, (list, tuple)):
            faults.append({"at": at, "code": "NOT_A_LIST"})
            return ()
        element = _LISTS[hint]
        return tuple(
            _scalar(str, each, f"{at}[{n}]", faults) if element is str else _record(element, each, f"{at}[{n}]", faults)
            for n, each in enumerate(given)
        )
    return _scalar(hint, given, at, faults)


def _scalar(hint: Any, given: Any, at: str, faults: Faults) -> Any:
    try:
        return _SCALARS[hint](given)
    except (TypeError, ValueError, InvalidOperation):
        faults.append({"at": at, "code": "MALFORMED", "value": repr(given)[:80]})
        return None
