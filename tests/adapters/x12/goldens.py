"""Golden files of ours: one interchange a set and version, and beside it what the hub makes of it. `python -m tests.adapters.x12.goldens` writes the latter
anew; look at the difference before it is kept.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from adapters.x12.ack import ack_text, answer
from adapters.x12.examine import examine
from adapters.x12.profile import Profile
from adapters.x12.read import commands
from adapters.x12.report import stamp
from adapters.x12.seal import Marks
from adapters.x12.verdicts import InterchangeVerdict, SetVerdict
from hub.canon.codec import dump
from hub.canon.commands import InwardCommand
from tests.adapters.x12.x12files import library

FOLDER = Path(__file__).parent / "golden"
PARTNER = Profile(partner="golden", ids=(("ZZ", "ACMERETAIL"),), ours=("ZZ", "HUBDEMO"), settings={"currency": "USD"})


def files() -> list[Path]:
    return sorted(FOLDER.glob("*/*.edi"))


def judged(path: Path) -> tuple[SetVerdict, InterchangeVerdict]:
    one, around = list(examine([path.read_bytes()], library(), PARTNER))
    if not isinstance(one, SetVerdict) or not isinstance(around, InterchangeVerdict):
        raise TypeError(path)
    return one, around


def made(path: Path) -> dict[str, Any]:
    """Canonical document, the hub's news in it, and the ack."""
    one, around = judged(path)
    ack = answer(around)
    news: list[InwardCommand] = commands(one.set, one.kind, one.document or {}, around)
    found = {
        "document": one.document,
        "commands": [{"is": type(c).__name__, **_shown(c)} for c in news],
        "ack": ack
        and ack_text(ack, Marks(newline="\n"), isa=1, gs=1, st=1, at=stamp("261116", "0915")).split("\n")[:-1],
    }
    shown: dict[str, Any] = json.loads(json.dumps(found, default=str))
    return shown


def _shown(command: InwardCommand) -> dict[str, Any]:
    """Without the document, which stands beside it, and without what is absent."""
    kept = {k: v for k, v in dump(command).items() if k != "data" and v not in (None, [], "")}
    return {k: v for k, v in kept.items() if k != "errors"}


if __name__ == "__main__":
    for edi in files():
        text = json.dumps(made(edi), indent=1, ensure_ascii=False)
        edi.with_suffix(".json").write_text(text + "\n", encoding="utf-8")
