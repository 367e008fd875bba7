"""Read a rule file: every field is known, every fault is told with its line, and a file with faults gives no rules."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from datetime import time
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.error import MarkedYAMLError

from hub.routing.rules import (
    CONDITIONS,
    FILTERS,
    METHODS,
    PRIORITIES,
    WEIGHTS,
    BadRules,
    Filter,
    Level,
    Policy,
    Rules,
    When,
)

NEEDED = ("rules", "currency", "filters", "score")
HEAD = (
    *NEEDED,
    "version",
    "rates",
    "most_nodes",
    "fallback",
    "relax",
    "cut_offs",
    "policies",
    "levels",
    "tax",
    "priorities",
    "vip_tags",
    "case_places",
    "cases",
)


def load_rules(path: Path) -> Rules:
    """Read one rule file; its cases are run by `check_cases`. Raises `BadRules` with all faults."""
    return parse_rules(path.name, path.read_text(encoding="utf-8"))


def parse_rules(file: str, text: str) -> Rules:
    reader = Reader(file)
    try:
        body = YAML(typ="rt", pure=True).load(text)
    except MarkedYAMLError as error:
        line = error.problem_mark.line if error.problem_mark else 0
        raise BadRules(faults=f"{file}:{line + 1}: {error.problem}") from error
    if not isinstance(body, CommentedMap):
        raise BadRules(faults=f"{file}:1: a rule file is a map that begins with `rules: NAME`")
    reader.known(body, HEAD, "field")
    for key in NEEDED:
        if not body.get(key):
            reader.fault(body, None, f"{key} is missing")
    filters = tuple(reader.filter(f) for f in reader.items(body, "filters"))
    policies = tuple(reader.policy(p) for p in reader.items(body, "policies"))
    whens = [f.when for f in filters] + [p.when for p in policies] + [f.when for p in policies for f in p.filters]
    rules = Rules(
        name=str(body.get("rules")),
        version=hashlib.sha256(text.encode()).hexdigest()[:16],
        file=file,
        text=text,
        currency=str(body.get("currency")),
        rates={str(k): reader.number(body, "rates", v) for k, v in reader.map(body, "rates").items()},
        filters=filters,
        score=reader.weights(reader.map(body, "score")),
        most_nodes=reader.whole(body, "most_nodes", 4),
        fallback=reader.one_of(body, "fallback", ("hold", "partial"), "hold"),
        cut_offs=reader.cut_offs(body),
        cases=tuple(reader.items(body, "cases")),
        case_places=reader.map(body, "case_places"),
        relax=tuple(reader.words(body, "relax", step, FILTERS) for step in reader.items(body, "relax")),
        policies=policies,
        levels={str(k): reader.level(v) for k, v in reader.map(body, "levels").items()},
        tax=reader.tax(reader.items(body, "tax")),
        priorities=reader.words(body, "priorities", body.get("priorities"), PRIORITIES),
        vip_tags=frozenset(reader.words(body, "vip_tags", body.get("vip_tags"))),
        tags=frozenset(v for w in whens for v in w.words.get("tag", ())),
    )
    if reader.faults:
        raise BadRules(faults="; ".join(reader.faults))
    return rules


class Reader:
    """Collects faults while it reads, so that an author sees all of them at once."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.faults: list[str] = []

    def fault(self, where: Any, key: Any, reason: str) -> None:
        self.faults.append(f"{self.file}:{line_of(where, key)}: {reason}")

    def known(self, given: Mapping[str, Any], names: Sequence[str], what: str) -> None:
        for key in given:
            if key not in names:
                self.fault(given, key, f"unknown {what} {key}; known are {', '.join(sorted(names))}")

    def map(self, body: Any, key: str) -> Mapping[str, Any]:
        value = body.get(key) or CommentedMap()
        if isinstance(value, CommentedMap):
            return value
        self.fault(body, key, f"{key} is a map")
        return CommentedMap()

    def items(self, body: Any, key: str) -> Sequence[Any]:
        value = body.get(key) or CommentedSeq()
        if isinstance(value, CommentedSeq):
            return value
        self.fault(body, key, f"{key} is a list")
        return CommentedSeq()

    def number(self, where: Any, key: str, value: Any) -> Decimal:
        """An exact number, never below zero: a negative cost would reward detours without end."""
        if isinstance(value, float) or value is None:
            self.fault(where, key, f"{key}: write {value} between quotes, so that it stays exact")
            return Decimal(0)
        try:
            found = Decimal(str(value))
        except InvalidOperation:
            self.fault(where, key, f"{key}: {value!r} is no number")
            return Decimal(0)
        if not found.is_finite() or found < 0:
            self.fault(where, key, f"{key}: {value} must be zero or more")
            return Decimal(0)
        return found

    def whole(self, where: Any, key: str, default: int | None = None) -> Any:
        value = where.get(key, default)
        if value is not None and (not isinstance(value, int) or isinstance(value, bool) or value < 0):
            self.fault(where, key, f"{key} is a whole number, not {value!r}")
            return default
        return value

    def one_of(self, where: Any, key: str, known: Sequence[str], default: str | None = None) -> Any:
        value = where.get(key, default)
        if value is not None and value not in known:
            self.fault(where, key, f"{key} is one of {', '.join(known)}, not {value!r}")
        return value

    def words(self, where: Any, key: str, value: Any, known: Sequence[str] = ()) -> tuple[str, ...]:
        if value is None:
            return ()
        if not isinstance(value, list):
            self.fault(where, key, f"{key} takes lists, not {value!r}")
            return ()
        for word in value:
            if known and word not in known:
                self.fault(where, key, f"{key}: unknown {word}; known are {', '.join(known)}")
        return tuple(str(w) for w in value)

    def weights(self, given: Mapping[str, Any]) -> dict[str, Decimal]:
        self.known(given, WEIGHTS, "weight")
        return {name: self.number(given, name, value) for name, value in given.items()}

    def filter(self, given: Any) -> Filter:
        if not isinstance(given, CommentedMap):
            self.fault(given, None, "a filter is a map that begins with `id`")
            return Filter(id="active")
        self.known(given, ("id", "values", "only", "most", "when"), "field of a filter")
        self.one_of(given, "id", FILTERS, "")
        id_ = str(given.get("id"))
        values = self.words(given, "values", given.get("values"))
        if id_ in ("channel", "kind", "regions", "hours") and not values:
            self.fault(given, None, f"the filter {id_} needs values")
        if id_ == "size" and given.get("most") is None:
            self.fault(given, None, "the filter size needs most, the longest side in millimetres")
        return Filter(
            id=id_,
            values=values,
            only=self.words(given, "only", given.get("only")),
            most=self.whole(given, "most"),
            spans=tuple(self.span(given, v) for v in values) if id_ == "hours" else (),
            when=self.when(given),
        )

    def span(self, where: Any, text: str) -> tuple[time, time]:
        start, _, end = text.partition("-")
        return self.clock(where, "values", start), self.clock(where, "values", end)

    def clock(self, where: Any, key: str, text: str) -> time:
        try:
            return time(23, 59, 59, 999999) if text == "24:00" else time.fromisoformat(text)
        except ValueError:
            self.fault(where, key, f"{key}: {text!r} is no local time HH:MM")
            return time(0)

    def cut_offs(self, body: Any) -> dict[str, str]:
        given = self.map(body, "cut_offs")
        for code, text in given.items():
            self.clock(given, code, str(text))
        return {str(code): str(text) for code, text in given.items()}

    def when(self, given: Any) -> When:
        words = self.map(given, "when")
        self.known(words, CONDITIONS, "condition")
        return When({str(k): frozenset(self.words(words, str(k), v)) for k, v in words.items()})

    def policy(self, given: Any) -> Policy:
        if not isinstance(given, CommentedMap):
            self.fault(given, None, "a policy is a map that begins with `id`")
            return Policy(id="", when=When())
        self.known(given, ("id", "when", "filters", "skip", "add", "method"), "field of a policy")
        if not given.get("id") or not given.get("when"):
            self.fault(given, None, "a policy has an id and says when it holds")
        return Policy(
            id=str(given.get("id")),
            when=self.when(given),
            filters=tuple(self.filter(f) for f in self.items(given, "filters")),
            skip=frozenset(self.words(given, "skip", given.get("skip"), FILTERS)),
            add=self.number(given, "add", given.get("add", "0")),
            method=self.one_of(given, "method", METHODS),
        )

    def level(self, given: Any) -> Level:
        if not isinstance(given, CommentedMap):
            self.fault(given, None, "a service level is a map of services, most_days, today")
            return Level()
        self.known(given, ("services", "most_days", "today"), "field of a level")
        return Level(
            services=frozenset(self.words(given, "services", given.get("services"))),
            most_days=self.whole(given, "most_days"),
            today=given.get("today") is True,
        )

    def tax(self, rows: Sequence[Any]) -> dict[tuple[str, str], Decimal]:
        found: dict[tuple[str, str], Decimal] = {}
        for row in rows:
            if not isinstance(row, CommentedMap) or set(row) != {"from", "to", "percent"}:
                self.fault(row, None, "a row of tax has from, to and percent")
                continue
            key = (str(row["from"]), str(row["to"]))
            if key in found:
                self.fault(row, None, f"the way from {key[0]} to {key[1]} stands twice")
            found[key] = self.number(row, "percent", row["percent"])
        return found


def line_of(where: Any, key: Any = None) -> int:
    """The line, counted from 1, of a key of a node that was read, or of the node; 1 where it is not known."""
    place = getattr(where, "lc", None)
    if place is None or place.line is None:
        return 1
    if isinstance(where, CommentedMap) and key in where:
        return int(place.key(key)[0]) + 1
    return int(place.line) + 1
