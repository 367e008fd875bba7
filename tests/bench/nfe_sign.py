"""P10: signing, building and checking notes, as ratios to the raw RSA-2048 rate of the same run. Prints JSON lines; asserts nothing."""

from __future__ import annotations

import json
import os
import resource
import statistics
import time
from base64 import b64encode
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from adapters.sefaz import xsd
from adapters.sefaz.note import Draft, build_notes
from adapters.sefaz.outbound import prepare
from adapters.sefaz.sample import ISSUER_CNPJ, sample_invoice
from adapters.sefaz.sign import sign, verify
from adapters.sefaz.soap import parse
from adapters.sefaz.write import write_invoice
from hub.canon.certificates import Identity
from hub.canon.commands import AuthorizeInvoice
from hub.canon.invoice_json import invoice_to_json
from hub.canon.ports import Account, Prepared
from hub.canon.trialcerts import make_root, pfx

RUNS = 3
BATCH = 32  # notes that the worker prepares together
CHUNKS, CHUNK = 40, 32  # of each run: work and ceiling alternate, so that a busy machine slows both alike


@dataclass(frozen=True, slots=True)
class Operation:
    """`times`: notes that one call of `work` takes."""

    name: str
    work: Callable[[], object]
    goal: float | None = None
    times: int = 1


def rates(operation: Operation, ceiling: Callable[[], object]) -> tuple[float, float, float, float]:
    """(notes a second, CPU milliseconds a note, ceiling's calls a second, ratio by CPU time): medians of the runs after a warm-up."""
    for _ in range(CHUNK // operation.times):
        operation.work()
        ceiling()
    runs = [_alternate(operation, ceiling) for _ in range(RUNS)]
    calls = CHUNKS * CHUNK
    return (
        statistics.median(calls / wall for wall, _, _, _ in runs),
        statistics.median(cpu / calls * 1000 for _, cpu, _, _ in runs),
        statistics.median(calls / wall for _, _, wall, _ in runs),
        statistics.median(most / cpu for _, cpu, _, most in runs),
    )


def _alternate(operation: Operation, ceiling: Callable[[], object]) -> tuple[float, float, float, float]:
    """Wall and CPU seconds of the work, wall and CPU seconds of the ceiling."""
    spent = [0.0, 0.0, 0.0, 0.0]
    for _ in range(CHUNKS):
        for at, each, calls in ((0, operation.work, CHUNK // operation.times), (2, ceiling, CHUNK)):
            wall, cpu = time.perf_counter(), time.process_time()
            for _ in range(calls):
                each()
            spent[at] += time.perf_counter() - wall
            spent[at + 1] += time.process_time() - cpu
    return spent[0], spent[1], spent[2], spent[3]


def measure() -> list[dict[str, Any]]:
    """The rows of the goals, each beside the ceiling of this run."""
    now = datetime.now(UTC)
    company = make_root(now).issue_company(ISSUER_CNPJ, "Loja Exemplo", now=now)
    key, account = company.key, _account(company, now)
    digest = b"0123456789abcdefghij"
    notes = {
        items: [sample_invoice(items=items, model=55, at=now, number=n) for n in range(1, BATCH + 1)]
        for items in (1, 40)
    }
    drafts = {items: [Draft(invoice=each, key=key) for each in many] for items, many in notes.items()}
    asked = [
        (AuthorizeInvoice(invoice_id=each.invoice_id, invoice=invoice_to_json(each)), account) for each in notes[1]
    ]
    written = {items: write_invoice(many[0]).xml for items, many in notes.items()}
    signed = sign(written[1], key)
    together = f"a note, in batches of {BATCH}"
    operations = [
        Operation("sign, 1 item", lambda: sign(written[1], key), 0.9),
        Operation("sign, 40 items", lambda: sign(written[40], key), 0.9),
        Operation(f"build + sign + XSD, 1 item ({together})", lambda: _all_good(build_notes(drafts[1])), 0.5, BATCH),
        Operation(
            f"build + sign + XSD, 40 items ({together})", lambda: _all_good(build_notes(drafts[40])), None, BATCH
        ),
        Operation(
            f"prepare: read + check + build + sign + XSD, 1 item ({together})",
            lambda: _all_good(prepare(asked)),
            None,
            BATCH,
        ),
        Operation("build + sign + XSD, 1 item, one at a time", lambda: _all_good(build_notes(drafts[1][:1]))),
        Operation("build, 1 item", lambda: write_invoice(notes[1][0])),
        Operation("XSD, 1 item", lambda: xsd.faults(parse(signed))),
        Operation("verify, 1 item", lambda: verify(parse(signed)), 0.9),
    ]
    return [_line(each, rates(each, lambda: key.sign(digest))) for each in operations]


def _account(company: Identity, now: datetime) -> Account:
    config = {"cnpj": ISSUER_CNPJ, "uf": "SP", "environment": "2"}
    secrets = {"certificate": [b64encode(pfx(company, "bench")).decode()], "certificate_password": ["bench"]}
    return Account(connection_id="bench", code="bench", config=config, secrets=secrets, now=now)


def _all_good(prepared: Sequence[Prepared]) -> None:
    """A refused note costs less than a good one and would flatter the figure."""
    for each in prepared:
        if not isinstance(each, tuple):
            raise each


def _line(operation: Operation, found: tuple[float, float, float, float]) -> dict[str, Any]:
    each, cpu, ceiling, ratio = found
    goal = operation.goal
    return {
        "id": "P10",
        "operation": operation.name,
        "clients": 1,
        "rate": round(each, 1),
        "cpu_ms": round(cpu, 3),
        "rss_mib": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, 1),
        "ceiling_rate": round(ceiling, 1),
        "ratio_to_ceiling": round(ratio, 3),
        "goal": f">= {goal} of raw RSA-2048 (CPU time)" if goal else "no goal, for scale",
        "met": ratio >= goal if goal else None,
        "load1": round(os.getloadavg()[0], 2),
    }


def main() -> None:
    for line in measure():
        print(json.dumps(line), flush=True)  # noqa: T201 - a bench prints


if __name__ == "__main__":
    main()
