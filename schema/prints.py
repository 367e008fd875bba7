"""The printed contracts: SDL and OpenAPI as text, and where they are kept."""

from __future__ import annotations

from pathlib import Path

import graphql as g
import orjson
from graphql.utilities import find_breaking_changes, lexicographic_sort_schema, print_schema

from schema.contract import contract
from schema.desk import DOCUMENTS
from schema.requests import Store
from schema.rest.openapi import Printer

SDL_FILE = Path(__file__).parent / "schema.graphql"
OPENAPI_FILE = Path(__file__).parent / "openapi.json"


def core() -> g.GraphQLSchema:
    return contract()._schema  # noqa: SLF001 - strawberry has no public door to the core schema


def sdl() -> str:
    return print_schema(lexicographic_sort_schema(core())) + "\n"


def openapi() -> str:
    made = Printer(core(), Store(DOCUMENTS)).document()
    return orjson.dumps(made, option=orjson.OPT_INDENT_2).decode() + "\n"


def prints() -> dict[Path, str]:
    return {SDL_FILE: sdl(), OPENAPI_FILE: openapi()}


def faults(released: str | None = None) -> list[str]:
    """What is wrong: prints that differ from their files, documents that do not validate, changes that break `released`."""
    found = [
        f"{path.name} is not what the code prints: run `hub schema export`"
        for path, text in prints().items()
        if not path.exists() or path.read_text(encoding="utf-8") != text
    ]
    schema = core()
    for name, text in Store(DOCUMENTS).by_name.items():
        found += [f"documents/{name}.graphql: {e.message}" for e in g.validate(schema, g.parse(text))]
    if released is not None:
        found += [c.description for c in find_breaking_changes(g.build_schema(released), schema)]
    return found
