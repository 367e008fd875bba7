"""Writes random, valid read operations over the real schema, with their variables; seeded."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from typing import Any

import graphql as g
import orjson

HOSTILE = ["o'neil\" --", "", "shopify", "N0000", "é", "中\U0001f600", "\\", "SKU-0", "%s :x $1", "x" * 300]
DAYS = ("2026-12-01", "2026-12-20", "2027-02-01", "9999-12-31", "1900-01-01")
MOMENTS = ["2026-11-01T12:00:10Z", "2099-01-01T00:00:00.123+02:00", "2026-11-02T00:05:00.000001Z"]


@dataclass
class Writer:
    """`cursors`: page field -> cursors of its default sort; `ids`: prefix -> global ids."""

    schema: g.GraphQLSchema
    rng: random.Random
    cursors: dict[str, list[str]]
    ids: dict[str, list[str]]
    leave_out: frozenset[str] = frozenset()
    variables: dict[str, tuple[str, Any]] = field(default_factory=dict)
    fragments: list[str] = field(default_factory=list)
    aliases: int = 0

    def chance(self, share: float) -> bool:
        return self.rng.random() < share

    def variable(self, type_: str, value: Any) -> str:
        name = f"v{len(self.variables)}"
        self.variables[name] = (type_, value)
        return f"${name}"

    def directive(self) -> str:
        if self.chance(0.9):
            return ""
        on = self.chance(0.5)
        given = self.variable("Boolean!", on) if self.chance(0.6) else str(on).lower()
        return f" @{self.rng.choice(['include', 'skip'])}(if: {given})"

    def selection(self, type_: Any, depth: int) -> str:
        chosen: list[str] = []
        names = [n for n in type_.fields if f"{type_.name}.{n}" not in self.leave_out]
        for name in self.rng.sample(names, self.rng.randint(1, min(len(names), 7))):
            inner = g.get_named_type(type_.fields[name].type)
            if not g.is_leaf_type(inner) and depth <= 0:
                continue
            body = "" if g.is_leaf_type(inner) else f" {{ {self.selection(inner, depth - 1)} }}"
            chosen.append(self.dressed(type_, name, self.field_arguments(type_, name), body))
        if self.chance(0.3) or not chosen:
            chosen.append("__typename")
        if "id" in type_.fields and type_.interfaces and self.chance(0.1):
            chosen.append("... on Node { id }")
        return " ".join(chosen)

    def dressed(self, type_: Any, name: str, args: str, body: str) -> str:
        alias = ""
        if (self.chance(0.15) or args) and self.aliases < 25:
            self.aliases += 1
            alias = f"a{self.aliases}{'x' * self.rng.choice([0, 0, 80])}: "
        piece = f"{alias}{name}{args}{self.directive()}{body}"
        if self.chance(0.1):
            return f"... on {type_.name}{self.directive()} {{ {piece} }}"
        if self.chance(0.06):
            self.fragments.append(f"fragment F{len(self.fragments)} on {type_.name} {{ {piece} }}")
            return f"...F{len(self.fragments) - 1}"
        return piece

    def field_arguments(self, type_: Any, name: str) -> str:
        args = type_.fields[name].args
        if "open" in args and self.chance(0.6):
            given = self.rng.choice([True, False, None])
            return f"(open: {self.given('Boolean', given)})"
        if "first" in args:
            return f"(first: {self.rng.choice([0, 1, 3])})"
        return ""

    # ---- roots
    def operation(self) -> tuple[str, dict[str, Any]]:
        roots = [self.root(f"r{n}") for n in range(self.rng.randint(1, 3))]
        declared = ", ".join(f"${k}: {t}" for k, (t, _) in self.variables.items())
        head = f"query Q{'(' + declared + ')' if declared else ''}"
        return f"{head} {{ {' '.join(roots)} }} " + " ".join(self.fragments), {
            k: v for k, (_, v) in self.variables.items()
        }

    def root(self, alias: str) -> str:
        query: Any = self.schema.query_type
        name = self.rng.choice([n for n in query.fields if f"Query.{n}" not in self.leave_out])
        field_ = query.fields[name]
        inner: Any = g.get_named_type(field_.type)
        if name == "node":
            prefix = self.rng.choice(sorted(self.ids))
            given = self.rng.choice(self.ids[prefix])
            shown = self.variable("ID!", given) if self.chance(0.6) else orjson.dumps(given).decode()
            concrete = self.rng.choice(["Order", "OrderLine", "Product", "Incident", "Location"])
            body = self.selection(self.schema.type_map[concrete], 2)
            return f"{alias}: node(id: {shown}) {{ __typename id ... on {concrete} {{ {body} }} }}"
        if "first" in field_.args:
            return f"{alias}: {name}{self.page_arguments(name, field_)} {{ {self.selection(inner, 4)} }}"
        return f"{alias}: {name}{self.way(inner, field_)} {{ {self.selection(inner, 3)} }}"

    def way(self, inner: Any, field_: Any) -> str:
        name = self.rng.choice(list(field_.args))
        if name == "external":
            value: Any = {
                "channel": self.rng.choice(["shopify", "x12"]),
                "externalId": f"ext-{self.rng.randint(1, 30)}",
            }
            return f"(external: {self.given('ExternalRefInput', value)})"
        if name == "id":
            prefix = {"Order": "ord", "Fulfillment": "ful", "Product": "prd", "FiscalDocument": "fis"}[inner.name]
            return f"(id: {self.given(str(field_.args['id'].type), self.rng.choice(self.ids[prefix]))})"
        return f"({name}: {self.given('String', self.rng.choice(['N000007', 'SKU-001', *HOSTILE]))})"

    def given(self, type_: str, value: Any) -> str:
        return self.variable(type_, value) if self.chance(0.6) else literal(value)

    def page_arguments(self, name: str, field_: Any) -> str:
        made: list[str] = []
        back = "last" in field_.args and self.chance(0.25)
        made.append(f"{'last' if back else 'first'}: {self.given('Int', self.rng.choice([0, 1, 2, 3, 7]))}")
        sorted_by = "orderBy" in field_.args and self.chance(0.35)
        if sorted_by:
            type_: Any = field_.args["orderBy"].type
            value = {
                "field": Word(self.rng.choice(list(type_.fields["field"].type.of_type.values))),
                "direction": Word(self.rng.choice(["ASC", "DESC"])),
            }
            made.append(f"orderBy: {self.given(type_.name, value)}")
        elif self.chance(0.4) and self.cursors.get(name):
            cursor = self.rng.choice([*self.cursors[name], None])
            made.append(f"{'before' if back else 'after'}: {self.given('String', cursor)}")
        if "where" in field_.args and (where := self.where(field_.args["where"].type)):
            made.append(f"where: {self.given(field_.args['where'].type.name, where)}")
        return "(" + ", ".join(made) + ")"

    def where(self, type_: Any) -> dict[str, Any]:
        return {n: self.value(n, f.type) for n, f in type_.fields.items() if self.chance(0.22)}

    def value(self, name: str, type_: Any, *, required: bool = False) -> Any:
        if g.is_list_type(type_):
            return [self.value(name, type_.of_type) for _ in range(self.rng.randint(0, 3))]
        if g.is_non_null_type(type_):
            return self.value(name, type_.of_type, required=True)
        if not required and self.chance(0.08):
            return None
        if g.is_enum_type(type_):
            return Word(self.rng.choice(list(type_.values)))
        if g.is_input_object_type(type_):
            return {n: self.value(name, f.type) for n, f in type_.fields.items() if self.chance(0.6)}
        if type_.name == "ID":
            prefix = ID_FIELDS[name]
            return self.rng.choice(self.ids.get(prefix) or [f"{prefix}_{'0' * 32}"])
        return {"Boolean": self.chance(0.5), "DateTime": self.rng.choice(MOMENTS), "Date": self.rng.choice(DAYS)}.get(
            type_.name, self.rng.choice(HOSTILE)
        )


class Word(str):
    """An enum value: no quotes in a document, a text in variables."""

    __slots__ = ()


ID_FIELDS = {
    "locationId": "loc",
    "orderId": "ord",
    "subjectId": "ord",
    "correlationId": "cor",
    "connectionId": "con",
    "customerId": "pty",
    "bundleId": "bdl",
}


def literal(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{k}: {literal(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(literal(v) for v in value) + "]"
    return str(value) if isinstance(value, Word) else orjson.dumps(value).decode()
