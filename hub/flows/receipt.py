"""A warehouse's 944 puts what was received on hand, in the condition that it came in, and ends the announcement that it answers; a node or
SKU that we don't know is an incident, and so are units that lack or are too many.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any
from uuid import UUID

from hub import catalog, connections, inventory, network
from hub.canon.states import MovementCause
from hub.flows.reactor import Deps, Flow
from hub.incidents import NewIncident
from hub.kit.db import Tx
from hub.kit.money import plain
from hub.ledger import Fact

ZERO = Decimal(0)
CONDITIONS = frozenset({"DAMAGED", "QUARANTINE"})
SKUS = frozenset({"VN", "VP", "VA", "BP", "IN", "SK"})  # qualifiers under which a warehouse says our SKU


async def answer(tx: Tx, facts: Sequence[Fact], deps: Deps) -> None:
    receipts = [f for f in facts if f.data["kind"] == "receipt"]
    if not receipts:
        return
    places = await network.load(tx)
    accounts: dict[str, set[UUID]] = {}
    for c in await connections.of_tenant(tx):
        accounts.setdefault(c.code, set()).add(c.connection_id)
    known = await catalog.find(tx, {s for f in receipts for x in f.data["data"].get("lines") or () if (s := _sku(x))})
    for f in receipts:
        node = places.node(_node(f.data["data"]))
        unknown = sorted({_sku(x) for x in f.data["data"].get("lines") or ()} - known.keys())
        if node is None:
            await deps.incidents.open(tx, [_incident(f, f"unknown node {_node(f.data['data']) or '-'}")])
            continue
        if unknown or node.wms_connection_id not in accounts.get(f.data["channel"], ()):
            why = (
                f"unknown SKU {', '.join(unknown)}"
                if unknown
                else f"{f.data['channel']} is not the warehouse of {node.code}"
            )
            await deps.incidents.open(tx, [_incident(f, why)])
            continue
        changes = [c for x in f.data["data"]["lines"] for c in _changes(node.node_id, x)]
        try:
            if changes:
                await inventory.adjust(tx, changes, f"received {f.data['number']}", f.cause, kind=MovementCause.RECEIPT)
        except inventory.Refused as refused:
            await deps.incidents.open(tx, [_incident(f, refused.sentence())])
            continue
        await _settle(tx, f, deps)


async def _settle(tx: Tx, f: Fact, deps: Deps) -> None:
    """The announcement under our number is over; what was received beside it is told."""
    number = str(f.data["data"].get("number") or "")
    announced = await inventory.arrived(tx, number, f.cause) if number else []
    units: dict[str, Decimal] = {}
    for r in announced:
        units[r["sku"]] = units.get(r["sku"], ZERO) - r["quantity"]
    if announced:
        for x in f.data["data"]["lines"]:
            units[_sku(x)] = units.get(_sku(x), ZERO) + Decimal(str(x.get("received") or 0))
    odd = {sku: n for sku, n in sorted(units.items()) if n}
    if odd:
        told = ", ".join(f"{plain(abs(n))} {sku} {'too many' if n > 0 else 'missing'}" for sku, n in odd.items())
        await deps.incidents.open(tx, [_incident(f, told, "receipt_differs", f"The receipt of {number} differs")])


def _node(document: Mapping[str, Any]) -> str:
    parties = document.get("parties") or {}
    return str((parties.get("warehouse") or parties.get("ship_to") or {}).get("id") or "")


def _sku(line: Mapping[str, Any]) -> str:
    for scheme, number in (("scheme", "id"), ("scheme_2", "id_2")):
        if line.get(scheme) in SKUS and line.get(number):
            return str(line[number])
    return str(line.get("case_upc") or "")


def _changes(node_id: UUID, line: Mapping[str, Any]) -> list[inventory.Adjustment]:
    """What is damaged or held lies in its condition, the rest is new; what is short or over is in the received quantity already."""
    sku, rest = _sku(line), Decimal(str(line.get("received") or 0))
    found = []
    for row in line.get("exceptions") or ():
        condition = str(row.get("condition"))
        units = Decimal(str(row.get("quantity") or 0))
        if condition in CONDITIONS and units:
            found.append(inventory.Adjustment(node_id=node_id, sku=sku, condition=condition, delta=units))
            rest -= units
    if rest > 0:
        found.append(inventory.Adjustment(node_id=node_id, sku=sku, delta=rest))
    return found


def _incident(f: Fact, why: str, kind: str = "document_refused", what: str = "") -> NewIncident:
    return NewIncident(
        kind=kind,
        summary=f"{what or 'The receipt ' + f.data['number'] + ' was not booked'}: {why}."[:500],
        subject_kind="message",
        subject_id=f.subject_id,
        cause=f.cause,
    )


FLOW = Flow("receipt", frozenset({"document.read"}), answer)
