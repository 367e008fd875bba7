"""A desk between hub and authority for tests: plans, sends, judges and follows an outcome as the outbox would, without a database."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from itertools import count
from typing import Any

from adapters.sefaz.note import prepare
from adapters.sefaz.outbound import SefazOutbound
from adapters.sefaz.sample import ISSUER_CNPJ, sample_invoice
from adapters.sefaz.simulator import SefazSimulator
from adapters.sefaz.wire import SefazWire
from hub.canon.commands import AuthorizeInvoice, InvoiceReported, OutwardCommand
from hub.canon.invoice import Invoice
from hub.canon.invoice_json import invoice_to_json
from hub.canon.ports import Accepted, Account, AnswerLost, Call, Done, Outcome, Rejected, Response, Unknown
from hub.kit.clock import system_clock


def account_of(simulator: SefazSimulator, cnpj: str = ISSUER_CNPJ, **changes: Any) -> Account:
    container, password = simulator.client(cnpj)
    config = {
        "cnpj": cnpj,
        "uf": "SP",
        "environment": "2",
        "base_url": simulator.base_url,
        "trust_pem": simulator.ca_pem,
        **changes,
    }
    secrets = {"certificate": [b64encode(container).decode()], "certificate_password": [password], "csc": ["SEGREDO"]}
    return Account(connection_id="c1", code="sefaz-sp", config=config, secrets=secrets, now=system_clock())


def authorize(invoice: Invoice, account: Account, *, asked_before: bool = False) -> AuthorizeInvoice:
    data = invoice_to_json(invoice)
    return AuthorizeInvoice(
        invoice_id=invoice.invoice_id, invoice=data, signed=prepare(data, account)[1], asked_before=asked_before
    )


_numbers = count(1)


def fresh(model: int = 55, **changes: Any) -> Invoice:
    """A sale under a number that no test has used."""
    invoice = sample_invoice(items=1, model=model, at=system_clock(), number=next(_numbers))
    return replace(invoice, **changes)


def news(outcome: Outcome) -> InvoiceReported:
    """What an outcome reports of a note."""
    assert isinstance(outcome, (Done, Rejected, Unknown)), outcome
    return next(each for each in outcome.results if isinstance(each, InvoiceReported))


@dataclass(slots=True)
class Desk:
    """`calls` are the operations that left, in order."""

    account: Account
    wire: SefazWire = field(default_factory=SefazWire)
    outbound: SefazOutbound = field(default_factory=SefazOutbound)
    calls: list[str] = field(default_factory=list)

    async def once(self, command: OutwardCommand, call: Call, references: Mapping[str, str] | None = None) -> Outcome:
        self.calls.append(call.operation)
        account = replace(self.account, references=dict(references or {}))
        response: Response | None
        try:
            response = await self.wire.send(call, account)
        except AnswerLost:
            response = None
        return self.outbound.outcome(command, call, response, account)

    async def deliver(
        self, command: OutwardCommand, limit: int = 8, references: Mapping[str, str] | None = None
    ) -> Outcome:
        """Follow polls, checks and second plans until something is settled, or `limit` calls have left."""
        learnt = dict(references or {})
        account = replace(self.account, references=learnt)
        call: Call = self.outbound.plan(command, account)[0]
        outcome: Outcome
        while True:
            outcome = await self.once(command, call, learnt)
            if len(self.calls) >= limit:
                return outcome
            if isinstance(outcome, Unknown) and outcome.check is not None:
                call = outcome.check
            elif isinstance(outcome, Accepted):
                call = outcome.poll
            elif isinstance(outcome, Done) and outcome.again:
                learnt |= outcome.references
                call = self.outbound.plan(command, replace(self.account, references=learnt))[0]
            else:
                return outcome
