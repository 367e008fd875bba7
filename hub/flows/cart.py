"""What a customer's cart kept becomes the order's: given free in the unit that reserves for it, so that nobody comes between."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from uuid import UUID

from hub import inventory
from hub.flows.reactor import Deps, Flow
from hub.kit.db import Tx
from hub.kit.errors import HubError
from hub.kit.ids import read_id
from hub.ledger import Cause, Fact

REFERENCE = "reservation"  # kind of the draft's reference that names a reservation, rsv_...
WAITS = timedelta(days=3)  # how long an order that is held keeps its cart's units


async def answer(tx: Tx, facts: Sequence[Fact], deps: Deps) -> None:
    placed = {i: f for f in facts if f.type == "order.placed" and (i := _named(f)) is not None}
    kept = await inventory.reserve_for(tx, {i: f.subject_id for i, f in placed.items()}) if placed else {}
    held = {i for i in kept if placed[i].data["holds"]}
    if held:
        await inventory.extend(tx, dict.fromkeys(held, tx.now + WAITS), placed[min(held)].cause)
    now = {i: placed[i].cause for i in kept if i not in held}
    freed = {f.subject_id: f.cause for f in facts if f.type == "order.hold_released" and not f.data["still_open"]}
    ended = {f.subject_id: f.cause for f in facts if f.type == "order.cancelled"}
    later = await inventory.reservations_of(tx, {*freed, *ended}) if freed or ended else {}
    await _give_back(tx, {**now, **{i: freed[o] for i, o in later.items() if o in freed}}, "USED")
    await _give_back(tx, {i: ended[o] for i, o in later.items() if o in ended and o not in freed}, "RELEASED")


def _named(f: Fact) -> UUID | None:
    """The reservation that the order names; a word that is no reservation's id names none."""
    try:
        return read_id("rsv", f.data[REFERENCE]) if REFERENCE in f.data else None
    except HubError:
        return None


async def _give_back(tx: Tx, ended: Mapping[UUID, Cause], state: str) -> None:
    if ended:
        await inventory.give_back(tx, sorted(ended), state, ended[min(ended)])


FLOW = Flow("cart", frozenset({"order.placed", "order.hold_released", "order.cancelled"}), answer)
