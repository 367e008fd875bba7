"""The one strawberry schema of the process."""

from __future__ import annotations

from functools import cache
from typing import Any

import strawberry
from strawberry.directive import DirectiveLocation, DirectiveValue
from strawberry.schema.config import StrawberryConfig

from schema.plan.reference import read_column
from schema.plan.scalars import SCALARS


@strawberry.directive(
    locations=[DirectiveLocation.FIELD],
    description="The mutation is done once for this key: 1 to 255 visible ASCII characters, kept 30 days.",
)
def idempotent(value: DirectiveValue[Any], key: str) -> Any:
    return value


@cache
def contract() -> strawberry.Schema:
    """Types, root fields and scalars; made once, some 100 ms."""
    from schema.mutations.table import MutationType
    from schema.types.query import Query
    from schema.types.subscription import Subscription

    return strawberry.Schema(
        Query,
        MutationType,
        Subscription,
        directives=[idempotent],
        config=StrawberryConfig(default_resolver=read_column, scalar_map=SCALARS),
    )
