"""What a file in a partner's folder may be called, and which names say that it is not whole yet. Looks at no file."""

from __future__ import annotations

LONGEST = 255  # bytes
SKIPPED = (".tmp", ".part", ".filepart")


def good(name: str) -> bool:
    """A plain name: no folder, nothing hidden, no control character, nothing that some system reads as a path."""
    return (
        0 < len(name.encode("utf-8", "surrogateescape")) <= LONGEST
        and not name.startswith(".")
        and name.isprintable()
        and not set(name) & set("/\\:")
    )


def whole(name: str) -> bool:
    """Whether a good name says that nobody is writing the file any more."""
    return good(name) and not name.lower().endswith(SKIPPED)
