"""Many documents prepared at once: each gets the bytes that it would get alone, or its own faults."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from adapters.sefaz import ADAPTER
from adapters.sefaz.note import prepare
from adapters.sefaz.simulator import SefazSimulator
from hub.canon.commands import AskAuthority, AuthorizeInvoice, OutwardCommand, VoidNumbers
from hub.canon.invoice import Invoice
from hub.canon.invoice_json import invoice_to_json
from hub.canon.ports import Account, NeverTry, Prepared
from tests.adapters.sefaz.desk import account_of, fresh
from tests.adapters.sefaz.notes import with_item


def note(invoice: Invoice, **changes: Any) -> AuthorizeInvoice:
    return AuthorizeInvoice(invoice_id=invoice.invoice_id, invoice={**invoice_to_json(invoice), **changes})


def prepared(account: Account, *commands: OutwardCommand) -> list[Prepared]:
    assert ADAPTER.prepare is not None
    return ADAPTER.prepare([(command, account) for command in commands])


def faults(found: Prepared) -> list[tuple[str, str]]:
    assert isinstance(found, NeverTry), found
    return [(fault["at"], fault["code"]) for fault in found.data["faults"]]


async def test_many_get_the_bytes_that_each_gets_alone(sefaz: SefazSimulator) -> None:
    account = account_of(sefaz)
    notes = [note(fresh(model)) for model in (55, 65, 55, 65)]
    assert prepared(account, *notes) == [prepare(each.invoice, account) for each in notes]


async def test_each_of_many_is_signed_with_its_own_account(sefaz: SefazSimulator) -> None:
    ours, other = account_of(sefaz), account_of(sefaz, "12ABC34501DE35")
    one = note(fresh())
    assert ADAPTER.prepare is not None
    good, refused = ADAPTER.prepare([(one, ours), (one, other)])
    assert good == prepare(one.invoice, ours)
    assert isinstance(refused, NeverTry)
    assert "another company" in str(refused)


async def test_what_is_wrong_with_one_is_its_own_answer(sefaz: SefazSimulator) -> None:
    account, good = account_of(sefaz), note(fresh())
    void = VoidNumbers(
        request_id="1", issuer="11222333000181", model=55, series=1, year=2026, first=9, last=3, reason="x" * 20
    )
    found = prepared(
        account,
        good,
        note(with_item(fresh(), gtin="7891234000012")),  # our rules
        note(fresh(), number="many"),  # unreadable
        note(replace(fresh(), environment=1)),  # another environment
        note(with_item(fresh(), ncm="1")),  # cannot be written
        note(with_item(fresh(), unit="")),  # the schema, or the writer
        void,
        AskAuthority(model=55),
        note(fresh(65)),
    )
    alone = [isinstance(each, NeverTry) for each in found]
    assert alone == [False, *[True] * 7, False]
    assert found[0] == prepare(good.invoice, account)
    assert faults(found[1]) == [("items[0].gtin", "611")]
    assert [at for at, _ in faults(found[2])] == ["number"]
    assert faults(found[6]) == [("first", "BAD_NUMBER")]
    assert "AskAuthority is not signed" in str(found[7])


def test_none_are_none() -> None:
    assert ADAPTER.prepare is not None
    assert ADAPTER.prepare([]) == []
