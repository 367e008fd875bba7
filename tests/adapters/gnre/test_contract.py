"""The house's contract for what leaves: pure plans, no secret in a call, silence is never success."""

from __future__ import annotations

from dataclasses import replace

import pytest

from adapters.gnre import ADAPTER
from adapters.gnre.simulator import GnreSimulator
from hub.canon.commands import CancelOrder, OutwardCommand, ReadGnreRules
from tests.adapters import contract
from tests.adapters.gnre.guides import account_of, command


@pytest.fixture(scope="module")
def case() -> contract.OutboundCase:
    account = replace(account_of(GnreSimulator()), config={"cnpj": "11222333000181", "environment": "2"})
    guide = command()
    commands: list[OutwardCommand] = [
        guide,
        replace(guide, asked_before=True),
        ReadGnreRules(region="MG", revenue="100102", environment=2),
    ]
    refused = CancelOrder(order="1", reason="x")
    return contract.OutboundCase(adapter=ADAPTER, account=account, commands=commands, refused=refused)


def test_calls(case: contract.OutboundCase) -> None:
    contract.check_calls(case)


def test_shadow(case: contract.OutboundCase) -> None:
    contract.check_shadow(case)


def test_answers(case: contract.OutboundCase) -> None:
    contract.check_answers(case)
