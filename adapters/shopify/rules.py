"""What Shopify's server enforces beyond its published schema (2026-10). Used by the simulator and by the contract tests."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from graphql import DocumentNode, FieldNode, OperationDefinitionNode, parse, value_from_ast_untyped

MOST_ROWS = 250
MOST_METAFIELDS = 25
QUANTITY_NAMES = frozenset({"available", "on_hand"})


@dataclass(frozen=True, slots=True)
class Broken:
    """A rule that a request breaks. `code` is the server's: a top-level error unless `user_error`."""

    code: str
    message: str
    at: tuple[str, ...] = ()
    user_error: bool = False


def broken(document: str | DocumentNode, variables: Mapping[str, Any]) -> list[Broken]:
    """Every rule that one request breaks, all fields of its operation."""
    parsed = parse(document) if isinstance(document, str) else document
    found: list[Broken] = []
    for field in fields_of(parsed):
        arguments = arguments_of(field, variables)
        found.extend(_long_lists(arguments, ()))
        rule = _RULES.get(field.name.value)
        if rule is not None:
            found.extend(rule(field, arguments, variables))
    return found


def fields_of(document: DocumentNode) -> Iterator[FieldNode]:
    """The top fields of a request's operation."""
    for definition in document.definitions:
        if isinstance(definition, OperationDefinitionNode):
            yield from (node for node in definition.selection_set.selections if isinstance(node, FieldNode))


def arguments_of(field: FieldNode, variables: Mapping[str, Any]) -> dict[str, Any]:
    return {arg.name.value: value_from_ast_untyped(arg.value, dict(variables)) for arg in field.arguments or ()}


def _long_lists(value: Any, at: tuple[str, ...]) -> Iterator[Broken]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _long_lists(inner, (*at, key))
    elif isinstance(value, list):
        if len(value) > MOST_ROWS:
            yield Broken("MAX_INPUT_SIZE_EXCEEDED", f"{'.'.join(at)} holds more than {MOST_ROWS} elements", at)
        for inner in value:
            yield from _long_lists(inner, at)


def idempotency_key(field: FieldNode, variables: Mapping[str, Any]) -> str | None:
    """The key of `@idempotent(key:)`, None where the directive is absent."""
    for directive in field.directives or ():
        if directive.name.value == "idempotent":
            for arg in directive.arguments or ():
                if arg.name.value == "key":
                    found = value_from_ast_untyped(arg.value, dict(variables))
                    return str(found) if found else None
    return None


def _inventory_set(field: FieldNode, arguments: Mapping[str, Any], variables: Mapping[str, Any]) -> Iterator[Broken]:
    if not idempotency_key(field, variables):
        yield Broken("BAD_REQUEST", "the directive @idempotent(key:) is required since 2026-04")
    given = arguments.get("input") or {}
    for name in ("ignoreCompareQuantity", "compareQuantity"):
        if name in given:
            yield Broken("INVALID_FIELD_ARGUMENTS", f"{name} is gone since 2026-04", ("input", name))
    if given.get("name") not in QUANTITY_NAMES:
        yield Broken("INVALID_NAME", "name is available or on_hand", ("input", "name"), user_error=True)
    seen: set[tuple[Any, Any]] = set()
    for number, row in enumerate(given.get("quantities") or ()):
        at = ("input", "quantities", str(number))
        if "changeFromQuantity" not in row:
            message = "changeFromQuantity must be given; null skips the comparison"
            yield Broken("INVALID_FIELD_ARGUMENTS", message, (*at, "changeFromQuantity"))
        pair = (row.get("inventoryItemId"), row.get("locationId"))
        if pair in seen:
            message = "the same item and location twice"
            yield Broken("NO_DUPLICATE_INVENTORY_ITEM_ID_GROUP_ID_PAIR", message, at, user_error=True)
        seen.add(pair)


def _fulfillment_create(
    field: FieldNode, arguments: Mapping[str, Any], variables: Mapping[str, Any]
) -> Iterator[Broken]:
    groups = (arguments.get("fulfillment") or {}).get("lineItemsByFulfillmentOrder") or []
    if not groups:
        message = "at least one fulfillment order is needed"
        yield Broken("INVALID", message, ("fulfillment", "lineItemsByFulfillmentOrder"), user_error=True)
    for group in groups:
        for row in group.get("fulfillmentOrderLineItems") or ():
            if int(row.get("quantity") or 0) <= 0:
                yield Broken("INVALID", "a quantity must be above 0", ("fulfillment",), user_error=True)


def _metafields_set(field: FieldNode, arguments: Mapping[str, Any], variables: Mapping[str, Any]) -> Iterator[Broken]:
    rows = arguments.get("metafields") or []
    if len(rows) > MOST_METAFIELDS:
        message = f"at most {MOST_METAFIELDS} metafields a request"
        yield Broken("LESS_THAN_OR_EQUAL_TO", message, ("metafields",), user_error=True)
    for number, row in enumerate(rows):
        if not 2 <= len(str(row.get("key") or "")) <= 64:
            message = "a key has 2 to 64 characters"
            yield Broken("TOO_SHORT", message, ("metafields", str(number), "key"), user_error=True)
        if not row.get("value"):
            yield Broken("BLANK", "a value must not be empty", ("metafields", str(number), "value"), user_error=True)


def _order_edit_quantity(
    field: FieldNode, arguments: Mapping[str, Any], variables: Mapping[str, Any]
) -> Iterator[Broken]:
    if int(arguments.get("quantity") or 0) < 0:
        yield Broken("INVALID", "quantity must not be negative", ("quantity",), user_error=True)
    if arguments.get("restock") and not arguments.get("locationId"):
        yield Broken("INVALID", "what is put back is put back at a location", ("locationId",), user_error=True)


def _order_edit_add(field: FieldNode, arguments: Mapping[str, Any], variables: Mapping[str, Any]) -> Iterator[Broken]:
    if int(arguments.get("quantity") or 0) <= 0:
        yield Broken("INVALID", "quantity must be above 0", ("quantity",), user_error=True)


def _order_edit_discount(
    field: FieldNode, arguments: Mapping[str, Any], variables: Mapping[str, Any]
) -> Iterator[Broken]:
    given = arguments.get("discount") or {}
    if (given.get("fixedValue") is None) == (given.get("percentValue") is None):
        yield Broken("INVALID", "a discount is an amount or a percentage", ("discount",), user_error=True)


_Rule = Callable[[FieldNode, Mapping[str, Any], Mapping[str, Any]], Iterator[Broken]]
_RULES: dict[str, _Rule] = {
    "inventorySetQuantities": _inventory_set,
    "fulfillmentCreate": _fulfillment_create,
    "metafieldsSet": _metafields_set,
    "orderEditSetQuantity": _order_edit_quantity,
    "orderEditAddVariant": _order_edit_add,
    "orderEditAddLineItemDiscount": _order_edit_discount,
}
