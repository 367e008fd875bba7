"""`hub fiscal guides` and `hub fiscal incoming`: collection guides, and notes that others issued to us, in the database that runs."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from hub.cli.ask import Say, run, shown
from hub.kit.errors import HubError

guides = typer.Typer(no_args_is_help=True, help="Collection guides (GNRE): list, show, pay, ask for again.")
incoming = typer.Typer(no_args_is_help=True, help="Notes issued to us: list, show, answer, match.")

Tenant = Annotated[str, typer.Option("--tenant", help="Code of the tenant.")]
Guide = Annotated[str, typer.Argument(help="gnr_...")]
Note = Annotated[str, typer.Argument(help="inn_..., or its access key.")]


class NoSuchGuide(HubError):
    """There is no guide {guide}."""

    code = "NO_SUCH_GUIDE"


class NoSuchIncomingNote(HubError):
    """There is no note {note} that was issued to us."""

    code = "NO_SUCH_INCOMING_NOTE"


# ------------------------------------------------------------------ guides
@guides.command("list")
def list_guides(
    tenant: Tenant,
    *,
    state: Annotated[str | None, typer.Option(help="ISSUED is what can be paid.")] = None,
    region: Annotated[str | None, typer.Option(help="UF that is owed.")] = None,
    order: Annotated[str | None, typer.Option(help="ord_...")] = None,
    first: int = 50,
) -> None:
    """Guides, newest first, with line and PIX text."""
    where = {
        **({"state": state} if state else {}),
        **({"region": {"eq": region}} if region else {}),
        **({"orderId": {"eq": order}} if order else {}),
    }

    async def act(say: Say) -> Any:
        return await say("gnreGuides", {"first": first, "where": where})

    shown(run(tenant, act))


@guides.command("show")
def show_guide(guide: Guide, tenant: Tenant) -> None:
    """One guide: what is owed, line, bar code, PIX, what the portal said."""

    async def act(say: Say) -> Any:
        found = await say("gnreGuide", {"id": guide})
        if not found:
            raise NoSuchGuide(guide=guide)
        return found

    shown(run(tenant, act))


@guides.command()
def pay(guide: Guide, tenant: Tenant, *, on: Annotated[str, typer.Option(help="The day, such as 2026-11-21.")]) -> None:
    """Say that a guide is paid; goods that waited for it may leave."""

    async def act(say: Say) -> Any:
        return await say("payGnreGuide", {"input": {"guideId": guide, "paidOn": on}})

    shown(run(tenant, act))


@guides.command("retry")
def retry_guide(guide: Guide, tenant: Tenant) -> None:
    """Write a refused guide anew, by the settings and the UF's rules of now."""

    async def act(say: Say) -> Any:
        return await say("retryGnreGuide", {"input": {"guideId": guide}})

    shown(run(tenant, act))


# ------------------------------------------------------------------ notes issued to us
@incoming.command("list")
def list_incoming(
    tenant: Tenant,
    *,
    stance: Annotated[str | None, typer.Option(help="What we said: AWARE, CONFIRMED, UNKNOWN_SALE, NOT_DONE.")] = None,
    issuer: Annotated[str | None, typer.Option(help="CNPJ.")] = None,
    unmatched: Annotated[bool, typer.Option("--unmatched", help="Only those that belong to nothing yet.")] = False,
    first: int = 50,
) -> None:
    """Notes, newest first."""
    where = {
        **({"stance": stance} if stance else {}),
        **({"issuerTaxId": {"eq": issuer}} if issuer else {}),
        **({"matched": False} if unmatched else {}),
    }

    async def act(say: Say) -> Any:
        return await say("incomingNotes", {"first": first, "where": where})

    shown(run(tenant, act))


async def _note_id(say: Say, note: str) -> str:
    if note.startswith("inn_"):
        return note
    nodes = (await say("incomingNotes", {"where": {"accessKey": {"eq": note}}}))["nodes"]
    if not nodes:
        raise NoSuchIncomingNote(note=note)
    return str(nodes[0]["id"])


@incoming.command("show")
def show_incoming(note: Note, tenant: Tenant) -> None:
    """One note with its items."""

    async def act(say: Say) -> Any:
        found = await say("incomingNote", {"id": await _note_id(say, note)})
        if not found:
            raise NoSuchIncomingNote(note=note)
        return found

    shown(run(tenant, act))


@incoming.command("manifest")
def answer_note(
    note: Note,
    stance: Annotated[str, typer.Argument(help="AWARE, CONFIRMED, UNKNOWN_SALE or NOT_DONE.")],
    tenant: Tenant,
    *,
    reason: Annotated[str | None, typer.Option(help="15 to 255 characters, with NOT_DONE.")] = None,
) -> None:
    """Say to the authority what we know of it; the note shows it once it is registered."""

    async def act(say: Say) -> Any:
        asked = {"noteId": await _note_id(say, note), "stance": stance.upper(), "reason": reason}
        return await say("manifestIncomingNote", {"input": asked})

    shown(run(tenant, act))


@incoming.command()
def match(
    note: Note,
    tenant: Tenant,
    *,
    purchase: Annotated[str | None, typer.Option(help="The purchase order that it delivers: por_...")] = None,
    returns: Annotated[str | None, typer.Option(help="The note of ours that it returns: fis_...")] = None,
) -> None:
    """Say what a note belongs to."""

    async def act(say: Say) -> Any:
        asked = {"noteId": await _note_id(say, note), "purchaseOrderId": purchase, "documentId": returns}
        return await say("matchIncomingNote", {"input": asked})

    shown(run(tenant, act))
