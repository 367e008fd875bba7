"""The root of every error that we raise on purpose: a code that is part of the contract, a sentence, and data."""

from __future__ import annotations

from typing import Any, ClassVar


class HubError(Exception):
    """Something asked of the hub cannot be done."""

    code: ClassVar[str] = "REFUSED"

    def __init__(self, **data: Any) -> None:
        self.data = data
        for name, value in data.items():
            setattr(self, name, value)
        super().__init__(self.sentence())

    def sentence(self) -> str:
        """The docstring's first line, with `{name}` filled from the data."""
        line = (type(self).__doc__ or "").strip().splitlines()[0]
        return line.format_map(_Shown(self.data))

    def __reduce__(self) -> tuple[Any, ...]:
        """So that it comes back whole from another process, whatever its own `__init__` asks for."""
        return _revived, (type(self), self.data)


def _revived(kind: type[HubError], data: dict[str, Any]) -> HubError:
    error = kind.__new__(kind)
    HubError.__init__(error, **data)
    return error


class _Shown(dict[str, Any]):
    def __missing__(self, key: str) -> str:
        return f"<{key}>"
