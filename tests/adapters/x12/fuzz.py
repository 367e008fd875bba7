"""Damaged interchanges by the hundred thousand: each has an outcome of its own, none raises, none hangs, memory stays bounded.

python -m tests.adapters.x12.fuzz [--count 100000] [--seed 12]     prints one JSON line; exit code 1 when a promise was broken
"""

from __future__ import annotations

import argparse
import json
import random
import resource
import signal
import sys
import time
import traceback
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType

from adapters.x12.errors import RULES
from adapters.x12.lossless import from_json, to_json
from adapters.x12.profile import Profile
from adapters.x12.read import read_exchange, read_set
from adapters.x12.report import check_file
from adapters.x12.split import INTERCHANGE, UNREADABLE, envelopes_of, within
from hub.canon.ports import Envelope, NeverTry, Unmapped
from hub.kit.errors import HubError
from tests.adapters.x12.goldens import files as goldens
from tests.adapters.x12.mutations import mutated
from tests.adapters.x12.x12files import file, group, library, one_set
from tests.shared import shared_path

SLOWEST = 5  # CPU seconds after which one file counts as a hang
# of one whose sender is asked, of one in EBCDIC, and of one that may break whatever can be tolerated
PROFILES: Sequence[Profile | None] = (
    None,
    None,
    None,
    Profile(partner="ebcdic", charset="cp037"),
    Profile(partner="lenient", tolerate=frozenset(code for code, rule in RULES.items() if rule.tolerable)),
)
OUTCOMES = frozenset({"ok", "errors", "unreadable"})


class Hung(BaseException):
    """No `Exception`: nothing of ours may swallow it."""


# to be counted, not to stop at the first
FAULTS = (
    Hung,
    HubError,
    ArithmeticError,
    AssertionError,
    AttributeError,
    LookupError,
    MemoryError,
    OSError,
    RuntimeError,
    TypeError,
    ValueError,
)


@dataclass(slots=True)
class Result:
    count: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)
    codes: Counter[str] = field(default_factory=Counter)
    broken: list[str] = field(default_factory=list)
    slowest_ms: float = 0.0


def seeds() -> list[bytes]:
    """Samples of others where there are any, golden files of every set, and a small file of ours."""
    own = [file().encode(), file(group(one_set(), one_set(control="0002"))).encode()]
    return own + [p.read_bytes() for p in goldens()]


def samples() -> list[bytes]:
    folder: Path = shared_path("samples/x12")
    return [p.read_bytes() for p in sorted(folder.iterdir()) if p.name not in ("INDEX.md", "expected.json")]


def run(files: Sequence[bytes], count: int, seed: int) -> Result:
    dice = random.Random(seed)
    result = Result()
    signal.signal(signal.SIGVTALRM, _hung)
    for number in range(count):
        raw, profile = mutated(dice.choice(files), dice), dice.choice(PROFILES)
        if profile is not None and profile.charset is not None:
            raw = raw.decode("latin-1").encode(profile.charset)
        begin = time.process_time()
        signal.setitimer(signal.ITIMER_VIRTUAL, SLOWEST)
        try:
            _one(raw, profile, result)
        except FAULTS:
            result.broken.append(f"{number}: {traceback.format_exc(limit=-3)} {raw[:300]!r}")
        finally:
            signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        result.slowest_ms = max(result.slowest_ms, 1000 * (time.process_time() - begin))
        result.count += 1
    return result


def _one(raw: bytes, profile: Profile | None, result: Result) -> None:
    """The outcome that a person sees, the messages that the inbox gets, and the form that must give the same bytes."""
    told = check_file("x", [raw], library(), profile)
    json.dumps(told, ensure_ascii=False).encode("utf-8", "surrogatepass")
    result.outcomes[told["outcome"]] += 1
    levels = [
        x["errors"]
        for i in told["interchanges"]
        for x in (i, *i["groups"], *(s for g in i["groups"] for s in g["sets"]))
    ]
    result.codes.update({e["code"] for errors in levels for e in errors})
    if told["outcome"] not in OUTCOMES or (told["outcome"] == "ok") != (told["reason"] is None):
        result.broken.append(f"no explicit outcome: {told['outcome']} {told['reason']} {raw[:300]!r}")
    if "engine_fault" in {e["code"] for errors in levels for e in errors}:
        result.broken.append(f"engine_fault: {raw[:300]!r}")
    for envelope in envelopes_of(raw, library(), profile):
        if not envelope.body and raw:
            result.broken.append(f"an empty message: {raw[:300]!r}")
        _read(envelope, profile)
    if from_json(to_json(raw, profile.charset if profile else None)) != raw:
        result.broken.append(f"not lossless: {raw[:300]!r}")


def _read(envelope: Envelope, profile: Profile | None) -> None:
    """Commands, or a refusal with its reason."""
    try:
        if envelope.topic == INTERCHANGE:
            read_exchange(envelope.body, library(), within(profile))
        elif envelope.topic != UNREADABLE:
            read_set(envelope.body, library(), within(profile))
    except (NeverTry, Unmapped):
        return


def _hung(_signal: int, _frame: FrameType | None) -> None:
    raise Hung


def main() -> int:
    options = argparse.ArgumentParser()
    options.add_argument("--count", type=int, default=100_000)
    options.add_argument("--seed", type=int, default=12)
    asked = options.parse_args()
    begin = time.process_time()
    result = run([*samples(), *seeds()], asked.count, asked.seed)
    line = {
        "mutations": result.count,
        "outcomes": dict(result.outcomes),
        "codes": dict(result.codes.most_common()),
        "broken": len(result.broken),
        "slowest_ms": round(result.slowest_ms, 1),
        "cpu_s": round(time.process_time() - begin, 1),
        "rss_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10,
    }
    sys.stdout.write(json.dumps(line) + "\n" + "".join(f"{x}\n" for x in result.broken[:20]))
    return 1 if result.broken else 0


if __name__ == "__main__":
    sys.exit(main())
