"""The page of the nine states, made from the table of moves. `python -m tests.house.states` writes docs/states.md."""

from __future__ import annotations

from hub.canon.states import OrderState
from hub.orders.model import HELD_BACK, MOVES
from tests.house.tree import ROOT

PAGE = ROOT / "docs" / "states.md"
HEAD = """# The nine states

An order, and each of its fulfillments from APPROVED on, is in one of nine states. The table below and the diagram are
made from `MOVES` in `hub/orders/model.py` by `python -m tests.house.states`; a foreign key in the database refuses
every other move.

* The order's state follows from its fulfillments: the least advanced one that is not cancelled, and APPROVED while a
  part still waits for a node.
* Payment, holds and returns are axes beside the state, never further states.
* An open hold keeps an order from being approved, picked, packed and dispatched. Cancelling is always possible up to
  PACKED.
* For a Brazilian node DISPATCHED needs an authorized NF-e (or a legal contingency). Asking for it, waiting and the answer
  are facts; the state changes when the goods may leave.
"""


def page() -> str:
    arrows = [f"    {old} --> {new}" for old in OrderState for new in OrderState if new in MOVES[old]]
    ends = [f"    {state} --> [*]" for state in OrderState if not MOVES[state]]
    diagram = ["```mermaid", "stateDiagram-v2", f"    [*] --> {next(iter(OrderState))}", *arrows, *ends, "```"]
    rows = [f"| {old} | {_after(old)} | {'no' if old in HELD_BACK else 'yes'} |" for old in OrderState]
    table = ["| state | may be followed by | reachable with an open hold |", "|---|---|---|", *rows]
    return HEAD + "\n" + "\n".join(diagram) + "\n\n" + "\n".join(table) + "\n"


def _after(state: OrderState) -> str:
    return ", ".join(s for s in OrderState if s in MOVES[state]) or "nothing"


if __name__ == "__main__":
    PAGE.parent.mkdir(exist_ok=True)
    PAGE.write_text(page(), encoding="utf-8")
