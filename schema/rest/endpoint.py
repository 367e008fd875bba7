"""The routes as data: document, where each parameter goes, what is unwrapped."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

PREFIX = "/api/v1"
Path = tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """`query`: query parameter -> place in the variables. `path`: the same for path parameters. `body`: where the JSON body goes.
    `many`: (key of a list in the body, document for it). `flags`: query parameters that are true or false. `shown`: boolean variable -> area that the role must be able to read.
    """

    method: str
    route: str
    document: str
    root: str
    summary: str
    query: Mapping[str, Path] = field(default_factory=dict)
    path: Mapping[str, Path] = field(default_factory=dict)
    body: Path | None = None
    many: tuple[str, str] | None = None
    flags: frozenset[str] = frozenset()
    shown: Mapping[str, str] = field(default_factory=dict)
    payload: str | None = None
    created: bool = False


PAGE: Mapping[str, Path] = {"limit": ("first",), "cursor": ("after",)}


def of_order(what: str, mutation: str, summary: str, payload: str = "order") -> Endpoint:
    return Endpoint(
        method="POST",
        route=f"/orders/{{id}}/{what}",
        document=f"rest/{mutation}",
        root=mutation,
        summary=summary,
        path={"id": ("input", "orderId")},
        body=("input",),
        payload=payload,
    )


def of_fulfillment(what: str, mutation: str, summary: str, payload: str = "fulfillment") -> Endpoint:
    return Endpoint(
        method="POST",
        route=f"/fulfillments/{{id}}/{what}",
        document=f"rest/{mutation}",
        root=mutation,
        summary=summary,
        path={"id": ("input", "fulfillmentId")},
        body=("input",),
        payload=payload,
    )


def did(
    route: str, mutation: str, summary: str, payload: str, of: str | None = None, *, created: bool = False
) -> Endpoint:
    """A command by POST. `of`: the field of the input that the path names."""
    return Endpoint(
        method="POST",
        route=route,
        document=f"rest/{mutation}",
        root=mutation,
        summary=summary,
        path={"id": ("input", of)} if of else {},
        body=("input",),
        payload=payload,
        created=created,
    )


def of_invoice(what: str, mutation: str, summary: str) -> Endpoint:
    return did(f"/fiscal-documents/{{id}}/{what}", mutation, summary, "invoice", "invoiceId")
