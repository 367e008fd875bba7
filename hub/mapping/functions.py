"""The fixed set of functions. Each entry says what its arguments are, what it gives, and makes the closure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Context, Decimal
from typing import Any

from hub.mapping import scalars
from hub.mapping.faults import Fault, type_name
from hub.mapping.grammar import BadExpression, Call, Expr, First, Literal, Path, Value
from hub.mapping.paths import Run, Scope, compile_path, same, wrong_step

ZERO = Decimal(0)
_UNIT = Decimal("0.0001")
_WIDE = Context(prec=120, rounding=ROUND_HALF_EVEN)


@dataclass(frozen=True, slots=True)
class Compiled:
    """An expression ready to run. `gives`: text, decimal, int, bool, instant, date, list or any."""

    expr: Expr
    run: Run
    gives: str
    args: tuple[Compiled, ...] = ()
    each: bool = False  # the last argument stands on every element of the first


@dataclass(frozen=True, slots=True)
class Function:
    """`least` and `most` arguments; those from `literals` on must be literals (-1: none); `make` gets (runs, literals)."""

    gives: str
    make: Callable[[list[Run], list[Value]], Run]
    least: int = 1
    most: int = 1
    literals: int = -1
    first_literal: bool = False
    scalar: Callable[[Any], Any] | None = None  # of one value: lets the closure read a single key itself


def compile_expr(expr: Expr, tables: Mapping[str, Mapping[str, str]], want: str = "any") -> Compiled:
    """Closures for a tree. Raises `BadExpression` for an unknown function, table or number of arguments."""
    if isinstance(expr, Literal):
        value: Any = expr.value
        if want == "decimal" and type(value) is int:
            value = Decimal(value)
        gives = {bool: "bool", str: "text", int: "int", Decimal: "decimal"}.get(type(value), "any")
        return Compiled(expr, lambda _item, _scope: value, gives)
    if isinstance(expr, Path):
        return Compiled(expr, compile_path(expr), "any")
    if isinstance(expr, First):
        options = tuple(compile_expr(option, tables, want) for option in expr.options)
        kinds = {option.gives for option in options}
        return Compiled(expr, _first(options), kinds.pop() if len(kinds) == 1 else "any", options)
    if expr.name == "map":
        return _compile_map(expr, tables)
    return _compile_call(expr, tables)


def _first(options: tuple[Compiled, ...]) -> Run:
    runs = tuple(option.run for option in options)
    if len(runs) == 2:
        one, two = runs

        def either(item: Any, scope: Scope) -> Any:
            value = one(item, scope)
            return two(item, scope) if value is None else value

        return either

    def run(item: Any, scope: Scope) -> Any:
        for option in runs:
            value = option(item, scope)
            if value is not None:
                return value
        return None

    return run


def _compile_call(expr: Call, tables: Mapping[str, Mapping[str, str]]) -> Compiled:
    function = FUNCTIONS.get(expr.name)
    if function is None:
        raise BadExpression(f"there is no function {expr.name}")
    if not function.least <= len(expr.args) <= function.most:
        wanted = str(function.least) if function.least == function.most else f"{function.least} or more"
        raise BadExpression(f"{expr.name} takes {wanted} arguments, not {len(expr.args)}")
    literals: list[Value] = []
    compiled: list[Compiled] = []
    for position, arg in enumerate(expr.args):
        fixed = (function.first_literal and position == 0) or 0 <= function.literals <= position
        if fixed and not isinstance(arg, Literal):
            raise BadExpression(f"argument {position + 1} of {expr.name} must be a literal")
        if isinstance(arg, Literal) and fixed:
            literals.append(arg.value)
        else:
            compiled.append(compile_expr(arg, tables))
    key = single_key(expr.args[0]) if function.scalar is not None else None
    if function.scalar is not None and key is not None:
        run = scalar_of_key(function.scalar, key)
    else:
        run = function.make([arg.run for arg in compiled], literals)
    gives = function.gives
    if gives == "same":
        kinds = {arg.gives for arg in compiled[-2:]}
        gives = kinds.pop() if len(kinds) == 1 else "any"
    return Compiled(expr, run, gives, tuple(compiled), each=expr.name == "sum" and len(compiled) == 2)


def _compile_map(expr: Call, tables: Mapping[str, Mapping[str, str]]) -> Compiled:
    if len(expr.args) != 2 or not isinstance(expr.args[1], Path) or not expr.args[1].plain:
        raise BadExpression("map takes a value and the name of a table")
    name = expr.args[1].steps[0].key
    if name not in tables:
        raise BadExpression(f"there is no table {name} in this file")
    table = dict(tables[name])
    value = compile_expr(expr.args[0], tables)
    inner = value.run

    def run(item: Any, scope: Scope) -> Any:
        found = inner(item, scope)
        if found is None:
            return None
        key = table_key(found)
        if key not in table:
            raise Fault("NOT_IN_TABLE", found, f"expected one of {', '.join(sorted(table)[:12])}", table=name)
        return table[key]

    return Compiled(expr, run, "text", (value,))


def table_key(value: Any) -> str:
    """The text under which a table holds a scalar."""
    if type(value) is bool:
        return "true" if value else "false"
    return scalars.text(value)


# ------------------------------------------------------------------ makers
def single_key(expr: Expr) -> str | None:
    """The key of a path of one plain step: the commonest argument, worth one call less."""
    return (
        expr.steps[0].key
        if isinstance(expr, Path) and not expr.anchor and expr.plain and len(expr.steps) == 1
        else None
    )


def scalar_of_key(convert: Callable[[Any], Any], key: str) -> Run:
    def run(item: Any, scope: Scope) -> Any:
        if type(item) is not dict:
            if item is None:
                return None
            raise wrong_step(item, key)
        value = item.get(key)
        return None if value is None else convert(value)

    return run


def _of(gives: str, convert: Callable[[Any], Any]) -> Function:
    """A function of one scalar; null in, null out."""
    return Function(gives, _scalar(convert), scalar=convert)


def _scalar(convert: Callable[[Any], Any]) -> Callable[[list[Run], list[Value]], Run]:
    def make(runs: list[Run], literals: list[Value]) -> Run:
        inner = runs[0]

        def run(item: Any, scope: Scope) -> Any:
            value = inner(item, scope)
            return None if value is None else convert(value)

        return run

    return make


def _blank(value: Any) -> str | None:
    if type(value) is str:
        return value if value and not value.isspace() else None
    raise scalars.wrong_type(value, "a text")


def _unless(runs: list[Run], literals: list[Value]) -> Run:
    inner = runs[0]

    def run(item: Any, scope: Scope) -> Any:
        value = inner(item, scope)
        return None if any(same(value, literal) for literal in literals) else value

    return run


def _prefix(runs: list[Run], literals: list[Value]) -> Run:
    inner, before = runs[0], str(literals[0])

    def run(item: Any, scope: Scope) -> Any:
        value = inner(item, scope)
        body = None if value is None else scalars.text(value)
        return before + body if body and not body.isspace() else None

    return run


def _join(runs: list[Run], literals: list[Value]) -> Run:
    between = str(literals[0])

    def run(item: Any, scope: Scope) -> Any:
        values = (inner(item, scope) for inner in runs)
        parts = [scalars.text(value).strip() for value in values if value is not None]
        return between.join(part for part in parts if part) or None

    return run


def _tail(runs: list[Run], literals: list[Value]) -> Run:
    inner, mark = runs[0], str(literals[0])

    def run(item: Any, scope: Scope) -> Any:
        value = inner(item, scope)
        return None if value is None else scalars.text(value).rpartition(mark)[2] or None

    return run


def _list(value: Any) -> list[Any]:
    if type(value) is list:
        return value
    raise Fault("WRONG_SHAPE", value, f"{type_name(value)} where a list is expected")


def _sum(runs: list[Run], literals: list[Value]) -> Run:
    inner = runs[0]
    each = runs[1] if len(runs) == 2 else None

    def run(item: Any, scope: Scope) -> Any:
        values = inner(item, scope)
        if values is None:
            return None
        total = ZERO
        for element in _list(values):
            value = element if each is None else each(element, scope)
            if value is not None:
                total += scalars.decimal(value)
        return total

    return run


def _two(compute: Callable[[Decimal, Decimal], Decimal]) -> Callable[[list[Run], list[Value]], Run]:
    def make(runs: list[Run], literals: list[Value]) -> Run:
        one, two = runs

        def run(item: Any, scope: Scope) -> Any:
            left, right = one(item, scope), two(item, scope)
            if left is None or right is None:
                return None
            return compute(scalars.decimal(left), scalars.decimal(right))

        return run

    return make


def _unit(total: Decimal, count: Decimal) -> Decimal:
    """Exact where the quotient ends within 4 places, else rounded half-even to 4."""
    if count == 0:
        raise Fault("CHECK_FAILED", count, "cannot share a total among 0")
    price = _WIDE.divide(total, count)
    short = price.quantize(_UNIT, context=_WIDE)
    if short != price:
        return short
    kept = price.normalize(_WIDE)
    return kept.quantize(Decimal("0.01"), context=_WIDE) if int(kept.as_tuple().exponent) > -2 else kept


def _firsts(runs: list[Run], literals: list[Value]) -> Run:
    inner = runs[0]

    def run(item: Any, scope: Scope) -> Any:
        values = inner(item, scope)
        return next((value for value in _list(values) if value is not None), None) if values is not None else None

    return run


def _only(runs: list[Run], literals: list[Value]) -> Run:
    inner = runs[0]

    def run(item: Any, scope: Scope) -> Any:
        values = inner(item, scope)
        if values is None:
            return None
        if len(_list(values)) > 1:
            raise Fault("AMBIGUOUS", values, f"{len(values)} values where at most one is expected")
        return values[0] if values else None

    return run


def _is(runs: list[Run], literals: list[Value]) -> Run:
    inner = runs[0]

    def run(item: Any, scope: Scope) -> Any:
        value = inner(item, scope)
        return None if value is None else any(same(value, literal) for literal in literals)

    return run


def _has(runs: list[Run], literals: list[Value]) -> Run:
    inner, wanted = runs[0], literals[0]

    def run(item: Any, scope: Scope) -> Any:
        values = inner(item, scope)
        return None if values is None else any(same(value, wanted) for value in _list(values))

    return run


def _choose(runs: list[Run], literals: list[Value]) -> Run:
    condition, yes, no = runs

    def run(item: Any, scope: Scope) -> Any:
        found = condition(item, scope)
        if found is not None and type(found) is not bool:
            raise scalars.wrong_type(found, "true or false")
        return yes(item, scope) if found else no(item, scope)

    return run


def _negate(value: Any) -> Decimal:
    return ZERO - scalars.decimal(value)


_MANY = 64

FUNCTIONS: dict[str, Function] = {
    "string": _of("text", scalars.text),
    "trim": _of("text", lambda v: scalars.text(v).strip()),
    "upper": _of("text", lambda v: scalars.text(v).upper()),
    "lower": _of("text", lambda v: scalars.text(v).lower()),
    "blank": _of("text", _blank),
    "unless": Function("any", _unless, 2, _MANY, 1),
    "prefix": Function("text", _prefix, 2, 2, first_literal=True),
    "join": Function("text", _join, 2, _MANY, first_literal=True),
    "tail": Function("text", _tail, 2, 2, 1),
    "digits": _of("text", scalars.digits),
    "region": _of("text", scalars.region),
    "country": _of("text", scalars.country),
    "currency": _of("text", scalars.currency),
    "br_tax_id": _of("text", scalars.br_tax_id),
    "money": _of("decimal", scalars.decimal),
    "decimal": _of("decimal", scalars.decimal),
    "cents": _of("decimal", scalars.cents),
    "comma_money": _of("decimal", scalars.comma_decimal),
    "int": _of("int", scalars.integer),
    "bool": _of("bool", scalars.boolean),
    "instant": _of("instant", scalars.instant),
    "utc": _of("instant", scalars.utc),
    "date": _of("date", scalars.calendar_date),
    "sum": Function("decimal", _sum, 1, 2),
    "difference": Function("decimal", _two(lambda a, b: a - b), 2, 2),
    "negate": _of("decimal", _negate),
    "unit": Function("decimal", _two(_unit), 2, 2),
    "first": Function("any", _firsts),
    "only": Function("any", _only),
    "count": _of("int", lambda v: len(_list(v))),
    "is": Function("bool", _is, 2, _MANY, 1),
    "has": Function("bool", _has, 2, 2, 1),
    "choose": Function("same", _choose, 3, 3),
}
