"""Objects and filters that several rooms use: money, addresses, sizes, the interfaces, the filters of one value."""

from __future__ import annotations

from typing import Any

import strawberry

from schema.plan.scalars import Amount, Day, Timestamp
from schema.types.enums import OrderState

UNSET = strawberry.UNSET


@strawberry.interface
class Node:
    id: strawberry.ID


@strawberry.interface
class UserError:
    message: str
    field: list[str] | None


@strawberry.type
class Money:
    amount: Amount
    currency_code: str


@strawberry.type
class Address:
    name: str | None
    street: str
    number: str | None
    complement: str | None
    district: str | None
    city: str
    region: str
    postcode: str
    country_code: str
    tax_id: str | None
    phone: str | None


@strawberry.type
class Dimensions:
    weight_g: int | None
    length_mm: int | None
    width_mm: int | None
    height_mm: int | None


@strawberry.input
class TextFilter:
    eq: str | None = UNSET
    in_: list[str] | None = strawberry.field(name="in", default=UNSET)
    starts_with: str | None = UNSET


@strawberry.input(name="IDFilter")
class IdFilter:
    eq: strawberry.ID | None = UNSET
    in_: list[strawberry.ID] | None = strawberry.field(name="in", default=UNSET)


@strawberry.input
class TimeFilter:
    gte: Timestamp | None = UNSET
    lt: Timestamp | None = UNSET


@strawberry.input
class DayFilter:
    gte: Day | None = UNSET
    lt: Day | None = UNSET


@strawberry.input
class OrderStateFilter:
    eq: OrderState | None = UNSET
    in_: list[OrderState] | None = strawberry.field(name="in", default=UNSET)


def address(prefix: str = "") -> Any:
    """The fields of `Address` from columns with that prefix."""
    same = ("name", "street", "number", "complement", "district", "city", "region", "phone", "tax_id")
    return {
        **{n: f"{prefix}{n}" for n in same},
        "postcode": f"{prefix}postal_code",
        "country_code": f"{prefix}country",
    }


SIZE: Any = {n: n for n in ("weight_g", "length_mm", "width_mm", "height_mm")}
