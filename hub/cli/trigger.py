"""`hub trigger shopify:orders/create`: a sample of our own making, signed as the other side signs, sent to a hub that runs."""

from __future__ import annotations

import asyncio
import base64
import hmac
import json
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from hashlib import sha256
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hub.kit.clock import rfc3339, system_clock
from hub.kit.errors import HubError

if TYPE_CHECKING:
    from hub.connections import Connection

What = Annotated[str, typer.Argument(help="shopify:<topic> or wms:<status>; `list` shows them.")]
Url = Annotated[str | None, typer.Option(help="The hook's address; else the account's, at HUB_HOST and HUB_PORT.")]
Secret = Annotated[str | None, typer.Option(help="The shared secret; else the account's, from the database that runs.")]
Account = Annotated[str | None, typer.Option(help="The account's code, where the adapter has several.")]
Number = Annotated[int | None, typer.Option(help="Of the order, so that a later sample speaks of the same one.")]
Sku = Annotated[list[str] | None, typer.Option(help="SKU=quantity, repeatable.")]
Order = Annotated[str | None, typer.Option("--pick-order", help="ful_..., for wms samples.")]


def trigger(
    what: What,
    *,
    url: Url = None,
    secret: Secret = None,
    account: Account = None,
    number: Number = None,
    sku: Sku = None,
    pick_order: Order = None,
    show: Annotated[bool, typer.Option("--show", help="Print the body, send nothing.")] = False,
) -> None:
    """Send a signed sample to a running hub and print its answer."""
    if what == "list":
        typer.echo("\n".join([*(f"shopify:{t}" for t in SHOPIFY), *(f"wms:{s}" for s in WMS)]))
        return
    adapter, _, topic = what.partition(":")
    if topic not in KINDS.get(adapter, {}):
        typer.echo(f"there is no sample {what}; `hub trigger list` shows them", err=True)
        raise typer.Exit(2)
    given = Given(
        number=number or 9000 + secrets.randbelow(1000), skus=_skus(sku), pick_order=pick_order, now=system_clock()
    )
    try:
        body = KINDS[adapter][topic](given)
        if show:
            typer.echo(json.dumps(body, indent=2))
            return
        status, said = asyncio.run(_send(adapter, topic, json.dumps(body).encode(), url, secret, account))
    except HubError as error:
        typer.echo(error.sentence(), err=True)
        raise typer.Exit(1) from error
    typer.echo(f"{status} {said}".strip())
    raise typer.Exit(0 if status < 300 else 1)


# ------------------------------------------------------------------ samples
class PickOrderMissing(HubError):
    """A warehouse speaks of a pick order: name it with --pick-order ful_..."""

    code = "PICK_ORDER_MISSING"


@dataclass(frozen=True, slots=True)
class Given:
    """What the caller chose for a sample."""

    number: int
    skus: Mapping[str, int]
    pick_order: str | None
    now: datetime


def _skus(given: list[str] | None) -> dict[str, int]:
    found = {}
    for one in given or ["DEMO-01=1"]:
        name, _, count = one.partition("=")
        found[name] = int(count) if count.isdigit() and int(count) else 1
    return found


def _order(g: Given, *, paid: bool = True, later: timedelta = timedelta(0), **more: Any) -> dict[str, Any]:
    from hub.cli.story.bodies import shopify_order

    lines = [(sku, n, "49.90") for sku, n in g.skus.items()]
    made = shopify_order(g.number, lines, at=g.now, to="sao_paulo", paid=paid)
    return {**made, "updated_at": (g.now + later).isoformat(), **more}


def _refund(g: Given) -> dict[str, Any]:
    order = _order(g)
    amount = str(sum((Decimal(x["price"]) * x["quantity"] for x in order["line_items"]), Decimal(0)))
    return {
        "id": 770_000 + g.number,
        "order_id": order["id"],
        "created_at": g.now.isoformat(),
        "note": "sample",
        "refund_line_items": [
            {
                "id": n,
                "line_item_id": x["id"],
                "quantity": x["quantity"],
                "restock_type": "return",
                "subtotal": x["price"],
            }
            for n, x in enumerate(order["line_items"], 1)
        ],
        "transactions": [
            {
                "id": 880_000 + g.number,
                "kind": "refund",
                "status": "success",
                "amount": amount,
                "currency": order["currency"],
            }
        ],
    }


def _picking(g: Given) -> dict[str, Any]:
    if g.pick_order is None:
        raise PickOrderMissing
    return {"type": "pick_order.picking", "pick_order": g.pick_order, "at": rfc3339(g.now)}


SHOPIFY: Mapping[str, Callable[[Given], dict[str, Any]]] = {
    "orders/create": _order,
    "orders/updated": lambda g: _order(g, later=timedelta(seconds=1), note="changed by a sample"),
    "orders/paid": lambda g: _order(g, later=timedelta(seconds=1)),
    "orders/cancelled": lambda g: _order(
        g, later=timedelta(seconds=2), cancelled_at=g.now.isoformat(), cancel_reason="customer"
    ),
    "refunds/create": _refund,
}
WMS: Mapping[str, Callable[[Given], dict[str, Any]]] = {"picking": _picking}
KINDS: Mapping[str, Mapping[str, Callable[[Given], dict[str, Any]]]] = {"shopify": SHOPIFY, "wms": WMS}
SECRETS = {"shopify": "client_secret", "wms": "signing_secret"}


# ------------------------------------------------------------------ sending
async def _send(
    adapter: str, topic: str, body: bytes, url: str | None, secret: str | None, account: str | None
) -> tuple[int, str]:
    import httpx

    if url is None or secret is None:
        own_url, own_secret = await _own(adapter, account)
        url, secret = url or own_url, secret or own_secret
    async with httpx.AsyncClient(timeout=20) as client:
        try:
            answer = await client.post(url, content=body, headers=_signed(adapter, topic, body, secret))
        except httpx.HTTPError as error:
            raise NoAnswer(url=url, reason=type(error).__name__) from error
    return answer.status_code, answer.text[:500]


class NoAnswer(HubError):
    """Nobody answered at {url}: {reason}"""

    code = "NO_ANSWER"


def _signed(adapter: str, topic: str, body: bytes, secret: str) -> dict[str, str]:
    if adapter == "wms":
        from hub.kit.webhooks import signed_headers

        name = f"sample-{secrets.token_hex(8)}"
        return {"content-type": "application/json", **signed_headers(secret, name, body, now=system_clock())}
    digest = hmac.digest(secret.encode(), body, sha256)
    return {
        "content-type": "application/json",
        "x-shopify-topic": topic,
        "x-shopify-hmac-sha256": base64.b64encode(digest).decode(),
        "x-shopify-event-id": f"sample-{secrets.token_hex(8)}",
    }


class NoSuchAccount(HubError):
    """The hub has no active account of {adapter} with that code; name --url and --secret."""

    code = "NO_SUCH_ACCOUNT"


async def _own(adapter: str, code: str | None) -> tuple[str, str]:
    """The first account's hook and live secret, from the database that runs; needs HUB_KEK."""
    from hub.cli.reach import accounts
    from hub.kit.settings import load_settings

    settings = load_settings()
    async with accounts(settings) as (_, directory):
        every: list[Connection] = await directory.all()
        mine = [c for c in every if c.adapter == adapter and (code is None or c.code == code) and c.state == "ACTIVE"]
        if not mine:
            raise NoSuchAccount(adapter=adapter)
        _, found = await directory.of(mine[0].connection_id)
    live = found.secrets.get(SECRETS[adapter], ())
    if not live:
        raise NoSuchAccount(adapter=adapter)
    return f"http://{settings.host}:{settings.port}/hooks/{adapter}/{mine[0].code}", live[0]
