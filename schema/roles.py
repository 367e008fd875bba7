"""Who may what, as data: one row an area, one cell a role. An empty cell is FORBIDDEN; `own` is a predicate on rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from schema.errors import Forbidden
from schema.principal import Reader

ROLES = ("STOREFRONT", "PORTAL", "PARTNER", "OPERATOR", "ANALYST", "ADMIN")


@dataclass(frozen=True, slots=True)
class Cell:
    """`own`: only rows that belong to the caller. `only`/`without`: fields by their GraphQL name. `write`: mutations; `*` all."""

    own: bool = False
    only: frozenset[str] | None = None
    without: frozenset[str] = frozenset()
    write: frozenset[str] = frozenset()
    read: bool = True


ALL, NONE = frozenset({"*"}), frozenset[str]()
R, RW, OWN, KEEP = Cell(), Cell(write=ALL), Cell(own=True), Cell(own=True, write=ALL)
PAYLOADS = frozenset({"payload", "rawUrl", "data"})


def _only(*fields: str) -> Cell:
    return Cell(own=True, only=frozenset({"id", *fields}))


# area -> (scope, role -> cell). The scope is the room whose `:read` or `:write` a key with scopes must hold.
AREAS: Mapping[str, tuple[str, Mapping[str, Cell]]] = {
    "catalog": ("catalog", dict.fromkeys(ROLES, R)),
    "network": ("network", dict.fromkeys(ROLES, R)),
    "available": (
        "inventory",
        {"STOREFRONT": R, "PORTAL": R, "PARTNER": R, "OPERATOR": RW, "ANALYST": R, "ADMIN": RW},
    ),
    "stock": ("inventory", {"PARTNER": OWN, "OPERATOR": RW, "ANALYST": R, "ADMIN": RW}),
    "orders": (
        "orders",
        {
            "STOREFRONT": Cell(own=True, write=frozenset({"captureOrder", "captureOrders", "cancelOrder"})),
            "PORTAL": Cell(own=True, write=frozenset({"cancelOrder"})),
            "PARTNER": OWN,
            "OPERATOR": RW,
            "ANALYST": R,
            "ADMIN": RW,
        },
    ),
    "personal": (
        "orders",
        {"STOREFRONT": OWN, "PORTAL": OWN, "PARTNER": OWN, "OPERATOR": R, "ADMIN": R},
    ),
    "fulfillment": (
        "fulfillment",
        {"STOREFRONT": OWN, "PORTAL": OWN, "PARTNER": OWN, "OPERATOR": RW, "ANALYST": R, "ADMIN": RW},
    ),
    "reservations": ("inventory", {"STOREFRONT": RW, "OPERATOR": RW, "ADMIN": RW}),
    "fiscal": (
        "fiscal",
        {
            "STOREFRONT": _only("pdfUrl"),
            "PORTAL": _only("pdfUrl", "xmlUrl"),
            "PARTNER": OWN,
            "OPERATOR": RW,
            "ANALYST": R,
            "ADMIN": RW,
        },
    ),
    "guides": ("fiscal", {"OPERATOR": RW, "ANALYST": Cell(write=frozenset({"exportFiscalMonth"})), "ADMIN": RW}),
    "notices": (
        "notices",
        {"PORTAL": OWN, "OPERATOR": R, "ANALYST": Cell(without=frozenset({"recipient", "subject"})), "ADMIN": R},
    ),
    "routing": ("routing", {"OPERATOR": RW, "ADMIN": RW}),
    "searches": ("orders", {"OPERATOR": KEEP, "ANALYST": KEEP, "ADMIN": KEEP}),
    "incidents": ("incidents", {"OPERATOR": RW, "ANALYST": R, "ADMIN": RW}),
    "events": ("events", {"OPERATOR": RW, "ANALYST": Cell(without=PAYLOADS), "ADMIN": RW}),
    "queues": (
        "queues",
        {"PARTNER": OWN, "OPERATOR": RW, "ANALYST": Cell(without=PAYLOADS), "ADMIN": RW},
    ),
    # what partners' documents say, word for word
    "documents": ("queues", {"PARTNER": OWN, "OPERATOR": RW, "ADMIN": RW}),
    "connections": ("connections", {"OPERATOR": R, "ADMIN": RW}),
    "partners": ("connections", {"PARTNER": OWN, "OPERATOR": R, "ADMIN": RW}),
}

# Who may send documents of their own, ask for the schema, and see suggestions.
OPEN_DOCUMENTS = frozenset({"OPERATOR", "ANALYST", "ADMIN"})
INTROSPECTION = frozenset({"OPERATOR", "ADMIN"})


def readable(area: str, reader: Reader) -> Cell | None:
    """The cell of that role, or None where it is empty or the key's scopes leave it out."""
    scope, cells = AREAS[area]
    cell = cells.get(reader.role)
    if cell is None or not cell.read:
        return None
    return cell if not reader.scopes or f"{scope}:read" in reader.scopes else None


def check_read(area: str, reader: Reader, *, what: str, field: str | None = None) -> Cell:
    """The cell, or `Forbidden`."""
    cell = readable(area, reader)
    refused = cell is None or (
        field is not None and ((cell.only is not None and field not in cell.only) or field in cell.without)
    )
    if cell is None or refused:
        raise Forbidden(what=what, role=reader.role)
    return cell


def check_write(area: str, mutation: str, reader: Reader) -> Cell:
    """The cell that allows this mutation, or `Forbidden`."""
    scope, cells = AREAS[area]
    cell = cells.get(reader.role)
    scoped = not reader.scopes or f"{scope}:write" in reader.scopes
    if cell is None or not scoped or not ({"*", mutation} & cell.write):
        raise Forbidden(what=f"Mutation.{mutation}", role=reader.role)
    return cell
