"""Fulfillments of several orders that leave one node as one shipment: joined, left again, and read by whoever opens the door."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, ClassVar
from uuid import UUID

from hub.fulfillment.commands import AT_WORK, SQL, lock
from hub.fulfillment.model import UnknownFulfillment
from hub.kit.db import Tx
from hub.kit.errors import HubError
from hub.kit.ids import new_id
from hub.ledger import Cause, append, fact


class NotBundleable(HubError):
    """These cannot leave together: {reason}"""

    code: ClassVar[str] = "NOT_BUNDLEABLE"


async def bundle(tx: Tx, fulfillments: Sequence[UUID], cause: Cause) -> UUID:
    """Join them, and what is bundled with any of them already; a fact `fulfillment.bundled` for each that is new to the bundle.
    That customer, address and window agree is for the caller to know.
    """
    rows = await lock(tx, fulfillments)
    if unknown := set(fulfillments) - rows.keys():
        raise UnknownFulfillment(fulfillment_id=min(unknown))
    if len(rows) < 2:
        raise NotBundleable(reason="a bundle has at least two")
    if len({r["node_id"] for r in rows.values()}) > 1:
        raise NotBundleable(reason="they are at different nodes")
    if len({r["method"] for r in rows.values()}) > 1:
        raise NotBundleable(reason="their methods differ")
    late = [
        r for r in rows.values() if r["state"] not in AT_WORK or r["dispatch_requested_at"] or r["cancel_requested_at"]
    ]
    if late:
        raise NotBundleable(reason=f"one is {late[0]['state']} or about to end")
    known = sorted({r["bundle_id"] for r in rows.values() if r["bundle_id"]})
    bundle_id: UUID = known[0] if known else new_id()
    await tx.conn.execute(SQL["join_bundles"], known, bundle_id)
    new = [r for r in rows.values() if r["bundle_id"] != bundle_id]
    await _set(tx, new, bundle_id, "fulfillment.bundled", cause)
    return bundle_id


async def unbundle(tx: Tx, bundle_id: UUID, cause: Cause) -> list[UUID]:
    """Each leaves alone again; those that have left stay as they were. Returns the freed ones, a fact `fulfillment.unbundled` each."""
    rows = [r for r in await tx.conn.fetch(SQL["bundle_members"], [bundle_id]) if r["state"] in AT_WORK]
    await _set(tx, rows, None, "fulfillment.unbundled", cause)
    return [r["fulfillment_id"] for r in rows]


async def _set(tx: Tx, rows: Sequence[Any], bundle_id: UUID | None, type_: str, cause: Cause) -> None:
    if not rows:
        return
    await tx.conn.execute(SQL["set_bundle"], [r["fulfillment_id"] for r in rows], bundle_id, tx.now)
    for r in rows:
        said = {"order_id": r["order_id"], "node_id": r["node_id"], "bundle_id": bundle_id or r["bundle_id"]}
        append(tx, [fact(tx, type_, "fulfillment", r["fulfillment_id"], said, cause)])


async def members(tx: Tx, bundle_id: UUID) -> list[Any]:
    """All that are or were of the bundle, in id order, locked."""
    return list(await tx.conn.fetch(SQL["bundle_members"], [bundle_id]))


async def companions(tx: Tx, fulfillments: Iterable[UUID]) -> list[Any]:
    """All live members of the bundles that these belong to, themselves included; nothing for those that go alone."""
    return list(await tx.conn.fetch(SQL["companions"], sorted(set(fulfillments))))
