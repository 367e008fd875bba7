"""What every adapter keeps, whatever the other side is: signatures that cannot be bent, envelopes that are stable, calls that are pure.

An adapter hands in a case and calls the checks from its own `test_contract.py`; its simulator tests show the rest.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta

import pytest

from hub.canon.commands import OutwardCommand
from hub.canon.ports import (
    Account,
    Adapter,
    Call,
    Done,
    InboundPush,
    NeverTry,
    NotAuthentic,
    Outbound,
    Request,
    Response,
    Retry,
    Unknown,
    Unmapped,
)

FLIPS = 400  # bits of a body that are flipped, spread evenly


@dataclass(frozen=True, slots=True, kw_only=True)
class PushCase:
    """`request` is signed and good at `account.now`. `signing`: the headers of the signature; `stale`: how old it may not be."""

    adapter: Adapter
    account: Account
    request: Request
    signing: Sequence[str]
    stale: timedelta | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboundCase:
    """Commands that the adapter accepts. `refused`: one that it does not. `waits`: headers that ask to wait 17 seconds."""

    adapter: Adapter
    account: Account
    commands: Sequence[OutwardCommand]
    refused: OutwardCommand
    waits: Mapping[str, str] = field(default_factory=lambda: {"retry-after": "17"})


# ------------------------------------------------------------------ what arrives
def check_signature(case: PushCase) -> None:
    """Good as it is; refused with a bit flipped, written anew, unsigned, or signed by another."""
    push = _push(case.adapter)
    push.verify(case.request, case.account)
    body = case.request.body
    step = max(1, len(body) * 8 // FLIPS)
    for place in range(0, len(body) * 8, step):
        bent = bytearray(body)
        bent[place // 8] ^= 1 << place % 8
        _refused(push, replace(case.request, body=bytes(bent)), case.account)
    written_anew = json.dumps(json.loads(body), indent=3).encode()
    _refused(push, replace(case.request, body=written_anew), case.account)
    for name in case.signing:
        without = {k: v for k, v in case.request.headers.items() if k != name}
        _refused(push, replace(case.request, headers=without), case.account)
    _refused(push, case.request, replace(case.account, secrets={}))


def check_rotation(case: PushCase, other: str) -> None:
    """Both live secrets of a rotation hold; `other` alone does not."""
    push = _push(case.adapter)
    both = {name: [other, *values] for name, values in case.account.secrets.items()}
    push.verify(case.request, replace(case.account, secrets=both))
    _refused(push, case.request, replace(case.account, secrets={name: [other] for name in both}))


def check_age(case: PushCase) -> None:
    """Too old and from the future are refused alike."""
    assert case.stale is not None
    assert case.account.now is not None
    for late in (case.stale + timedelta(seconds=1), -case.stale - timedelta(seconds=1)):
        _refused(_push(case.adapter), case.request, replace(case.account, now=case.account.now + late))


def check_envelopes(case: PushCase) -> None:
    """The same request gives the same envelopes; bytes are kept as they came, and every key is there."""
    push = _push(case.adapter)
    first = push.envelopes(case.request, case.account)
    assert first == push.envelopes(case.request, case.account)
    assert first
    assert [e.body for e in first if e.complete] == [case.request.body for e in first if e.complete]
    assert all(e.dedupe_key and e.topic for e in first)
    assert len({e.dedupe_key for e in first}) == len(first)


def check_garbage(case: PushCase) -> None:
    """What was signed and makes no sense is kept by `envelopes`, and refused in words by `read`."""
    push, reader = _push(case.adapter), case.adapter.reader
    assert reader is not None
    for body in (b"", b"null", b"[]", b'{"type": 7}', b"\xff\xfe\x00", b"[" * 50_000, b'{"a": 1e999999999}'):
        for envelope in push.envelopes(replace(case.request, body=body), case.account):
            assert envelope.body == body
            with pytest.raises((NeverTry, Unmapped)):
                reader.read(envelope, {}, case.account)


# ------------------------------------------------------------------ what leaves
def check_calls(case: OutboundCase) -> None:
    """The same command gives the same calls; keys differ, paths are relative, no secret is in them."""
    outbound = _outbound(case.adapter)
    secrets = [value for values in case.account.secrets.values() for value in values]
    for command in case.commands:
        calls = outbound.plan(command, case.account)
        assert calls
        assert calls == outbound.plan(command, case.account)
        assert len({call.key for call in calls}) == len(calls)
        for call in calls:
            assert "://" not in call.path
            assert not [s for s in secrets if s in repr(call)]
    with pytest.raises(NeverTry):
        outbound.plan(case.refused, case.account)


def check_shadow(case: OutboundCase) -> None:
    """A plan needs no answer of anybody: without secrets and clock it is the same, so that shadow mode can compare it."""
    outbound = _outbound(case.adapter)
    bare = replace(case.account, secrets={}, now=None)
    for command in case.commands:
        assert outbound.plan(command, bare) == outbound.plan(command, case.account)


def check_answers(case: OutboundCase) -> None:
    """Silence after sending is never success, and sent again blindly only where that changes nothing twice; a wait is kept to."""
    outbound = _outbound(case.adapter)
    for command in case.commands:
        for call in outbound.plan(command, case.account):
            _check_silence(outbound, command, call, case.account)
            throttled = outbound.outcome(
                command, call, Response(status=429, headers=case.waits, body=b""), case.account
            )
            assert isinstance(throttled, Retry)
            assert throttled.after >= timedelta(seconds=17)
            broken = Response(status=500, headers={}, body=b"<html>")
            assert not isinstance(outbound.outcome(command, call, broken, case.account), Done)


def _check_silence(outbound: Outbound, command: OutwardCommand, call: Call, account: Account) -> None:
    silent = outbound.outcome(command, call, None, account)
    assert isinstance(silent, Retry if call.repeatable else Unknown)
    if isinstance(silent, Unknown) and silent.check is not None:
        assert silent.check.purpose == "read"
        assert silent.check.repeatable


def _refused(push: InboundPush, request: Request, account: Account) -> None:
    with pytest.raises(NotAuthentic):
        push.verify(request, account)


def _push(adapter: Adapter) -> InboundPush:
    assert adapter.push is not None
    return adapter.push


def _outbound(adapter: Adapter) -> Outbound:
    assert adapter.outbound is not None
    return adapter.outbound
