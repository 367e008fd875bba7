"""Routing on generated Brazilian orders (27 UFs, 12 nodes): freight, parcels and lateness of our rules against the nearest node and
against the order of stock, and the CPU time of a decision. Prints one JSON line; asserts nothing.
`python -m tests.bench.routing_cost [ORDERS] [--seed N]`.
"""

from __future__ import annotations

import argparse
import json
import math
import random
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from uuid import UUID

import hub
from hub.kit.ids import new_id
from hub.routing import Board, Demand, DemandLine, Offer, Place, load_rules

RULES = Path(hub.__file__).parent.parent / "mappings" / "routing" / "default.yaml"
NOW = datetime(2026, 3, 2, 13, tzinfo=UTC)
SKUS = 400
# UF -> latitude and longitude of its capital, people in millions: the weight of its orders
UFS = {
    "AC": (-10.0, -67.8, 0.8),
    "AL": (-9.7, -35.7, 3.1),
    "AM": (-3.1, -60.0, 3.9),
    "AP": (0.0, -51.1, 0.7),
    "BA": (-13.0, -38.5, 14.1),
    "CE": (-3.7, -38.5, 8.8),
    "DF": (-15.8, -47.9, 2.8),
    "ES": (-20.3, -40.3, 3.8),
    "GO": (-16.7, -49.3, 7.1),
    "MA": (-2.5, -44.3, 6.8),
    "MG": (-19.9, -43.9, 20.5),
    "MS": (-20.4, -54.6, 2.8),
    "MT": (-15.6, -56.1, 3.7),
    "PA": (-1.5, -48.5, 8.1),
    "PB": (-7.1, -34.9, 4.0),
    "PE": (-8.1, -34.9, 9.1),
    "PI": (-5.1, -42.8, 3.3),
    "PR": (-25.4, -49.3, 11.4),
    "RJ": (-22.9, -43.2, 16.1),
    "RN": (-5.8, -35.2, 3.3),
    "RO": (-8.8, -63.9, 1.6),
    "RR": (2.8, -60.7, 0.6),
    "RS": (-30.0, -51.2, 10.9),
    "SC": (-27.6, -48.5, 7.6),
    "SE": (-10.9, -37.1, 2.2),
    "SP": (-23.6, -46.6, 44.4),
    "TO": (-10.2, -48.3, 1.5),
}
NODES = ("SP", "SP", "MG", "RJ", "PR", "RS", "BA", "PE", "CE", "GO", "ES", "AM")
Stock = dict[tuple[UUID, str], Decimal]
Choose = Callable[[Demand, Stock], Mapping[tuple[UUID, UUID], Decimal]]  # -> (node, line) -> units


def kilometres(a: str, b: str) -> float:
    """By road, about: the great circle and a quarter more; 40 within a UF."""
    (la, lo, _), (lb, ob, _) = UFS[a], UFS[b]
    x, y = math.radians(ob - lo) * math.cos(math.radians((la + lb) / 2)), math.radians(lb - la)
    return max(40.0, 1.25 * 6371 * math.hypot(x, y))


def offers(here: str, there: str) -> tuple[Offer, ...]:
    """An economy and an express service, dearer with distance and on the far side of a border."""
    km = kilometres(here, there)
    road = Decimal(str(round(12 + km * 0.011 + (3 if here != there else 0), 2)))
    slow = Offer(
        carrier="Correios",
        service="PAC",
        cost=road,
        cost_per_kg=Decimal(str(round(0.9 + km * 0.0012, 2))),
        days=2 + round(km / 450),
        co2e_g=round(60 + km * 0.35),
        max_weight_g=30_000,
    )
    cost = (road * Decimal("1.7")).quantize(Decimal("0.01"))
    return slow, replace(slow, service="SEDEX", cost=cost, days=1 + round(km / 1400), co2e_g=round(60 + km * 0.9))


@dataclass(slots=True)
class Land:
    """The network: node -> UF, what each destination is offered, the same for every way of choosing."""

    uf: dict[UUID, str]
    places: dict[str, list[Place]] = field(default_factory=dict)

    def serving(self, _country: str, region: str) -> list[Place]:
        if region not in self.places:
            self.places[region] = [self._place(i, uf, region) for i, uf in self.uf.items()]
        return self.places[region]

    def _place(self, node_id: UUID, uf: str, region: str) -> Place:
        return Place(
            node_id=node_id,
            code=uf,
            kind="WAREHOUSE",
            country="BR",
            region=uf,
            active=True,
            open_fulfillments=0,
            capacity_per_day=None,
            ships_at=NOW + timedelta(hours=6),
            offers=offers(uf, region),
        )


def land_and_stock(dice: random.Random, orders: int) -> tuple[Land, Stock]:
    """Each SKU at two to seven nodes, a third more units than will be asked."""
    land = Land({new_id(): uf for uf in NODES})
    stock: Stock = {}
    for n in range(SKUS):
        at = dice.sample(list(land.uf), dice.randint(2, 7))
        for node in at:
            stock[node, f"S{n}"] = Decimal(max(1, round(dice.uniform(0.5, 1.5) * 4.3 * orders / SKUS / len(at))))
    return land, stock


def demands(dice: random.Random, count: int) -> list[Demand]:
    made = []
    for _ in range(count):
        [uf] = dice.choices(list(UFS), [w for _, _, w in UFS.values()])
        skus = dice.sample(range(SKUS), dice.choices((1, 2, 3, 4), (50, 28, 14, 8))[0])
        lines = tuple(
            DemandLine(
                line_id=new_id(),
                sku=f"S{s}",
                quantity=Decimal(dice.choice((1, 1, 1, 2, 3))),
                weight_g=200 + 37 * (s % 40),
            )
            for s in skus
        )
        promised = NOW + timedelta(days=dice.choice((2, 4, 6, 8)), hours=12)
        made.append(
            Demand(
                order_id=new_id(),
                lines=lines,
                country="BR",
                region=uf,
                method="SHIP",
                channel="web",
                placed_at=NOW,
                promised_by=promised,
            )
        )
    return made


def by_rules(board: Board) -> Choose:
    def choose(demand: Demand, stock: Stock) -> dict[tuple[UUID, UUID], Decimal]:
        return {(s.node_id, s.line_id): s.quantity for s in board.decide(demand, stock).shares}

    return choose


def line_by_line(rank: Callable[[Demand, DemandLine, Stock], Sequence[UUID]]) -> Choose:
    """Each line from the first nodes of a ranking that have it."""

    def choose(demand: Demand, stock: Stock) -> dict[tuple[UUID, UUID], Decimal]:
        found: dict[tuple[UUID, UUID], Decimal] = {}
        for line in demand.lines:
            left = line.quantity
            for node in rank(demand, line, stock):
                part = min(left, stock.get((node, line.sku), Decimal(0)))
                if part > 0:
                    found[node, line.line_id] = part
                    left -= part
        return found

    return choose


def parcel(land: Land, demand: Demand, node: UUID, grams: Decimal) -> Offer:
    """The cheapest service that keeps the promise, else the quickest one: the same for every way of choosing nodes."""
    place = next(p for p in land.serving("BR", demand.region) if p.node_id == node)
    promised = demand.promised_by or NOW
    kept = [o for o in place.offers if place.ships_at + timedelta(days=o.days) <= promised]
    return (
        min(kept, key=lambda o: o.cost + o.cost_per_kg * grams / 1000)
        if kept
        else min(place.offers, key=lambda o: o.days)
    )


def measure(land: Land, stock: Stock, asked: Sequence[Demand], choose: Choose) -> dict[str, float]:
    """Freight, parcels and lateness when every order is given its nodes one after the other and takes its units."""
    left, cost, parcels, late, units, wanted, co2e = dict(stock), Decimal(0), 0, 0, Decimal(0), Decimal(0), 0
    for demand in asked:
        chosen = choose(demand, left)
        weights = {x.line_id: (x.sku, Decimal(x.weight_g or 0)) for x in demand.lines}
        grams: dict[UUID, Decimal] = {}
        for (node, line_id), n in chosen.items():
            sku, weight = weights[line_id]
            left[node, sku] -= n
            units += n
            grams[node] = grams.get(node, Decimal(0)) + n * weight
        taken = {node: parcel(land, demand, node, g) for node, g in grams.items()}
        cost += sum((o.cost + o.cost_per_kg * grams[n] / 1000 for n, o in taken.items()), Decimal(0))
        parcels += len(taken)
        co2e += sum(o.co2e_g for o in taken.values())
        wanted += sum((x.quantity for x in demand.lines), Decimal(0))
        arrives = [NOW + timedelta(hours=6, days=o.days) for o in taken.values()]
        late += bool(arrives and demand.promised_by and max(arrives) > demand.promised_by)
    count = len(asked)
    return {
        "freight_per_order_brl": round(float(cost) / count, 2),
        "parcels_per_order": round(parcels / count, 3),
        "late_percent": round(100 * late / count, 2),
        "co2e_kg_per_order": round(co2e / count / 1000, 3),
        "units_placed_percent": round(100 * float(units / wanted), 2),
    }


def decision_time(nodes: int, services: int, rounds: int = 400) -> float:
    """Median CPU microseconds of a decision: three lines, everything in stock, a promise."""
    land = Land({new_id(): uf for uf in NODES[:nodes]})
    board = Board(load_rules(RULES), lambda c, r: [replace(p, offers=p.offers[:services]) for p in land.serving(c, r)])
    dice = random.Random(3)
    asked = [replace(d, region="SP", lines=(*d.lines * 3,)[:3]) for d in demands(dice, rounds)]
    asked = [replace(d, lines=tuple(replace(x, sku=f"S{n}") for n, x in enumerate(d.lines))) for d in asked]
    stock = {(i, f"S{n}"): Decimal(10_000) for i in land.uf for n in range(3)}
    board.decide(asked[0], stock)
    times = []
    for demand in asked:
        began = time.thread_time_ns()
        board.decide(demand, stock)
        times.append((time.thread_time_ns() - began) / 1000)
    return round(statistics.median(times), 1)


def ways(land: Land, board: Board) -> dict[str, Choose]:
    """Our rules, the nearest node that has it, the node that has most of it."""

    def nearest(demand: Demand, line: DemandLine, left: Stock) -> list[UUID]:
        return sorted(land.uf, key=lambda i: kilometres(land.uf[i], demand.region))

    def fullest(demand: Demand, line: DemandLine, left: Stock) -> list[UUID]:
        return sorted(land.uf, key=lambda i: -left.get((i, line.sku), Decimal(0)))

    return {
        "rules": by_rules(board),
        "nearest_node": line_by_line(nearest),
        "order_of_stock": line_by_line(fullest),
    }


def main() -> None:
    words = argparse.ArgumentParser(
        prog="routing_cost", description="Freight, parcels and lateness of three ways to choose nodes."
    )
    words.add_argument("orders", nargs="?", type=int, default=3000)
    words.add_argument("--seed", type=int, default=11, help="of the generated orders and stock")
    given = words.parse_args()
    count, dice = given.orders, random.Random(given.seed)
    land, stock = land_and_stock(dice, count)
    asked = demands(dice, count)
    board = Board(load_rules(RULES), land.serving)
    found = {name: measure(land, stock, asked, way) for name, way in ways(land, board).items()}
    ours = found["rules"]["freight_per_order_brl"]
    print(  # noqa: T201 - the figure is the product of this file
        json.dumps(
            {
                "bench": "routing_cost",
                "orders": count,
                "seed": given.seed,
                "nodes": len(NODES),
                "ufs": len(UFS),
                **found,
                "saved_percent": {
                    name: round(100 * (1 - ours / found[name]["freight_per_order_brl"]), 1) for name in list(found)[1:]
                },
                "decide_p50_us": {f"{n} nodes x {s} services": decision_time(n, s) for n in (4, 12) for s in (1, 2)},
            }
        )
    )


if __name__ == "__main__":
    main()
