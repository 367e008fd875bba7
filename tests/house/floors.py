"""Two import contracts that import-linter lacks: floors with "all the rest", and a list of what alone may be imported. Used by .importlinter."""

from __future__ import annotations

from typing import Any, cast

from grimp import ImportGraph
from importlinter import Contract, ContractCheck, fields, output
from importlinter.contracts.layers import Layer, LayersContract, ModuleTail
from importlinter.domain.helpers import module_expressions_to_modules

REST = "*"


class FloorsContract(LayersContract):
    """Layers in which a line `*` stands for every child of the containers that no other line names: strangers to one
    another. So a new room is covered from its first import on.
    """

    type_name = "floors"

    def check(self, graph: ImportGraph, verbose: bool) -> ContractCheck:
        layers = cast("list[Layer]", self.layers)
        ignored = cast("set[str]", self.exhaustive_ignores or set())
        named = {tail.name for layer in layers for tail in layer.module_tails} | ignored
        containers = module_expressions_to_modules(graph, cast("Any", self.containers))
        children = {child.rpartition(".")[2] for c in containers for child in graph.find_children(c.name)}
        rest = Layer({ModuleTail(name, is_optional=True) for name in sorted(children - named)})
        given = {tail.name for layer in layers for tail in layer.module_tails}
        if REST not in given:
            raise ValueError("floors need a line `*` for all the rest")
        told = [rest if {t.name for t in layer.module_tails} == {REST} else layer for layer in layers]
        self.layers = cast("Any", told)
        return super().check(graph, verbose)


class OnlyContract(Contract):
    """Of the packages in `of`, the sources (`without` some) may import nothing but what lies in `packages` and exactly
    the `doors`. Direct imports count; what the imported ones import is their own contract's matter.
    """

    type_name = "only"

    sources = fields.SetField(subfield=fields.ModuleExpressionField())
    of = fields.SetField(subfield=fields.StringField())
    without = fields.SetField(subfield=fields.ModuleExpressionField(), required=False)
    packages = fields.SetField(subfield=fields.ModuleExpressionField(), required=False)
    doors = fields.SetField(subfield=fields.ModuleExpressionField(), required=False)

    def check(self, graph: ImportGraph, verbose: bool) -> ContractCheck:
        homes = _named(graph, self.sources) - _named(graph, self.without)
        packages, doors = _named(graph, self.packages), _named(graph, self.doors)
        breaches = [
            (importer, imported)
            for home in sorted(homes)
            for importer in sorted({home} | graph.find_descendants(home))
            for imported in sorted(graph.find_modules_directly_imported_by(importer))
            if any(_within(imported, {package}) for package in cast("set[str]", self.of))
            and not _within(imported, packages | {home})
            and imported not in doors
        ]
        return ContractCheck(kept=not breaches, metadata={"breaches": breaches})

    def render_broken_contract(self, check: ContractCheck) -> None:
        for importer, imported in check.metadata["breaches"]:
            output.print_error(f"{importer} is not allowed to import {imported}", bold=False)


def _named(graph: ImportGraph, expressions: Any) -> set[str]:
    return {module.name for module in module_expressions_to_modules(graph, expressions or set())}


def _within(module: str, packages: set[str]) -> bool:
    return any(module == p or module.startswith(p + ".") for p in packages)
