"""Checks on the canonical result: the built-in ones of an order and those that a mapping declares. They judge, they never repair."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from hub.mapping.codes import CURRENCIES
from hub.mapping.faults import EXPECTED, Reason, shown
from hub.mapping.spec import Check
from hub.mapping.targets import is_personal

ZERO = Decimal(0)
CENT = Decimal("0.01")
_INDEX = re.compile(r"\[\d+\]")
_ADDED = ("goods", "shipping", "tip", "fees", "duties")
_TAKEN = ("discount", "shipping_discount")


@dataclass(frozen=True, slots=True)
class CheckResult:
    """`left` and `right` are the two sides that should agree."""

    id: str
    ok: bool
    left: str | None
    right: str | None

    def as_dict(self) -> dict[str, Any]:
        return {"id": self.id, "ok": self.ok, "left": self.left, "right": self.right}


@dataclass(frozen=True, slots=True)
class Failure:
    """A check that does not hold, before it is given the place in the mapping."""

    at: str
    code: str
    message: str
    value: Any = None
    line: int | None = None


def digits(value: Any) -> str | None:
    """A value as a check shows it: decimals at their own scale."""
    if value is None:
        return None
    return format(value, "f") if isinstance(value, Decimal) else str(value)


# ------------------------------------------------------------------ computed
def complete_order(value: dict[str, Any]) -> None:
    """Fills in what the hub computes: goods, discount, a total that the channel does not give, who fulfills."""
    lines = value["lines"] or []
    totals = value["totals"]
    value["fulfilled_by"] = "CHANNEL" if {line["fulfilled_by"] for line in lines} == {"CHANNEL"} else "MERCHANT"
    if totals is not None:
        totals["goods"] = _sum([gross_of(line) for line in lines])
        totals["discount"] = _sum([line["discount"] for line in lines] + [totals["order_discount"] or ZERO])


def compute_total(value: dict[str, Any]) -> None:
    """The total of an order whose channel tells none."""
    value["totals"]["total"] = order_total(value["totals"])


def gross_of(line: dict[str, Any]) -> Decimal | None:
    """The line before discounts: as given, else price x quantity without the zeros that a product gathers (12.00 x 0.350 is 4.20)."""
    gross: Decimal | None = line["gross"]
    if gross is not None:
        return gross
    price, quantity = line["unit_price"], line["quantity"]
    if price is None or quantity is None:
        return None
    product: Decimal = price * quantity
    if int(product.as_tuple().exponent) >= -2:
        return product
    short = product.normalize()
    return short.quantize(CENT) if int(short.as_tuple().exponent) > -2 else short


def _sum(values: list[Decimal | None]) -> Decimal | None:
    total = ZERO
    for value in values:
        if value is None:
            return None
        total += value
    return total


def order_total(totals: dict[str, Any]) -> Decimal | None:
    """The identity: goods - discount + shipping - shipping_discount + tip + fees + duties + (0 if tax_included else tax)."""
    if totals["goods"] is None or totals["discount"] is None or totals["shipping"] is None:
        return None
    total = ZERO
    for name in _ADDED:
        total += totals[name] or ZERO
    for name in _TAKEN:
        total -= totals[name] or ZERO
    return total if totals["tax_included"] else total + (totals["tax"] or ZERO)


# ------------------------------------------------------------------ built in
def order_checks(value: dict[str, Any], faulty: set[str]) -> Iterator[CheckResult | Failure]:
    """`totals`, `lines` and `currency`. The last two are listed only where they fail: they have no two sides to show."""
    yield from _totals(value, faulty)
    yield from currency_check(value)
    seen: set[str] = set()
    for index, line in enumerate(value["lines"] or []):
        at = f"lines[{index}]"
        name = line["external_id"]
        if name is not None and name in seen:
            yield Failure(f"{at}.external_id", "DUPLICATE_LINE", EXPECTED["DUPLICATE_LINE"], name)
        seen.add(name)
        yield from _line(at, line)


def currency_check(value: dict[str, Any]) -> Iterator[Failure]:
    """Of orders and refunds: also a currency that no function has looked at is one of ISO 4217."""
    code = value["currency"]
    if code is not None and code not in CURRENCIES:
        yield Failure("currency", "BAD_CODE", "expected an ISO 4217 currency such as BRL", code)


def _totals(value: dict[str, Any], faulty: set[str]) -> Iterator[CheckResult | Failure]:
    totals = value["totals"]
    if totals is None or any(at.startswith(("totals", "lines")) for at in faulty):
        return
    left, right = order_total(totals), totals["total"]
    if left is None or right is None:
        return
    ok = left == right
    yield CheckResult("totals", ok, digits(left), digits(right))
    if not ok:
        message = f"the parts add up to {digits(left)}"
        yield Failure("totals.total", "TOTALS_MISMATCH", message, digits(right))


def _line(at: str, line: dict[str, Any]) -> Iterator[CheckResult | Failure]:
    quantity, price, discount = line["quantity"], line["unit_price"], line["discount"]
    if quantity is not None and quantity <= ZERO:
        yield _broken(f"{at}.quantity", digits(quantity), "0", "a quantity is above 0")
    if price is not None and price < ZERO:
        yield _broken(f"{at}.unit_price", digits(price), "0", "a unit price is at least 0")
    if not discount:
        return
    most = gross_of(line)
    if most is not None and (discount < ZERO or discount > most):
        yield _broken(f"{at}.discount", digits(discount), digits(most), f"a discount lies between 0 and {digits(most)}")


def _broken(at: str, left: str | None, right: str | None, message: str) -> Failure:
    return Failure(at, "CHECK_FAILED", message, left)


# ------------------------------------------------------------------ declared
def declared_checks(
    checks: tuple[Check, ...], value: dict[str, Any], faulty: set[str]
) -> Iterator[CheckResult | Failure]:
    """The file's own checks; one that needs a field at fault is skipped."""
    templates = {_INDEX.sub("[]", at) for at in faulty}
    for check in checks:
        needed = (*check.paths, *((check.equals,) if check.equals else ()))
        if any(fault == path or path.startswith(f"{fault}.") for path in needed for fault in templates):
            continue
        if check.when and not any(found not in (None, False) for _, found in pick(value, check.when)):
            continue
        yield from _KINDS[check.kind](check, value)


def pick(value: Any, path: str, base: str = "") -> list[tuple[str, Any]]:
    """The canonical values under a path such as `lines[].tax`, with their places."""
    found = [(base, value)]
    for key in path.split("."):
        name = key.removesuffix("[]")
        found = [(f"{at}.{name}" if at else name, inner.get(name)) for at, inner in found if isinstance(inner, dict)]
        if key.endswith("[]"):
            found = [(f"{at}[{i}]", element) for at, inner in found for i, element in enumerate(inner or [])]
    return found


def _check_sum(check: Check, value: dict[str, Any]) -> Iterator[CheckResult | Failure]:
    left = sum((found for path in check.paths for _, found in pick(value, path) if found is not None), ZERO)
    sides = pick(value, check.equals or "")
    right = sum((found for _, found in sides if found is not None), ZERO)
    if all(found is None for _, found in sides):
        return
    ok = abs(left - right) <= _tolerance(check, value)
    yield CheckResult(check.id, ok, digits(left), digits(right))
    if not ok:
        yield Failure(sides[0][0], "CHECK_FAILED", f"{check.id}: the sum is {digits(left)}", digits(right), check.line)


def _tolerance(check: Check, value: dict[str, Any]) -> Decimal:
    """What is allowed a line, and never more than the currency's minor unit, times the lines."""
    minor = Decimal(1).scaleb(-CURRENCIES.get(str(value.get("currency")), 2))
    return min(check.tolerance, minor) * max(1, len(value.get("lines") or ()))


def _check_each(check: Check, value: dict[str, Any]) -> Iterator[CheckResult | Failure]:
    bad = [(at, found) for at, found in pick(value, check.paths[0]) if found is not None and not _allowed(check, found)]
    yield CheckResult(check.id, not bad, digits(bad[0][1]) if bad else None, None)
    for at, found in bad:
        yield Failure(at, "CHECK_FAILED", f"{check.id}: not allowed here", digits(found), check.line)


def _allowed(check: Check, found: Any) -> bool:
    if check.one_of is not None and str(found) not in check.one_of:
        return False
    if check.above is not None and not found > check.above:
        return False
    return check.at_least is None or bool(found >= check.at_least)


def _check_same(check: Check, value: dict[str, Any]) -> Iterator[CheckResult | Failure]:
    found = [(at, seen) for path in check.paths for at, seen in pick(value, path) if seen is not None]
    other = next(((at, seen) for at, seen in found if seen != found[0][1]), None)
    yield CheckResult(
        check.id, other is None, digits(found[0][1]) if found else None, digits(other[1]) if other else None
    )
    if other:
        yield Failure(
            other[0], "CHECK_FAILED", f"{check.id}: expected the same everywhere", digits(other[1]), check.line
        )


def _check_required(check: Check, value: dict[str, Any]) -> Iterator[CheckResult | Failure]:
    empty = [path for path in check.paths if any(found is None for _, found in pick(value, path))]
    yield CheckResult(check.id, not empty, None, None)
    for path in empty:
        yield Failure(path, "MISSING", f"{check.id}: {EXPECTED['MISSING']}", None, check.line)


_KINDS: dict[str, Callable[[Check, dict[str, Any]], Iterator[CheckResult | Failure]]] = {
    "sum": _check_sum,
    "each": _check_each,
    "same": _check_same,
    "required": _check_required,
}


def as_reason(
    failure: Failure, places: dict[str, tuple[str, int, str | None]], file: str, hidden: frozenset[str]
) -> Reason:
    """The failure with the place in the mapping that filled the field."""
    template = _INDEX.sub("[]", failure.at)
    found_file, line, source = places.get(template, (file, 1, None))
    private = is_personal(failure.at) or template in hidden
    return Reason(
        code=failure.code,
        at=failure.at,
        source=source,
        value=None if failure.value is None else "[hidden]" if private else shown(failure.value),
        file=file if failure.line else found_file,
        line=failure.line or line,
        message=failure.message,
    )
