"""Mutations that change placed orders and their fulfillments: amend, substitute, approve, bundle, split, hand over."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any
from uuid import UUID

from hub import fulfillment, network, orders
from hub.flows.amend import Amended, Preview, amend, preview, substitution
from hub.flows.bundle import bundle
from hub.flows.in_store import hand_over
from hub.kit.db import Tx
from hub.kit.errors import HubError
from hub.kit.ids import public_id
from hub.orders import Amendment, AmendmentRefused, NewLine
from hub.web.commands.orders import CODES, address_of
from hub.web.commands.work import Desk, Refused, direct
from schema.changes import (
    AmendOrderInput,
    ApproveOrderInput,
    BundleOrdersInput,
    HandOverInput,
    SplitFulfillmentInput,
    SubstituteLineInput,
    UnbundleInput,
)
from schema.commands import Ask, Outcome, Refusal

AMEND_CODES = (*CODES, "NOTHING_TO_APPROVE", "NOT_YOUR_STEP")
NODE_CODES = (
    "NOT_FOUND",
    "VERSION_CONFLICT",
    "NOT_BUNDLEABLE",
    "NOT_SPLITTABLE",
    "NOT_FOR_PICKUP",
    "WRONG_PICKUP_CODE",
    "NO_PROOF",
    "DISPATCH_ALREADY_ASKED",
)
APPROVES = "approve:"  # scopes of a key that name the roles in which its holder approves
# places of faults in an amendment -> fields of the input
FIELDS = {"quantities": "setQuantities", "add": "addLines"}


class ChangeCommands:
    """`desk` carries the write path."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    # ---- amendments
    async def amend_order(self, ask: Ask, input: AmendOrderInput, /) -> Outcome:  # noqa: A002 - the port's name
        return await self._desk.run(ask, AMEND_CODES, lambda tx: self._amend(tx, input))

    async def _amend(self, tx: Tx, given: AmendOrderInput) -> Outcome:
        wanted = {x.line_id: x.quantity for x in given.set_quantities or ()}
        asked = Amendment(
            order_id=given.order_id,
            reason=_reason(given.reason),
            cause=direct(tx),
            expected_version=given.expected_version,
            add=tuple(_new_line(x) for x in given.add_lines or ()),
            quantities=wanted,
            ship_to=address_of(given.ship_to) if given.ship_to else None,
            method=given.method,
            pickup_node_id=given.pickup_location_id,
            promised_by=given.promised_by,
        )
        places = {str(x.line_id): str(n) for n, x in enumerate(given.set_quantities or ())}
        return await self._changed(tx, asked, places, dry=given.dry_run)

    async def substitute_line(self, ask: Ask, input: SubstituteLineInput, /) -> Outcome:  # noqa: A002 - the port's name
        return await self._desk.run(ask, AMEND_CODES, lambda tx: self._substitute(tx, input))

    async def _substitute(self, tx: Tx, given: SubstituteLineInput) -> Outcome:
        await orders.lock_one(tx, given.order_id)
        asked = await substitution(tx, given.order_id, given.line_id, given.sku, _reason(given.reason), direct(tx))
        if isinstance(asked, AmendmentRefused):
            raise _refused(asked, {})
        return await self._changed(tx, asked, {}, dry=given.dry_run)

    async def _changed(self, tx: Tx, asked: Amendment, places: Mapping[str, str], *, dry: bool) -> Outcome:
        codes = {i: n.code for i, n in (await network.load(tx)).nodes.items()}
        try:
            if dry:
                seen = await preview(tx, asked, self._desk.reactor)
                return Outcome(ids={"order": asked.order_id}, data={"effect": _previewed(seen, codes)})
            [outcome] = await amend(tx, [asked])
            if isinstance(outcome, AmendmentRefused):
                raise outcome
        except AmendmentRefused as refusal:
            raise _refused(refusal, places) from refusal
        found = {"order": asked.order_id, "amendment": outcome.amendment_id}
        return Outcome(ids=found, data={"effect": _effect(outcome)})

    async def approve_order(self, ask: Ask, input: ApproveOrderInput, /) -> Outcome:  # noqa: A002 - the port's name
        """An administrator whose key has no scopes approves in every role; any other key names its roles as `approve:<role>`."""
        scopes = ask.principal.scopes
        roles = {s.removeprefix(APPROVES) for s in scopes if s.startswith(APPROVES)}
        every = ask.principal.role == "ADMIN" and not scopes

        async def act(tx: Tx) -> Outcome:
            await orders.lock_one(tx, input.order_id)
            await orders.approve_step(tx, input.order_id, None if every else roles, direct(tx))
            return Outcome(ids={"order": input.order_id})

        return await self._desk.run(ask, AMEND_CODES, act)

    # ---- fulfillments
    async def bundle_orders(self, ask: Ask, input: BundleOrdersInput, /) -> Outcome:  # noqa: A002 - the port's name
        return await self._desk.run(ask, NODE_CODES, lambda tx: self._bundle(tx, input))

    async def _bundle(self, tx: Tx, given: BundleOrdersInput) -> Outcome:
        known = await orders.lock(tx, given.order_ids)
        if unknown := [str(n) for n, i in enumerate(given.order_ids) if i not in known]:
            raise Refused(*(_not_found("orderIds", n) for n in unknown))
        if not known:
            raise fulfillment.NotBundleable(reason="a bundle has at least two")
        made = await bundle(tx, list(dict.fromkeys(given.order_ids)), direct(tx))
        rows = await fulfillment.members(tx, made)
        return _together(made, [r["fulfillment_id"] for r in rows])

    async def unbundle(self, ask: Ask, input: UnbundleInput, /) -> Outcome:  # noqa: A002 - the port's name
        return await self._desk.run(ask, NODE_CODES, lambda tx: self._unbundle(tx, input))

    async def _unbundle(self, tx: Tx, given: UnbundleInput) -> Outcome:
        freed = await fulfillment.unbundle(tx, given.bundle_id, direct(tx))
        if not freed:
            raise Refused(_not_found("bundleId"))
        return _together(None, freed)

    async def split_fulfillment(self, ask: Ask, input: SplitFulfillmentInput, /) -> Outcome:  # noqa: A002 - the port's name
        return await self._desk.run(ask, NODE_CODES, lambda tx: self._split(tx, input))

    async def _split(self, tx: Tx, given: SplitFulfillmentInput) -> Outcome:
        """A warehouse with a WMS works on the pick order that it has: it says itself what it ships apart."""
        row = await fulfillment.lock_one(tx, given.fulfillment_id)
        if given.expected_version not in (None, row["version"]):
            raise Refused(_stale(row["version"]))
        if (await network.load(tx)).nodes[row["node_id"]].wms_connection_id is not None:
            raise fulfillment.NotSplittable(reason="its warehouse works on the pick order that it has")
        part: dict[UUID, Decimal] = {}
        for x in given.lines:
            part[x.order_line_id] = part.get(x.order_line_id, Decimal(0)) + x.quantity
        made = await fulfillment.split(tx, given.fulfillment_id, part, direct(tx))
        return _together(None, [given.fulfillment_id, made])

    async def hand_over(self, ask: Ask, input: HandOverInput, /) -> Outcome:  # noqa: A002 - the port's name
        return await self._desk.run(ask, NODE_CODES, lambda tx: self._hand_over(tx, input))

    async def _hand_over(self, tx: Tx, given: HandOverInput) -> Outcome:
        proof = {"name": given.proof.name, "document": given.proof.document, "note": given.proof.note}
        told = {k: v for k, v in proof.items() if v is not None}
        row = await fulfillment.lock_one(tx, given.fulfillment_id)
        try:
            await hand_over(tx, given.fulfillment_id, given.code, told, direct(tx))
        except HubError as error:
            field = {"WRONG_PICKUP_CODE": ("input", "code"), "NO_PROOF": ("input", "proof", "name")}.get(error.code)
            if field is None:
                raise
            raise Refused(Refusal(code=error.code, message=error.sentence(), field=field)) from error
        return Outcome(ids={"fulfillment": given.fulfillment_id, "order": row["order_id"]})


def _reason(text: str) -> str:
    if not text.strip():
        raise Refused(Refusal(code="REASON_REQUIRED", message="An amendment has a reason.", field=("input", "reason")))
    return text.strip()


def _new_line(x: Any) -> NewLine:
    return NewLine(
        sku=x.sku,
        quantity=x.quantity,
        unit_price=x.unit_price,
        external_id=str(x.line_no) if x.line_no is not None else None,
        title=x.title,
        discount=x.discount or Decimal(0),
    )


def _refused(refusal: AmendmentRefused, places: Mapping[str, str]) -> Refused:
    """Every fault with its field. `places`: line id -> where it stands in `setQuantities`."""
    made = []
    for path, error in refusal.faults:
        field = ("input", FIELDS.get(path[0], path[0]), *(places.get(p, p) for p in path[1:]))
        if error.code == "VERSION_CONFLICT":
            made.append(_stale(error.data["current"]))
        else:
            made.append(Refusal(code=error.code, message=error.sentence(), field=field))
    return Refused(*made)


def _stale(version: int) -> Refusal:
    return Refusal(
        code="VERSION_CONFLICT",
        message=f"It has changed: its version is {version}.",
        field=("input", "expectedVersion"),
        current_version=version,
    )


def _not_found(*path: str) -> Refusal:
    return Refusal(code="NOT_FOUND", message="There is none with this id.", field=("input", *path))


def _together(bundle_id: UUID | None, ids: Sequence[UUID]) -> Outcome:
    shown = public_id("bdl", bundle_id) if bundle_id else None
    return Outcome(ids={"fulfillments": tuple(ids)}, data={"bundle_id": shown})


def _effect(a: Amended) -> dict[str, Any]:
    def money(amount: Decimal) -> dict[str, Any]:
        return {"amount": amount, "currency_code": a.currency}

    return {
        "changes": [dict(c) for c in a.changes],
        "total_before": money(a.total_before),
        "total_after": money(a.total_after),
        "tax_before": money(a.tax_before),
        "tax_after": money(a.tax_after),
        "waits_for": [public_id("ful", i) for i in a.waits_for],
    }


def _previewed(seen: Preview, codes: Mapping[UUID, str]) -> dict[str, Any]:
    return {
        **_effect(seen.amended),
        "stock": [
            {"location_id": public_id("loc", node), "location": codes[node], "sku": sku, "reserved_delta": n}
            for (node, sku), n in sorted(seen.stock.items(), key=lambda x: (codes[x[0][0]], x[0][1]))
        ],
        "unplaced": [{"sku": s, "quantity": n} for s, n in sorted(seen.unplaced.items())],
        "ships_by_before": seen.ships_by_before,
        "ships_by_after": seen.ships_by_after,
        "holds": list(seen.holds),
    }
