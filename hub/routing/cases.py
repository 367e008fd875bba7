"""The test cases that a rule file carries: places, stock, a demand, and what shall come of it. Pure; a case that fails is told with its line."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time
from decimal import Decimal, InvalidOperation
from typing import Any
from uuid import NAMESPACE_URL, UUID, uuid5
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from hub.canon.calendar import hand_over, waits
from hub.routing.decide import decide
from hub.routing.model import Decision, Demand, DemandLine, Offer, Place
from hub.routing.reading import Reader, line_of
from hub.routing.rules import BadRules, Rules

NOW = datetime(2026, 3, 2, 13, tzinfo=UTC)  # a Monday, 10:00 in São Paulo
CASE = ("case", "now", "places", "stock", "demand", "expect")
PLACE = (
    "kind",
    "at",
    "active",
    "open",
    "capacity",
    "timezone",
    "cut_off",
    "work_days",
    "closed_on",
    "ships",
    "lanes",
)
EVERY_DAY = (1, 2, 3, 4, 5, 6, 7)
LANE = ("to", "carrier", "service", "cost", "per_kg", "days", "co2e_g", "max_weight_g")
DEMAND = (
    "to",
    "lines",
    "method",
    "channel",
    "level",
    "tags",
    "promised_by",
    "pickup",
    "avoid",
    "items",
)
ITEM = ("weight_g", "longest_mm", "value", "hazmat")
EXPECT = ("nodes", "excluded", "unplaced", "services", "relaxed", "methods")


@dataclass(frozen=True, slots=True)
class CaseResult:
    """`differences`: what was expected and what came, one line each; empty: the case holds. `line` in the rule file."""

    name: str
    line: int
    differences: tuple[str, ...]
    decision: Decision | None = None


def check_cases(rules: Rules) -> None:
    """Raise `BadRules` unless every case of the file holds."""
    faults = [f"{rules.file}:{r.line}: case {r.name}: {d}" for r in run_cases(rules) for d in r.differences]
    if faults:
        raise BadRules(faults="; ".join(faults))


def run_cases(rules: Rules) -> list[CaseResult]:
    return [_run(rules, case, n) for n, case in enumerate(rules.cases, 1)]


def _run(rules: Rules, case: Any, number: int) -> CaseResult:
    line = line_of(case)
    if not isinstance(case, Mapping):
        return CaseResult(f"number {number}", line, ("a case is a map that begins with `case: NAME`",))
    name = str(case.get("case", f"number {number}"))
    reader = _CaseReader(rules)
    try:
        demand, places, stock = reader.question(case)
        faults = reader.faults + _misnamed(rules.file, case)
        if faults:
            return CaseResult(name, line, tuple(faults))
        decision = decide(demand, places, stock, rules)
    except (ValueError, TypeError, KeyError, AttributeError, InvalidOperation, ZoneInfoNotFoundError) as error:
        return CaseResult(name, line, (f"it cannot be read: {type(error).__name__} {error}",))
    return CaseResult(name, line, tuple(_differences(decision, places, case.get("expect") or {})), decision)


def _misnamed(file: str, case: Any) -> list[str]:
    reader = Reader(file)
    reader.known(case, CASE, "field of a case")
    reader.known(case.get("expect") or {}, EXPECT, "expectation")
    if not case.get("expect"):
        reader.fault(case, None, "a case expects something")
    return reader.faults


def node_id(code: str) -> UUID:
    return uuid5(NAMESPACE_URL, f"node:{code}")


class _CaseReader:
    def __init__(self, rules: Rules) -> None:
        self.rules = rules
        self.reader = Reader(rules.file)

    @property
    def faults(self) -> list[str]:
        return self.reader.faults

    def question(self, case: Any) -> tuple[Demand, list[Place], dict[tuple[UUID, str], Decimal]]:
        now = datetime.fromisoformat(case["now"]) if "now" in case else NOW
        codes = [*self.rules.case_places, *(c for c in case.get("places") or {} if c not in self.rules.case_places)]
        given = {c: {**self.rules.case_places.get(c, {}), **((case.get("places") or {}).get(c) or {})} for c in codes}
        demand = self.demand(case.get("demand") or {}, now)
        places = [self.place(code, body, demand, now) for code, body in given.items()]
        stock = {
            (node_id(code), str(sku)): Decimal(str(n))
            for code, per in (case.get("stock") or {}).items()
            for sku, n in per.items()
        }
        for code in case.get("stock") or {}:
            if code not in given:
                self.reader.fault(case["stock"], code, f"there is no place {code}")
        return demand, places, stock

    def demand(self, body: Any, now: datetime) -> Demand:
        self.reader.known(body, DEMAND, "field of a demand")
        country, region = _destination(body.get("to", "BR/SP"))
        items = body.get("items") or {}
        for item in items.values():
            self.reader.known(item, ITEM, "field of an item")
        promised = body.get("promised_by")
        return Demand(
            order_id=uuid5(NAMESPACE_URL, "order"),
            lines=tuple(_line(str(sku), n, items.get(sku, {})) for sku, n in body["lines"].items()),
            country=country,
            region=region,
            method=body.get("method", "SHIP"),
            channel=body.get("channel", "web"),
            placed_at=now,
            promised_by=datetime.fromisoformat(promised) if promised else None,
            pickup_node_id=node_id(body["pickup"]) if "pickup" in body else None,
            level=body.get("level"),
            tags=frozenset(body.get("tags") or ()),
            vip=bool(self.rules.vip_tags & set(body.get("tags") or ())),
            avoid=frozenset(
                (node_id(c), str(s)) for c, skus in (body.get("avoid") or {}).items() for s in skus or [""]
            ),
        )

    def place(self, code: str, body: Any, demand: Demand, now: datetime) -> Place:
        self.reader.known(body, PLACE, "field of a place")
        country, region = _destination(body.get("at", "BR/SP"))
        zone = ZoneInfo(body.get("timezone", "America/Sao_Paulo"))
        ships = datetime.fromisoformat(body["ships"]) if "ships" in body else self.ships_next(code, body, now, zone)
        lanes = body.get("lanes") or []
        for lane in lanes:
            self.reader.known(lane, LANE, "field of a lane")
        return Place(
            node_id=node_id(code),
            code=code,
            kind=body.get("kind", "WAREHOUSE"),
            country=country,
            region=region,
            active=body.get("active", True),
            open_fulfillments=body.get("open", 0),
            capacity_per_day=body.get("capacity"),
            ships_at=ships,
            offers=tuple(_offer(x) for x in lanes if _reaches(x, demand)),
            here=now.astimezone(zone).time(),
            waits=waits(now, ships, zone),
        )

    def ships_next(self, code: str, body: Any, now: datetime, zone: ZoneInfo) -> datetime:
        """By the cut-off that the rules give the place, else its own, else 18:00; by its calendar, else every day."""
        cut_off = self.rules.cut_offs.get(code) or str(body.get("cut_off", "18:00"))
        closed = [date.fromisoformat(str(d)) for d in body.get("closed_on", ())]
        return hand_over(now, zone, time.fromisoformat(cut_off), body.get("work_days", EVERY_DAY), closed)


def _line(sku: str, quantity: Any, item: Any) -> DemandLine:
    line = DemandLine(
        line_id=uuid5(NAMESPACE_URL, f"line:{sku}"),
        sku=sku,
        quantity=Decimal(str(quantity)),
        weight_g=item.get("weight_g"),
        longest_mm=item.get("longest_mm"),
        hazmat=item.get("hazmat", False),
    )
    return replace(line, unit_value=Decimal(str(item["value"]))) if "value" in item else line


def _destination(text: str) -> tuple[str, str]:
    country, _, region = text.partition("/")
    return country, region


def _reaches(lane: Any, demand: Demand) -> bool:
    country, region = _destination(lane["to"])
    return country == demand.country and region in ("", demand.region)


def _offer(lane: Any) -> Offer:
    return Offer(
        carrier=lane["carrier"],
        service=lane["service"],
        cost=Decimal(str(lane["cost"])),
        cost_per_kg=Decimal(str(lane.get("per_kg", 0))),
        days=lane["days"],
        co2e_g=lane.get("co2e_g", 0),
        max_weight_g=lane.get("max_weight_g"),
    )


def _differences(decision: Decision, places: Sequence[Place], expect: Any) -> list[str]:
    codes = {p.node_id: p.code for p in places}
    came: dict[str, Any] = {
        "nodes": _amounts((codes[s.node_id], s.sku, s.quantity) for s in decision.shares),
        "excluded": {c.code: c.excluded_by for c in decision.candidates if not c.feasible},
        "unplaced": {s: _plain(q) for _, s, q in decision.unplaced},
        "services": {codes[i]: f"{q.offer.carrier}/{q.offer.service}" for i, q in decision.offers.items() if q.offer},
        "relaxed": list(decision.relaxed),
        "methods": {codes[i]: decision.candidate(i).method for i in {s.node_id for s in decision.shares}},
    }
    found = []
    for key, wanted in expect.items():
        want = _normal(wanted)
        have = came[key] if key != "excluded" else {c: v for c, v in came[key].items() if c in want}
        if want != have:
            found.append(f"{key}: expected {want}, came {have}")
            found += [f"{c.code} is excluded by {c.excluded_by}: {c.reason}" for c in decision.candidates if c.reason]
    return found


def _amounts(shares: Any) -> dict[str, dict[str, str]]:
    sums: dict[str, dict[str, Decimal]] = {}
    for code, sku, n in shares:
        per = sums.setdefault(code, {})
        per[sku] = per.get(sku, Decimal(0)) + n
    return {code: {sku: _plain(n) for sku, n in per.items()} for code, per in sums.items()}


def _plain(n: Decimal) -> str:
    return f"{n.normalize():f}"


def _normal(value: Any) -> Any:
    """What the file says, with numbers as text, as they are compared."""
    if isinstance(value, Mapping):
        return {str(k): _normal(v) for k, v in value.items()}
    if isinstance(value, list):
        return [_normal(v) for v in value]
    return _plain(Decimal(str(value))) if isinstance(value, int) and not isinstance(value, bool) else value
