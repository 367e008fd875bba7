"""P9, the rows that need no server: X12 against pyx12 and against plain splitting, on the same file in the same run. Prints one JSON line a
row; asserts nothing.

python -m tests.bench.bench_x12 [--orders 2000] [--big]      (--big: also the memory of a 100 MB file)
"""

from __future__ import annotations

import argparse
import io
import json
import os
import random
import runpy
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from adapters.x12.ack import ack_text, answer
from adapters.x12.examine import examine
from adapters.x12.forward import Context
from adapters.x12.hierarchy import check_digit
from adapters.x12.library import Library
from adapters.x12.profile import DEFAULT, Profile
from adapters.x12.scan import scan
from adapters.x12.seal import Marks
from adapters.x12.tokens import Walker, WholeSet
from adapters.x12.verdicts import InterchangeVerdict, SetVerdict
from adapters.x12.write import interchange_of, write_set
from hub.kit.heap import settle
from tests.shared import shared_path

LINES = 30
RUNS = 5
CHUNK = 256 * 1024
FLOOR_MB_S = 74.6  # the machine on which the design's figures were taken: floor.py orders, 10.45 MB in 0.14 s
JSONATA = 258  # jsonata-python 0.7.1, orders of 30 lines mapped a second, there
AT = datetime(2026, 11, 21, 9, 15, tzinfo=UTC)
ROOT = Path(__file__).resolve().parents[2]


def orders_file(count: int, path: Path, *, wrong: bool = False) -> None:
    """`count` orders of 30 lines, always the same. `wrong`: each line has a unit that is too long."""
    dice = random.Random(7)
    unit = "EACH" if wrong else "EA"
    with path.open("w") as out:
        out.write(
            "ISA*00*          *00*          *12*5551234567     *01*987654321      *261120*0915*U*00401*000000101*1*P*>~"
        )
        out.write("GS*PO*5551234567*987654321*20261120*0915*101*X*004010~")
        for number in range(1, count + 1):
            out.write(order_text(number, dice, unit))
        out.write(f"GE*{count}*101~IEA*1*000000101~")


def order_text(number: int, dice: random.Random, unit: str) -> str:
    rows = [
        f"ST*850*{number:04d}",
        f"BEG*00*SA*PO{number:08d}**20261120",
        f"REF*DP*{dice.randrange(1000):03d}",
        f"REF*IA*{dice.randrange(10**6):06d}",
        "PER*BD*MARIA SOUZA*TE*5551234567",
        "FOB*CC",
        "ITD*01*3*2**10**30",
        "DTM*010*20261201",
        "DTM*001*20261210",
        "TD5**2*UPSN*M*UPS GROUND",
        f"N9*ZZ*NOTE{number}",
        "MSG*DELIVER TO DOCK 4 BEFORE NOON",
    ]
    for role in ("ST", "BY"):
        rows += [
            f"N1*{role}*SHOP {dice.randrange(9999)}*92*{dice.randrange(10**5):05d}",
            "N3*1 MAIN STREET",
            "N4*GREENVILLE*SC*29601*US",
        ]
    total = 0
    for line in range(1, LINES + 1):
        ordered = dice.randrange(1, 500)
        total += ordered
        rows += [
            f"PO1*{line}*{ordered}*{unit}*{dice.randrange(100, 99999) / 100:.2f}*PE*UP*{dice.randrange(10**11, 10**12)}*VN*SKU-{dice.randrange(10**6):06d}*IN*{dice.randrange(10**7)}",
            f"PID*F****ITEM NUMBER {line} OF ORDER {number}",
            "PO4*12*1*EA",
            f"SAC*A*C310***{dice.randrange(1, 9999)}",
            "DTM*002*20261215",
        ]
    rows += [f"CTT*{LINES}*{total}", f"AMT*TT*{total}.00"]
    return "~".join([*rows, f"SE*{len(rows) + 1}*{number:04d}"]) + "~"


def chunks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        yield from iter(lambda: file.read(CHUNK), b"")


def ours(path: Path, library: Library) -> int:
    """Validate, canonical order, 997."""
    count = 0
    for found in examine(chunks(path), library, DEFAULT):
        if isinstance(found, SetVerdict):
            count += found.document is not None
            found.document = None
        elif isinstance(found, InterchangeVerdict):
            ack = answer(found)
            if ack is not None:
                ack_text(ack, Marks(), isa=1, gs=1, st=1, at=AT)
    return count


def cpu(work: Callable[[], object]) -> float:
    begin = time.process_time()
    work()
    return time.process_time() - begin


def median(work: Callable[[], object], runs: int = RUNS) -> float:
    return statistics.median(cpu(work) for _ in range(runs))


def row(number: float, operation: str, **figures: Any) -> None:
    line = {"id": f"P9.{number}", "operation": operation, **figures, "load1": round(os.getloadavg()[0], 2)}
    print(json.dumps(line), flush=True)  # noqa: T201 - a bench prints its line


def pyx12_run(path: Path, maps: Path) -> None:
    import pyx12.params
    import pyx12.x12n_document

    pyx12.x12n_document.x12n_document(
        param=pyx12.params.ParamsBase(),
        src_file=io.StringIO(path.read_text()),
        fd_997=io.StringIO(),
        fd_html=None,
        map_path=str(maps),
    )


def against_pyx12(folder: Path, library: Library) -> None:
    """Rows 1 and 4, with the map directory that the oracle test writes from our guide."""
    import logging

    from adapters.x12.pyx12_maps import write_maps

    logging.disable(logging.CRITICAL)
    compiled = library.guide("004010", "850")
    if compiled is None:
        return
    maps = folder / "maps"
    maps.mkdir()
    write_maps(compiled.guide, maps)
    for number, count, goal in ((1, 200, 20), (4, 1, 10)):
        path = folder / f"{count}.edi"
        orders_file(count, path)
        own = median(lambda path=path: ours(path, library))  # type: ignore[misc]
        theirs = median(lambda path=path: pyx12_run(path, maps), 1 if count > 1 else 3)  # type: ignore[misc]
        row(
            number,
            f"{count} orders: validate, order, 997",
            cpu_s=round(own, 4),
            pyx12_cpu_s=round(theirs, 3),
            ratio=round(theirs / own, 1),
            goal=f">= {goal}x pyx12",
            met=theirs / own >= goal,
        )


def against_floor(path: Path, library: Library) -> None:
    """Row 2: plain streaming split with one dictionary an order is the floor."""
    floor = runpy.run_path(str(shared_path("lab/x12/floor.py")))["orders"]
    own: list[float] = []
    base: list[float] = []
    for _ in range(RUNS):
        base.append(cpu(lambda: floor(str(path))))
        own.append(cpu(lambda: ours(path, library)))
    ratio = statistics.median(own) / statistics.median(base)
    mib = path.stat().st_size / 1e6
    row(
        2,
        f"{mib:.1f} MB: validate, order, 997",
        cpu_s=round(statistics.median(own), 3),
        floor_cpu_s=round(statistics.median(base), 3),
        mb_per_s=round(mib / statistics.median(own), 1),
        ratio=round(ratio, 2),
        goal="<= 6x floor",
        met=ratio <= 6,
    )


def mapping_rate(path: Path, library: Library) -> None:
    """Row 5: the map alone, over scanned sets. The reference's figure was taken on a machine that split at `FLOOR_MB_S`; it is set to the
    speed that this machine has in this run.
    """
    compiled = library.guide("004010", "850")
    if compiled is None:
        return
    sets = [t for t in Walker(chunks(path)).tokens() if isinstance(t, WholeSet)][:400]
    trees = [scan(compiled.guide, compiled.plan, t.segments, ">", "").tree for t in sets]
    floor = runpy.run_path(str(shared_path("lab/x12/floor.py")))["orders"]
    own: list[float] = []
    base: list[float] = []
    for _ in range(RUNS):
        base.append(cpu(lambda: floor(str(path))))
        own.append(cpu(lambda: [compiled.read(tree, 1, Context(">", "", {"currency": "USD"})) for tree in trees]))
    rate = len(trees) / statistics.median(own)
    speed = path.stat().st_size / 1e6 / statistics.median(base) / FLOOR_MB_S
    row(
        5,
        "map an order of 30 lines",
        rate=round(rate),
        reference=round(JSONATA * speed),
        ratio=round(rate / (JSONATA * speed), 1),
        goal=">= 20x jsonata-python, its rate set to this machine",
        met=rate >= 20 * JSONATA * speed,
    )


def answers(count: int) -> dict[str, dict[str, Any]]:
    """An 855, an 856 and an 810 of `count` lines, as flows make them."""
    ids = [{"upc": "614141000036", "sku": f"SKU-{n:06d}"} for n in range(count)]
    line = [{"line_ref": str(n), "unit": "EA", "price": "9.90", "ids": x} for n, x in enumerate(ids, 1)]
    answer = [{"status": "accepted", "quantity": "12", "unit": "EA", "date_kind": "promised", "date": "2026-12-01"}]
    head = {"external_id": "PO00000001", "placed_on": "2026-11-20"}
    items = [{"line_ref": str(n), "ids": x, "shipped": "12", "unit": "EA"} for n, x in enumerate(ids, 1)]
    marks = [(x := f"0061414112345{n:04d}") + check_digit(x) for n in range(count // 3)]
    packages = [
        {"marks": [{"kind": "GM", "value": mark}], "lines": items[n * 3 : n * 3 + 3]} for n, mark in enumerate(marks)
    ]
    return {
        "order_response": {
            **head, "purpose": "original", "answer": "accepted", "number": "SO-1",
            "lines": [{**x, "ordered": "12", "answers": answer} for x in line],
        },
        "ship_notice": {
            "purpose": "original", "shipment_id": "SH1", "shipped_on": "2026-11-20", "shipped_at": "09:15",
            "hierarchy": "0001", "shipments": [{"orders": [{**head, "packages": packages}]}],
        },
        "invoice": {**head, "date": "2026-11-20", "number": "INV1", "lines": [{**x, "invoiced": "12"} for x in line]},
    }  # fmt: skip


def writing(library: Library) -> None:
    """Row 6: 855, 856 and 810 written with validation, balances and numbers; pyx12's writer does none of these."""
    import pyx12.segment
    import pyx12.x12file

    profile = Profile(partner="bench", ids=(("ZZ", "B"),), ours=("ZZ", "A"), settings={"currency": "USD"})
    for number, (kind, document) in enumerate(answers(LINES).items()):

        def write(kind: str = kind, document: dict[str, Any] = document) -> str:
            written = [write_set(kind, "1", document, library, profile) for _ in range(100)]
            return interchange_of(written, profile, isa=1, gs=1, st=1, at=AT)

        raw = [s for s in write().split("~") if s and s[:3] not in ("SE*", "GE*", "IEA")]
        segments = [pyx12.segment.Segment(s, "~", "*", ":") for s in raw]

        def theirs(segments: list[Any] = segments) -> None:
            with Path(os.devnull).open("w") as out:
                writer = pyx12.x12file.X12Writer(out, "~", "*", ":", "")
                for segment in segments:
                    writer.Write(segment)
                writer.Close()

        turns = [
            (cpu(write), cpu(theirs)) for _ in range(5 * RUNS)
        ]  # short: a ratio of each turn, as clocks change between turns
        ours_s, theirs_s = (statistics.median(side) for side in zip(*turns, strict=True))
        ratio = statistics.median(base / own for own, base in turns)
        row(
            6 + number / 10,
            f"write a {kind} with validation and numbers",
            segments_per_s=round(len(raw) / ours_s),
            pyx12_segments_per_s=round(len(raw) / theirs_s),
            ratio=round(ratio, 2),
            goal=">= 3x",
            met=ratio >= 3,
        )


PEAK = """
import sys
from pathlib import Path
from adapters.x12.library import Library
from hub.kit.heap import settle
from tests.bench.bench_x12 import ours
settle()
ours(Path(sys.argv[1]), Library())
print(next(x.split()[1] for x in Path("/proc/self/status").read_text().splitlines() if x.startswith("VmHWM")))
"""


def peak(path: Path) -> float:
    """Peak memory in MiB of a process that checks one file: that of its own image, not of the process that it was started from."""
    said = subprocess.run(  # noqa: S603 - our own interpreter on our own file
        [sys.executable, "-c", PEAK, str(path)], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    return int(said) / 1024


def main() -> None:
    options = argparse.ArgumentParser()
    options.add_argument("--orders", type=int, default=2000)
    options.add_argument("--big", action="store_true")
    asked = options.parse_args()
    rows(asked.orders, big=asked.big)


def rows(orders: int = 2000, *, big: bool = True) -> None:
    """Rows 1 to 7. `big`: row 3 too, which takes the longest."""
    settle()  # the collector as in production
    library = Library()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        path, wrong = folder / "clean.edi", folder / "wrong.edi"
        orders_file(orders, path)
        orders_file(orders, wrong, wrong=True)
        ours(path, library)
        against_pyx12(folder, library)
        against_floor(path, library)
        small = peak(path)
        if big:
            large = folder / "big.edi"
            orders_file(orders * 10, large)
            grown = peak(large) - small
            row(
                3,
                "peak memory, ten times the sets",
                rss_mib=round(small, 1),
                grown_mib=round(grown, 1),
                goal="<= 8 MiB more",
                met=grown <= 8,
            )
        mapping_rate(path, library)
        writing(library)
        clean, broken = median(lambda: ours(path, library), 3), median(lambda: ours(wrong, library), 3)
        row(
            7,
            "an error on every line",
            cpu_s=round(broken, 3),
            clean_cpu_s=round(clean, 3),
            ratio=round(broken / clean, 2),
            goal="<= 2x",
            met=broken <= 2 * clean,
        )


if __name__ == "__main__":
    main()
