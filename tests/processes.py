"""Other processes on a stage's database: real `python -m hub` ones, started with what they need, ended by their id."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from hub.cli.story.stage import Stage

ROOT = Path(__file__).resolve().parents[1]


def environment(stage: Stage, **more: str) -> dict[str, str]:
    """What another process needs to work on the stage's database."""
    settings = stage.hub.settings
    assert settings.kek is not None
    return {
        **{k: v for k, v in os.environ.items() if not k.startswith("HUB_")},
        "HUB_DATABASE_URL": stage.hub.db.dsn,
        "HUB_KEK": settings.kek.get_secret_value(),
        "HUB_OUTBOUND_ALLOW": ",".join(settings.outbound_allow),
        "HUB_LOG_LEVEL": "error",
        **more,
    }


@asynccontextmanager
async def running(stage: Stage, *words: str, **more: str) -> AsyncIterator[asyncio.subprocess.Process]:
    """`hub WORDS` while the block runs; killed at its end if it still lives."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "hub",
        *words,
        cwd=ROOT,
        env=environment(stage, **more),
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
