"""What the tests of this folder share: a portal, an account, a desk that follows outcomes as the outbox would, guides."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from adapters.gnre.outbound import GnreOutbound
from adapters.gnre.simulator import GnreSimulator
from adapters.gnre.simulator.ufs import DIFAL, rules_of
from adapters.gnre.wire import GnreWire
from hub.canon.commands import IssueGnreGuide, OutwardCommand
from hub.canon.guide import GnreGuide, GuideItem, GuideParty
from hub.canon.ports import Accepted, Account, AnswerLost, Call, Done, Outcome, Response, Unknown
from hub.kit.clock import system_clock

CNPJ = "11222333000181"
KEY = "35261111222333000181550010000003021482119070"
ISSUER = GuideParty(
    name="Loja Exemplo Ltda",
    tax_id=CNPJ,
    address="Rua Um, 10",
    municipality_code="3550308",
    region="SP",
    postal_code="01001-000",
    phone="(11) 3000-0000",
)
BUYER = GuideParty(name="Maria & Filhos", tax_id="52998224725", municipality_code="2611606", region="PE")


def today() -> date:
    return system_clock().date()


def item(**changes: Any) -> GuideItem:
    good = GuideItem(
        revenue=DIFAL,
        principal=Decimal("60.00"),
        document_type="10",
        document="302",
        due=today() + timedelta(days=1),
        recipient=BUYER,
        month=today(),
    )
    return replace(good, **changes)


def command(region: str = "AL", number: int = 1, *, asked_before: bool = False, **changes: Any) -> IssueGnreGuide:
    items = (item(**changes),)
    guide = GnreGuide(
        identifier=str(number),
        region=region,
        environment=2,
        issuer=ISSUER,
        items=items,
        pay_by=today() + timedelta(days=1),
    )
    rules = rules_of(region, items[0].revenue)
    return IssueGnreGuide(guide_id=f"{number:032x}", guide=guide, rules=rules, asked_before=asked_before)


def account_of(simulator: GnreSimulator, **changes: Any) -> Account:
    container, password = simulator.client(CNPJ)
    config = {
        "cnpj": CNPJ,
        "environment": "2",
        "base_url": simulator.base_url,
        "trust_pem": simulator.ca_pem,
        **changes,
    }
    secrets = {"certificate": [b64encode(container).decode()], "certificate_password": [password]}
    return Account(connection_id="c1", code="gnre", config=config, secrets=secrets, now=system_clock())


@dataclass(slots=True)
class Desk:
    """`calls` are the operations that left, `waits` what the portal asked us to wait."""

    account: Account
    wire: GnreWire = field(default_factory=GnreWire)
    outbound: GnreOutbound = field(default_factory=GnreOutbound)
    calls: list[str] = field(default_factory=list)
    waits: list[timedelta] = field(default_factory=list)

    async def once(self, command: OutwardCommand, call: Call, references: Mapping[str, str]) -> Outcome:
        self.calls.append(call.operation)
        account = replace(self.account, references=dict(references))
        response: Response | None
        try:
            response = await self.wire.send(call, account)
        except AnswerLost:
            response = None
        return self.outbound.outcome(command, call, response, account)

    async def deliver(self, command: OutwardCommand, limit: int = 12) -> Outcome:
        """As the outbox does: what must wait long is planned anew with what was learnt; a send is remembered."""
        learnt: dict[str, str] = {}
        momentary: dict[str, str] = {}
        sent = getattr(command, "asked_before", False)
        while True:
            if isinstance(command, IssueGnreGuide):
                command = replace(command, asked_before=sent)
            known = {**learnt, **momentary}
            call = self.outbound.plan(command, replace(self.account, references=known))[0]
            sent = sent or call.purpose == "write"
            outcome = await self.once(command, call, known)
            if isinstance(outcome, Unknown) and outcome.check is not None:
                outcome = await self.once(command, outcome.check, known)
            momentary = {}
            if isinstance(outcome, Accepted):
                self.waits.append(outcome.after)
                learnt |= outcome.references
            elif isinstance(outcome, Done) and outcome.again:
                momentary = {n: v for n, v in outcome.references.items() if n in outcome.momentary}
                learnt |= {n: v for n, v in outcome.references.items() if n not in outcome.momentary}
            else:
                return outcome
            if len(self.calls) >= limit:
                return outcome
