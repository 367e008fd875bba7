"""Root fields: their arguments for strawberry, their declaration for the compiler, their resolver for the reference path."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Annotated, Any, Generic, TypeVar

import strawberry
from strawberry.types import Info

from schema.plan import bind as b
from schema.plan import reference
from schema.plan.arguments import camel

T = TypeVar("T")


@strawberry.type
class PageInfo:
    has_next_page: bool
    has_previous_page: bool
    start_cursor: str | None
    end_cursor: str | None


@strawberry.type(description="Counted up to 10,000, then exact is false.")
class Count:
    value: int
    exact: bool


@strawberry.type(name="Edge")
class Edge(Generic[T]):
    cursor: str
    node: T


@strawberry.type(name="Connection")
class Listing(Generic[T]):
    edges: list[Edge[T]]
    nodes: list[T]
    page_info: PageInfo
    total_count: Count


def _resolver(call: Callable[..., Any], **arguments: Any) -> Callable[..., Any]:
    """`call(info, given)` behind a signature with these arguments; one whose annotation is Optional may be left out."""

    async def resolve(info: Info, **given: Any) -> Any:
        plain = {camel(k): reference.plain_input(v) for k, v in given.items() if v is not strawberry.UNSET}
        return await call(info, plain)

    optional = [k for k, v in arguments.items() if type(None) in getattr(v, "__args__", ())]
    resolve.__signature__ = inspect.Signature(  # type: ignore[attr-defined]
        [
            inspect.Parameter("info", inspect.Parameter.POSITIONAL_OR_KEYWORD, annotation=Info),
            *(
                inspect.Parameter(
                    name,
                    inspect.Parameter.KEYWORD_ONLY,
                    annotation=annotation,
                    default=strawberry.UNSET if name in optional else inspect.Parameter.empty,
                )
                for name, annotation in arguments.items()
            ),
        ]
    )
    return resolve


def listing(node: Any, page: b.Page, *, where: Any = None, order_by: Any = None, both_ways: bool = False) -> Any:
    """A root connection of `node`."""
    given: dict[str, Any] = {"first": int | None, "after": str | None}
    if both_ways:
        given |= {"last": int | None, "before": str | None}
    if where is not None:
        given["where"] = where | None
    if order_by is not None:
        given["order_by"] = order_by | None

    async def call(info: Info, args: dict[str, Any]) -> Any:
        return await reference.page_of(info, page, args)

    return strawberry.field(
        resolver=_resolver(call, **given), graphql_type=Listing[node], metadata={"bind": page, "area": None}
    )


def single(node: Any, kind: b.By, **arguments: Any) -> Any:
    """A root object; exactly one of its arguments is given."""

    async def call(info: Info, args: dict[str, Any]) -> Any:
        return await reference.by_way(info, kind, args)

    return strawberry.field(
        resolver=_resolver(call, **arguments), graphql_type=node | None, metadata={"bind": kind, "area": None}
    )


def nested(node: str, module: str, page: b.Page, there: str, here: str) -> Any:
    """A connection below an object, of a type that another module declares."""
    kind = b.Nested(page, there, here)
    lazy: Any = Annotated[node, strawberry.lazy(module)]
    return strawberry.field(
        resolver=reference.resolver_for(kind), graphql_type=Listing[lazy], metadata={"bind": kind, "area": None}
    )
