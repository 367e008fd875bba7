"""Shopify keeps what every adapter keeps (the function suite beside `conformance`)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from adapters.shopify import ADAPTER
from hub.canon.commands import CancelPick, OutwardCommand
from hub.canon.ports import Account
from tests.adapters import contract
from tests.adapters.contract import OutboundCase, PushCase
from tests.adapters.shopify.given import account
from tests.adapters.shopify.test_conformance import CANCEL, ITEMS, KNOWN, SHIPMENT, STOCK, webhook

PUSH = PushCase(adapter=ADAPTER, account=account(), request=webhook(), signing=("x-shopify-hmac-sha256",))


def outbound(acting: Account, *commands: OutwardCommand) -> OutboundCase:
    refused = CancelPick(pick_order="p", node="n", reason="r")
    return OutboundCase(adapter=ADAPTER, account=acting, commands=commands, refused=refused)


CASES = [outbound(account(), SHIPMENT, STOCK, CANCEL), outbound(account({**KNOWN, **ITEMS}), SHIPMENT, STOCK)]


def test_push() -> None:
    case = replace(PUSH, account=replace(account(), secrets={"client_secret": account().secrets["client_secret"]}))
    contract.check_signature(case)
    contract.check_rotation(case, "another secret")
    contract.check_envelopes(case)
    contract.check_garbage(case)


@pytest.mark.parametrize("case", CASES)
def test_outbound(case: OutboundCase) -> None:
    contract.check_calls(case)
    contract.check_shadow(case)
    contract.check_answers(case)
