"""Each house rule finds what it is for and leaves good code alone."""

from __future__ import annotations

import ast

import pytest

from tests.house import checks
from tests.house.errors import kinds
from tests.house.tree import ROOT

BAD = [
    (checks.long_file, "x = 1\n" * 401),
    (checks.long_function, "def f():\n" + "    x = 1\n" * 60),
    (checks.no_docstring, "x = 1\n"),
    (checks.relative_import, "from . import x\n"),
    (checks.relative_import, "def f():\n    from ..kit import x\n"),
    (checks.unfinished, "def f():\n    raise NotImplementedError\n"),
    (checks.broad_except, "try:\n    f()\nexcept:\n    pass\n"),
    (checks.broad_except, "try:\n    f()\nexcept (OSError, Exception) as e:\n    print(e)\n"),
    (checks.broad_except, "try:\n    f()\nexcept builtins.BaseException:\n    return\n"),
    (checks.broad_except, "with contextlib.suppress(Exception):\n    f()\n"),
    (checks.empty_assert, "assert True\n"),
    (checks.empty_assert, "assert x or 1\n"),
    (checks.empty_assert, "assert (x, 'why')\n"),
    (checks.empty_assert, "assert a.b == a.b\n"),
    (checks.asserts_nothing, "def test_x():\n    f()\n"),
    (checks.asserts_nothing, "async def test_x():\n    await run()\n\nasync def run():\n    await go()\n"),
    (checks.asserts_nothing, "class TestX:\n    def test_x(self):\n        return 1\n"),
]
GOOD = [
    (checks.long_file, "x = 1\n" * 400),
    (checks.long_function, "def f():\n" + "    x = 1\n" * 59),
    (checks.no_docstring, ""),
    (checks.no_docstring, '"""Says it."""\nx = 1\n'),
    (checks.relative_import, "from hub.kit import ids\n"),
    (checks.broad_except, "try:\n    f()\nexcept BaseException:\n    undo()\n    raise\n"),
    (checks.broad_except, "try:\n    f()\nexcept ExceptionGroup:\n    pass\n"),
    (checks.broad_except, "with suppress(OSError):\n    f()\n"),
    (checks.empty_assert, "assert plan(x) == plan(x)\n"),
    (checks.empty_assert, "assert not x, 'why'\n"),
    (checks.asserts_nothing, "def test_x():\n    with pytest.raises(E):\n        f()\n"),
    (checks.asserts_nothing, "def test_x():\n    see(1)\n\ndef see(x):\n    assert x\n"),
    (checks.asserts_nothing, "def test_x():\n    check_all(1)\n"),
]


@pytest.mark.parametrize(("check", "source"), BAD)
def test_found(check: checks.Check, source: str) -> None:
    assert list(check(ast.parse(source), source))


@pytest.mark.parametrize(("check", "source"), GOOD)
def test_left_alone(check: checks.Check, source: str) -> None:
    assert list(check(ast.parse(source), source)) == []


def test_errors_are_found_with_their_codes() -> None:
    found = {k.name: (k.code, k.inherited) for k in kinds(ROOT)}
    assert found["BadId"] == ("BAD_ID", False)
    assert found["NotAuthentic"] == ("NOT_AUTHENTIC", False)
    assert "HubError" not in found
