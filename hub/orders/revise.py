"""What a channel says again about an order that stands: the same, older, or newer. Newer payment news is applied;
changed lines, and another ship-to of an order that nodes know, are never overwritten but come back as an amendment to be tried.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import UUID

from hub.canon.codec import dump
from hub.canon.order import OrderDraft
from hub.canon.states import HoldKind, OrderState
from hub.kit.db import Tx
from hub.kit.money import plain
from hub.ledger import append, fact
from hub.orders.amend import stood, unheard
from hub.orders.amendment import OURS, Amendment, NewLine
from hub.orders.capture import SQL, Capture, Captured, address_columns, same_place
from hub.orders.draft import NOT_CAPTURED, address_faults
from hub.orders.holds import HoldPlaced, HoldReleased, place, release

OVER = frozenset({OrderState.DELIVERED, OrderState.COMPLETED, OrderState.CANCELLED})


@dataclass(frozen=True, slots=True, kw_only=True)
class Revised:
    """`differs`: the lines are not those that stand, `moved`: the ship-to is not; `ask` would make them so. `cancelled`: the channel
    cancelled it. `why`: what no amendment can settle, in words.
    """

    captured: Captured
    why: str | None = None
    differs: bool = False
    moved: bool = False
    cancelled: bool = False
    ask: Amendment | None = None


async def say_again(tx: Tx, captures: Sequence[Capture]) -> list[Revised]:
    """Handle drafts of orders that exist, in the order given."""
    rows = await tx.conn.fetch(
        SQL["lock_external"], [c.channel for c in captures], [c.draft.external_id for c in captures]
    )
    standing = {(r["channel"], r["external_id"]): dict(r.items()) for r in rows}
    lines: dict[Any, dict[str, Any]] = {}
    ours: dict[Any, list[Any]] = {}
    for r in await tx.conn.fetch(SQL["lines"], sorted({r["order_id"] for r in rows})):
        if r["kit_parent"] is not None:
            continue
        if r["external_id"].startswith(OURS):
            ours.setdefault(r["order_id"], []).append(r)
            continue
        lines.setdefault(r["order_id"], {})[r["external_id"]] = r
    rows_of = [standing[c.channel, c.draft.external_id] for c in captures]
    differing = [
        r["order_id"]
        for c, r in zip(captures, rows_of, strict=True)
        if _differs(c.draft, lines.get(r["order_id"], {}), {})
    ]
    heard = await unheard(tx, differing) if differing else {}
    moving = {r["order_id"] for c, r in zip(captures, rows_of, strict=True) if _moves(c.draft, r)}
    places = await stood(tx, sorted(moving)) if moving else {}
    named = [
        (c, r, _named(c.draft, lines.get(r["order_id"], {}), ours.get(r["order_id"], []), heard.get(r["order_id"], {})))
        for c, r in zip(captures, rows_of, strict=True)
        if r["order_id"] in ours and c.draft.revision > r["revision"]
    ]
    for order_id, found in (await _name(tx, named)).items():
        lines.setdefault(order_id, {}).update(found)
    return [
        await _one(
            tx, c, r, _Known(lines.get(r["order_id"], {}), heard.get(r["order_id"], {}), places.get(r["order_id"], []))
        )
        for c, r in zip(captures, rows_of, strict=True)
    ]


@dataclass(frozen=True, slots=True)
class _Known:
    """An order's lines by the channel's ids; the units and the places that they had before amendments of ours."""

    lines: dict[str, Any]
    units: Mapping[str, set[Decimal]]
    places: Sequence[Mapping[str, Any]]


async def _one(tx: Tx, capture: Capture, row: dict[str, Any], known: _Known) -> Revised:
    draft = capture.draft
    dearer = _repriced(draft, known.lines)
    lines = dearer is not None or _differs(draft, known.lines, known.units)
    if draft.revision == row["revision"]:
        return Revised(captured=_captured(capture, row, "REPEATED"), differs=lines)
    if draft.revision < row["revision"]:
        await _note(tx, capture, row, applied=False)
        return Revised(captured=_captured(capture, row, "OLD_REVISION"))
    cancelled = draft.cancelled_at is not None
    unheard_of = draft.ship_to is not None and any(same_place(draft.ship_to, p) for p in known.places)
    completed = _completes(draft, row) and not unheard_of
    moved = _moves(draft, row) and not (completed or unheard_of or cancelled)
    again = bool(draft.partner_lines) and not (lines or moved or cancelled)
    await _note(tx, capture, row, applied=not (lines or moved), again=again)
    await _apply(tx, capture, row, completed=completed)
    ask = _ask(capture, row["order_id"], known.lines if lines else None, moved=moved)
    return Revised(
        captured=_captured(capture, row, "REVISED"),
        differs=lines,
        moved=moved,
        cancelled=cancelled,
        ask=ask if (lines or moved) and not cancelled and dearer is None else None,
        why=dearer,
    )


def _moves(draft: OrderDraft, row: Mapping[str, Any]) -> bool:
    """Another ship-to. Of goods that have arrived a shop's is no news: many hide their customers' addresses then."""
    over = OrderState(row["state"]) in OVER and not draft.partner_lines
    return draft.ship_to is not None and draft.pickup is None and not over and not same_place(draft.ship_to, row)


def _completes(draft: OrderDraft, row: Mapping[str, Any]) -> bool:
    """No node knows of a draft: its address is simply another."""
    return row["state"] == OrderState.DRAFT and draft.ship_to is not None and not list(address_faults(draft.ship_to))


def _named(
    draft: OrderDraft, lines: Mapping[str, Any], ours: Sequence[Any], before: Mapping[str, set[Decimal]]
) -> dict[str, Any]:
    """Lines of the channel that are goods added here, of which it was told: its id -> our row. The same SKU and units that it had here."""
    left, found = list(ours), dict[str, Any]()
    for x in draft.lines:
        if x.external_id in lines:
            continue
        for r in left:
            units = {r["ordered"], r["ordered"] - r["cancelled"], *before.get(r["external_id"], ())}
            if r["sku"] == x.sku and x.quantity in units:
                found[x.external_id] = r
                left.remove(r)
                break
    return found


async def _name(tx: Tx, named: Sequence[tuple[Capture, Any, Mapping[str, Any]]]) -> dict[UUID, dict[str, Any]]:
    """The channel's ids are those of the lines from now on, so that what is shipped or cut can be told of them."""
    done: dict[UUID, dict[str, Any]] = {}
    for capture, row, found in named:
        fresh = {e: r for e, r in found.items() if e not in done.get(row["order_id"], {})}
        if fresh:
            done.setdefault(row["order_id"], {}).update(fresh)
            said = {"lines": [[r["line_id"], e] for e, r in fresh.items()]}
            append(tx, [fact(tx, "order.lines_named", "order", row["order_id"], said, capture.cause)])
    pairs = [(r["line_id"], e) for found in done.values() for e, r in found.items()]
    if pairs:
        await tx.conn.execute(SQL["name_lines"], *map(list, zip(*pairs, strict=True)))
    return done


def _differs(draft: OrderDraft, lines: dict[str, Any], before: Mapping[str, set[Decimal]]) -> bool:
    """A channel may or may not have heard what was cancelled or amended here (`before`), and Shopify counts what was removed for ever:
    all these quantities are the same news. What is gone may stay away.
    """
    said = {x.external_id: x for x in draft.lines}
    for external_id, row in lines.items():
        line = said.pop(external_id, None)
        if line is None and row["ordered"] > row["cancelled"]:
            return True
        known = {row["ordered"], row["ordered"] - row["cancelled"], *before.get(external_id, ())}
        if line and (line.sku != row["sku"] or line.quantity not in known):
            return True
    return bool(said)


def _repriced(draft: OrderDraft, lines: Mapping[str, Any]) -> str | None:
    """A partner's document that says another price for a line that stands: whether that holds is a person's to say. A shop's price follows from
    its own discounts and is no such news.
    """
    if not draft.partner_lines:
        return None
    said = [(x, lines[x.external_id]["unit_price"]) for x in draft.lines if x.external_id in lines]
    other = [
        f"line {x.external_id} ({x.sku}) says {plain(x.unit_price)}, {plain(stands)} stands"
        for x, stands in said
        if x.unit_price != stands
    ]
    return "Its prices are others: " + "; ".join(other) + ". What stands was not changed." if other else None


def _ask(capture: Capture, order_id: UUID, lines: dict[str, Any] | None, *, moved: bool) -> Amendment | None:
    """The channel's lines (None: they stand) and ship-to as an amendment; None where a line became other goods, which no rule of ours decides."""
    draft = capture.draft
    ship_to = draft.ship_to if moved else None
    reason = f"revision {draft.revision} of the channel"
    if lines is None:
        return Amendment(order_id=order_id, reason=reason, cause=capture.cause, ship_to=ship_to, origin="CHANNEL")
    if any(x.external_id in lines and lines[x.external_id]["sku"] != x.sku for x in draft.lines):
        return None
    said = {x.external_id: x.quantity for x in draft.lines}
    return Amendment(
        order_id=order_id,
        reason=reason,
        cause=capture.cause,
        ship_to=ship_to,
        quantities={r["line_id"]: said.get(e, Decimal(0)) for e, r in lines.items()},
        add=tuple(
            NewLine(
                sku=x.sku,
                quantity=x.quantity,
                unit_price=x.unit_price,
                external_id=x.external_id,
                title=x.title,
                discount=x.discount,
            )
            for x in draft.lines
            if x.external_id not in lines
        ),
        total=draft.totals.total,
        origin="CHANNEL",
    )


async def last_change(tx: Tx, order_id: UUID) -> int | None:
    """The highest sequence of the changes that a partner had applied to this order; None before the first that has one."""
    found = await tx.conn.fetchval(SQL["last_change"], order_id)
    return None if found is None else int(found)


async def note_change(tx: Tx, order_id: UUID, sequence: int, message_id: UUID) -> None:
    """A partner's change with that sequence (at most eight digits) stands."""
    said = [[order_id], [f"change {sequence}"], [True], [message_id], [None]]
    await tx.conn.execute(SQL["note_revisions"], *said, tx.now)


async def _note(tx: Tx, capture: Capture, row: dict[str, Any], *, applied: bool, again: bool = False) -> None:
    """One fact for each distinct revision, however often it comes. `again`: a partner's document that says what stands."""
    kept = None if applied else dump(capture.draft)
    new = await tx.conn.fetch(
        SQL["note_revisions"],
        [row["order_id"]],
        [capture.draft.revision],
        [applied],
        [capture.message_id],
        [kept],
        tx.now,
    )
    if new:
        newer = "order.repeated" if again else "order.revised"
        type_ = newer if capture.draft.revision > row["revision"] else "order.old_revision_seen"
        said = {
            "revision": capture.draft.revision,
            "standing": row["revision"],
            "payment_state": capture.draft.payment_state.value,
        }
        append(tx, [fact(tx, type_, "order", row["order_id"], said, capture.cause)])


async def _apply(tx: Tx, capture: Capture, row: dict[str, Any], *, completed: bool) -> None:
    """`completed`: the ship-to of a draft is another, and good."""
    draft, order_id = capture.draft, row["order_id"]
    await tx.conn.execute(SQL["revise"], [order_id], [draft.revision], [draft.payment_state.value], tx.now)
    row["revision"], row["payment_state"] = draft.revision, draft.payment_state.value
    early = OrderState(row["state"]) in (OrderState.DRAFT, OrderState.APPROVED)
    if draft.payment_state in NOT_CAPTURED:
        if early:
            reason = f"payment is {draft.payment_state.value}, not captured"
            await place(tx, [HoldPlaced(order_id=order_id, kind=HoldKind.PAYMENT, reason=reason, cause=capture.cause)])
    else:
        await release(
            tx,
            [HoldReleased(order_id=order_id, kind=HoldKind.PAYMENT, cause=capture.cause)],
            note="the channel reports it captured",
        )
    if completed and draft.ship_to is not None:
        columns = address_columns(draft.ship_to)
        await tx.conn.execute(SQL["readdress"], order_id, *columns.values(), tx.now)
        await release(
            tx,
            [HoldReleased(order_id=order_id, kind=HoldKind.ADDRESS, cause=capture.cause)],
            note="the channel completed it",
        )


def _captured(capture: Capture, row: dict[str, Any], outcome: str) -> Captured:
    return Captured(
        order_id=row["order_id"],
        number=row["number"],
        outcome=outcome,
        state=OrderState(row["state"]),
        version=row["version"],
        capture=capture,
    )
