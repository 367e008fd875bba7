"""What the hub took out of an order or put into it is told where the order came from: its channel changes the lines, a partner gets a
document. Who cannot be told of goods that were added (a substitution) is an incident: a person changes the order there.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any
from uuid import UUID

from hub import connections, orders, outbox
from hub.canon.codec import dump
from hub.canon.commands import AddedLine, CancelLines, ChangeLines
from hub.canon.states import OrderState
from hub.flows.acknowledge import response
from hub.flows.partners import owed
from hub.flows.reactor import Deps, Flow
from hub.incidents import NewIncident
from hub.kit.db import Tx
from hub.kit.ids import public_id
from hub.kit.money import plain
from hub.ledger import Fact

ZERO = Decimal(0)
TOLD = frozenset({"ConfirmShipment", "WriteDocument"})  # who takes one of these keeps the order as it was told


@dataclass(slots=True)
class _Cut:
    """The last fact about an order in this round, and the lines that changed: how many units their `ordered` lost. `grows`: there are
    more units of a line, or new lines.
    """

    fact: Fact
    lines: dict[UUID, Decimal] = field(default_factory=dict)
    grows: bool = False


async def answer(tx: Tx, facts: Sequence[Fact], deps: Deps) -> None:
    cuts: dict[UUID, _Cut] = {}
    for f in facts:
        changed, grows = _changed(f)
        if changed:
            cut = cuts.setdefault(f.subject_id, _Cut(f))
            cut.fact, cut.grows = f, cut.grows or grows
            for line, n in changed.items():
                cut.lines[line] = cut.lines.get(line, ZERO) + n
    if cuts:
        await _tell(tx, cuts, deps)


async def _tell(tx: Tx, cuts: Mapping[UUID, _Cut], deps: Deps) -> None:
    accounts = {c.connection_id: c for c in await connections.of_tenant(tx) if c.state != "PAUSED"}
    heads, ending = await orders.heads(tx, cuts), await orders.ending(tx, cuts)
    takes = {
        i: deps.accepts.get(account.adapter, frozenset())
        for i in cuts
        if (account := accounts.get(heads[i]["connection_id"]))
        and heads[i]["state"] != OrderState.CANCELLED  # its end is told whole
        and ending.get(i) != "CHANNEL"
    }
    rows = await orders.lines(tx, takes) if takes else {}
    told: list[outbox.Delivery] = []
    by_hand: list[NewIncident] = []
    for i, kinds in takes.items():
        if cuts[i].grows or any(_ours(x) for x in rows[i] if x["line_id"] in cuts[i].lines):
            if "ChangeLines" in kinds:
                told.append(_delivery(heads[i], cuts[i], _change(heads[i], cuts[i], rows[i])))
            elif kinds & TOLD:
                by_hand.append(_by_hand(heads[i], cuts[i], rows[i], accounts[heads[i]["connection_id"]].label))
            continue
        if "CancelLines" in kinds and (left := _left(rows[i], cuts[i].lines)):
            told.append(_delivery(heads[i], cuts[i], _cancel(heads[i], cuts[i], left)))
        if "WriteDocument" in kinds and heads[i]["state"] != OrderState.DRAFT:  # a draft's 855 comes with its approval
            told.append(_document(heads[i], cuts[i], rows[i]))
    await outbox.owe(tx, told)
    await deps.incidents.open(tx, by_hand)


def _changed(f: Fact) -> tuple[dict[UUID, Decimal], bool]:
    """The lines of which the hub took something away or which it made more, and how many units their `ordered` lost by it; whether
    anything grew.
    """
    if f.type == "order.part_cancelled":
        return {UUID(str(line)): ZERO for line, _ in f.data["lines"]}, False
    if f.data["origin"] != "HUB":
        return {}, False
    changes = [(UUID(str(line)), Decimal(ordered), Decimal(cancelled)) for line, ordered, cancelled in f.data["lines"]]
    found = {line: max(ZERO, -ordered) for line, ordered, cancelled in changes if ordered != cancelled}
    new = {UUID(str(line)): ZERO for line, *_ in f.data["added"]}
    return found | new, bool(new) or any(ordered > cancelled for _, ordered, cancelled in changes)


def _ours(row: Any) -> bool:
    return str(row["external_id"]).startswith(orders.OURS)


def _document(head: Mapping[str, Any], cut: _Cut, rows: Sequence[Any]) -> outbox.Delivery:
    """An 855 once more, as after an 860: what stands is accepted, what went now is rejected. Every partner that sends an 850 takes it;
    the 865 is for those few who agreed on it.
    """
    counted = [dict(x.items()) for x in rows]
    for x in counted:
        gone = cut.lines.get(x["line_id"], ZERO)
        x["ordered"], x["cancelled"] = x["ordered"] + gone, x["cancelled"] + gone
    said = response(head, counted)
    order_id = head["order_id"]
    return owed(
        cut.fact, head["connection_id"], "order_response", head["number"], said, ("order", order_id), order=order_id
    )


def _left(rows: Sequence[Any], cut: Mapping[UUID, Decimal]) -> tuple[tuple[str, Decimal], ...]:
    """What is left of the lines as sold that the channel knows. A kit counts by its own line."""
    return tuple(
        (x["external_id"], x["ordered"] - x["cancelled"])
        for x in orders.sold(rows)
        if x["line_id"] in cut and not _ours(x)
    )


def _cancel(head: Mapping[str, Any], cut: _Cut, left: tuple[tuple[str, Decimal], ...]) -> CancelLines:
    change = public_id("evt", cut.fact.event_id)
    return CancelLines(order=head["external_id"], change=change, left=left, reason=str(cut.fact.data["reason"]))


def _change(head: Mapping[str, Any], cut: _Cut, rows: Sequence[Any]) -> ChangeLines:
    sold = orders.sold(rows)
    added = [AddedLine(sku=x["sku"], units=x["ordered"] - x["cancelled"], amount=x["total"]) for x in sold if _ours(x)]
    return ChangeLines(
        order=head["external_id"],
        change=public_id("evt", cut.fact.event_id),
        lines=_left(rows, cut.lines),
        added=tuple(added),
        known=tuple(x["external_id"] for x in sold if not _ours(x)),
        currency=head["currency"],
        reason=str(cut.fact.data["reason"]),
    )


def _by_hand(head: Mapping[str, Any], cut: _Cut, rows: Sequence[Any], label: str) -> NewIncident:
    changed = [x for x in orders.sold(rows) if x["line_id"] in cut.lines]
    stand = ", ".join(f"{plain(x['ordered'] - x['cancelled'])} of {x['sku']}" for x in changed)
    return NewIncident(
        kind="channel_not_told",
        summary=f"{label} takes no added goods: change order {head['external_id']} there by hand, so that it has {stand}"[
            :500
        ],
        subject_kind="order",
        subject_id=head["order_id"],
        order_id=head["order_id"],
        cause=cut.fact.cause,
        detail=cut.fact.event_id.hex,
    )


def _delivery(head: Mapping[str, Any], cut: _Cut, command: CancelLines | ChangeLines) -> outbox.Delivery:
    f, kind = cut.fact, type(command).__name__
    return outbox.Delivery(
        destination=f"{head['connection_id'].hex}:outbound",
        kind=kind,
        subject_kind="order",
        subject_id=head["order_id"],
        payload=dump(command),
        causation_id=f.event_id,
        correlation_id=f.correlation_id,
        ordering_key=head["order_id"].hex,
        dedupe_key=f"{kind}:{f.event_id.hex}",
    )


FLOW = Flow("cut", frozenset({"order.amended", "order.part_cancelled"}), answer)
