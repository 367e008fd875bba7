"""The answers of contract rates/1 as they must be; what does not fit is told with its place. Unknown fields are ignored."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

CONTRACT = "rates/1"
Name = Annotated[str, Field(min_length=1, max_length=80)]
Amount = Annotated[str, Field(pattern=r"^[0-9]{1,14}(\.[0-9]{1,4})?$")]
Count = Annotated[int, Field(ge=0, lt=2**31)]


class _Said(BaseModel):
    model_config = ConfigDict(strict=True, frozen=True, extra="ignore")


class Rate(_Said):
    """What one service costs to one of the destinations that were asked for; amounts are text."""

    carrier: Name
    service: Name
    country: Annotated[str, Field(pattern="^[A-Z]{2}$")]
    region: Annotated[str, Field(max_length=10)] = ""
    cost: Amount
    cost_per_kg: Amount = "0"
    currency: Annotated[str, Field(pattern="^[A-Z]{3}$")]
    days: Annotated[int, Field(ge=0, le=365)]
    co2e_g: Count = 0
    max_weight_g: Annotated[int, Field(gt=0, lt=2**31)] | None = None

    @property
    def way(self) -> tuple[str, str]:
        return self.country, self.region

    @property
    def amounts(self) -> tuple[Decimal, Decimal]:
        return Decimal(self.cost), Decimal(self.cost_per_kg)


class Quoted(_Said):
    """200: the rates, good until then."""

    contract: Literal["rates/1"]
    node: Name
    valid_until: Annotated[AwareDatetime, Field(strict=False)]
    rates: Annotated[list[Rate], Field(max_length=2000)]


class Later(_Said):
    """202: the service still asks its carriers; `quote` names the answer to come."""

    quote: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,64}$")]


class Fault(_Said):
    at: Annotated[str, Field(max_length=200)] = ""
    code: Annotated[str, Field(max_length=80)] = "REFUSED"
    message: Annotated[str, Field(max_length=500)] = ""


class Refused(_Said):
    """422: what is wrong with the question."""

    faults: Annotated[list[Fault], Field(max_length=100)] = []
