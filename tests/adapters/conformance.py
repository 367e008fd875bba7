"""The conformance suite that every adapter passes (channels.md section 10), the checks that need neither the hub nor a network.

An adapter's test module subclasses `AdapterContract` and sets `case`. The numbers are those of the page.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import ClassVar

import pytest

from hub.canon.commands import InwardCommand, OutwardCommand
from hub.canon.ports import (
    Accepted,
    Account,
    Adapter,
    Call,
    Done,
    Envelope,
    InboundPush,
    MappingFile,
    NeverTry,
    NotAuthentic,
    Outbound,
    Reader,
    Rejected,
    Request,
    Response,
    Retry,
    Unknown,
    Unmapped,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Golden:
    """A message and what it must be read as."""

    envelope: Envelope
    kinds: tuple[type, ...]
    look: Callable[[list[InwardCommand]], bool] = lambda _commands: True


@dataclass(frozen=True, slots=True, kw_only=True)
class Broken:
    """A message that must be refused: the reason's code and canonical place, and words that no error may repeat."""

    envelope: Envelope
    code: str
    at: str
    personal: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """What an adapter hands in. `signed` is accepted under `account`; `stale` is signed rightly and too old."""

    adapter: Adapter
    account: Account
    mappings: Mapping[str, MappingFile] = field(default_factory=dict)
    signed: Request | None = None
    signature_header: str = ""
    secret: str = ""  # field of the account's secrets that signs
    stale: Request | None = None
    golden: tuple[Golden, ...] = ()
    broken: tuple[Broken, ...] = ()
    commands: tuple[tuple[OutwardCommand, Account], ...] = ()
    invalid: Callable[[Call], list[str]] = lambda _call: []  # faults against the vendor's contract and rules


class AdapterContract:
    """The shared checks; a check for which the adapter has no port is skipped with that reason."""

    case: ClassVar[Case]

    # -------------------------------------------------------------- 1 signature
    def test_1_signature_accepted(self) -> None:
        push, signed = self._push()
        push.verify(signed, self.case.account)
        found = push.envelopes(signed, self.case.account)
        assert all(envelope.dedupe_key and envelope.topic for envelope in found)

    def test_1_both_secrets_of_a_rotation_are_live(self) -> None:
        push, signed = self._push()
        push.verify(signed, self._with_secrets("a newer secret", *self._secrets()))

    def test_1_one_bit_flipped_is_refused(self) -> None:
        push, signed = self._push()
        for position in {0, len(signed.body) // 2, len(signed.body) - 1}:
            body = bytearray(signed.body)
            body[position] ^= 1
            with pytest.raises(NotAuthentic):
                push.verify(replace(signed, body=bytes(body)), self.case.account)

    def test_1_wrong_secret_is_refused(self) -> None:
        push, signed = self._push()
        for account in (self._with_secrets("another secret"), self._with_secrets()):
            with pytest.raises(NotAuthentic):
                push.verify(signed, account)

    def test_1_reserialised_body_is_refused(self) -> None:
        push, signed = self._push()
        body = json.dumps(json.loads(signed.body), indent=3).encode()
        with pytest.raises(NotAuthentic):
            push.verify(replace(signed, body=body), self.case.account)

    def test_1_missing_or_odd_header_is_refused(self) -> None:
        push, signed = self._push()
        bare = {name: value for name, value in signed.headers.items() if name != self.case.signature_header}
        for headers in (bare, {**bare, self.case.signature_header: ""}, {**bare, self.case.signature_header: "é"}):
            with pytest.raises(NotAuthentic):
                push.verify(replace(signed, headers=headers), self.case.account)

    def test_1_old_timestamp_is_refused(self) -> None:
        push, _ = self._push()
        if self.case.stale is None:
            pytest.skip("the vendor signs no time")
        with pytest.raises(NotAuthentic):
            push.verify(self.case.stale, self.case.account)

    # -------------------------------------------------------------- 5 golden mapping
    def test_5_samples_are_read(self) -> None:
        reader = self._reader()
        for golden in self.case.golden:
            found = reader.read(golden.envelope, self.case.mappings, self.case.account)
            assert tuple(type(command) for command in found) == golden.kinds, golden.envelope.topic
            assert golden.look(found), golden.envelope.topic

    def test_5_what_cannot_be_read_is_refused_with_its_place(self) -> None:
        reader = self._reader()
        for broken in self.case.broken:
            with pytest.raises((Unmapped, NeverTry)) as caught:
                reader.read(broken.envelope, self.case.mappings, self.case.account)
            faults = caught.value.data["faults"]
            assert (broken.at, broken.code) in {(fault["at"], fault["code"]) for fault in faults}
            told = f"{caught.value} {faults}"
            assert not [word for word in broken.personal if word in told]

    def test_5_unknown_topic_is_unmapped(self) -> None:
        reader = self._reader()
        envelope = Envelope(dedupe_key="x", topic="no-such/topic", body=b"{}", complete=True)
        with pytest.raises(Unmapped):
            reader.read(envelope, self.case.mappings, self.case.account)

    # -------------------------------------------------------------- 6 outbound
    def test_6_every_call_is_valid(self) -> None:
        for _, _, call in self._calls():
            assert self.case.invalid(call) == [], call.operation

    def test_6_calls_carry_no_secret(self) -> None:
        secrets = [value for values in self.case.account.secrets.values() for value in values]
        for _, _, call in self._calls():
            text = f"{call.path} {dict(call.query)} {dict(call.headers)} {call.body!r}"
            assert not [secret for secret in secrets if secret in text]

    def test_6_keys_of_a_plan_are_its_step_numbers(self) -> None:
        outbound = self._outbound()
        for command, account in self.case.commands:
            calls = outbound.plan(command, account)
            assert [call.key for call in calls] == [str(number) for number in range(len(calls))]

    def test_6_a_lost_answer_is_read_before_it_is_repeated(self) -> None:
        outbound = self._outbound()
        for command, account, call in self._calls():
            found = outbound.outcome(command, call, None, account)
            if call.repeatable or call.purpose == "read":
                assert isinstance(found, Retry), call.operation
            else:
                assert isinstance(found, Unknown), call.operation
                assert found.check is None or found.check.purpose == "read"

    def test_6_too_many_requests_waits_as_told(self) -> None:
        outbound = self._outbound()
        for command, account, call in self._calls():
            answer = Response(status=429, headers={"retry-after": "7"}, body=b"")
            found = outbound.outcome(command, call, answer, account)
            assert isinstance(found, Retry), call.operation
            assert found.after >= timedelta(seconds=7)

    def test_6_a_broken_server_is_no_refusal(self) -> None:
        outbound = self._outbound()
        for command, account, call in self._calls():
            found = outbound.outcome(command, call, Response(status=503, headers={}, body=b"<html>"), account)
            assert isinstance(found, Retry | Unknown), call.operation

    def test_6_nonsense_is_never_success(self) -> None:
        outbound = self._outbound()
        for command, account, call in self._calls():
            for status in (400, 404, 418):
                found = outbound.outcome(command, call, Response(status=status, headers={}, body=b"no"), account)
                assert not isinstance(found, Done | Accepted), (call.operation, status)
            assert isinstance(found, Rejected | Retry | Unknown)

    # -------------------------------------------------------------- 9 shadow
    def test_9_same_input_same_plan(self) -> None:
        outbound = self._outbound()
        for command, account in self.case.commands:
            turned = replace(account, references=dict(reversed(list(account.references.items()))))
            assert outbound.plan(command, account) == outbound.plan(command, turned)

    # -------------------------------------------------------------- pieces
    def _push(self) -> tuple[InboundPush, Request]:
        if self.case.adapter.push is None or self.case.signed is None:
            pytest.skip("the adapter takes no signed push")
        return self.case.adapter.push, self.case.signed

    def _reader(self) -> Reader:
        if self.case.adapter.reader is None:
            pytest.skip("the adapter reads nothing")
        return self.case.adapter.reader

    def _outbound(self) -> Outbound:
        if self.case.adapter.outbound is None:
            pytest.skip("the adapter sends nothing")
        return self.case.adapter.outbound

    def _calls(self) -> list[tuple[OutwardCommand, Account, Call]]:
        outbound = self._outbound()
        return [
            (command, account, call)
            for command, account in self.case.commands
            for call in outbound.plan(command, account)
        ]

    def _secrets(self) -> tuple[str, ...]:
        return tuple(self.case.account.secrets[self.case.secret])

    def _with_secrets(self, *values: str) -> Account:
        return replace(self.case.account, secrets={**self.case.account.secrets, self.case.secret: values})
