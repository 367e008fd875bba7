"""Keep decisions with all that explains them, each version of the rules that was ever used, and where a shadow rule set differs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from hub.kit.db import Tx
from hub.kit.ids import new_id
from hub.kit.sqlfile import statements
from hub.routing.model import Candidate, Decision, Quote
from hub.routing.rules import Rules

SQL = statements(__file__, "routing.sql")
_known: set[tuple[str, int, str, str]] = set()


@dataclass(frozen=True, slots=True)
class Difference:
    """The same demand decided by the live rules and by the shadow ones."""

    live: Decision
    shadow: Decision


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
            "score": d.score,
            "exact": d.exact,
            "relaxed": d.relaxed,
            "candidates": [_candidate(c, rules.currency) for c in d.candidates],
            "chosen": _chosen(d),
            "unplaced": [{"line_id": i, "sku": s, "quantity": q} for i, s, q in d.unplaced],
        }
        for d in decisions
    ]
    if rows:
        await tx.conn.execute(SQL["keep"], rows)
    return ids


async def latest(tx: Tx, orders: Sequence[UUID], mode: str = "LIVE") -> dict[UUID, UUID]:
    """Order -> its newest kept decision of that mode."""
    return {r["order_id"]: r["decision_id"] for r in await tx.conn.fetch(SQL["latest"], list(orders), mode)}


async def keep_differences(tx: Tx, found: Sequence[Difference], live: Rules, shadow: Rules) -> None:
    """Store where the shadow rules chose otherwise: the two choices, and the shadow's decision with its explanation."""
    differing = [f for f in found if _units(f.live) != _units(f.shadow)]
    if not differing:
        return
    await keep(tx, [f.shadow for f in differing], shadow, mode="SHADOW")
    rows = [
        {
            "tenant_id": tx.tenant,
            "difference_id": new_id(),
            "order_id": f.live.order_id,
            "at": tx.now,
            "live_version": live.version,
            "shadow_version": shadow.version,
            "live_chosen": _chosen(f.live),
            "shadow_chosen": _chosen(f.shadow),
            "score_delta": f.shadow.score - f.live.score,
        }
        for f in differing
    ]
    await tx.conn.execute(SQL["keep_differences"], rows)


def _units(decision: Decision) -> set[tuple[Any, ...]]:
    """What a choice consists of: who ships what, by which service."""
    shares = {(s.node_id, s.line_id, s.quantity) for s in decision.shares}
    return shares | {(i, q.offer.carrier, q.offer.service) for i, q in decision.offers.items() if q.offer}


async def _keep_rules(tx: Tx, rules: Rules) -> None:
    key = (tx.database, tx.tenant, rules.name, rules.version)
    if key not in _known:
        await tx.conn.execute(SQL["keep_rules"], rules.version, rules.name, rules.text, tx.now)
        tx.after_commit.append(lambda: _known.add(key))


def _chosen(d: Decision) -> list[dict[str, Any]]:
    return [
        {
            "node_id": s.node_id,
            "line_id": s.line_id,
            "sku": s.sku,
            "quantity": s.quantity,
            **_service(d.offers.get(s.node_id)),
        }
        for s in d.shares
    ]


def _service(quote: Quote | None) -> dict[str, Any]:
    if quote is None or quote.offer is None:
        return {}
    return {"carrier": quote.offer.carrier, "service": quote.offer.service, "parcels": quote.parcels}


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
        "tax_cost": c.parts.get("tax"),
        "carrier": offer.carrier if offer else None,
        "service": offer.service if offer else None,
        "offers": [_offer(q) for q in c.quotes],
        "method": c.method,
        "ships_at": c.ships_at,
        "arrives_at": c.arrives_at,
    }


def _offer(q: Quote) -> dict[str, Any]:
    """A service that was compared: its score, or why it cannot carry the parcel."""
    offer = q.offer
    if offer is None:
        return {}
    said = {"carrier": offer.carrier, "service": offer.service, "cost": offer.cost, "days": offer.days}
    return {**said, "live": True, **_fate(q)} if offer.live else {**said, **_fate(q)}


def _fate(q: Quote) -> dict[str, Any]:
    return {"reason": q.why} if q.why else {"score": q.score, "parcels": q.parcels}
