"""Keep decisions with all that explains them, and each version of the rules that was ever used."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from hub.kit.db import Tx
from hub.kit.ids import new_id
from hub.kit.sqlfile import statements
from hub.routing.model import Candidate, Decision
from hub.routing.rules import Rules

SQL = statements(__file__, "routing.sql")
_known: set[tuple[str, int, str]] = set()


async def keep(
    tx: Tx,
    decisions: Sequence[Decision],
    rules: Rules,
    *,
    mode: str = "LIVE",
    reasons: Mapping[UUID, str] | None = None,
) -> dict[UUID, UUID]:
    """Store these decisions; order -> decision id."""
    await _keep_rules(tx, rules)
    ids = {d.order_id: new_id() for d in decisions}
    rows = [
        {
            "tenant_id": tx.tenant,
            "decision_id": ids[d.order_id],
            "order_id": d.order_id,
            "at": tx.now,
            "mode": mode,
            "rules": rules.name,
            "rules_version": rules.version,
            "reason": (reasons or {}).get(d.order_id),
            "candidates": [_candidate(c, rules.currency) for c in d.candidates],
            "chosen": [
                {"node_id": s.node_id, "line_id": s.line_id, "sku": s.sku, "quantity": s.quantity} for s in d.shares
            ],
            "unplaced": [{"line_id": i, "sku": s, "quantity": q} for i, s, q in d.unplaced],
        }
        for d in decisions
    ]
    await tx.conn.execute(SQL["keep"], rows)
    return ids


async def _keep_rules(tx: Tx, rules: Rules) -> None:
    key = (tx.database, tx.tenant, rules.version)
    if key not in _known:
        await tx.conn.execute(SQL["keep_rules"], rules.version, rules.name, rules.text, tx.now)
        tx.after_commit.append(lambda: _known.add(key))


def _candidate(c: Candidate, currency: str) -> dict[str, Any]:
    if not c.feasible:
        return {
            "node_id": c.node_id,
            "code": c.code,
            "feasible": False,
            "excluded_by": c.excluded_by,
            "reason": c.reason,
        }
    offer = c.offer
    return {
        "node_id": c.node_id,
        "code": c.code,
        "feasible": True,
        "score": c.score,
        "parts": c.parts,
        "cost": offer.cost if offer else None,
        "currency": currency if offer else None,
        "days": offer.days if offer else None,
        "co2e_g": offer.co2e_g if offer else None,
        "carrier": offer.carrier if offer else None,
        "service": offer.service if offer else None,
        "ships_at": c.ships_at,
        "arrives_at": c.arrives_at,
    }
