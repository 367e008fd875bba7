"""Segments and elements in people's words, from the guides: what the inspector shows beside a value."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

from adapters.x12.library import Library

Name = tuple[str, str, str, int, str]  # version, set, segment, element (0: the segment itself), name


def fingerprint(library: Library) -> str:
    """Changes when a guide, dictionary or code list does."""
    digest = hashlib.sha256()
    for path in sorted((library.root / "x12").rglob("*.yaml")):
        digest.update(path.relative_to(library.root).as_posix().encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()


def names(library: Library) -> Iterator[Name]:
    """Of every guide."""
    for version, set_id in library.names():
        compiled = library.guide(version, set_id)
        for spec in compiled.guide.segments.values() if compiled is not None else ():
            yield version, set_id, spec.id, 0, spec.name
            for at, use in enumerate(spec.of, 1):
                yield version, set_id, spec.id, at, use.name
