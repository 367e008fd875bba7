"""Whether a list of the API would take a filter and an order that somebody wants to keep."""

from __future__ import annotations

from typing import Any

import graphql as g
from graphql.utilities import validate_input_value

from hub.orders import SearchList
from schema.contract import contract


def faults(about: SearchList, where: Any, order_by: Any) -> list[tuple[tuple[str, ...], str]]:
    """(path, what is wrong) of everything that the list would refuse."""
    core: Any = contract()._schema  # noqa: SLF001 - strawberry has no public door to the core schema
    arguments = core.query_type.fields[about.value].args
    found: list[tuple[tuple[str, ...], str]] = []
    for name, given in (("where", where), ("orderBy", order_by)):
        if given is None:
            continue
        if name not in arguments:
            found.append(((name,), f"The list {about.value} takes no {name}."))
            continue

        def note(error: g.GraphQLError, path: list[str | int], at: str = name) -> None:
            found.append(((at, *map(str, path)), error.message))

        validate_input_value(given, arguments[name].type, note)
    return found
