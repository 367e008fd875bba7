"""A hub in a process of its own, for tests that kill it: prints each change as a JSON line, leaves when stdin ends."""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path

from hub.kit.embedded import Change, Embedded, EmbeddedFault


def say(**words: object) -> None:
    sys.stdout.write(json.dumps(words) + "\n")
    sys.stdout.flush()


def told(change: Change) -> None:
    say(event=type(change).__name__, pid=getattr(change, "pid", 0))


async def main() -> None:
    try:
        embedded = await Embedded.start(Path(sys.argv[1]), watch=told)
    except EmbeddedFault as fault:
        say(event=type(fault).__name__)
        return
    say(event="Started", pid=embedded.pid, dsn=embedded.owner_dsn)
    await asyncio.to_thread(sys.stdin.read)
    say(event="Stopped", last=await embedded.stop())


asyncio.run(main())
