"""Orders of one marketplace pack leave with one note: one of their fulfillments bears it, the others share it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

from hub import fiscal, fulfillment, orders
from hub.kit.db import Tx

# A note in one of these states stands for no goods any more: they need another one.
ENDED = frozenset({"REJECTED", "CANCELLED", "DENIED", "VOID_PENDING", "VOIDED"})
# What two orders must have in common to stand on one note.
SAME = (
    *("channel", "group_id", "customer_tax_id", "ship_tax_id", "ship_name", "ship_street", "ship_number"),
    *("ship_complement", "ship_city", "ship_region", "ship_postal_code", "ship_country", "currency"),
)


async def join(tx: Tx, leaving: Iterable[UUID]) -> dict[UUID, list[UUID]]:
    """Bearer -> all that its note is about, itself first: of those that leave now, bundled and of one pack to one place."""
    wanted = sorted(set(leaving))
    rows = await fulfillment.lock(tx, wanted)
    bundled = {r["order_id"] for r in rows.values() if r["bundle_id"] is not None}
    heads = await orders.heads(tx, bundled) if bundled else {}
    groups: dict[Any, list[UUID]] = {}
    for here, row in rows.items():
        groups.setdefault(_key(row, heads.get(row["order_id"])), []).append(here)
    several = [i for group in groups.values() if len(group) > 1 for i in group]
    notes = await fiscal.of_fulfillments(tx, several) if several else {}
    found: dict[UUID, list[UUID]] = {}
    for group in groups.values():
        bearer = _bearer(group, notes)
        found[bearer] = [bearer, *(i for i in group if i != bearer)]
    shared = {i: (None if i == b else b) for b, group in found.items() for i in group}
    changed = {i: b for i, b in shared.items() if rows[i]["noted_with"] != b}
    if changed:
        await fulfillment.share_notes(tx, changed)
    return found


def _key(row: Any, head: Any | None) -> Any:
    """The same for those that stand on one note."""
    if row["bundle_id"] is None or head is None or head["group_id"] is None:
        return row["fulfillment_id"]
    return (row["bundle_id"], *(head[n] for n in SAME))


def _bearer(group: Sequence[UUID], notes: Mapping[UUID, Any]) -> UUID:
    """The one whose note was rejected, so that its number is used; else the first that has none."""
    rejected = [i for i in group if i in notes and notes[i]["state"] == "REJECTED"]
    bare = [i for i in group if i not in notes or notes[i]["state"] in ENDED]
    return (rejected or bare or list(group))[0]


async def notes_of(tx: Tx, fulfillments: Iterable[UUID]) -> dict[UUID, Any]:
    """Fulfillment -> the newest note that is about it, its own or the one that it shares."""
    bearers = await fulfillment.bearers(tx, fulfillments)
    notes = await fiscal.of_fulfillments(tx, sorted(set(bearers.values()))) if bearers else {}
    return {i: notes[b] for i, b in bearers.items() if b in notes}


async def of_bearers(tx: Tx, bearers: Iterable[UUID]) -> dict[UUID, list[tuple[UUID, UUID | None]]]:
    """Bearer -> (fulfillment, order) of all that its note is about; its own order is not looked up."""
    wanted = sorted(set(bearers))
    others = await fulfillment.borne(tx, wanted) if wanted else {}
    return {b: [(b, None), *((r["fulfillment_id"], r["order_id"]) for r in others.get(b, []))] for b in wanted}
