"""`hub send FILE --partner P`: hand a partner's file to the hub, by its HTTP upload, else straight into the inbox of the database that runs."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated, ClassVar

import typer

from hub.kit.errors import HubError

File = Annotated[
    Path, typer.Argument(exists=True, dir_okay=False, readable=True, help="The file, as the partner sent it.")
]
Partner = Annotated[str, typer.Option(help="The code of the partner's account, or of its profile.")]
Url = Annotated[str | None, typer.Option(help="The hub's address (https://hub.example) or the upload's own.")]
Token = Annotated[str | None, typer.Option(envvar="HUB_PARTNER_TOKEN", help="The account's token, with --url.")]


class UnknownPartner(HubError):
    """There is no account of a partner {partner}."""

    code: ClassVar[str] = "UNKNOWN_PARTNER"


class SeveralPartners(HubError):
    """Several accounts belong to the partner {partner}: {accounts}. Name one of them."""

    code: ClassVar[str] = "SEVERAL_PARTNERS"


class UploadFailed(HubError):
    """The hub at {url} did not take the file: {reason}"""

    code: ClassVar[str] = "UPLOAD_FAILED"


def send(file: File, *, partner: Partner, url: Url = None, token: Token = None) -> None:
    """Hand a partner's file to the hub; prints what became of it."""
    body = file.read_bytes()
    try:
        said = asyncio.run(_upload(body, partner, url, token or "") if url else _keep(body, file.name, partner))
    except HubError as error:
        typer.echo(error.sentence(), err=True)
        raise typer.Exit(1) from error
    typer.echo(said)


async def _upload(body: bytes, partner: str, url: str, token: str) -> str:
    import httpx

    address = url if "/hooks/" in url else f"{url.rstrip('/')}/hooks/x12/{partner}"
    headers = {"authorization": f"Bearer {token}", "content-type": "application/edi-x12"}
    async with httpx.AsyncClient(timeout=60) as client:
        try:
            answer = await client.post(address, content=body, headers=headers)
        except httpx.HTTPError as error:
            raise UploadFailed(url=address, reason=type(error).__name__) from error
    if answer.status_code >= 300:
        raise UploadFailed(url=address, reason=f"{answer.status_code} {answer.text[:300]}")
    return answer.text


async def _keep(body: bytes, name: str, partner: str) -> str:
    from hub.boot import find_adapters
    from hub.cli.reach import accounts
    from hub.flows.folders import take_in
    from hub.kit.settings import load_settings

    async with accounts(load_settings()) as (db, directory):
        adapters = {n: f.adapter for n, f in find_adapters().items()}
        mine = [
            c
            for c in await directory.all()
            if partner in (c.code, c.config.get("partner")) and (a := adapters.get(c.adapter)) and a.push is not None
        ]
        if not mine:
            raise UnknownPartner(partner=partner)
        if len(mine) > 1:
            raise SeveralPartners(partner=partner, accounts=", ".join(sorted(c.code for c in mine)))
        kept = await take_in(db, directory, adapters, mine[0], name, body)
    new = sum(1 for k in kept if k.new)
    return f"{len(kept)} messages, {new} of them new; the worker takes them up within a second"
