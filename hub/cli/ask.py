"""Stored documents of the API, run inside against the database that runs: what the CLI says and does cannot differ from the API."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, TypeVar

import typer

from hub.kit.errors import HubError

T = TypeVar("T")
Say = Callable[
    [str, Mapping[str, Any]], Awaitable[Any]
]  # (document below schema/documents/cli, or the REST's of that name, variables) -> its one root field


class Refused(HubError):
    """{reasons}"""

    code = "REFUSED_BY_THE_HUB"


def run(tenant: str, act: Callable[[Say], Awaitable[T]]) -> T:
    """Do `act` on behalf of the person at this machine; a refusal is told and ends with status 1."""
    try:
        return asyncio.run(_run(tenant, act))
    except HubError as error:
        typer.echo(error.sentence(), err=True)
        raise typer.Exit(1) from error


async def _run(tenant: str, act: Callable[[Say], Awaitable[T]]) -> T:
    import getpass

    from hub import access
    from hub.boot import open_hub
    from hub.boot.web import edge_of
    from hub.cli.reach import UnknownTenant, address
    from hub.kit.settings import load_settings
    from schema.principal import Principal

    async with open_hub(address(), load_settings()) as hub, edge_of(hub) as edge:
        found = await access.find_tenant(hub.db, tenant)
        if found is None:
            raise UnknownTenant(tenant=tenant)
        me = Principal(tenant=found.tenant_id, actor=f"user:{getpass.getuser()}", role="ADMIN", cost_bucket=0)

        async def say(name: str, variables: Mapping[str, Any]) -> Any:
            return await answered(edge.desk, me, name, variables)

        try:
            return await act(say)
        finally:
            await edge.desk.reads.pool.drain()


async def answered(desk: Any, me: Any, name: str, variables: Mapping[str, Any]) -> Any:
    """The one root field of a stored document; `Refused` with all user errors of a mutation."""
    import orjson

    from schema.responses import JSON

    documents = desk.store.by_name
    document = documents.get(f"cli/{name}") or documents[f"rest/{name}"]
    asked = desk.reads.ask(me, document, dict(variables))
    _, body = await desk.answer(asked, None, JSON)
    whole = orjson.loads(body)
    if whole.get("errors"):
        raise Refused(reasons="; ".join(e["message"] for e in whole["errors"]))
    found = next(iter(whole["data"].values()))
    if isinstance(found, dict) and found.get("userErrors"):
        raise Refused(
            reasons="; ".join(f"{'.'.join(e['field'] or ['input'])}: {e['message']}" for e in found["userErrors"])
        )
    return {k: v for k, v in found.items() if k != "userErrors"} if isinstance(found, dict) else found


def shown(found: Any) -> None:
    """As indented JSON, without what is null or empty."""
    typer.echo(json.dumps(_full(found), indent=2, ensure_ascii=False))


def _full(value: Any) -> Any:
    if isinstance(value, dict):
        return {k: _full(v) for k, v in value.items() if v not in (None, [], {})}
    return [_full(v) for v in value] if isinstance(value, list) else value
