"""Shopify: webhooks and the Admin GraphQL API 2026-10. `ADAPTER` is the only public name."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping

from adapters.shopify import answer, read, sweep, wire, write
from hub.canon.commands import InwardCommand, OutwardCommand
from hub.canon.ports import (
    Account,
    Adapter,
    Call,
    Envelope,
    Http,
    MappingFile,
    Outcome,
    Page,
    Ref,
    Request,
    Response,
)


class _Push:
    def proven(self, headers: Mapping[str, str], account: Account) -> bool:
        return wire.proven(headers)

    def verify(self, request: Request, account: Account) -> None:
        wire.verify(request, account)

    def envelopes(self, request: Request, account: Account) -> list[Envelope]:
        return wire.envelopes(request)


class _Pull:
    def changes(self, since: str | None, http: Http, account: Account) -> AsyncIterator[Page]:
        return sweep.changes(since, http, account)

    async def fetch(self, ref: Ref, http: Http, account: Account) -> Envelope:
        return await sweep.fetch(ref, http, account)


class _Reader:
    def read(self, envelope: Envelope, mappings: Mapping[str, MappingFile], account: Account) -> list[InwardCommand]:
        return read.read(envelope, mappings, account)


class _Outbound:
    def plan(self, command: OutwardCommand, account: Account) -> list[Call]:
        return write.plan(command, account)

    def outcome(self, command: OutwardCommand, call: Call, response: Response | None, account: Account) -> Outcome:
        return answer.outcome(command, call, response, account)


ADAPTER = Adapter(
    name="shopify",
    push=_Push(),
    pull=_Pull(),
    reader=_Reader(),
    outbound=_Outbound(),
    authorize=wire.authorize,
)

__all__ = ["ADAPTER"]
