"""`hub sim`: simulators of the other sides, served until interrupted."""

from __future__ import annotations

import asyncio
import json
import signal
import socket
from importlib import import_module
from pathlib import Path
from typing import Annotated, Any

import typer

HOST = "127.0.0.1"

app = typer.Typer(no_args_is_help=True, add_completion=False)


@app.callback()
def simulators() -> None:
    """The other sides, on this machine."""


@app.command()
def sefaz(
    *,
    port: Annotated[int, typer.Option(help="0: any free port.")] = 0,
    profile: Annotated[str, typer.Option(help="A UF, or SVCRS, SVCAN, SLOW, STOPPED.")] = "SP",
    seed: Annotated[int, typer.Option(help="Of the faults that are drawn.")] = 0,
    state: Annotated[Path | None, typer.Option(help="File that survives a restart.")] = None,
    cnpj: Annotated[str, typer.Option(help="Of the client certificate that is made.")] = "11222333000181",
    out: Annotated[Path | None, typer.Option(help="Folder for ca.pem and client.pfx; else a temporary one.")] = None,
) -> None:
    """An authority of NF-e with mutual TLS. Prints its address, and where the certificates and their password are, as JSON."""
    server = import_module("adapters.sefaz.simulator.server")
    if profile not in import_module("adapters.sefaz.simulator.profiles").names():
        typer.echo(f"unknown profile {profile}", err=True)
        raise typer.Exit(2)
    simulator = server.SefazSimulator(profile=profile, seed=seed, state=state, port=port)
    folder, password = server.write_credentials(simulator, cnpj, out)
    asyncio.run(_serve(simulator, {"certificates": str(folder), "password": password, "cnpj": cnpj}))


@app.command()
def gnre(
    *,
    port: Annotated[int, typer.Option(help="0: any free port.")] = 0,
    seed: Annotated[int, typer.Option(help="Of the faults that are drawn.")] = 0,
    cnpj: Annotated[str, typer.Option(help="Of the client certificate that is made.")] = "11222333000181",
    out: Annotated[Path | None, typer.Option(help="Folder for ca.pem and client.pfx; else a temporary one.")] = None,
) -> None:
    """The GNRE portal with mutual TLS. Prints its address, and where the certificates and their password are, as JSON."""
    server = import_module("adapters.gnre.simulator.server")
    simulator = server.GnreSimulator(seed=seed, port=port)
    folder, password = server.write_credentials(simulator, cnpj, out)
    asyncio.run(_serve(simulator, {"certificates": str(folder), "password": password, "cnpj": cnpj}))


@app.command()
def rates(*, port: Annotated[int, typer.Option(help="0: any free port.")] = 0) -> None:
    """A rates service (contract rates/1), without TLS. Prints its address and signing secret as JSON."""
    module, uvicorn = import_module("adapters.rates.simulator"), import_module("uvicorn")
    with socket.create_server((HOST, port)) as listening:  # before its address is told: whoever reads it can call
        address = f"http://{HOST}:{listening.getsockname()[1]}"
        typer.echo(json.dumps({"base_url": address, "signing_secret": module.DEMO_SECRET}))
        server = uvicorn.Server(uvicorn.Config(module.RatesSimulator().app, log_config=None))
        server.run(sockets=[listening])


async def _serve(simulator: Any, known: dict[str, str]) -> None:
    """Until SIGINT or SIGTERM, also where a shell started it in the background with SIGINT ignored."""
    stop = asyncio.Event()
    for one in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(one, stop.set)
    await simulator.start()
    typer.echo(json.dumps({"base_url": simulator.base_url, **known}))
    try:
        await stop.wait()
    finally:
        await simulator.stop()
    typer.echo("stopped", err=True)
