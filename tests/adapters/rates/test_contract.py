"""A rates service keeps what every adapter keeps."""

from __future__ import annotations

from datetime import UTC, datetime

from adapters.rates import ADAPTER
from hub.canon.commands import SetStock
from hub.canon.order import Address
from hub.canon.ports import Account
from hub.canon.rates import QuoteRates
from tests.adapters import contract

NOW = datetime(2026, 10, 5, 12, tzinfo=UTC)
ASK = QuoteRates(
    node="CAJ",
    origin=Address(country="BR", region="SP", city="Cajamar", postal_code="07750-000", tax_id="11222333000181"),
    destinations=(("BR", "SP"), ("BR", "RJ")),
    weight_g=1000,
)
ACCOUNT = Account(
    connection_id="c",
    code="r",
    config={},
    secrets={"signing_secret": ["whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3"]},
    now=NOW,
)
OUTBOUND = contract.OutboundCase(adapter=ADAPTER, account=ACCOUNT, commands=[ASK], refused=SetStock(levels=()))


def test_calls_are_pure_and_silence_is_no_success() -> None:
    contract.check_calls(OUTBOUND)
    contract.check_shadow(OUTBOUND)
    contract.check_answers(OUTBOUND)


def test_no_tax_id_leaves() -> None:
    assert ADAPTER.outbound is not None
    [call] = ADAPTER.outbound.plan(ASK, ACCOUNT)
    assert b"11222333000181" not in call.body
