"""The simulated authority itself: its checks in order, its memory, its clock, its control, its line."""

from __future__ import annotations

import ssl
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest

from adapters.sefaz.calls import feed_call, query_call, send_call, status_call
from adapters.sefaz.company import company
from adapters.sefaz.note import build
from adapters.sefaz.read import Answer, read_answer
from adapters.sefaz.sign import sign
from adapters.sefaz.simulator import Fault, FaultKind, SefazSimulator
from adapters.sefaz.simulator.authority import HANDLERS
from adapters.sefaz.simulator.profiles import PROFILES
from adapters.sefaz.soap import SERVICES, SOAP_11, wrap
from adapters.sefaz.write import write_invoice
from hub.canon.invoice import Invoice
from hub.canon.ports import Call
from hub.canon.trialcerts import make_root
from hub.kit.clock import system_clock
from hub.kit.mtls import client_context
from tests.adapters.sefaz.desk import Desk, account_of, authorize, fresh, news
from tests.adapters.sefaz.notes import first, with_item

SEND = "NFeAutorizacao4"


def ask(simulator: SefazSimulator, call: Call) -> Answer:
    """Past the network: the application itself."""
    body = simulator.app.answer(call.operation, call.body, None, None)
    return read_answer(body, SERVICES[call.operation].answer)


def judged(simulator: SefazSimulator, invoice: Invoice, bend: Callable[[bytes], bytes] = bytes) -> str:
    """The code that a note is answered with. `bend` changes the bytes before they are signed."""
    key = simulator.identity("11222333000181").key
    signed = sign(bend(write_invoice(invoice).xml), key)
    answer = ask(simulator, send_call(write_invoice(invoice).key, signed))
    return answer.protocols[0].code if answer.protocols else answer.code


OWN_ICMS = "<ICMS00><orig>0</orig><CST>00</CST><modBC>3</modBC><vBC>101.80</vBC><pICMS>18.00</pICMS><vICMS>18.32</vICMS></ICMS00>"


def swap(old: str, new: str) -> Callable[[bytes], bytes]:
    def bend(xml: bytes) -> bytes:
        assert old.encode() in xml
        return xml.replace(old.encode(), new.encode())

    return bend


@pytest.mark.parametrize(
    ("code", "bend"),
    [
        ("100", bytes),
        ("225", swap("<natOp>Venda de mercadoria</natOp>", "")),
        ("404", swap("<ide>", '<ide xmlns:x="urn:x"><x:y></x:y>')),
        ("252", swap("<tpAmb>2</tpAmb>", "<tpAmb>1</tpAmb>")),
        ("502", swap("<serie>1</serie>", "<serie>2</serie>")),
        ("598", swap("NF-E EMITIDA EM AMBIENTE DE HOMOLOGACAO", "NF-E EMITIDA EM AMBIENTE DE PRODUCAO")),
        ("733", swap("<idDest>1</idDest>", "<idDest>2</idDest>")),
        ("629", swap("<vUnCom>50.90</vUnCom>", "<vUnCom>50.80</vUnCom>")),
        ("590", swap("<CRT>3</CRT>", "<CRT>1</CRT>")),
        ("591", swap(OWN_ICMS, "<ICMSSN102><orig>0</orig><CSOSN>102</CSOSN></ICMSSN102>")),
        ("531", swap("<ICMSTot><vBC>101.80</vBC>", "<ICMSTot><vBC>101.81</vBC>")),
        ("610", swap("<vNF>101.80</vNF>", "<vNF>101.81</vNF>")),
        ("1026", swap("<pIBSUF>0.1000</pIBSUF>", "<pIBSUF>0.2000</pIBSUF>")),
        ("1036", swap("<pIBSMun>0.0000</pIBSMun>", "<pIBSMun>0.0500</pIBSMun>")),
        ("1037", swap("<pCBS>0.9000</pCBS>", "<pCBS>0.8000</pCBS>")),
    ],
)
def test_the_first_fault_is_the_answer(sefaz: SefazSimulator, code: str, bend: Callable[[bytes], bytes]) -> None:
    assert judged(sefaz, fresh(), bend) == code


def test_missing_groups_of_the_reform_are_rejected_since_august_2026(sefaz: SefazSimulator) -> None:
    assert judged(sefaz, fresh(reform_groups=False)) == "1115"


def test_totals_of_the_reform_without_values_are_rejected(sefaz: SefazSimulator) -> None:
    invoice = fresh()
    kept = tuple(tax for tax in first(invoice).taxes if tax.tax in {"icms", "pis", "cofins"})
    bare = with_item(invoice, taxes=kept, ibs_cbs_cst="410", ibs_cbs_class="410001")
    full = write_invoice(invoice).xml.decode()
    total = full[full.index("<IBSCBSTot>") : full.index("</vNFTot>") + len("</vNFTot>")]
    assert judged(sefaz, bare) == "100"
    bare = replace(bare, number=fresh().number)
    assert judged(sefaz, bare, swap("</ICMSTot>", f"</ICMSTot>{total}")) == "1118"


def test_signatures_are_judged_before_content(sefaz: SefazSimulator) -> None:
    invoice, mine = fresh(), sefaz.identity("11222333000181").key
    written = write_invoice(invoice)
    signed = sign(written.xml, mine)
    tampered = signed.replace(b"<vNF>101.80</vNF>", b"<vNF>101.90</vNF>")
    sha256 = signed.replace(b"xmldsig#rsa-sha1", b"xmldsig-more#rsa-sha256")
    other = sign(written.xml, sefaz.identity("12ABC34501DE35").key)
    answers = [ask(sefaz, send_call(written.key, each)) for each in (tampered, sha256, other)]
    assert [answer.protocols[0].code if answer.protocols else answer.code for answer in answers] == [
        "297",
        "225",
        "213",
    ]


def test_dates_have_a_window(sefaz: SefazSimulator) -> None:
    late, early = system_clock() - timedelta(days=8), system_clock() + timedelta(hours=1)
    for at, code in ((late, "228"), (early, "703")):
        invoice = fresh()
        assert judged(sefaz, replace(invoice, issued_at=at.astimezone(invoice.issued_at.tzinfo))) == code


def test_contingency_authorities_serve_only_while_active(sefaz: SefazSimulator) -> None:
    invoice = fresh(emission_type=6, contingency_at=system_clock(), contingency_reason="Autorizadora fora do ar")
    assert judged(sefaz, invoice) == "114"
    sefaz.app.behavior = PROFILES["SVCAN"]
    assert judged(sefaz, invoice) == "100"


def test_oversized_and_broken_messages(sefaz: SefazSimulator) -> None:
    answers = [
        sefaz.app.answer(SEND, wrap(SEND, body), None, None)
        for body in (b"<enviNFe>" + b" " * 600_000 + b"</enviNFe>", b"<enviNFe>")
    ]
    assert [read_answer(answer, "retEnviNFe").code for answer in answers] == ["214", "243"]


def test_blanks_between_tags_where_they_are_forbidden(sefaz: SefazSimulator) -> None:
    spaced = swap("</emit>", "</emit>\n")
    sefaz.app.behavior = PROFILES["MS"]
    assert judged(sefaz, fresh(), spaced) == "588"


@pytest.mark.parametrize("service", [name for name in HANDLERS if name != "NFeDistribuicaoDFe"])
def test_every_service_can_be_stopped(sefaz: SefazSimulator, service: str) -> None:
    message = f'<{SERVICES[service].message} xmlns="http://www.portalfiscal.inf.br/nfe"/>'.encode()
    answer = sefaz.app.answer(service, wrap(service, message), None, "108")
    assert read_answer(answer, SERVICES[service].answer).code == "108"


def test_soap_11_is_answered_in_kind(sefaz: SefazSimulator) -> None:
    call = status_call("SP", "55", company(account_of(sefaz)))
    body = call.body.replace(b"http://www.w3.org/2003/05/soap-envelope", SOAP_11.encode())
    assert SOAP_11.encode() in sefaz.app.answer(call.operation, body, None, None)


def test_memory_survives_a_restart(tmp_path: Path) -> None:
    state, root = tmp_path / "state.jsonl", make_root(system_clock())
    before = SefazSimulator(state=state, root=root)
    invoice = fresh()
    assert judged(before, invoice) == "100"
    with state.open("a", encoding="utf-8") as file:
        file.write('{"kind": "note", "key": "torn')  # killed while writing
    after = SefazSimulator(state=state, root=root)
    key = write_invoice(invoice).key
    ours = company(account_of(after))
    assert ask(after, query_call(key, ours)).protocol(key) == ask(before, query_call(key, ours)).protocol(key)
    assert judged(after, invoice) == "204"
    assert judged(after, fresh()) == "100"
    protocols = [note.protocol for note in after.app.store.notes.values()]
    assert len(set(protocols)) == len(protocols) == 2


def test_the_same_seed_gives_the_same_faults() -> None:
    def drawn(seed: int) -> list[bool]:
        simulator = SefazSimulator(seed=seed, root=make_root(system_clock()))
        simulator.app.faults.add(Fault(kind=FaultKind.ANSWER_LOST, rate=0.3))
        return [simulator.app.faults.strike(SEND) is not None for _ in range(50)]

    assert drawn(1) == drawn(1)
    assert drawn(1) != drawn(2)


async def test_control_over_the_wire(sefaz: SefazSimulator, desk: Desk) -> None:
    identity = sefaz.identity("11222333000181")
    async with httpx.AsyncClient(verify=client_context(identity, sefaz.ca_pem), trust_env=False) as client:

        async def control(what: str, **given: Any) -> Any:
            return orjson.loads((await client.post(f"{sefaz.base_url}/_sim/{what}", json=given)).content)

        state = await control("faults", kind="answer_lost", service=SEND, times=1)
        assert state["faults"] == [{"kind": "answer_lost", "service": SEND, "rate": 1.0, "times": 1}]
        report = news(await desk.deliver(authorize(fresh(), desk.account)))
        state = await control("reset")
        assert state["faults"] == []
        assert {"key": report.access_key, "code": "100"}.items() <= state["notes"][-1].items()
        moved = await control("clock", now="2027-01-05T12:00:00+00:00")
        assert moved["now"].startswith("2027-01-05T12:00")
        await control("behavior", profile="STOPPED")
        answer = ask(sefaz, status_call("SP", "55", company(desk.account)))
        assert answer.code == "108"
        assert (await client.get(f"{sefaz.base_url}/unknown")).status_code == 404


async def test_no_certificate_no_connection(sefaz: SefazSimulator) -> None:
    context = ssl.create_default_context(cadata=sefaz.ca_pem)
    async with httpx.AsyncClient(verify=context, trust_env=False) as client:
        with pytest.raises(httpx.TransportError):
            await client.post(f"{sefaz.base_url}/{SEND}", content=b"x")


async def test_the_feed_is_only_for_its_owner(sefaz: SefazSimulator, desk: Desk) -> None:
    foreign = replace(company(desk.account), cnpj="12ABC34501DE35")
    response = await desk.wire.send(feed_call("0", foreign), desk.account)
    assert read_answer(response.body, "retDistDFeInt").code == "593"


def test_a_note_of_model_65_is_authorized(sefaz: SefazSimulator) -> None:
    key, signed = build(fresh(65), sefaz.identity("11222333000181").key)
    assert ask(sefaz, send_call(key, signed)).protocols[0].code == "100"
