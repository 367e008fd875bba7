"""`python -m tests.bench [P4 ...]`: every operation, or those named; one JSON line each.

`--orders 100000 [--keep DIR]`: in a database that holds so many; P6 needs it, P1, P4 and P5 say more with it.
`--graphql URL --api-key KEY [--seconds N] [--clients N] P1|P4|P5`: the same load on any server that speaks our schema.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
from collections.abc import Awaitable, Callable
from importlib import import_module

import uvloop

from tests.bench import bodies
from tests.bench.client import Load, graphql, load
from tests.bench.p1_capture import capture

# operation -> module with `main`; plain ones run without a server
SCRIPTS = {
    "P1": "p1_capture",
    "P2": "p2_webhook",
    "P3": "p3_intake",
    "P4": "p4_list",
    "P5": "p5_one",
    "P6": "p6_lists",
    "P7": "p7_hot",
    "P8": "p8_live",
    "P9": "p9_x12",
    "P10": "nfe_sign",
    "P11": "bench_mapping",
    "P12": "p12_replay",
    "P13": "p13_memory",
    "STOCK": "stock",
}


async def pointed(url: str, api_key: str, which: str, *, seconds: float, clients: int) -> Load:
    """The load of one operation on a server that somebody else runs."""
    target = graphql(url, api_key)
    if which == "P1":
        return await capture(target, clients=clients, seconds=seconds)
    request = bodies.query(target, bodies.PAGE, {"first": 50})
    if which == "P5":
        wire = await target.connect()
        _, body = await wire.ask(bodies.query(target, "{ orders(first: 1) { nodes { id } } }", {}))
        wire.close()
        request = bodies.query(target, bodies.ONE, {"id": body.partition(b'"id":"')[2][:36].decode()})
    return await load(target, lambda _n: request, bodies.answered, clients=clients, seconds=seconds)


def main() -> None:
    parser = argparse.ArgumentParser(prog="bench", description="Measure, print JSON lines.")
    parser.add_argument("only", nargs="*", choices=[*SCRIPTS, []], metavar="P1")
    parser.add_argument("--graphql", help="URL of a running server")
    parser.add_argument("--api-key", default="")
    parser.add_argument("--seconds", type=float, default=4.0)
    parser.add_argument("--clients", type=int, default=32)
    parser.add_argument("--orders", type=int, default=0, help="fill the database with so many before measuring")
    parser.add_argument("--keep", help="directory of a database that is kept for the next run")
    given = parser.parse_args()
    if given.orders:
        os.environ["BENCH_ORDERS"] = str(given.orders)
    if given.keep:
        os.environ["BENCH_KEEP"] = given.keep
    for which in given.only or [s for s in SCRIPTS if given.orders or s != "P6"]:
        if given.graphql:
            found = uvloop.run(
                pointed(given.graphql, given.api_key, which, seconds=given.seconds, clients=given.clients)
            )
            shown = {"id": which, "clients": given.clients, "rate": found.rate, "p50_ms": found.at(0.5), "p99_ms": found.at(0.99)}  # fmt: skip
            print(json.dumps({k: round(v, 3) if isinstance(v, float) else v for k, v in shown.items()}), flush=True)  # noqa: T201 - a bench prints
            continue
        script: Callable[[], Awaitable[None] | None] = import_module(f"tests.bench.{SCRIPTS[which]}").main
        if asyncio.iscoroutinefunction(script):
            uvloop.run(script())
        else:
            script()


if __name__ == "__main__":
    main()
