"""Events about the goods of a note against the simulated authority: by their schemas, registered once, refused for the right reason."""

from __future__ import annotations

from base64 import b64encode
from dataclasses import replace
from datetime import timedelta
from hashlib import sha1
from typing import Any

import pytest

from adapters.sefaz import xsd
from adapters.sefaz.sale_events import ABOUT_GOODS
from adapters.sefaz.simulator import SefazSimulator
from adapters.sefaz.soap import parse
from hub.canon.commands import RegisterInvoiceEvent
from hub.canon.ports import NeverTry, Rejected
from hub.kit.clock import system_clock
from tests.adapters.sefaz.desk import Desk, authorize, fresh, news
from tests.adapters.sefaz.test_events import EVENT, authorized, cancel, told

HASH = b64encode(sha1(b"picture", usedforsecurity=False).digest()).decode()
AT = "2026-11-20T15:00:00+00:00"
DETAILS: dict[str, dict[str, Any]] = {
    "INTERESTED": {"tax_id": "12ABC34501DE35"},
    "DELIVERED": {"at": AT, "name": "João", "document": "52998224725", "hash": HASH},
    "UNDELIVERED": {"at": AT, "reason": "REFUSED", "attempt": 2, "hash": HASH, "latitude": "-23.5", "longitude": "-46"},
}


def about(report: Any, kind: str, **changes: Any) -> RegisterInvoiceEvent:
    return cancel(report, kind=kind, text=None, details=DETAILS.get(kind), **changes)


async def off_line(desk: Desk) -> Any:
    """An NFC-e that left in contingency and is authorized by now."""
    now = system_clock()
    late = fresh(
        65, emission_type=9, contingency_at=now - timedelta(minutes=5), contingency_reason="Sem resposta da SEFAZ"
    )
    report = news(await desk.deliver(authorize(late, desk.account)))
    assert report.status == "AUTHORIZED"
    return report


@pytest.mark.parametrize("kind", DETAILS)
async def test_each_is_registered_at_the_national_environment_and_valid_by_its_schema(desk: Desk, kind: str) -> None:
    report = await authorized(desk)
    event = told(await desk.deliver(about(report, kind)))
    assert (event.status, desk.calls) == ("REGISTERED", [EVENT])
    assert event.xml is not None
    assert b"<cOrgao>91</cOrgao>" in event.xml
    whole = parse(event.xml)
    assert xsd.faults(whole[0], ABOUT_GOODS[kind][0]) == []
    again = told(await desk.deliver(about(report, kind)))
    assert again.authority_code == "573"


@pytest.mark.parametrize("kind", ["DELIVERED", "UNDELIVERED"])
async def test_what_was_said_of_a_delivery_is_taken_back_by_its_protocol(desk: Desk, kind: str) -> None:
    report = await authorized(desk)
    event = told(await desk.deliver(about(report, kind)))
    undo = replace(about(report, f"UNDO_{kind}"), details={"protocol": event.protocol})
    foreign = await desk.deliver(replace(undo, details={"protocol": "191260000000001"}))
    assert isinstance(foreign, Rejected)
    assert told(await desk.deliver(undo)).status == "REGISTERED"


async def test_everything_that_is_missing_is_named_at_once(desk: Desk) -> None:
    report = await authorized(desk)
    bad = {"at": "ontem", "reason": "RAIN", "attempt": 0, "latitude": "91"}
    with pytest.raises(NeverTry) as error:
        await desk.deliver(replace(about(report, "UNDELIVERED"), details=bad))
    places = {f["at"] for f in error.value.data["faults"]}
    assert places == {
        "details.at",
        "details.reason",
        "details.attempt",
        "details.latitude",
        "details.longitude",
        "details.hash",
    }
    assert desk.calls == []


async def test_a_carrier_may_let_others_fetch_the_note(desk: Desk) -> None:
    report = await authorized(desk)
    open_ = replace(about(report, "INTERESTED"), details={"tax_id": "52998224725", "may_authorize": True}, sequence=2)
    event = told(await desk.deliver(open_))
    assert event.xml is not None
    assert b"<tpAutorizacao>1</tpAutorizacao><xCondUso>" in event.xml


# ------------------------------------------------------------------ 110112
async def test_a_note_of_a_till_is_cancelled_in_favor_of_its_substitute(desk: Desk) -> None:
    first, second = await authorized(desk, model=65), await off_line(desk)
    outcome = await desk.deliver(substituted(first, second.access_key))
    assert (told(outcome).status, news(outcome).status) == ("REGISTERED", "CANCELLED")


def substituted(report: Any, key: str) -> RegisterInvoiceEvent:
    return cancel(report, kind="SUBSTITUTED", details={"substitute": key})


async def test_no_other_note_can_be_substituted_or_substitute(sefaz: SefazSimulator, desk: Desk) -> None:
    first, second, other = await authorized(desk, model=65), await off_line(desk), await authorized(desk, model=65)
    large, absent = await authorized(desk), "35261111222333000181650010009999999123456780"

    async def code(command: RegisterInvoiceEvent) -> str:
        outcome = await desk.deliver(command)
        assert isinstance(outcome, Rejected), outcome
        return outcome.code

    assert await code(substituted(large, second.access_key)) == "491"
    assert await code(substituted(first, other.access_key)) == "580"
    assert await code(replace(substituted(first, second.access_key), protocol="135260000000001")) == "222"
    with pytest.raises(NeverTry):
        await desk.deliver(substituted(first, absent[:-1] + "x"))
    sefaz.app.time.shift = timedelta(hours=169)
    assert await code(substituted(first, second.access_key)) == "501"


async def test_our_own_schema_refuses_what_the_layout_does_not_allow(desk: Desk) -> None:
    first, second = await authorized(desk, model=65), await off_line(desk)
    event = told(await desk.deliver(substituted(first, second.access_key)))
    assert event.xml is not None
    assert xsd.detail_faults(parse(event.xml), "110112") == []
    for good, bad in (
        (b"<tpAutor>1", b"<tpAutor>2"),
        (b"por substituicao<", b"<"),
        (f"<chNFeRef>{second.access_key}".encode(), b"<chNFeRef>1"),
        (b"<verAplic>", b"<verAplic> "),
    ):
        assert xsd.detail_faults(parse(event.xml.replace(good, bad)), "110112"), good
