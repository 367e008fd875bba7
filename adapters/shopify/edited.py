"""What the answers to an edit of an order mean: is anything left to take, was it taken, must the edit be begun anew. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from adapters.shopify.write import edit_reference
from hub.canon.commands import CancelLines
from hub.canon.ports import Account, Done, FieldFault, Outcome, Rejected

Data = Mapping[str, Any]


def begun(command: CancelLines, payload: Data) -> Outcome:
    """Planned again with the session and what it must set; done where the shop has no more than is left."""
    order = payload["calculatedOrder"]
    shown = {_tail(node["id"]): str(node["id"]) for node in order["lineItems"]["nodes"]}
    there = _lines(order["originalOrder"])
    faults: list[FieldFault] = []
    rows: list[tuple[str, int]] = []
    for line, left in command.left:
        if line not in there or line not in shown:
            faults.append(FieldFault(at=line, code="NOT_FOUND", message=f"Shopify shows no line {line}"))
        elif left != int(left):
            faults.append(FieldFault(at=line, code="NOT_WHOLE", message=f"Shopify counts pieces, not {left}"))
        elif (gone := there[line][0] - int(left)) > there[line][1]:
            faults.append(FieldFault(at=line, code="NOT_EDITABLE", message=f"{gone} of line {line} are shipped there"))
        elif gone > 0:
            rows.append((shown[line], int(left)))
    if faults:
        return Rejected(code=faults[0].code, message="; ".join(f.message for f in faults)[:500], fields=tuple(faults))
    if not rows:
        return Done()
    return Done(references={edit_reference(command): json.dumps([order["id"], rows])}, again=True)


def committed(command: CancelLines, payload: Data) -> Outcome:
    """The shop's own count decides."""
    if _told(command, payload["order"]):
        return Done(references={edit_reference(command): ""})
    return Rejected(code="NOT_CUT", message="Shopify took the edit and still shows more units than are left")


def state(command: CancelLines, payload: Data) -> Outcome:
    """Asked after a lost answer: more than is left means that the commit never arrived, and another edit is begun."""
    return Done(references={edit_reference(command): ""}, again=not (payload and _told(command, payload)))


def refused(command: CancelLines, refusal: Rejected, account: Account) -> Outcome:
    """An edit that was committed or forgotten takes no more: begin anew, once. What is refused then stays refused."""
    stale = f"stale:{command.change}"
    if account.references.get(stale):
        return refusal
    return Done(references={edit_reference(command): "", stale: "1"}, again=True)


def _told(command: CancelLines, order: Data) -> bool:
    there = _lines(order)
    return all(line in there and there[line][0] <= left for line, left in command.left)


def _lines(order: Data) -> dict[str, tuple[int, int]]:
    """Line id -> (units that stand, units of them not shipped)."""
    return {
        _tail(node["id"]): (int(node["currentQuantity"]), int(node["unfulfilledQuantity"]))
        for node in order["lineItems"]["nodes"]
    }


def _tail(gid: Any) -> str:
    return str(gid).rpartition("/")[2]
