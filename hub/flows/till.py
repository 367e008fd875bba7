"""What left over the counter of a Brazilian store is noted at once: an NFC-e (model 65) is asked for. A till may take its sale back while the
authority still cancels that note.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from uuid import UUID

from hub import fiscal, fulfillment, inventory, network, orders
from hub.flows.gate import request_notes
from hub.flows.reactor import Deps, Flow
from hub.kit.db import Tx
from hub.ledger import Fact, append, fact

NFCE = 65


async def answer(tx: Tx, facts: Sequence[Fact], deps: Deps) -> None:
    places = await network.load(tx)
    sold = {UUID(f.data["fulfillment_id"]): f.cause for f in facts if places.nodes[UUID(f.data["node_id"])].brazilian}
    if sold:
        await request_notes(tx, sold, deps, model=NFCE)


async def take_back(tx: Tx, asked: Mapping[UUID, Fact], deps: Deps) -> list[UUID]:
    """Sales that their till took back (order -> `order.cancel_asked`): the note is asked to end, the goods are in the store again.
    Returns the orders of which this is so; what has no such note, or too old a one, is somebody's business.
    """
    mine = [i for i, f in asked.items() if f.data.get("origin") == "CHANNEL"]
    left = {r["fulfillment_id"]: r for r in await fulfillment.handed_over(tx, mine)} if mine else {}
    notes = await fiscal.of_fulfillments(tx, list(left)) if left else {}
    good = {i: n for i, n in notes.items() if n["model"] == NFCE and fiscal.may_end(n, deps.tables, tx.now)}
    lines = await orders.lines(tx, [left[i]["order_id"] for i in good]) if good else {}
    back: list[inventory.Adjustment] = []
    for here, note in good.items():
        order_id, node_id = left[here]["order_id"], left[here]["node_id"]
        said = {"fulfillment_id": here, "order_id": order_id, "reason": "the till took the sale back"}
        cause = asked[order_id].cause
        append(tx, [fact(tx, "invoice.cancel_asked", "fiscal_document", note["fiscal_document_id"], said, cause)])
        goods = [x for x in lines[order_id] if x["kind"] == "GOODS"]
        back += [inventory.Adjustment(node_id=node_id, sku=x["sku"], delta=x["ordered"]) for x in goods]
    if back:
        first = left[next(iter(good))]["order_id"]
        await inventory.adjust(tx, back, "the till took the sale back", asked[first].cause)
    return [left[i]["order_id"] for i in good]


FLOW = Flow("till", frozenset({"order.handed_over"}), answer)
