"""House rules that ruff cannot say, each a function from one parsed file to what is wrong in it."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator, Mapping

from tests.house.tree import functions

FILE_LINES = 400
FUNCTION_LINES = 60
NO_NOUNS = frozenset(
    {"util", "utils", "helper", "helpers", "common", "base", "service", "services", "manager", "managers", "misc"}
)
Broken = Iterator[tuple[int, str]]  # line, what
Check = Callable[[ast.Module, str], Broken]


def long_file(module: ast.Module, source: str) -> Broken:
    lines = source.count("\n")
    if lines > FILE_LINES:
        yield lines, f"{lines} lines, {FILE_LINES} are allowed: split it by nouns"


def long_function(module: ast.Module, source: str) -> Broken:
    for function in functions(module):
        lines = (function.end_lineno or function.lineno) - function.lineno + 1
        if lines > FUNCTION_LINES:
            yield function.lineno, f"{function.name} has {lines} lines, {FUNCTION_LINES} are allowed"


def no_docstring(module: ast.Module, source: str) -> Broken:
    """A file that only marks a place may be empty."""
    if module.body and not ast.get_docstring(module):
        yield 1, "the module says neither what it holds nor what it refuses"


def relative_import(module: ast.Module, source: str) -> Broken:
    for node in ast.walk(module):
        if isinstance(node, ast.ImportFrom) and node.level:
            yield node.lineno, "imports are absolute"


def broad_except(module: ast.Module, source: str) -> Broken:
    """`except Exception`, bare `except`, `suppress(Exception)`. A handler that ends by raising again only cleans up."""
    for node in ast.walk(module):
        if isinstance(node, ast.ExceptHandler):
            cleans_up = isinstance(node.body[-1], ast.Raise) and node.body[-1].exc is None
            if not cleans_up and (node.type is None or _names(node.type) & {"Exception", "BaseException"}):
                yield node.lineno, "a broad except hides bugs: name what can fail"
        if isinstance(node, ast.Call) and _called(node) == "suppress" and _names(node) & {"Exception", "BaseException"}:
            yield node.lineno, "a broad suppress hides bugs: name what can fail"


def unfinished(module: ast.Module, source: str) -> Broken:
    for node in ast.walk(module):
        if isinstance(node, ast.Name) and node.id == "NotImplementedError":
            yield node.lineno, "nothing is left unfinished"


def asserts_nothing(module: ast.Module, source: str) -> Broken:
    """A test must contain something that can fail, itself or in a function that it calls by name."""
    local = {f.name: f for f in functions(module)}
    for function in functions(module):
        if function.name.startswith("test") and not _can_fail(function, local, set()):
            yield function.lineno, f"{function.name} asserts nothing"


def _can_fail(function: ast.AST, local: Mapping[str, ast.FunctionDef | ast.AsyncFunctionDef], seen: set[str]) -> bool:
    for node in ast.walk(function):
        if isinstance(node, ast.Assert):
            return True
        if not isinstance(node, ast.Call):
            continue
        name = _called(node)
        if name in ("raises", "warns", "fail") or re.match(r"(assert|check|expect)_", name):
            return True
        if name in local and name not in seen and _can_fail(local[name], local, seen | {name}):
            return True
    return False


def empty_assert(module: ast.Module, source: str) -> Broken:
    """Assertions that hold whatever happens: constants, a tuple, a value compared with itself."""
    for node in ast.walk(module):
        if not isinstance(node, ast.Assert):
            continue
        asked = node.test
        if isinstance(asked, ast.Constant) and asked.value:
            yield node.lineno, "asserts a constant"
        elif isinstance(asked, ast.Tuple) and asked.elts:
            yield node.lineno, "asserts a tuple, which always holds"
        elif isinstance(asked, ast.BoolOp) and isinstance(asked.op, ast.Or) and any(map(_true, asked.values)):
            yield node.lineno, "asserts something or a constant"
        elif isinstance(asked, ast.Compare) and len(asked.ops) == 1 and _same(asked.left, asked.comparators[0]):
            yield node.lineno, "compares a value with itself"


def _true(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and bool(node.value)


def _same(left: ast.expr, right: ast.expr) -> bool:
    """The same expression; two calls are two answers, so that purity can be asserted."""
    calls = any(isinstance(x, ast.Call | ast.Await) for x in ast.walk(left))
    return not calls and ast.dump(left) == ast.dump(right)


def _called(call: ast.Call) -> str:
    return call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")


def _names(node: ast.AST) -> set[str]:
    return {getattr(x, "id", getattr(x, "attr", "")) for x in ast.walk(node)}


EVERYWHERE: tuple[Check, ...] = (
    long_file,
    long_function,
    no_docstring,
    relative_import,
    unfinished,
    broad_except,
    empty_assert,
)
TESTS: tuple[Check, ...] = (asserts_nothing,)
