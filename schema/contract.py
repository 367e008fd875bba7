"""The one strawberry schema of the process."""

from __future__ import annotations

from functools import cache

import strawberry
from strawberry.schema.config import StrawberryConfig

from schema.plan.reference import read_column
from schema.plan.scalars import SCALARS


@cache
def contract() -> strawberry.Schema:
    """Types, root fields and scalars; made once, some 100 ms."""
    from schema.types.query import Query

    return strawberry.Schema(Query, config=StrawberryConfig(default_resolver=read_column, scalar_map=SCALARS))
