"""What a large body takes is not taken from the loop on which every other request waits, and nothing is read of what a stranger sends."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, cast

import pytest
import starlette.requests as asgi

from adapters import pos, shopify, wms, x12
from hub.canon.ports import Account, Envelope, Request
from hub.web import hooks

ADAPTERS = {a.name: a for a in (x12.ADAPTER, shopify.ADAPTER, pos.ADAPTER, wms.ADAPTER)}


class Watched:
    """Says on which thread it was asked."""

    def __init__(self) -> None:
        self.seen: list[str] = []

    def proven(self, headers: Mapping[str, str], account: Account) -> bool:
        raise AssertionError("verified before")

    def verify(self, request: Request, account: Account) -> None:
        raise AssertionError("verified before")

    def envelopes(self, request: Request, account: Account) -> list[Envelope]:
        self.seen.append(threading.current_thread().name)
        return []


@pytest.mark.parametrize(("size", "beside"), [(100, False), (hooks.QUICK, False), (hooks.QUICK + 1, True)])
async def test_a_large_body_is_taken_apart_beside_the_loop(size: int, *, beside: bool) -> None:
    push = Watched()
    asked = Request(method="POST", path="/hooks/x12/acme", query={}, headers={}, body=b"x" * size)
    assert await hooks._envelopes(push, asked, Account(connection_id="c", code="acme", config={})) == []
    assert [name != threading.main_thread().name for name in push.seen] == [beside]


class Accounts:
    """A directory of one account for each adapter."""

    async def at(self, adapter: str, code: str) -> tuple[Any, Account]:
        secrets = {
            "token": ("right",),
            "hmac": ("key",),
            "client_secret": ("key",),
            "signing_secret": ("whsec_" + "k" * 32,),
        }
        now = datetime(2026, 11, 16, tzinfo=UTC)
        return None, Account(connection_id="c", code=code, config={}, secrets=secrets, now=now)


async def answered(adapter: str, headers: Mapping[str, str], *, largest: int = 0) -> tuple[int, int]:
    """(status, bytes that were read) of an upload of up to `largest` bytes, whose length is not told."""
    door = hooks.Hooks(cast("Any", None), cast("Any", None), cast("Any", Accounts()), ADAPTERS)
    taken = 0

    async def receive() -> Any:
        nonlocal taken
        taken += 1 << 20
        return {"type": "http.request", "body": b"x" * (1 << 20), "more_body": taken < largest}

    scope = {
        "type": "http",
        "method": "POST",
        "path": f"/hooks/{adapter}/acme",
        "query_string": b"",
        "headers": [(k.encode(), v.encode()) for k, v in headers.items()],
        "path_params": {"adapter": adapter, "account": "acme"},
    }
    answer = await door.receive(asgi.Request(scope, receive))
    return answer.status_code, taken


OLD = {"webhook-id": "1", "webhook-timestamp": "1000", "webhook-signature": "v1,x"}


@pytest.mark.parametrize(
    ("adapter", "headers"),
    [
        ("x12", {"authorization": "Bearer wrong"}),
        ("x12", {"authorization": "Bearer rightx"}),
        ("x12", {"authorization": "Basic cmlnaHQ="}),
        ("x12", {"x-hub-signature": "sha256="}),
        ("x12", {}),
        ("shopify", {}),
        ("pos", {}),
        ("wms", OLD),
    ],
    ids=str,
)
async def test_whom_no_body_could_prove_is_refused_before_any_of_it_is_read(
    adapter: str, headers: Mapping[str, str]
) -> None:
    assert await answered(adapter, headers) == (401, 0)


async def test_what_only_the_whole_body_proves_is_bounded_by_less_than_what_a_token_opens() -> None:
    signed = {"x-hub-signature": "sha256=" + "0" * 64}
    assert await answered("x12", signed, largest=1 << 40) == (413, hooks.LARGEST_SIGNED_FILE + (1 << 20))
    assert await answered("x12", signed, largest=1 << 20) == (401, 1 << 20)
    shopify = {"x-shopify-hmac-sha256": "x"}
    assert await answered("shopify", shopify, largest=1 << 40) == (413, hooks.LARGEST + (1 << 20))
    token = {"authorization": "bearer right", "content-length": str(hooks.LARGEST_FILE + 1)}
    assert await answered("x12", token) == (413, 0)
