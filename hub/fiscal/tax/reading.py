"""A tax case as JSON (numbers as strings, percent as `"18"`) into a `TaxCase`. Names the first field that is not right."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from hub.canon.taxids import UF_CODES
from hub.fiscal.tax.case import (
    HUNDRED,
    RATES,
    REDUCTIONS,
    BadDate,
    BadNumber,
    Methods,
    MissingField,
    TaxCase,
    UnknownMethod,
    UnknownRate,
    UnknownUf,
)
from hub.fiscal.tax.plan import TAXES

Json = Mapping[str, Any]
_NUMBER = re.compile(r"[0-9]{1,13}(\.[0-9]{1,10})?", re.ASCII)
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)
_FIRST_DAY = date(2019, 1, 1)  # DIFAL is shared between the UFs before
_OVER_ALL = frozenset({"mva", "ipi", "is"})  # margins and taxes on tobacco exceed the price
_METHODS: Mapping[str, frozenset[str]] = {
    "difal": frozenset({"single", "double", "none"}),
    "pis_cofins_base": frozenset({"net_of_icms", "gross"}),
    "ibs_cbs_base": frozenset({"net", "gross"}),
    "mva": frozenset({"given", "adjusted"}),
    "rates": frozenset({"given", "table"}),
}


def read_case(body: Any) -> TaxCase:
    """Raises a `CaseFault` whose `field` is a dotted path of the input."""
    if not isinstance(body, dict):
        raise MissingField("")
    on = _day(body)
    issuer, buyer, item = (_part(body, name, required=True) for name in ("issuer", "buyer", "item"))
    issuer_uf, buyer_uf = _uf(issuer, "issuer"), _uf(buyer, "buyer")
    regime = issuer.get("pis_cofins", "noncumulative")
    if regime not in ("noncumulative", "cumulative"):
        raise UnknownMethod("issuer.pis_cofins")
    taxpayer = _flag(buyer, "taxpayer", "buyer")
    return TaxCase(
        on=on,
        issuer_uf=issuer_uf,
        buyer_uf=buyer_uf,
        taxpayer=taxpayer,
        final=_flag(buyer, "final", "buyer") if "final" in buyer else not taxpayer,
        crt=_regime(issuer),
        icms_apart="icms_apart" in issuer and _flag(issuer, "icms_apart", "issuer"),
        regime=regime,
        quantity=_number(item, "quantity", "item"),
        unit_price=_number(item, "unit_price", "item"),
        freight=_number(item, "freight", "item", "0"),
        insurance=_number(item, "insurance", "item", "0"),
        other=_number(item, "other", "item", "0"),
        discount=_number(item, "discount", "item", "0"),
        origin=_origin(item),
        rates=_shares(body, "rates", RATES, but=_OVER_ALL),
        reductions=_shares(body, "reductions", REDUCTIONS),
        deferral=_shares(body, "deferral", frozenset({"icms"})),
        amounts=_numbers(body, "amounts", frozenset({"ipi"})),
        methods=_methods(_part(body, "methods")),
        only=_only(body),
    )


def _part(body: Json, name: str, *, required: bool = False) -> Json:
    part = body.get(name)
    if part is None and not required:
        return {}
    if not isinstance(part, dict):
        raise MissingField(name)
    return part


def _day(body: Json) -> date:
    text = body.get("date")
    if text is None:
        raise MissingField("date")
    try:
        day = date.fromisoformat(text) if isinstance(text, str) and _DAY.fullmatch(text) else None
    except ValueError:
        day = None
    if day is None or day < _FIRST_DAY:
        raise BadDate("date")
    return day


def _uf(part: Json, name: str) -> str:
    uf = part.get("uf")
    if uf is None:
        raise MissingField(f"{name}.uf")
    if not isinstance(uf, str) or uf not in UF_CODES:
        raise UnknownUf(f"{name}.uf")
    return uf


def _flag(part: Json, name: str, path: str) -> bool:
    value = part.get(name)
    if not isinstance(value, bool):
        raise MissingField(f"{path}.{name}")
    return value


def _regime(issuer: Json) -> int:
    crt = issuer.get("crt", 3)
    if not isinstance(crt, int) or isinstance(crt, bool) or crt not in {1, 2, 3, 4}:
        raise BadNumber("issuer.crt")
    return crt


def _origin(item: Json) -> str:
    origin = item.get("origin", "0")
    if not isinstance(origin, str) or origin not in set("012345678"):
        raise BadNumber("item.origin")
    return origin


def _number(part: Json, name: str, path: str, default: str | None = None) -> Decimal:
    value = part.get(name, default)
    if value is None:
        raise MissingField(f"{path}.{name}")
    if not isinstance(value, str) or not _NUMBER.fullmatch(value):
        raise BadNumber(f"{path}.{name}")
    return Decimal(value)


def _numbers(body: Json, name: str, known: frozenset[str]) -> dict[str, Decimal]:
    part = _part(body, name)
    for key in part:
        if key not in known:
            raise UnknownRate(f"{name}.{key}")
    return {key: _number(part, key, name) for key in part}


def _shares(body: Json, name: str, known: frozenset[str], *, but: frozenset[str] = frozenset()) -> dict[str, Decimal]:
    """Percentages of something, so at most 100; `but` may be more."""
    shares = _numbers(body, name, known)
    for key, value in shares.items():
        if value > HUNDRED and key not in but:
            raise BadNumber(f"{name}.{key}")
    return shares


def _methods(part: Json) -> Methods:
    chosen: dict[str, Any] = {}
    for name, value in part.items():
        if name == "ipi_in_icms_base":
            chosen[name] = _flag(part, name, "methods")
        elif isinstance(value, str) and value in _METHODS.get(name, frozenset()):
            chosen[name] = value
        else:
            raise UnknownMethod(f"methods.{name}")
    return Methods(**chosen)


def _only(body: Json) -> frozenset[str] | None:
    only = body.get("only")
    if only is None:
        return None
    if not isinstance(only, list) or any(tax not in TAXES for tax in only):
        raise UnknownRate("only")
    return frozenset(only)
