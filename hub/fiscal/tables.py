"""The dated tables of `mappings/fiscal`: which there are, where they lie, and the loading of those that are asked for."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path

from hub.kit.dated import BadTable, NoRule, Row, Table, load

__all__ = ["BadTable", "FiscalTables", "NoRule", "Row", "Table", "fiscal_tables", "load_tables", "tables_folder"]


class FiscalTables(Mapping[str, Table]):
    """Tables by name, such as `tables["uf_rates"].find(day, uf="SP")`."""

    def __init__(self, tables: Iterable[Table]) -> None:
        self._tables = {table.name: table for table in tables}

    def __getitem__(self, name: str) -> Table:
        return self._tables[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._tables)

    def __len__(self) -> int:
        return len(self._tables)

    def doubtful(self) -> list[tuple[str, Row]]:
        """Every row whose sources disagree, with the name of its table."""
        return [(name, row) for name, table in self._tables.items() for row in table.doubtful()]


def tables_folder() -> Path:
    """`mappings/fiscal` of this tree, or the folder that `HUB_FISCAL_TABLES` names."""
    own = os.environ.get("HUB_FISCAL_TABLES")
    return Path(own) if own else Path(__file__).resolve().parents[2] / "mappings" / "fiscal"


def load_tables(folder: Path, names: Iterable[str] = ()) -> FiscalTables:
    """The named tables of a folder, or all. Raises `BadTable` with the faults of every file at once."""
    wanted = set(names)
    paths = [path for path in sorted(folder.glob("*.yaml")) if not wanted or path.stem in wanted]
    missing = wanted - {path.stem for path in paths}
    tables, faults = [], [f"{name}.yaml: is not in the folder" for name in sorted(missing)]
    for path in paths:
        try:
            table = load(path)
        except BadTable as bad:
            faults.append(str(bad.data["faults"]))
            continue
        if table.name != path.stem:
            faults.append(f"{path.name}: its table is called {table.name}")
        tables.append(table)
    if faults:
        raise BadTable(faults="; ".join(faults))
    return FiscalTables(tables)


TAX_TABLES = ("difal_methods", "ibs_cbs_rates", "interstate_rates", "pis_cofins", "reform_due", "uf_rates")


@cache
def fiscal_tables(names: tuple[str, ...] = ()) -> FiscalTables:
    """The tables of this process, loaded once for each choice of names."""
    return load_tables(tables_folder(), names)
