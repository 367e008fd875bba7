"""What a large body takes is not taken from the loop on which every other request waits."""

from __future__ import annotations

import threading

import pytest

from hub.canon.ports import Account, Envelope, Request
from hub.web import hooks


class Watched:
    """Says on which thread it was asked."""

    def __init__(self) -> None:
        self.seen: list[str] = []

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
