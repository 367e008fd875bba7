"""`hub demo`: everything on this machine, in a directory of its own, and a story that runs. Nothing is left behind."""

from __future__ import annotations

import asyncio
import json
import signal
import time
from typing import Annotated, Any

import typer


def demo(
    *,
    once: Annotated[bool, typer.Option("--once", help="Play the story and stop.")] = False,
    serve_only: Annotated[bool, typer.Option("--serve-only", help="Serve demo data, no story.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON line on stdout, nothing else.")] = False,
    port: Annotated[int | None, typer.Option(help="Port of the hub.")] = None,
) -> None:
    """Embedded database, simulators and a story that runs."""
    from hub.cli.run import loop_factory
    from hub.kit.log import configure_logging

    configure_logging(level="error", style="auto")
    with asyncio.Runner(loop_factory=loop_factory()) as runner:
        ok = runner.run(_demo(once=once, serve_only=serve_only, as_json=as_json, port=port))
    raise typer.Exit(0 if ok else 1)


async def _demo(*, once: bool, serve_only: bool, as_json: bool, port: int | None) -> bool:
    from hub.cli.story.stage import staged

    stop = asyncio.Event()
    for one in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(one, stop.set)

    def say(text: str) -> None:
        if not as_json:
            typer.echo(f"- {text}", err=True)

    began = time.perf_counter()
    async with staged(port=port, say=say) as stage:
        if serve_only:
            return await _serve_only(stage, stop, as_json=as_json)
        playing = asyncio.create_task(_play(stage, say, began))
        stopping = asyncio.create_task(stop.wait())
        await asyncio.wait([playing, stopping], return_when=asyncio.FIRST_COMPLETED)
        if not playing.done():
            playing.cancel()
            await asyncio.gather(playing, return_exceptions=True)
            return False
        stopping.cancel()
        told = playing.result()
        _show(stage, told, as_json=as_json)
        if not once and not as_json:
            typer.echo("\nThe hub goes on until Ctrl-C.")
            await stop.wait()
        return bool(told["ok"])


async def _play(stage: Any, say: Any, began: float) -> dict[str, Any]:
    from hub.cli.story.outcome import told
    from hub.cli.story.script import Story

    story = Story(stage, say)
    trouble: str | None = None
    try:
        await story.play()
    except (TimeoutError, RuntimeError) as error:
        trouble = str(error)
    return await told(story, seconds=time.perf_counter() - began, trouble=trouble)


async def _serve_only(stage: Any, stop: asyncio.Event, *, as_json: bool) -> bool:
    from hub.cli.story.crowd import crowd
    from hub.cli.story.seed import HOT, PLENTY

    await crowd(stage)
    line = {**stage.urls, "hot_sku": HOT, "skus": list(PLENTY)}
    typer.echo(json.dumps(line) if as_json else "\n".join(f"{k}: {v}" for k, v in line.items()))
    await stop.wait()
    return True


def _show(stage: Any, told: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        public = ("orders", "states", "invoices_authorized", "acks", "incidents", "facts", "seconds", "ok")
        typer.echo(json.dumps({name: told[name] for name in public}))
        return
    from hub.cli.story.outcome import table

    typer.echo("\n" + "\n".join(f"{k:>16}  {v}" for k, v in stage.urls.items()) + "\n")
    table(told)
