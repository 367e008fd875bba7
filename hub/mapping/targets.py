"""The canonical shapes that a mapping may build: which fields, of which type, required or not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from hub.canon.states import Condition, FulfilledBy, FulfillmentMethod, LineKind, PaymentState


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """One field. `kind`: text, decimal, int, bool, instant, date, revision, enum, texts, object, list.
    `computed`: the hub fills it in; `unset`: its value where the mapping does not speak of it.
    """

    kind: str
    required: bool = False
    computed: bool = False
    unset: object = None
    values: frozenset[str] = frozenset()
    fields: Mapping[str, Shape] = field(default_factory=dict)
    never_null: bool = False
    filled: bool = False  # a list that needs at least one element

    @property
    def leaf(self) -> bool:
        return self.kind not in ("object", "list")


TEXT = Shape(kind="text")
NEED_TEXT = Shape(kind="text", required=True)
DECIMAL = Shape(kind="decimal")
NEED_DECIMAL = Shape(kind="decimal", required=True)
INT = Shape(kind="int")
INSTANT = Shape(kind="instant")
NEED_INSTANT = Shape(kind="instant", required=True)
NEED_BOOL = Shape(kind="bool", required=True)


def _enum(kind: type[StrEnum], *, required: bool = True, unset: str | None = None) -> Shape:
    return Shape(kind="enum", required=required, values=frozenset(kind), unset=unset)


def _words(*values: str) -> Shape:
    return Shape(kind="enum", required=True, values=frozenset(values))


def _texts(*names: str) -> dict[str, Shape]:
    return dict.fromkeys(names, TEXT)


_ADDRESS = Shape(
    kind="object",
    fields={
        **_texts("name", "company", "street", "number", "complement", "district", "city", "region", "postal_code"),
        "country": NEED_TEXT,
        **_texts("phone", "tax_id", "municipality_code"),
    },
)

ORDER = Shape(
    kind="object",
    fields={
        "external_id": NEED_TEXT,
        "number": TEXT,
        "group_id": TEXT,
        "revision": Shape(kind="revision", required=True),
        "placed_at": NEED_INSTANT,
        "cancelled_at": INSTANT,
        "currency": NEED_TEXT,
        "customer": Shape(kind="object", fields=_texts("external_id", "name", "email", "phone", "tax_id", "company")),
        "ship_to": _ADDRESS,
        "bill_to": _ADDRESS,
        "pickup": Shape(kind="object", fields={"node": NEED_TEXT, "code": TEXT}),
        "lines": Shape(
            kind="list",
            required=True,
            filled=True,
            fields={
                "external_id": NEED_TEXT,
                "sku": NEED_TEXT,
                "title": TEXT,
                "gtin": TEXT,
                "quantity": NEED_DECIMAL,
                "unit_price": NEED_DECIMAL,
                "gross": DECIMAL,
                "discount": NEED_DECIMAL,
                "tax": DECIMAL,
                "kind": _enum(LineKind),
                "fulfilled_by": _enum(FulfilledBy),
            },
        ),
        "totals": Shape(
            kind="object",
            required=True,
            never_null=True,
            fields={
                "goods": Shape(kind="decimal", computed=True),
                "discount": Shape(kind="decimal", computed=True),
                "order_discount": DECIMAL,
                "shipping": NEED_DECIMAL,
                "shipping_discount": DECIMAL,
                "tax": DECIMAL,
                "tax_included": NEED_BOOL,
                "tip": DECIMAL,
                "fees": DECIMAL,
                "duties": DECIMAL,
                "total": Shape(kind="decimal", required=True, unset="computed"),
            },
        ),
        "payment_state": _enum(PaymentState),
        "fulfilled_by": Shape(kind="enum", computed=True),
        "method": _enum(FulfillmentMethod, unset="SHIP"),
        "promised_by": INSTANT,
        "ship_by": INSTANT,
        "test": Shape(kind="bool", required=True, unset=False),
        "notes": TEXT,
        "tags": Shape(kind="texts", unset=()),
    },
)

REFUND = Shape(
    kind="object",
    fields={
        "external_id": NEED_TEXT,
        "order_external_id": NEED_TEXT,
        "currency": NEED_TEXT,
        "amount": NEED_DECIMAL,
        "lines": Shape(
            kind="list",
            required=True,
            fields={
                "order_line": NEED_TEXT,
                "quantity": NEED_DECIMAL,
                "amount": DECIMAL,
                "tax": DECIMAL,
                "restock": Shape(kind="bool"),
            },
        ),
        "shipping": DECIMAL,
        "at": NEED_INSTANT,
    },
)

_REPORTED = Shape(
    kind="list",
    fields={"line": NEED_TEXT, "quantity": DECIMAL, "short": DECIMAL, "reason": TEXT},
)

REPORT = Shape(
    kind="object",
    fields={
        "pick_order": NEED_TEXT,
        "status": _words(
            "ACKNOWLEDGED",
            "REFUSED",
            "PICKING",
            "PICKED",
            "PACKED",
            "DISPATCHED",
            "CANCELLED",
            "CANCEL_REFUSED",
        ),
        "sequence": INT,
        "at": INSTANT,
        "lines": _REPORTED,
        "packages": Shape(
            kind="list",
            fields={
                **_texts("sscc", "carrier", "service", "tracking"),
                "weight_g": INT,
                "lines": _REPORTED,
            },
        ),
        "wms_id": TEXT,
        "reason": TEXT,
    },
)

STOCK = Shape(
    kind="object",
    fields={
        "node": NEED_TEXT,
        "at": NEED_INSTANT,
        "lines": Shape(
            kind="list",
            required=True,
            fields={"sku": NEED_TEXT, "condition": _enum(Condition), "on_hand": NEED_DECIMAL, "lot": TEXT},
        ),
    },
)

TARGETS: dict[str, Shape] = {
    "Address": _ADDRESS,
    "OrderDraft": ORDER,
    "RefundDraft": REFUND,
    "FulfillmentReported": REPORT,
    "StockReported": STOCK,
}

# canonical field names that are always hidden in logs, incidents, explanations and exports
PERSONAL = frozenset({"name", "email", "phone", "tax_id", "street", "number", "complement", "postal_code"})


def is_personal(at: str) -> bool:
    """Whether a canonical path (`ship_to.name`, `lines[0].sku`) is personal; an order's own `number` is not."""
    head, _, last = at.rpartition(".")
    return last in PERSONAL and bool(head)


def shape_at(top: Shape, path: str) -> Shape | None:
    """The shape under a canonical path such as `lines[].tax`, or None."""
    shape = top
    for key in path.split("."):
        name = key.removesuffix("[]")
        found = shape.fields.get(name)
        if found is None or (found.kind == "list") != key.endswith("[]"):
            return None
        shape = found
    return shape
