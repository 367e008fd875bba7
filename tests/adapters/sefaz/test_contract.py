"""The house's contract for what leaves: pure plans, no secret in a call, silence is never success."""

from __future__ import annotations

from dataclasses import replace

import pytest

from adapters.sefaz import ADAPTER
from adapters.sefaz.events import prepare_event, prepare_void
from adapters.sefaz.sample import ISSUER_CNPJ
from adapters.sefaz.simulator import SefazSimulator
from hub.canon.commands import CancelOrder, OutwardCommand, RegisterInvoiceEvent, VoidNumbers
from hub.canon.ports import Account
from tests.adapters import contract
from tests.adapters.sefaz.desk import account_of, authorize, fresh

KEY = "35261111222333000181550010000000011302114900"


def commands(account: Account) -> list[OutwardCommand]:
    assert account.now is not None
    event = RegisterInvoiceEvent(
        event_id="e1", kind="CANCEL", access_key=KEY, author=ISSUER_CNPJ, at=account.now, text="Pedido desfeito pelo cliente",
        protocol="135260000000001",
    )  # fmt: skip
    aware = replace(event, kind="AWARE")
    void = VoidNumbers(
        request_id="v1",
        issuer=ISSUER_CNPJ,
        model=55,
        series=1,
        year=2026,
        first=7,
        last=9,
        reason="Falha na sequencia do sistema",
    )
    note = authorize(fresh(), account)
    return [
        note,
        replace(note, asked_before=True),
        replace(event, signed=prepare_event(event, account)[1]),
        replace(aware, signed=prepare_event(aware, account)[1]),
        replace(void, signed=prepare_void(void, account)[1]),
    ]


@pytest.fixture
def case(sefaz: SefazSimulator) -> contract.OutboundCase:
    account = account_of(sefaz)
    return contract.OutboundCase(
        adapter=ADAPTER, account=account, commands=commands(account), refused=CancelOrder(order="1", reason="x")
    )


def test_calls(case: contract.OutboundCase) -> None:
    contract.check_calls(case)


def test_shadow(case: contract.OutboundCase) -> None:
    contract.check_shadow(case)


def test_answers(case: contract.OutboundCase) -> None:
    contract.check_answers(case)
