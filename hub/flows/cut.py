"""What the hub took out of an order is told where the order came from: its channel cuts the lines, a partner gets a document. Goods that
were added in the same breath (a substitution) are no cut, and nobody is told.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any
from uuid import UUID

from hub import connections, orders, outbox
from hub.canon.codec import dump
from hub.canon.commands import CancelLines
from hub.canon.states import OrderState
from hub.flows.acknowledge import response
from hub.flows.partners import owed
from hub.flows.reactor import Deps, Flow
from hub.kit.db import Tx
from hub.kit.ids import public_id
from hub.ledger import Fact

ZERO = Decimal(0)


@dataclass(slots=True)
class _Cut:
    """The last fact about an order in this round, and the lines of which something went: how many units their `ordered` lost."""

    fact: Fact
    lines: dict[UUID, Decimal] = field(default_factory=dict)


async def answer(tx: Tx, facts: Sequence[Fact], deps: Deps) -> None:
    cuts: dict[UUID, _Cut] = {}
    for f in facts:
        if fewer := _fewer(f):
            cut = cuts.setdefault(f.subject_id, _Cut(f))
            cut.fact = f
            for line, n in fewer.items():
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
    for i, kinds in takes.items():
        if "CancelLines" in kinds and (left := _left(rows[i], cuts[i].lines)):
            told.append(_delivery(heads[i], cuts[i], left))
        if "WriteDocument" in kinds and heads[i]["state"] != OrderState.DRAFT:  # a draft's 855 comes with its approval
            told.append(_document(heads[i], cuts[i], rows[i]))
    await outbox.owe(tx, told)


def _fewer(f: Fact) -> dict[UUID, Decimal]:
    """The lines of which the hub took something away, and how many units their `ordered` lost by it."""
    if f.type == "order.part_cancelled":
        return {UUID(str(line)): ZERO for line, _ in f.data["lines"]}
    if f.data["origin"] != "HUB" or f.data["added"]:
        return {}
    changes = [(UUID(str(line)), Decimal(ordered), Decimal(cancelled)) for line, ordered, cancelled in f.data["lines"]]
    return {line: -ordered for line, ordered, cancelled in changes if ordered < cancelled}


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
        if x["line_id"] in cut and not x["external_id"].startswith(orders.OURS)
    )


def _delivery(head: Mapping[str, Any], cut: _Cut, left: tuple[tuple[str, Decimal], ...]) -> outbox.Delivery:
    f = cut.fact
    command = CancelLines(
        order=head["external_id"], change=public_id("evt", f.event_id), left=left, reason=str(f.data["reason"])
    )
    return outbox.Delivery(
        destination=f"{head['connection_id'].hex}:outbound",
        kind="CancelLines",
        subject_kind="order",
        subject_id=head["order_id"],
        payload=dump(command),
        causation_id=f.event_id,
        correlation_id=f.correlation_id,
        ordering_key=head["order_id"].hex,
        dedupe_key=f"CancelLines:{f.event_id.hex}",
    )


FLOW = Flow("cut", frozenset({"order.amended", "order.part_cancelled"}), answer)
