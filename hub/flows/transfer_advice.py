"""What is under way to a node whose warehouse trades by documents is announced to it with a 943, one for each reference."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any
from uuid import UUID

from hub import network, outbox
from hub.flows.partners import owed, trading
from hub.flows.reactor import Deps, Flow
from hub.kit.db import Tx
from hub.kit.money import plain
from hub.ledger import Fact

LONGEST = 30  # of W0602


async def answer(tx: Tx, facts: Sequence[Fact], deps: Deps) -> None:
    """Facts of one unit that name the same reference and node are one shipment; what is no longer announced is not told."""
    partners = await trading(tx, deps)
    if not partners:
        return
    nodes = (await network.load(tx)).nodes
    shipments: dict[tuple[str, UUID], list[Fact]] = {}
    for f in facts:
        node = nodes.get(UUID(f.data["node_id"]))
        if node is not None and node.wms_connection_id in partners and f.data["lines"]:
            shipments.setdefault((f.data["reference"], node.node_id), []).append(f)
    documents = []
    for (reference, node_id), own in shipments.items():
        node = nodes[node_id]
        if node.wms_connection_id is not None:
            number = reference[:LONGEST]
            data = _document(number, node.code, node.name, own, tx.now.date().isoformat())
            subject = ("node", node_id)
            documents.append(owed(own[0], node.wms_connection_id, "transfer_advice", number, data, subject))
    await outbox.owe(tx, documents)


def _document(number: str, code: str, name: str, facts: Sequence[Fact], today: str) -> Mapping[str, Any]:
    units = [(f.data["sku"], Decimal(str(n)), at) for f in facts for n, at in f.data["lines"]]
    return {
        "number": number,
        "date": today,
        "parties": {"warehouse": {"name": name, "scheme": "92", "id": code}},
        "dates": {"expected": min(str(at)[:10] for _, _, at in units)},
        "lines": [
            {"shipped": plain(n), "unit": "EA", "scheme": "VN", "id": sku, "references": {"line": str(place)}}
            for place, (sku, n, _) in enumerate(units, 1)
        ],
    }


FLOW = Flow("transfer_advice", frozenset({"stock.expected"}), answer)
