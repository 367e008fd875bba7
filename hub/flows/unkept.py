"""What a partner's change says that an order here has no place for, in words. It is a person's to settle: the partner must not read in our answer that
we go by it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from hub import orders
from hub.canon.party import DATES, address_of
from hub.incidents import NewIncident
from hub.ledger import Fact

PLACED = "purchase_order"  # the day of the order, which the change repeats
NEVER = ("charges", "terms", "routing", "freight")


def unkept(said: Mapping[str, Any], head: Any) -> list[str]:
    """`said`: the canonical 860; `head`: the order as it stands. What is as it stands is no news."""
    dates = said.get("dates") or {}
    kept = DATES - {"cancel_after"} if "ship_by" in dates else DATES
    found = [*_days(dates, kept), *(name for name in NEVER if said.get(name))]
    for line in said.get("lines") or ():
        own = [*_days(line.get("dates") or {}, frozenset()), *(n for n in NEVER if line.get(n))]
        own += [text for note in line.get("notes") or () if (text := str(note.get("text") or ""))]
        found += [f"{x} of line {line.get('line_ref') or 'without a number'}" for x in own]
    notes = [str(n["text"]) for n in said.get("notes") or () if n.get("text")]
    found += [f'the note "{text}"' for text in notes if text not in (head["note"] or "")]
    references = said.get("references") or {}
    standing = head["references"] or {}
    found += [f"{k} {v}" for k, v in references.items() if isinstance(v, str) and standing.get(k) != v]
    bill_to = address_of((said.get("parties") or {}).get("bill_to"))
    if bill_to is not None and bill_to.street and not orders.same_place(bill_to, _billed(head)):
        found.append("another bill-to address")
    return found


def _days(dates: Mapping[str, Any], kept: frozenset[str]) -> Iterator[str]:
    for kind, day in dates.items():
        if isinstance(day, Mapping):
            yield from (f"{k} {v}" for k, v in day.items())
        elif kind not in kept and kind != PLACED:
            yield f"{kind} {day}"


def _billed(head: Any) -> Mapping[str, Any]:
    """The bill-to as if goods went there, so that it can be compared."""
    told = head["bill_to"] or {}
    return {n: told.get(n.removeprefix("ship_")) for n in orders.PLACE}


def incident(f: Fact, head: Any, found: list[str]) -> NewIncident:
    """`f`: the change, which was or will be applied but for this."""
    summary = (
        f"The partner's change of order {head['number']} says what an order here does not keep: {'; '.join(found)}"
    )
    return NewIncident(
        kind="order_change_unkept",
        summary=summary[:500],
        subject_kind="message",
        subject_id=f.subject_id,
        order_id=head["order_id"],
        cause=f.cause,
        data={"number": head["number"], "channel": f.data["channel"]},
    )
