"""The mutations and reads of notes through the API: every door once, and what each refuses."""

from __future__ import annotations

from base64 import b64encode
from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from hub.connections import Directory
from hub.flows.expiry import Expiry
from hub.kit.ids import public_id
from hub.kit.vault import Vault
from tests.api import Api
from tests.fiscal.office import CNPJ, KEKS, Office

NOTE = "invoice { id state number waitsFor operation events { kind state sequence } }"


async def left(office: Office, number: str = "A1", units: int = 1) -> tuple[str, UUID]:
    """(public id of the note, fulfillment) of goods that left."""
    _, here = await office.packed(number, units=units)
    await office.leave(here)
    await office.work()
    note = next(n for n in await office.notes(here) if n["state"] == "AUTHORIZED")
    return public_id("fis", note["fiscal_document_id"]), here


def codes(payload: Any) -> list[str]:
    return [e["code"] for e in payload["userErrors"]]


async def keyed(api: Api, name: str, shown: str, **given: Any) -> Any:
    """A mutation that asks for an idempotency key."""
    kind = api.desk.reads.core.mutation_type.fields[name].args["input"].type  # type: ignore[union-attr]
    query = f'mutation($input: {kind}) {{ {name}(input: $input) @idempotent(key: "k1") {{ {shown} userErrors {{ code field message }} }} }}'
    return (await api(query, input=given))[name]


async def test_a_note_is_read_with_its_tax_plan_and_found_by_its_code(office: Office, api: Api) -> None:
    note, _ = await left(office)
    answer = await api(
        """{ fiscalDocuments(where: {authorityCode: "100"}) { nodes { id state waitsFor
             items { sku cfop total { amount } } taxPlan { item sku tax base { amount } rate value { amount } rule source } } } }"""
    )
    [found] = answer["fiscalDocuments"]["nodes"]
    assert (found["id"], found["state"], found["waitsFor"]) == (note, "AUTHORIZED", None)
    assert found["items"][0]["cfop"] == "5102"
    icms = next(t for t in found["taxPlan"] if t["tax"] == "icms")
    assert Decimal(icms["base"]["amount"]) * Decimal(icms["rate"]) / 100 == Decimal(icms["value"]["amount"])
    assert icms["rule"]
    assert icms["source"]
    none = await api("""{ fiscalDocuments(where: {authorityCode: "225"}) { nodes { id } } }""")
    assert none["fiscalDocuments"]["nodes"] == []


async def test_goods_that_left_need_a_return_note(office: Office, api: Api) -> None:
    note, _ = await left(office)
    reason = "Cliente desistiu da compra"
    refused = await api.do("cancelInvoice", NOTE, invoiceId=note, reason=reason)
    assert codes(refused) == ["GOODS_LEFT"]
    done = await api.do("cancelInvoice", NOTE, invoiceId=note, reason=reason, goodsStayed=True)
    assert done["invoice"]["events"] == [{"kind": "CANCEL", "state": "ASKED", "sequence": 1}]
    await office.work()
    again = await api.do("cancelInvoice", NOTE, invoiceId=note, reason=reason, goodsStayed=True)
    assert codes(again) == ["NOT_AUTHORIZED"]


async def test_a_letter_corrects_and_a_short_one_is_refused(office: Office, api: Api) -> None:
    note, _ = await left(office)
    assert codes(await api.do("correctInvoice", NOTE, invoiceId=note, correction="curta")) == ["TEXT_LENGTH"]
    done = await api.do("correctInvoice", NOTE, invoiceId=note, correction="Volume correto: duas caixas")
    assert codes(done) == []
    await office.work()
    found = await api("query($id: ID!) { fiscalDocument(id: $id) { events { kind state } } }", id=note)
    assert found["fiscalDocument"]["events"] == [{"kind": "CORRECT", "state": "REGISTERED"}]


async def test_units_come_back_with_a_note_of_ours_and_never_more_than_were_sold(office: Office, api: Api) -> None:
    note, _ = await left(office, units=3)
    lines = [{"sku": "SKU-1", "quantity": "2"}]
    done = await keyed(api, "returnInvoice", NOTE, invoiceId=note, lines=lines)
    assert codes(done) == []
    await office.work()
    back = (await office.notes())[-1]
    assert (back["state"], back["operation"]) == ("AUTHORIZED", "sale_return")
    sold = (await office.notes())[0]
    for tag in (
        b"<tpNF>0</tpNF>",
        b"<finNFe>4</finNFe>",
        f"<refNFe>{sold['access_key']}</refNFe>".encode(),
        b"<CFOP>1202</CFOP>",
        b"<qCom>2.0000</qCom>",
        b"<tPag>90</tPag>",
        b"<CPF>52998224725</CPF>",
    ):
        assert tag in back["signed_xml"]
    more = await api.by(actor="bo").do("cancelInvoice", NOTE, invoiceId=note, reason="x")
    assert codes(more) == ["GOODS_LEFT"]
    over = await keyed(api.by(actor="bo"), "returnInvoice", NOTE, invoiceId=note, lines=lines)
    assert codes(over) == ["OVER_RETURNED"]
    rest = await keyed(api.by(actor="cy"), "returnInvoice", NOTE, invoiceId=note)
    assert codes(rest) == []
    await office.work()
    assert [n["state"] for n in await office.notes()] == ["AUTHORIZED"] * 3


async def test_a_sale_of_the_till_comes_back_with_an_entry_note(office: Office, api: Api) -> None:
    from hub.canon.order import Pickup

    await office.place(office.draft("T1", ("SKU-1", 1), handed_over=True, pickup=Pickup(node="LOJ")))
    await office.work()
    [sold] = await office.notes()
    done = await keyed(api, "returnInvoice", NOTE, invoiceId=public_id("fis", sold["fiscal_document_id"]))
    assert codes(done) == []
    await office.work()
    back = (await office.notes())[-1]
    assert (back["model"], back["state"], back["operation"]) == (55, "AUTHORIZED", "sale_return")


async def test_goods_move_between_own_places_and_out_for_repair(office: Office, api: Api) -> None:
    place = {n: public_id("loc", i) for n, i in office.nodes.items()}
    lines = [{"sku": "SKU-1", "quantity": "5", "unitPrice": "7.50"}]
    sent = await keyed(
        api,
        "issueInvoice",
        NOTE,
        operation="transfer",
        locationId=place["CAJ"],
        toLocationId=place["LOJ"],
        lines=lines,
    )
    assert codes(sent) == []
    someone = {
        "name": "Oficina Exemplo",
        "taxId": "52998224725",
        "address": {
            "street": "Rua Tres",
            "district": "Centro",
            "city": "Campinas",
            "region": "SP",
            "postcode": "13010000",
            "countryCode": "BR",
        },
    }
    repair = await keyed(
        api.by(actor="bo"),
        "issueInvoice",
        NOTE,
        operation="repair",
        locationId=place["CAJ"],
        recipient=someone,
        lines=lines,
    )
    assert codes(repair) == []
    await office.work()
    first, second = await office.notes()
    assert [first["state"], second["state"]] == ["AUTHORIZED", "AUTHORIZED"]
    assert b"<CFOP>5152</CFOP>" in first["signed_xml"]
    assert b"<CFOP>5915</CFOP>" in second["signed_xml"]
    nobody = await keyed(
        api.by(actor="cy"),
        "issueInvoice",
        NOTE,
        operation="barter",
        locationId=place["CAJ"],
        recipient=someone,
        lines=lines,
    )
    assert codes(nobody) == ["INVOICE_INCOMPLETE"]
    assert len(await office.notes()) == 2


async def test_numbers_are_voided_and_used_ones_refused(office: Office, api: Api) -> None:
    await left(office)
    await office.rows("UPDATE fiscal_numbers SET next = 4")
    given = {"locationId": public_id("loc", office.nodes["CAJ"]), "series": 1, "reason": "Numeros pulados por falha"}
    used = await api.do("voidNumbers", "void { id }", first=1, last=3, **given)
    assert codes(used) == ["NUMBERS_USED"]
    done = await api.do("voidNumbers", "void { id state first last }", first=2, last=3, **given)
    assert (done["void"]["state"], done["void"]["first"]) == ("ASKED", 2)
    await office.work()
    found = await api("{ fiscalVoids(where: {state: VOIDED}) { nodes { first last protocol } } }")
    assert [(v["first"], v["last"]) for v in found["fiscalVoids"]["nodes"]] == [(2, 3)]


async def test_a_mode_is_entered_and_seen(office: Office, api: Api) -> None:
    account = public_id("con", office.accounts["CAJ"])
    bad = await api.do("setEmissionMode", "authority { mode }", connectionId=account, mode="SVC", reason="curto")
    assert codes(bad) == ["MODE_NOT_OFFERED"]
    reason = "Sem comunicacao com a SEFAZ de origem"
    done = await api.do(
        "setEmissionMode", "authority { mode modeReason }", connectionId=account, mode="SVC", reason=reason
    )
    assert done["authority"] == {"mode": "SVC", "modeReason": reason}
    found = await api("{ fiscalAuthorities { nodes { region mode modeBy connection { account } } } }")
    [row] = found["fiscalAuthorities"]["nodes"]
    assert (row["region"], row["mode"], row["modeBy"]) == ("SP", "SVC", "OPERATOR")


# ------------------------------------------------------------------ certificates
async def test_a_certificate_is_checked_before_it_replaces_another(office: Office, api: Api) -> None:
    account, shown = public_id("con", office.accounts["CAJ"]), "endsAt connection { id }"
    container, password = office.sefaz.client(CNPJ)
    good = b64encode(container).decode()
    for pkcs12, word in ((good, "wrong"), ("no base64!", password), (b64encode(b"junk").decode(), password)):
        refused = await api.do("setCertificate", shown, connectionId=account, pkcs12=pkcs12, password=word)
        assert codes(refused) == ["CERTIFICATE_REFUSED"]
    other, secret = office.sefaz.client("12ABC34501DE35")
    foreign = await api.do(
        "setCertificate", shown, connectionId=account, pkcs12=b64encode(other).decode(), password=secret
    )
    assert "another company" in foreign["userErrors"][0]["message"]
    done = await api.do("setCertificate", shown, connectionId=account, pkcs12=good, password=password)
    assert (codes(done), done["connection"]["id"]) == ([], account)
    sql = "SELECT field, no, value FROM connection_secrets WHERE connection_id = $1 ORDER BY field, no"
    kept = await office.rows(sql, office.accounts["CAJ"])
    assert [(r["field"], r["no"]) for r in kept] == [
        ("certificate", 1),
        ("certificate", 2),
        ("certificate_password", 1),
        ("certificate_password", 2),
    ]
    assert all(password.encode() not in r["value"] and container not in r["value"] for r in kept)
    await left(office)


async def test_an_expired_certificate_is_refused_and_one_that_ends_is_told(office: Office, api: Api) -> None:
    container, password = office.sefaz.client(CNPJ)
    certificate = office.sefaz.identity(CNPJ).certificate
    expiry = Expiry(office.reactor, Directory(office.db, Vault(office.db, KEKS)), {})
    assert await expiry.look() == 0
    office.time.shift = certificate.not_valid_after_utc - timedelta(days=29) - office.time.base()
    assert await expiry.look() == 2  # both accounts
    assert await expiry.look() == 2
    assert await office.open_incidents() == ["certificate_ends", "certificate_ends"]
    office.time.shift += timedelta(days=30)
    refused = await api.do(
        "setCertificate",
        "endsAt",
        connectionId=public_id("con", office.accounts["CAJ"]),
        pkcs12=b64encode(container).decode(),
        password=password,
    )
    assert codes(refused) == ["CERTIFICATE_REFUSED"]
