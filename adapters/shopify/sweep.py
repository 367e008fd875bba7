"""Shopify from the other direction: what changed since, and one order whole. Pushes get lost; a sweep finds what they would have said."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import Any

import orjson

from adapters.shopify.read import ORDER_NODE
from adapters.shopify.wire import decoded, graphql, revision_of, wait_header, wait_of
from adapters.shopify.write import gid
from hub.canon.ports import Account, Call, Envelope, Http, NeverTry, Page, Ref, TryAgain
from hub.mapping import instant, instant_text

OVERLAP = timedelta(minutes=10)
_LONGEST = timedelta(days=60)  # what an app without read_all_orders may see
_PAGES = 250  # of 100 orders: above that a bulk operation is due


async def changes(since: str | None, http: Http, account: Account) -> AsyncIterator[Page]:
    """Hints (id and change time) of the orders changed since; `next` is the newest change time seen, an RFC 3339 instant."""
    newest = since
    after: str | None = None
    for number in range(_PAGES):
        variables = {"query": _filter(since, account), "after": after}
        found = await _ask(http, graphql(str(number), "ChangedOrders", variables))
        nodes = found["nodes"]
        newest = max([*([newest] if newest else []), *(_text(node["updatedAt"]) for node in nodes)], default=None)
        yield Page(envelopes=tuple(_hint(node) for node in nodes), next=newest)
        if not found["pageInfo"]["hasNextPage"]:
            return
        after = found["pageInfo"]["endCursor"]
    raise TryAgain(after=timedelta(minutes=5), reason="more than 25,000 changed orders in one sweep")


def _filter(since: str | None, account: Account) -> str | None:
    start: datetime | None = None
    if since is not None:
        start = instant(since) - OVERLAP
    elif account.now is not None:
        start = account.now - _LONGEST
    return None if start is None else f"updated_at:>='{instant_text(start)}'"


def _text(updated_at: str) -> str:
    return instant_text(instant(updated_at))


def _hint(node: dict[str, Any]) -> Envelope:
    external_id = str(node["id"]).rpartition("/")[2]
    revision = revision_of(node["updatedAt"])
    return Envelope(
        dedupe_key=f"{ORDER_NODE}:{external_id}:{revision}",
        topic=ORDER_NODE,
        body=orjson.dumps(node),
        complete=False,
        external_id=external_id,
        revision=revision,
    )


async def fetch(ref: Ref, http: Http, account: Account) -> Envelope:
    """The whole order, all lines. Raises `NeverTry` where Shopify has it not."""
    order_id = ref.parent_id if ref.kind == "refund" and ref.parent_id else ref.external_id
    variables: dict[str, Any] = {"id": gid("Order", order_id), "after": None}
    order = await _ask(http, graphql("0", "OrderNode", variables))
    if not order:
        raise NeverTry(f"Shopify has no order {order_id}")
    lines = order["lineItems"]
    page, number = lines, 0
    while page["pageInfo"]["hasNextPage"]:
        number += 1
        variables["after"] = page["pageInfo"]["endCursor"]
        page = (await _ask(http, graphql(str(number), "OrderNode", variables)))["lineItems"]
        lines["nodes"].extend(page["nodes"])
    external_id = str(order["id"]).rpartition("/")[2]
    revision = revision_of(order["updatedAt"])
    return Envelope(
        dedupe_key=f"{ORDER_NODE}:{external_id}:{revision}:whole",
        topic=ORDER_NODE,
        body=orjson.dumps(order),
        complete=True,
        external_id=external_id,
        revision=revision,
    )


async def _ask(http: Http, call: Call) -> dict[str, Any]:
    """The payload of a read. Raises `TryAgain` when throttled or out of order, `NeverTry` when refused."""
    response = await http.send(call)
    if response.status == 429 or response.status >= 500:
        raise TryAgain(after=wait_header(response, 30), reason=f"answer {response.status} from Shopify")
    answer = decoded(response)
    if response.status != 200 or answer is None:
        raise NeverTry(f"answer {response.status} from Shopify to {call.operation}")
    errors = answer.get("errors")
    if errors:
        if "THROTTLED" in str(errors):
            raise TryAgain(after=wait_of(answer), reason="throttled: the cost bucket is empty")
        raise NeverTry(f"Shopify refused {call.operation}: {str(errors)[:200]}")
    return (answer.get("data") or {}).get(call.operation) or {}
