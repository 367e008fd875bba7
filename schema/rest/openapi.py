"""OpenAPI 3.1 printed from the SDL and the stored documents."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import graphql as g

from schema.plan.selection import Selections, below
from schema.requests import Store
from schema.rest.endpoint import PREFIX, Endpoint
from schema.rest.table import ENDPOINTS

SCALARS: Mapping[str, dict[str, Any]] = {
    "ID": {"type": "string", "pattern": "^[a-z]{3}_[0-9a-f]{32}$"},
    "String": {"type": "string"},
    "Int": {"type": "integer", "format": "int32"},
    "Boolean": {"type": "boolean"},
    "DateTime": {"type": "string", "format": "date-time"},
    "Date": {"type": "string", "format": "date"},
    "Decimal": {"type": "string", "pattern": r"^-?[0-9]+(\.[0-9]+)?$"},
    "Amount": {"type": "string", "pattern": r"^-?[0-9]+(\.[0-9]+)?$"},
    "JSON": {},
}
PROBLEM = {
    "type": "object",
    "required": ["type", "title", "status", "detail", "code", "correlationId"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "code": {"type": "string"},
        "correlationId": {"type": "string"},
        "errors": {"type": "array", "items": {"type": "object"}},
    },
}


class Printer:
    """Collects the components while the paths are written."""

    def __init__(self, schema: g.GraphQLSchema, store: Store) -> None:
        self.schema, self.store = schema, store
        self.components: dict[str, Any] = {"Problem": PROBLEM}

    def document(self) -> dict[str, Any]:
        paths: dict[str, Any] = {}
        for endpoint in ENDPOINTS:
            paths.setdefault(PREFIX + endpoint.route, {})[endpoint.method.lower()] = self._operation(endpoint)
        return {
            "openapi": "3.1.0",
            "info": {
                "title": "Order hub",
                "version": "1",
                "description": "The REST side of the API: stored GraphQL documents with their answers unwrapped.",
                "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
            },
            "servers": [{"url": "/"}],
            "security": [{"key": []}],
            "paths": paths,
            "components": {
                "securitySchemes": {"key": {"type": "http", "scheme": "bearer"}},
                "schemas": dict(sorted(self.components.items())),
            },
        }

    def _operation(self, endpoint: Endpoint) -> dict[str, Any]:
        ast = g.parse(self.store.by_name[endpoint.document])
        operation: Any = ast.definitions[0]
        selections = Selections(self.schema, ast, dict.fromkeys(endpoint.shown, True))
        name = operation.name.value
        answer = self._answer(endpoint, selections, operation)
        made: dict[str, Any] = {
            "operationId": name[0].lower() + name[1:],
            "summary": endpoint.summary,
            "parameters": self._parameters(endpoint, operation),
            "responses": {
                **answer,
                "default": {
                    "description": "An error, by its code.",
                    "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
                },
            },
        }
        if endpoint.body is not None:
            made["requestBody"] = {
                "required": True,
                "content": {"application/json": {"schema": self._body(endpoint, operation)}},
            }
        return made

    def _parameters(self, endpoint: Endpoint, operation: Any) -> list[dict[str, Any]]:
        found = [{"name": n, "in": "path", "required": True, "schema": SCALARS["ID"]} for n in endpoint.path]
        for name, place in endpoint.query.items():
            schema = self._at(operation, place)
            found.append({"name": name, "in": "query", "required": False, "schema": schema})
        if endpoint.body is not None:
            found.append(
                {
                    "name": "Idempotency-Key",
                    "in": "header",
                    "required": False,
                    "schema": {"type": "string", "minLength": 1, "maxLength": 255},
                }
            )
            named: Any = g.get_named_type(self._variable(operation, endpoint.body[0]))
            if not endpoint.created and "expectedVersion" in named.fields:
                found.append({"name": "If-Match", "in": "header", "required": False, "schema": {"type": "string"}})
        return found

    def _at(self, operation: Any, place: tuple[str, ...]) -> dict[str, Any]:
        """The schema of the variable, or of the field within it, that a parameter stands for."""
        type_: Any = self._variable(operation, place[0])
        for step in place[1:]:
            named: Any = g.get_named_type(type_)
            type_ = named.fields[step].type
        return self._input(g.get_nullable_type(type_))

    def _variable(self, operation: Any, name: str) -> Any:
        node = next(v for v in operation.variable_definitions if v.variable.name.value == name)
        return g.type_from_ast(self.schema, node.type)

    def _body(self, endpoint: Endpoint, operation: Any) -> dict[str, Any]:
        named: Any = g.get_named_type(self._variable(operation, (endpoint.body or ("input",))[0]))
        from_path = {place[-1] for place in endpoint.path.values()}
        self._input(named)
        whole = self.components[named.name]
        if from_path:
            one = {
                **whole,
                "properties": {k: v for k, v in whole["properties"].items() if k not in from_path},
                "required": [r for r in whole["required"] if r not in from_path],
            }
            self.components[named.name] = one
        reference = {"$ref": f"#/components/schemas/{named.name}"}
        if endpoint.many is None:
            return reference
        many = {
            "type": "object",
            "required": [endpoint.many[0]],
            "properties": {endpoint.many[0]: {"type": "array", "items": reference, "maxItems": 500}},
        }
        return {"oneOf": [reference, many]}

    def _input(self, type_: Any) -> dict[str, Any]:
        if g.is_non_null_type(type_):
            return self._input(type_.of_type)
        if g.is_list_type(type_):
            return {"type": "array", "items": self._input(type_.of_type)}
        if g.is_enum_type(type_):
            self.components[type_.name] = {"type": "string", "enum": list(type_.values)}
        elif g.is_scalar_type(type_):
            return dict(SCALARS[type_.name])
        elif type_.name not in self.components:
            self.components[type_.name] = {}
            self.components[type_.name] = {
                "type": "object",
                "additionalProperties": False,
                "required": [n for n, f in type_.fields.items() if g.is_required_input_field(f)],
                "properties": {n: self._input(f.type) for n, f in type_.fields.items()},
            }
        return {"$ref": f"#/components/schemas/{type_.name}"}

    def _answer(self, endpoint: Endpoint, selections: Selections, operation: Any) -> dict[str, Any]:
        root: Any = self.schema.mutation_type if endpoint.payload else self.schema.query_type
        ((nodes),) = selections.fields(root, [operation.selection_set]).values()
        named: Any = g.get_named_type(root.fields[nodes[0].name.value].type)
        if endpoint.payload:
            inner = selections.fields(named, below(nodes))[endpoint.payload]
            type_ = g.get_nullable_type(named.fields[endpoint.payload].type)
            shown = self._output(selections, g.get_named_type(type_), inner)
            if g.is_list_type(type_):
                shown = {"type": "array", "items": shown}
            statuses = {"201": "Done now.", "200": "Done before."} if endpoint.created else {"200": "Done."}
            made = {s: self._content(d, shown) for s, d in statuses.items()}
            if endpoint.many:
                made["207"] = {"description": "Some of many were refused."}
            return made
        if "pageInfo" not in named.fields:
            return {"200": self._content("Found.", self._output(selections, named, nodes))}
        inner = selections.fields(named, below(nodes))["nodes"]
        item = self._output(selections, g.get_named_type(named.fields["nodes"].type), inner)
        page = {
            "type": "object",
            "required": ["items", "next"],
            "properties": {"items": {"type": "array", "items": item}, "next": {"type": ["string", "null"]}},
        }
        return {"200": self._content("One page.", page)}

    def _content(self, description: str, schema: dict[str, Any]) -> dict[str, Any]:
        return {"description": description, "content": {"application/json": {"schema": schema}}}

    def _output(self, selections: Selections, type_: Any, nodes: Any) -> dict[str, Any]:
        if g.is_non_null_type(type_):
            return self._output(selections, type_.of_type, nodes)
        if g.is_list_type(type_):
            return {"type": "array", "items": self._output(selections, type_.of_type, nodes)}
        if g.is_leaf_type(type_):
            return self._input(type_)
        chosen = selections.fields(type_, below(nodes))
        properties, required = {}, []
        for key, inner in chosen.items():
            field = type_.fields[inner[0].name.value]
            made = self._output(selections, field.type, inner)
            properties[key] = made if g.is_non_null_type(field.type) else {"anyOf": [made, {"type": "null"}]}
            if g.is_non_null_type(field.type) and not inner[0].directives:
                required.append(key)
        return {"type": "object", "required": required, "properties": properties}
