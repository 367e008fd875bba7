"""Loads a folder of mappings at start-up: every file is read and compiled, or all that is wrong is told at once."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from importlib.metadata import entry_points
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from hub.mapping.faults import MappingRefused, NoSuchMapping, Trap
from hub.mapping.fields import Planner
from hub.mapping.file import MappingFile
from hub.mapping.spec import Spec, SpecReader
from hub.mapping.write import compile_writer, refuse_one_way
from hub.mapping.yamlfile import read_yaml

_NAME = re.compile(r"^mapping: *([\w/-]+)", re.MULTILINE)
_HEAD = re.compile(r"^mapping:", re.MULTILINE)


class Mappings(Mapping[str, MappingFile]):
    """All mappings by name (`shopify/order`)."""

    def __init__(self, files: Mapping[str, MappingFile]) -> None:
        self._files = dict(files)

    def __getitem__(self, name: str) -> MappingFile:
        if name not in self._files:
            raise NoSuchMapping(name)
        return self._files[name]

    def __contains__(self, name: object) -> bool:
        return name in self._files

    def __iter__(self) -> Iterator[str]:
        return iter(sorted(self._files))

    def __len__(self) -> int:
        return len(self._files)


def load_all(*folders: Path, alone: Sequence[Path] = ()) -> Mappings:
    """The mappings below `<folder>/<adapter>/<name>.yaml`; of two files of one name the one in the earlier folder wins.

    Raises `MappingRefused` with every trap of every file. A folder without any file that begins with `mapping:` belongs to
    another language (X12 guides, routing rules) and is left alone. Files given `alone` win over all and bear the name that they
    state, wherever they lie.
    """
    traps: list[Trap] = []
    specs: dict[str, Spec] = {}
    for path, name, shown in (*_alone(alone), *_files(folders)):
        if name in specs:
            continue
        try:
            top = read_yaml(path.read_text(encoding="utf-8"), shown)
        except MappingRefused as refused:
            traps.extend(refused.traps)
            continue
        except UnicodeDecodeError:
            traps.append(Trap(shown, 1, "not UTF-8"))
            continue
        spec = SpecReader(shown, name, traps).read(top)
        if spec is not None:
            specs[name] = spec
    if traps:
        raise MappingRefused(traps)
    return _compiled(specs)


def mapping_folders() -> tuple[Path, ...]:
    """The tree's own `mappings/`, then the `mappings/` inside each installed package with an entry point `hub.adapters`."""
    found = [Path(__file__).resolve().parents[2] / "mappings"]
    for point in entry_points(group="hub.adapters"):
        spec = find_spec(point.module)
        places = (spec.submodule_search_locations if spec else None) or ()
        found.extend(Path(place) / "mappings" for place in places)
    return tuple(folder for folder in found if folder.is_dir())


def _compiled(specs: Mapping[str, Spec]) -> Mappings:
    traps: list[Trap] = []
    planner = Planner(specs, traps)
    plans = {name: planner.plan(spec) for name, spec in specs.items()}
    writers: dict[str, Callable[[Any], Any]] = {}
    for name, spec in specs.items():
        if spec.both:
            before = len(traps)
            refuse_one_way(plans[name], traps)
            if len(traps) == before:
                writers[name] = compile_writer(plans[name], spec.tables, traps)
    if traps:
        raise MappingRefused(sorted(set(traps), key=lambda trap: (trap.file, trap.line)))
    return Mappings({name: MappingFile(specs[name], plan, writers.get(name)) for name, plan in plans.items()})


def _alone(files: Sequence[Path]) -> Iterator[tuple[Path, str, str]]:
    for path in files:
        stated = _NAME.search(path.read_text(encoding="utf-8", errors="replace"))
        yield path, stated[1] if stated else f"{path.parent.name}/{path.stem}", str(path)


def _files(folders: tuple[Path, ...]) -> Iterator[tuple[Path, str, str]]:
    for folder in folders:
        for adapter in sorted(path for path in folder.iterdir() if path.is_dir()):
            files = sorted(adapter.glob("*.yaml"))
            if any(_HEAD.search(path.read_text(encoding="utf-8", errors="replace")) for path in files):
                yield from (
                    (path, f"{adapter.name}/{path.stem}", f"{folder.name}/{adapter.name}/{path.name}") for path in files
                )
