"""Routing rules as data: which nodes are excluded and why, what a choice costs. Read from `mappings/routing/*.yaml`, refused with file, line and reason."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any, ClassVar

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap
from ruamel.yaml.error import MarkedYAMLError

from hub.kit.errors import HubError

FILTERS = (
    "active",
    "country",
    "kind",
    "lane",
    "capacity",
    "stock",
    "avoid",
    "pickup",
    "weight",
    "hazmat",
    "regions",
    "channel",
)
WEIGHTS = ("cost", "day", "late_day", "split", "load", "co2e_kg", "leave_region", "leave_country", "scarcity")
HEAD = {"rules", "version", "currency", "rates", "filters", "score", "most_nodes", "fallback", "cut_offs", "cases"}


class BadRules(HubError):
    """{file}:{line}: {reason}"""

    code: ClassVar[str] = "RULES_INVALID"


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """Excludes a node. `values`: what its id takes (kinds, UFs, channels); `only`: nodes it speaks of, empty for all."""

    id: str
    values: tuple[str, ...] = ()
    only: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """`score`: weights in `currency` by name. `version`: first 16 hex digits of the file's SHA-256. `cut_offs`: node code -> "HH:MM"."""

    name: str
    version: str
    text: str
    currency: str
    rates: Mapping[str, Decimal]
    filters: tuple[Filter, ...]
    score: Mapping[str, Decimal]
    most_nodes: int
    fallback: str
    cut_offs: Mapping[str, str]
    cases: tuple[Mapping[str, Any], ...]

    def weight(self, name: str) -> Decimal:
        return self.score.get(name, Decimal(0))


def load_rules(path: Path) -> Rules:
    """Read and check one rule file."""
    return parse_rules(path.name, path.read_text(encoding="utf-8"))


def parse_rules(file: str, text: str) -> Rules:
    try:
        body = YAML(typ="rt", pure=True).load(text)
    except MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 0
        raise BadRules(file=file, line=line, reason=str(error.problem)) from error
    if not isinstance(body, CommentedMap):
        raise BadRules(file=file, line=1, reason="a rule file is a map that begins with `rules: NAME`")
    reader = _Reader(file, body)
    for key in body:
        if key not in HEAD:
            reader.refuse(key, f"unknown field {key}; known are {', '.join(sorted(HEAD))}")
    return Rules(
        name=str(reader.need("rules")),
        version=hashlib.sha256(text.encode()).hexdigest()[:16],
        text=text,
        currency=str(reader.need("currency")),
        rates={k: reader.number("rates", v) for k, v in (body.get("rates") or {}).items()},
        filters=tuple(reader.filter(f) for f in reader.need("filters")),
        score=reader.score(reader.need("score")),
        most_nodes=int(reader.number("most_nodes", body.get("most_nodes", 4))),
        fallback=reader.one_of("fallback", body.get("fallback", "hold"), ("hold", "partial")),
        cut_offs=dict(body.get("cut_offs") or {}),
        cases=tuple(body.get("cases") or ()),
    )


class _Reader:
    def __init__(self, file: str, body: CommentedMap) -> None:
        self.file, self.body = file, body

    def refuse(self, key: str, reason: str) -> None:
        line = self.body.lc.key(key)[0] + 1 if key in self.body else 1
        raise BadRules(file=self.file, line=line, reason=reason)

    def need(self, key: str) -> Any:
        if self.body.get(key) is None:
            self.refuse(key, f"{key} is missing")
        return self.body[key]

    def number(self, key: str, value: Any) -> Decimal:
        if isinstance(value, float):
            self.refuse(key, f"{key}: write {value} between quotes, so that it stays exact")
        try:
            return Decimal(str(value))
        except InvalidOperation:
            self.refuse(key, f"{key}: {value!r} is no number")
            raise

    def one_of(self, key: str, value: Any, known: tuple[str, ...]) -> str:
        if value not in known:
            self.refuse(key, f"{key} is one of {', '.join(known)}, not {value!r}")
        return str(value)

    def score(self, given: Mapping[str, Any]) -> dict[str, Decimal]:
        for name in given:
            if name not in WEIGHTS:
                line = given.lc.key(name)[0] + 1 if isinstance(given, CommentedMap) else 1
                raise BadRules(
                    file=self.file, line=line, reason=f"unknown weight {name}; known are {', '.join(WEIGHTS)}"
                )
        return {name: self.number("score", value) for name, value in given.items()}

    def filter(self, given: Any) -> Filter:
        if not isinstance(given, Mapping) or given.get("id") not in FILTERS or set(given) - {"id", "values", "only"}:
            line = given.lc.line + 1 if isinstance(given, CommentedMap) else 1
            raise BadRules(
                file=self.file, line=line, reason=f"a filter has id (one of {', '.join(FILTERS)}), values and only"
            )
        return Filter(
            id=given["id"],
            values=tuple(str(v) for v in given.get("values") or ()),
            only=tuple(str(v) for v in given.get("only") or ()),
        )
