"""`hub orders`: what an operations person does with placed orders, by the same documents as the API."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from hub.cli.ask import Say, run, shown
from hub.kit.errors import HubError

app = typer.Typer(help="Find, show, amend, hold, bundle and hand over placed orders.", no_args_is_help=True)

Tenant = Annotated[str, typer.Option("--tenant", help="Code of the tenant.")]
Order = Annotated[str, typer.Argument(help="Its number, its id at the channel, or ord_...")]
Fulfillment = Annotated[str, typer.Argument(help="ful_...")]
Reason = Annotated[str, typer.Option("--reason", help="Kept with the change.")]
Confirm = Annotated[
    bool, typer.Option("--confirm", help="Do it; without it the effects are shown and nothing is written.")
]
Units = Annotated[list[str] | None, typer.Option(help="SKU=units, repeatable.")]


class NoSuchOrder(HubError):
    """There is no order {order}, or more than one."""

    code = "NO_SUCH_ORDER"


class NoSuchFulfillment(HubError):
    """There is no fulfillment {fulfillment}."""

    code = "NO_SUCH_FULFILLMENT"


class NoSuchLine(HubError):
    """There is no line with the SKU {sku}; there are: {known}"""

    code = "NO_SUCH_LINE"


class NotUnits(HubError):
    """Write {form}, not {given}."""

    code = "NOT_UNITS"


async def _order(say: Say, text: str) -> dict[str, Any]:
    """The one order that this names."""
    known = (await say("byId", {"id": text})) if text.startswith("ord_") else None
    if known:
        text = known["number"]
    for where in ({"number": {"in": [text, f"#{text}"]}}, {"externalId": {"eq": text}}):
        nodes: list[dict[str, Any]] = (await say("order", {"where": where}))["nodes"]
        if len(nodes) == 1 and known in (None, {"number": nodes[0]["number"]}):
            return nodes[0]
    raise NoSuchOrder(order=text)


def _line(order: dict[str, Any], sku: str) -> str:
    mine = [x for x in order["lines"] if x["sku"] == sku and not x["kitParent"]]
    if len(mine) != 1:
        raise NoSuchLine(sku=sku, known=", ".join(x["sku"] for x in order["lines"]))
    return str(mine[0]["id"])


def _units(given: list[str] | None) -> list[tuple[str, str]]:
    pairs = [tuple(x.partition("=")[::2]) for x in given or ()]
    for sku, n in pairs:
        if not sku or not n:
            raise NotUnits(form="SKU=units", given=f"{sku}{n}")
    return [(str(sku), str(n)) for sku, n in pairs]


# ------------------------------------------------------------------ look
@app.command("list")
def list_orders(
    tenant: Tenant,
    *,
    state: str | None = None,
    channel: str | None = None,
    sku: str | None = None,
    tag: str | None = None,
    pack: Annotated[str | None, typer.Option(help="The marketplace's pack.")] = None,
    held: Annotated[str | None, typer.Option(help="With an open hold of this kind.")] = None,
    search: Annotated[str | None, typer.Option(help="A kept search of orders.")] = None,
    first: int = 20,
) -> None:
    """Orders, newest first."""
    where: dict[str, Any] = {
        **({"state": {"eq": state}} if state else {}),
        **({"channel": {"eq": channel}} if channel else {}),
        **({"sku": {"eq": sku}} if sku else {}),
        **({"tag": tag} if tag else {}),
        **({"groupId": pack} if pack else {}),
        **({"holdKind": held} if held else {}),
    }

    async def act(say: Say) -> Any:
        kept: dict[str, Any] = {}
        if search:
            asked = {"where": {"about": {"eq": "orders"}, "name": {"eq": search}}}
            nodes = (await say("searches", asked))["nodes"]
            if not nodes:
                raise NoSuchSearch(name=search)
            kept = nodes[0]["query"]
        variables = {"first": first, "where": {**(kept.get("where") or {}), **where}}
        return await say("orders", variables | ({"orderBy": kept["orderBy"]} if kept.get("orderBy") else {}))

    shown(run(tenant, act))


class NoSuchSearch(HubError):
    """No search of orders is kept under the name {name}."""

    code = "NO_SUCH_SEARCH"


@app.command()
def show(order: Order, tenant: Tenant) -> None:
    """One order with its lines, holds, approvals, amendments, fulfillments, notes and routing decisions."""

    async def act(say: Say) -> Any:
        return await _order(say, order)

    shown(run(tenant, act))


@app.command()
def timeline(order: Order, tenant: Tenant) -> None:
    """What happened, in sentences."""

    async def act(say: Say) -> Any:
        found = await _order(say, order)
        return (await say("timeline", {"id": found["id"]}))["timeline"]

    for e in run(tenant, act):
        typer.echo(f"{e['at']}  {e['sentence']}  [{e['actor']}]")


@app.command()
def holds(
    tenant: Tenant,
    *,
    kind: str | None = None,
    before: Annotated[str | None, typer.Option(help="With a deadline before this moment (RFC 3339).")] = None,
    first: int = 50,
) -> None:
    """Open holds, the earliest deadline first."""
    where = {
        "open": True,
        **({"kind": kind} if kind else {}),
        **({"deadline": {"lt": before}} if before else {}),
    }

    async def act(say: Say) -> Any:
        return await say("holds", {"first": first, "where": where, "orderBy": {"field": "DEADLINE"}})

    shown(run(tenant, act))


# ------------------------------------------------------------------ change
@app.command()
def amend(
    order: Order,
    tenant: Tenant,
    reason: Reason,
    *,
    set_: Annotated[
        list[str] | None, typer.Option("--set", help="SKU=units wanted in all; 0 removes the line.")
    ] = None,
    add: Annotated[list[str] | None, typer.Option(help="SKU=units@price, repeatable.")] = None,
    address: Annotated[Path | None, typer.Option(help="JSON as AddressInput.", exists=True)] = None,
    method: str | None = None,
    pickup: Annotated[str | None, typer.Option(help="Code of the store, with --method PICKUP.")] = None,
    promise: Annotated[str | None, typer.Option(help="RFC 3339.")] = None,
    confirm: Confirm = False,
) -> None:
    """Preview a change of price, stock, tax and promise, or confirm it."""

    async def act(say: Say) -> Any:
        found = await _order(say, order)
        asked: dict[str, Any] = {
            "orderId": found["id"],
            "expectedVersion": found["version"],
            "dryRun": not confirm,
            "reason": reason,
            "setQuantities": [{"lineId": _line(found, sku), "quantity": n} for sku, n in _units(set_)],
            "addLines": [_new(sku, n) for sku, n in _units(add)],
            "method": method,
            "promisedBy": promise,
        }
        if address:
            asked["shipTo"] = json.loads(address.read_text(encoding="utf-8"))
        if pickup:
            nodes = (await say("locations", {"code": pickup}))["nodes"]
            asked["pickupLocationId"] = nodes[0]["id"] if nodes else pickup
        return await say("amendOrder", {"input": asked})

    shown(run(tenant, act))


def _new(sku: str, text: str) -> dict[str, str]:
    n, _, price = text.partition("@")
    if not price:
        raise NotUnits(form="SKU=units@price", given=f"{sku}={text}")
    return {"sku": sku, "quantity": n, "unitPrice": price}


@app.command()
def substitute(order: Order, sku: str, other: str, tenant: Tenant, reason: Reason, *, confirm: Confirm = False) -> None:
    """Other goods in place of a line's, where the customer allowed it."""

    async def act(say: Say) -> Any:
        found = await _order(say, order)
        asked = {"orderId": found["id"], "lineId": _line(found, sku), "sku": other, "reason": reason}
        return await say("substituteLine", {"input": {**asked, "dryRun": not confirm}})

    shown(run(tenant, act))


@app.command()
def cancel(
    order: Order,
    tenant: Tenant,
    reason: Reason,
    *,
    sku: Annotated[list[str] | None, typer.Option(help="Only these lines, repeatable.")] = None,
) -> None:
    """Stop the order, or lines of it; nodes that work are asked, and their answer is awaited."""

    async def act(say: Say) -> Any:
        found = await _order(say, order)
        lines = [_line(found, s) for s in sku or ()]
        return await say("cancelOrder", {"input": {"orderId": found["id"], "reason": reason, "lineIds": lines or None}})

    shown(run(tenant, act))


@app.command()
def hold(
    order: Order,
    kind: str,
    tenant: Tenant,
    reason: Reason,
    *,
    until: Annotated[str | None, typer.Option(help="Deadline, RFC 3339.")] = None,
    then: Annotated[str, typer.Option(help="REMIND, RELEASE or CANCEL at the deadline.")] = "REMIND",
) -> None:
    """Keep an order where it is."""

    async def act(say: Say) -> Any:
        found = await _order(say, order)
        asked = {"orderId": found["id"], "kind": kind, "reason": reason, "deadline": until, "then": then}
        return await say("placeHold", {"input": asked})

    shown(run(tenant, act))


@app.command()
def release(order: Order, kind: str, tenant: Tenant, *, note: str | None = None) -> None:
    """End a hold; the order goes on where it stopped."""

    async def act(say: Say) -> Any:
        found = await _order(say, order)
        return await say("releaseHold", {"input": {"orderId": found["id"], "kind": kind, "note": note}})

    shown(run(tenant, act))


@app.command()
def approve(order: Order, tenant: Tenant) -> None:
    """Give the next approval that is missing."""

    async def act(say: Say) -> Any:
        return await say("approveOrder", {"input": {"orderId": (await _order(say, order))["id"]}})

    shown(run(tenant, act))


@app.command()
def bundle(orders: list[str], tenant: Tenant) -> None:
    """Let orders of one customer leave as one shipment."""

    async def act(say: Say) -> Any:
        ids = [(await _order(say, o))["id"] for o in orders]
        return await say("bundleOrders", {"input": {"orderIds": ids}})

    shown(run(tenant, act))


@app.command()
def unbundle(bundle_id: Annotated[str, typer.Argument(help="bdl_...")], tenant: Tenant) -> None:
    """Let each leave alone again."""

    async def act(say: Say) -> Any:
        return await say("unbundle", {"input": {"bundleId": bundle_id}})

    shown(run(tenant, act))


# ------------------------------------------------------------------ what one node does
@app.command()
def split(fulfillment: Fulfillment, units: list[str], tenant: Tenant) -> None:
    """Part SKU=units from a fulfillment, to leave apart."""

    async def act(say: Say) -> Any:
        found = await say("fulfillment", {"id": fulfillment})
        if not found:
            raise NoSuchFulfillment(fulfillment=fulfillment)
        ids = {x["sku"]: x["orderLineId"] for x in found["lines"]}
        if unknown := [sku for sku, _ in _units(units) if sku not in ids]:
            raise NoSuchLine(sku=unknown[0], known=", ".join(ids))
        lines = [{"orderLineId": ids[sku], "quantity": n} for sku, n in _units(units)]
        return await say("splitFulfillment", {"input": {"fulfillmentId": fulfillment, "lines": lines}})

    shown(run(tenant, act))


@app.command("hand-over")
def hand_over(
    fulfillment: Fulfillment,
    tenant: Tenant,
    code: Annotated[str, typer.Option(help="The customer's pickup code.")],
    name: Annotated[str, typer.Option(help="Who takes the goods.")],
    *,
    document: Annotated[str | None, typer.Option(help="Last digits are enough.")] = None,
) -> None:
    """Give collected goods to who brings the code."""
    proof = {"name": name, "document": document}

    async def act(say: Say) -> Any:
        return await say("handOver", {"input": {"fulfillmentId": fulfillment, "code": code, "proof": proof}})

    shown(run(tenant, act))


@app.command()
def reject(fulfillment: Fulfillment, tenant: Tenant, reason: Reason) -> None:
    """A store cannot do it: another node is looked for."""

    async def act(say: Say) -> Any:
        return await say("rejectFulfillment", {"input": {"fulfillmentId": fulfillment, "reason": reason}})

    shown(run(tenant, act))


@app.command()
def route(order: Order, tenant: Tenant) -> None:
    """Look for nodes again for what has none."""

    async def act(say: Say) -> Any:
        return await say("planRoute", {"input": {"orderId": (await _order(say, order))["id"]}})

    shown(run(tenant, act))
