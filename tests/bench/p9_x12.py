"""P9: X12. The engine alone in rows 1 to 7; row 8 the whole way: one interchange of 2,000 orders of 30 lines in the inbox, until all are captured."""

from __future__ import annotations

import asyncio
import itertools
import os
import random
import signal
import time
from collections.abc import Iterator

import asyncpg

from hub.cli.story.seed import PLENTY
from tests.bench import bench_x12
from tests.bench.client import Failed, Load, Target, load
from tests.bench.line import line, measured
from tests.bench.stand import Stand, standing

ORDERS, LINES, LONGEST = 2000, 30, 600
CAPTURED = "SELECT count(*) FROM orders WHERE state <> 'DRAFT'"  # what waits for a person was not given to nodes


def interchange(control: int) -> bytes:
    """Known goods in small numbers, so that the orders are approved and given to nodes as well."""
    dice = random.Random(control)
    sets = []
    for number in range(1, ORDERS + 1):
        rows = [
            f"ST*850*{number:04d}",
            f"BEG*00*SA*PO{control}-{number}**20261120",
            "N1*ST*SHOP 7*92*0007",
            "N3*1 MAIN STREET",
            "N4*CAMPINAS*SP*13010000*BR",
        ]
        for n in range(1, LINES + 1):
            rows += [f"PO1*{n}*{dice.randrange(1, 4)}*EA*9.90**VN*{dice.choice(PLENTY)}", f"PID*F****ARTICLE {n}"]
        sets.append("~".join([*rows, f"CTT*{LINES}", f"SE*{len(rows) + 2}*{number:04d}"]))
    head = (
        f"ISA*00*          *00*          *ZZ*ACMERETAIL     *ZZ*HUBDEMO        *261120*0915*U*00401*{control:09d}*0*P*>"
    )
    group = f"GS*PO*ACMERETAIL*HUBDEMO*20261120*0915*{control}*X*004010"
    return ("~".join([head, group, *sets, f"GE*{ORDERS}*{control}", f"IEA*1*{control:09d}"]) + "~").encode()


async def captured(stand: Stand, numbers: Iterator[int], conn: asyncpg.Connection[asyncpg.Record]) -> Load:
    """The file is put while the worker is stopped; the clock runs from its going on to the last order."""
    target = Target(f"{stand.base}/hooks/x12/acme-retail", {"authorization": f"Bearer {stand.company.edi_token}"})
    before = int(await conn.fetchval(CAPTURED))
    body = target.request(interchange(next(numbers)), "Content-Type: application/edi-x12\r\n")
    os.kill(stand.workers[0], signal.SIGSTOP)
    await load(target, lambda _n: body, lambda status, _b: status in (200, 202), clients=1, seconds=120, most=1)
    began = time.perf_counter()
    os.kill(stand.workers[0], signal.SIGCONT)
    while int(await conn.fetchval(CAPTURED)) - before < ORDERS:
        if time.perf_counter() - began > LONGEST:
            raise Failed("the worker does not come to an end")
        await asyncio.sleep(0.05)
    seconds = time.perf_counter() - began
    return Load(ORDERS, seconds, [seconds * 1000 / ORDERS])


async def main() -> None:
    bench_x12.rows()
    async with standing() as stand:
        await stand.work()
        numbers = itertools.count(501)
        conn = await asyncpg.connect(stand.dsn)
        try:
            found = await measured(lambda _n: captured(stand, numbers, conn), stand.roots, runs=1)
        finally:
            await conn.close()
        line(
            "P9.8",
            "an interchange of 2,000 orders of 30 lines captured, approved and given to nodes, one worker",
            found,
            clients=1,
            orders=await stand.orders(),
            ceiling=None,
            goal=">= 1500 orders/s",
            met=found.rate >= 1500,
        )
