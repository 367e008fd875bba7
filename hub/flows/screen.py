"""Before an order is written it is looked at: rules against fraud, the customer's agreed prices, credit and approvals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from hub import catalog, orders
from hub.canon.order import DraftLine
from hub.canon.states import HoldKind
from hub.flows.prices import PRICES, Said, unagreed
from hub.flows.reactor import Deps
from hub.kit.db import Tx
from hub.orders import Capture, Hold

ZERO = Decimal(0)


async def screened(tx: Tx, captures: Sequence[Capture], deps: Deps) -> list[Capture]:
    """The captures with the holds that rules and terms place. Of one customer each sees what the ones before it owe."""
    rules = deps.hold_rules
    customers = {c.customer_id for c in captures if c.customer_id}
    earlier = await _earlier(tx, captures, deps)
    terms = await catalog.terms(tx, customers) if customers else {}
    owed = await orders.exposure(tx, terms) if terms else {}
    contract = await _contract(tx, captures, terms, deps)
    made = []
    for n, capture in enumerate(captures):
        who = capture.customer_id
        seen = orders.Known(channel=capture.channel, now=tx.now, earlier=earlier.get(who, ()) if who else ())
        found = orders.matching(rules, capture.draft, seen)
        agreed = terms.get(who) if who else None
        if agreed is None:
            made.append(replace(capture, holds=tuple(found)) if found else capture)
            continue
        found += contract.get(n, [])
        steps = rules.steps(capture.draft.totals.total)
        if steps:
            roles = ", then ".join(s.role for s in steps)
            found.append(Hold(HoldKind.CREDIT, f"needs approval: {roles}"))
        found += _credit(capture, agreed, owed)
        made.append(
            replace(
                capture,
                holds=tuple(found),
                on_terms=True,
                approvals=tuple((s.role, s.total_at_least) for s in steps),
            )
        )
    return made


async def _earlier(tx: Tx, captures: Sequence[Capture], deps: Deps) -> Mapping[UUID, Sequence[datetime]]:
    """When customers ordered before, of those for whom a rule would count it: a partner has thousands of orders a day."""
    rules = deps.hold_rules
    doubtful = {
        c.customer_id
        for c in captures
        if c.customer_id and orders.asks_history(rules, c.draft, orders.Known(channel=c.channel, now=tx.now))
    }
    window = rules.velocity_window
    return await orders.earlier(tx, doubtful, tx.now - window) if window and doubtful else {}


def _credit(capture: Capture, agreed: catalog.Terms, owed: dict[tuple[UUID, str], Decimal]) -> list[Hold]:
    draft = capture.draft
    key = (agreed.party_id, draft.currency)
    before = owed.get(key, ZERO)
    if draft.payment_state == "PAID":
        return []
    owed[key] = before + draft.totals.total
    if draft.currency != agreed.currency:
        return [Hold(HoldKind.CREDIT, f"credit was agreed in {agreed.currency}, the order is in {draft.currency}")]
    if owed[key] > agreed.credit_limit:
        sums = [_plain(x) for x in (before, draft.totals.total, agreed.credit_limit)]
        text = f"owes {sums[0]} and orders {sums[1]} with a limit of {sums[2]} {agreed.currency}"
        return [Hold(HoldKind.CREDIT, text)]
    return []


async def _contract(
    tx: Tx, captures: Sequence[Capture], terms: Mapping[UUID, catalog.Terms], deps: Deps
) -> dict[int, list[Hold]]:
    """Capture -> a hold that names the lines whose price is not the agreed one."""
    asked = [
        (n, _said(line, agreed.price_list, c.connection_id))
        for n, c in enumerate(captures)
        if c.customer_id and (agreed := terms.get(c.customer_id)) and agreed.price_list
        for line in c.draft.lines
    ]
    wrong: dict[int, list[str]] = {}
    for (n, _), text in zip(asked, await unagreed(tx, [s for _, s in asked], deps), strict=True):
        if text is not None:
            wrong.setdefault(n, []).append(text)
    return {n: [Hold(HoldKind.MANUAL, "; ".join(texts), rule=PRICES)] for n, texts in wrong.items()}


def _said(line: DraftLine, price_list: str, account: UUID | None) -> Said:
    return Said(
        line=line.external_id,
        sku=line.sku,
        quantity=line.quantity,
        price=line.unit_price,
        price_list=price_list,
        connection_id=account,
    )


def _plain(amount: Decimal) -> str:
    return f"{amount.normalize():f}"
