"""`hub nfe status`: whether the authority of each account operates, and who stands in for it, asked now."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

import typer

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hub.boot import Hub
    from hub.canon.commands import AuthorityReported
    from hub.canon.ports import Account, Adapter
    from hub.connections import Connection

OPERATES = 0


def status(tenant: str, *, as_json: bool) -> int:
    """Print a line for each account and model; 1 when one does not operate."""
    lines = asyncio.run(_lines(tenant))
    for line in lines:
        typer.echo(json.dumps(line) if as_json else _sentence(line))
    return OPERATES if lines and all(line["works"] for line in lines if not line["standby"]) else 1


async def _lines(tenant: str) -> list[dict[str, Any]]:
    from hub.boot import open_hub
    from hub.cli.reach import tenant_number
    from hub.cli.run import database
    from hub.kit.settings import load_settings

    async with database() as dsn, open_hub(dsn, load_settings()) as hub:
        number = await tenant_number(hub.db, tenant)
        accounts = [c for c in await hub.directory.all() if c.tenant == number and c.adapter == "sefaz"]
        return [line for c in accounts for line in await _asked(hub, c)]


async def _asked(hub: Hub, connection: Connection) -> list[dict[str, Any]]:
    """Both models, the authority and who stands in; what they say is kept, as the hub's own questions are."""
    from hub.canon.commands import AskAuthority
    from hub.fiscal import note_answer, stands
    from hub.flows.contingency import station_of

    _, account = await hub.directory.of(connection.connection_id)
    adapter, found = hub.adapters["sefaz"].adapter, []
    for model, standby in ((55, False), (55, True), (65, False)):
        said = await _one(hub, adapter, connection, account, AskAuthority(model=model, standby=standby))
        async with hub.db.unit(tenant=connection.tenant, actor="cli") as tx:
            await note_answer(tx, station_of(connection, model), said)
            modes = await stands(tx, [connection.connection_id])
        mode = modes.get((connection.connection_id, model))
        found.append(_line(connection.config, connection.code, said, mode.mode.value if mode else "NORMAL"))
    return found


async def _one(hub: Hub, adapter: Adapter, connection: Connection, account: Account, asked: Any) -> AuthorityReported:
    from hub.canon.commands import AuthorityReported
    from hub.canon.ports import AnswerLost, NeverTry, TryAgain

    if adapter.outbound is None:
        raise typer.Exit(2)
    try:
        [call] = adapter.outbound.plan(asked, account)
        response = await hub.post.call(adapter, connection, account, call)
    except (AnswerLost, NeverTry, TryAgain) as error:
        return AuthorityReported(model=asked.model, standby=asked.standby, works=False, message=error.sentence())
    outcome: Any = adapter.outbound.outcome(asked, call, response, account)
    said: AuthorityReported = outcome.results[0]
    return said


def _line(config: Mapping[str, Any], code: str, said: AuthorityReported, mode: str) -> dict[str, Any]:
    return {
        "account": code,
        "uf": config.get("uf"),
        "environment": int(config.get("environment", 2)),
        "model": said.model,
        "standby": said.standby,
        "works": said.works,
        "code": said.code,
        "message": said.message,
        "mode": mode,
    }


def _sentence(line: dict[str, Any]) -> str:
    who = "stands in" if line["standby"] else "authority"
    words = f"{line['code'] or '-'} {line['message'] or 'no answer'}"
    return f"{line['account']:<16}{line['uf']} {line['model']} {who:<10} {words} (mode {line['mode']})"
