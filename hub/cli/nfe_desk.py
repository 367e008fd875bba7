"""`hub nfe`, the accountants' part: notes of the database that runs are found, cancelled, corrected, returned, issued; numbers voided, contingency switched."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from hub.cli.ask import Say, run, shown
from hub.cli.orders import NotUnits
from hub.kit.errors import HubError

app = typer.Typer()

Tenant = Annotated[str, typer.Option("--tenant", help="Code of the tenant.")]
Note = Annotated[str, typer.Argument(help="fis_..., or its access key.")]
Reason = Annotated[str, typer.Option("--reason", help="15 to 255 characters, as the authority keeps it.")]
Place = Annotated[str, typer.Argument(help="Code of the location whose account issues the notes.")]
Account = Annotated[str, typer.Argument(help="Code of the account with the authority.")]
Model = Annotated[int, typer.Option(help="55 (NF-e) or 65 (NFC-e).")]


class NoSuchNote(HubError):
    """There is no note {note}: give its fis_... id or its access key of 44 characters."""

    code = "NO_SUCH_NOTE"


class NoSuchLocation(HubError):
    """There is no location with the code {place}."""

    code = "NO_SUCH_LOCATION"


class NoSuchAccount(HubError):
    """There is no account {account} with an authority; there are: {known}"""

    code = "NO_SUCH_ACCOUNT"


async def _id(say: Say, note: str) -> str:
    if note.startswith("fis_"):
        return note
    nodes = (await say("fiscalDocuments", {"where": {"accessKey": note}}))["nodes"]
    if not nodes:
        raise NoSuchNote(note=note)
    return str(nodes[0]["id"])


async def _location(say: Say, code: str) -> str:
    nodes = (await say("locations", {"code": code}))["nodes"]
    if not nodes:
        raise NoSuchLocation(place=code)
    return str(nodes[0]["id"])


async def _account(say: Say, code: str) -> str:
    nodes = (await say("accounts", {}))["nodes"]
    known = {n["account"]: str(n["id"]) for n in nodes if n["adapter"] == "sefaz"}
    if code not in known:
        raise NoSuchAccount(account=code, known=", ".join(sorted(known)))
    return known[code]


def _parts(given: list[str] | None, form: str) -> list[tuple[str, str, str]]:
    """(SKU, units, price) of SKU=units or SKU=units@price."""
    found = []
    for text in given or ():
        sku, _, rest = text.partition("=")
        units, _, price = rest.partition("@")
        if not sku or not units or ("@" in form) != bool(price):
            raise NotUnits(form=form, given=text)
        found.append((sku, units, price))
    return found


def _key() -> str:
    """One command, one wish: run twice it is two."""
    from hub.kit.ids import new_id

    return f"cli-{new_id().hex}"


# ------------------------------------------------------------------ look
@app.command("list")
def list_notes(
    tenant: Tenant,
    *,
    state: Annotated[str | None, typer.Option(help="AUTHORIZED, REJECTED, UNKNOWN, ...")] = None,
    code: Annotated[str | None, typer.Option(help="cStat that the authority answered, such as 225.")] = None,
    order: Annotated[str | None, typer.Option(help="ord_...")] = None,
    since: Annotated[str | None, typer.Option(help="Issued from this moment on (RFC 3339).")] = None,
    first: int = 20,
) -> None:
    """Notes, newest first, with what they wait for."""
    where = {
        **({"state": state} if state else {}),
        **({"authorityCode": code} if code else {}),
        **({"orderId": {"eq": order}} if order else {}),
        **({"issuedAt": {"gte": since}} if since else {}),
    }

    async def act(say: Say) -> Any:
        return await say("fiscalDocuments", {"first": first, "where": where})

    shown(run(tenant, act))


@app.command()
def explain(note: Note, tenant: Tenant) -> None:
    """One note: its state, what it waits for, its events, and each tax with base, rate, rule and source."""

    async def act(say: Say) -> Any:
        found = await say("fiscalDocument", {"id": await _id(say, note)})
        if found is None:
            raise NoSuchNote(note=note)
        return found

    shown(run(tenant, act))


@app.command()
def authorities(tenant: Tenant) -> None:
    """What each authority said of itself last, and the mode in which notes are issued; `hub nfe status` asks now."""

    async def act(say: Say) -> Any:
        return (await say("fiscalAuthorities", {}))["nodes"]

    shown(run(tenant, act))


@app.command()
def voids(tenant: Tenant, *, state: str | None = None, first: int = 50) -> None:
    """Numbers given up, newest first."""

    async def act(say: Say) -> Any:
        return await say("fiscalVoids", {"first": first, "where": {"state": state} if state else {}})

    shown(run(tenant, act))


# ------------------------------------------------------------------ change
@app.command()
def cancel(
    note: Note,
    tenant: Tenant,
    reason: Reason,
    *,
    goods_stayed: Annotated[bool, typer.Option("--goods-stayed", help="They did not leave after all.")] = False,
    substitute: Annotated[str | None, typer.Option(help="The NFC-e that stands for it: fis_... or its key.")] = None,
) -> None:
    """Cancel a note inside the window of its UF."""

    async def act(say: Say) -> Any:
        asked: dict[str, Any] = {"invoiceId": await _id(say, note), "reason": reason, "goodsStayed": goods_stayed}
        if substitute:
            asked["substituteId"] = await _id(say, substitute)
        return await say("cancelInvoice", {"input": asked})

    shown(run(tenant, act))


@app.command()
def correct(
    note: Note,
    text: Annotated[str, typer.Argument(help="The whole correction, 15 to 1,000 characters.")],
    tenant: Tenant,
) -> None:
    """Issue a correction letter (CC-e); it stands for all before it. Never values, taxes, parties or dates."""

    async def act(say: Say) -> Any:
        return await say("correctInvoice", {"input": {"invoiceId": await _id(say, note), "correction": text}})

    shown(run(tenant, act))


@app.command()
def retry(note: Note, tenant: Tenant) -> None:
    """Write a rejected note again under its own number, with the data as they are now."""

    async def act(say: Say) -> Any:
        return await say("retryInvoice", {"input": {"invoiceId": await _id(say, note)}})

    shown(run(tenant, act))


@app.command()
def share(
    note: Note,
    tax_id: Annotated[str, typer.Argument(help="CNPJ or CPF of the carrier or accountant.")],
    tenant: Tenant,
    *,
    may_authorize: Annotated[bool, typer.Option("--may-authorize", help="They may let others fetch it too.")] = False,
) -> None:
    """Let somebody fetch the note from the authority."""

    async def act(say: Say) -> Any:
        asked = {"invoiceId": await _id(say, note), "taxId": tax_id, "mayAuthorize": may_authorize}
        return await say("shareInvoice", {"input": asked})

    shown(run(tenant, act))


@app.command()
def delivery(
    note: Note,
    kind: Annotated[str, typer.Argument(help="DELIVERED, UNDELIVERED, UNDO_DELIVERED or UNDO_UNDELIVERED.")],
    tenant: Tenant,
    *,
    at: Annotated[str | None, typer.Option(help="When the goods were there (RFC 3339).")] = None,
    name: Annotated[str | None, typer.Option(help="Who took them.")] = None,
    document: Annotated[str | None, typer.Option(help="Of who took them.")] = None,
    failure: Annotated[str | None, typer.Option(help="NOT_FOUND, REFUSED, NO_ADDRESS or OTHER.")] = None,
    reason: Annotated[str | None, typer.Option(help="With OTHER: 25 to 250 characters.")] = None,
    attempt: Annotated[int | None, typer.Option(help="Which attempt failed.")] = None,
    latitude: Annotated[str | None, typer.Option(help="Degrees, such as -23.55.")] = None,
    longitude: Annotated[str | None, typer.Option(help="Degrees, such as -46.63.")] = None,
    proof: Annotated[Path | None, typer.Option(help="A picture; only its hash is kept.", exists=True)] = None,
) -> None:
    """Tell the authority what became of the goods: delivered, not delivered, or taken back."""
    from base64 import b64encode

    said = {"at": at, "name": name, "document": document, "failure": failure, "reason": reason, "attempt": attempt}
    place = {"latitude": latitude, "longitude": longitude}
    picture = b64encode(proof.read_bytes()).decode() if proof else None

    async def act(say: Say) -> Any:
        asked = {"invoiceId": await _id(say, note), "kind": kind.upper(), **said, **place, "proof": picture}
        return await say("tellDeliveryEvent", {"input": asked})

    shown(run(tenant, act))


@app.command()
def reform(
    note: Note,
    kind: Annotated[str, typer.Argument(help="PAID, LOST, NOT_SUPPLIED, DELIVERY_FORECAST or UNDO.")],
    tenant: Tenant,
    *,
    details: Annotated[Path | None, typer.Option(help="JSON: what the event says.", exists=True)] = None,
) -> None:
    """Tell an event of the tax reform; it leaves where its official schema is configured."""

    async def act(say: Say) -> Any:
        said = json.loads(details.read_text(encoding="utf-8")) if details else None
        return await say(
            "tellReformEvent", {"input": {"invoiceId": await _id(say, note), "kind": kind.upper(), "details": said}}
        )

    shown(run(tenant, act))


@app.command("return")
def return_(
    note: Note,
    tenant: Tenant,
    *,
    unit: Annotated[list[str] | None, typer.Option(help="SKU=units, repeatable; without: all that is left.")] = None,
    text: Annotated[str | None, typer.Option("--note", help="Printed on the return note.")] = None,
) -> None:
    """Issue our entry note for goods of a sale that came back."""

    async def act(say: Say) -> Any:
        lines = [{"sku": sku, "quantity": n} for sku, n, _ in _parts(unit, "SKU=units")]
        asked = {"invoiceId": await _id(say, note), "lines": lines or None, "note": text}
        return await say("returnInvoice", {"input": asked, "key": _key()})

    shown(run(tenant, act))


@app.command()
def issue(
    operation: Annotated[str, typer.Argument(help="transfer, repair, demonstration, gift, ...")],
    place: Place,
    tenant: Tenant,
    *,
    line: Annotated[list[str], typer.Option(help="SKU=units@price, repeatable.")],
    to: Annotated[str | None, typer.Option(help="Code of an own location.")] = None,
    recipient: Annotated[Path | None, typer.Option(help="JSON as InvoiceRecipientInput.", exists=True)] = None,
    refers: Annotated[list[str] | None, typer.Option(help="Access key of an earlier note, repeatable.")] = None,
    text: Annotated[str | None, typer.Option("--note", help="Printed on the note.")] = None,
) -> None:
    """Issue a note for goods that leave without being sold."""

    async def act(say: Say) -> Any:
        asked: dict[str, Any] = {
            "operation": operation,
            "locationId": await _location(say, place),
            "lines": [
                {"sku": sku, "quantity": n, "unitPrice": price} for sku, n, price in _parts(line, "SKU=units@price")
            ],
            "referencedKeys": refers,
            "note": text,
        }
        if to:
            asked["toLocationId"] = await _location(say, to)
        if recipient:
            asked["recipient"] = json.loads(recipient.read_text(encoding="utf-8"))
        return await say("issueInvoice", {"input": asked, "key": _key()})

    shown(run(tenant, act))


@app.command()
def void(
    place: Place,
    first: Annotated[int, typer.Argument(help="The first number.")],
    last: Annotated[int, typer.Argument(help="The last one, itself included.")],
    tenant: Tenant,
    reason: Reason,
    *,
    series: int = 1,
    model: Model = 55,
) -> None:
    """Give up a range of numbers that no note has used."""

    async def act(say: Say) -> Any:
        numbers = {"model": model, "series": series, "first": first, "last": last}
        return await say(
            "voidNumbers", {"input": {"locationId": await _location(say, place), "reason": reason, **numbers}}
        )

    shown(run(tenant, act))


@app.command()
def contingency(
    account: Account,
    mode: Annotated[str, typer.Argument(help="SVC, EPEC or OFFLINE enters it; NORMAL, or off, leaves it.")],
    tenant: Tenant,
    *,
    reason: Annotated[str | None, typer.Option(help="xJust, 15 to 256 characters; not needed to leave.")] = None,
    model: Model = 55,
) -> None:
    """Enter or leave contingency."""

    async def act(say: Say) -> Any:
        wanted = "NORMAL" if mode.lower() == "off" else mode.upper()
        asked = {"connectionId": await _account(say, account), "model": model, "mode": wanted, "reason": reason}
        return await say("setEmissionMode", {"input": asked})

    shown(run(tenant, act))


@app.command()
def certificate(
    account: Account,
    file: Annotated[Path, typer.Argument(help="PKCS#12 (.pfx, .p12).", exists=True, dir_okay=False)],
    tenant: Tenant,
) -> None:
    """Replace the A1 certificate. Its password is asked for, or taken from HUB_CERTIFICATE_PASSWORD; never from the command line."""
    import os
    from base64 import b64encode

    password = os.environ.get("HUB_CERTIFICATE_PASSWORD") or typer.prompt("password", hide_input=True, err=True)

    async def act(say: Say) -> Any:
        container = b64encode(file.read_bytes()).decode()
        asked = {"connectionId": await _account(say, account), "pkcs12": container, "password": password}
        return await say("setCertificate", {"input": asked})

    shown(run(tenant, act))
