"""The printed form: layout by emission date, marks of homologation and contingency, the simplified receipt, refusals."""

from __future__ import annotations

import re
import sys
import zlib
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from adapters.sefaz.danfe import DanfeUnavailable, NotPrintable, render
from adapters.sefaz.sign import sign
from adapters.sefaz.soap import NotXml
from adapters.sefaz.write import write_invoice
from hub.canon.invoice import Invoice, InvoicePayment
from hub.canon.processed import processed
from hub.cli.nfe import app
from hub.kit.processes import Processes
from tests.adapters.sefaz.notes import identity, sale

pytest.importorskip("brazilfiscalreport")

BRASILIA = timezone(timedelta(hours=-3))
PROTOCOL = (
    b'<protNFe xmlns="http://www.portalfiscal.inf.br/nfe" versao="4.00"><infProt><tpAmb>1</tpAmb><nProt>135260000000001</nProt>'
    b"<dhRecbto>2026-11-21T12:00:05-03:00</dhRecbto><cStat>100</cStat></infProt></protNFe>"
)


def signed(invoice: Invoice) -> bytes:
    return sign(write_invoice(invoice).xml, identity().key)


def text(pdf: bytes) -> str:
    """Everything that the pages draw. A stream's own last byte may be a carriage return, which the pattern takes for the line's end."""
    streams = re.findall(rb"stream\r?\n(.*?)\r?\nendstream", pdf, re.DOTALL)
    drawn = []
    for stream in streams:
        try:
            drawn.append(zlib.decompressobj().decompress(stream).decode("cp1252", "replace"))
        except zlib.error:
            continue
    return "".join(drawn)


def test_the_layout_follows_the_day_of_emission() -> None:
    old, new = (
        text(render(signed(sale(issued_at=datetime(2026, month, day, 12, tzinfo=BRASILIA)))))
        for month, day in ((11, 30), (12, 1))
    )
    assert "VALOR DO IBS UF" not in old
    assert "VALOR DO IBS UF" in new


def test_homologation_is_marked_and_an_authorized_note_is_not() -> None:
    assert "SEM VALOR FISCAL" in text(render(signed(sale())))
    good = signed(sale(environment=1))
    printed = text(render(processed(good, PROTOCOL)))
    assert "SEM VALOR FISCAL" not in printed
    assert "135260000000001" in printed
    assert "CANCELADA" in text(render(processed(good, PROTOCOL), cancelled=True))


@pytest.mark.parametrize(("emission", "marked"), [(4, "EPEC"), (7, "SVC-RS")])
def test_contingency_is_marked_on_every_page(emission: int, marked: str) -> None:
    away: dict[str, Any] = {
        "contingency_at": datetime(2026, 11, 21, 10, tzinfo=BRASILIA),
        "contingency_reason": "Sem resposta da autoridade",
    }
    drawn = text(render(signed(sale(items=60, environment=1, emission_type=emission, **away))))
    assert drawn.count("DANFE EM CONTING") >= 2
    assert marked in drawn
    assert "Sem resposta da autoridade" in drawn
    assert ("SEM VALOR FISCAL" in drawn) == (emission == 7)  # EPEC is legal without a protocol


def test_the_simplified_receipt_is_narrow_and_says_all() -> None:
    body = signed(sale(items=2)).replace(b"<tpImp>1<", b"<tpImp>6<")
    pdf = render(body)
    drawn = text(pdf)
    assert re.search(rb"/MediaBox \[0 0 226\.77", pdf)  # 80 mm
    assert "DANFE Simplificado" in drawn
    assert "HOMOLOGA" in drawn
    assert "CNPJ 11.222.333/0001-81" in drawn
    assert "CPF 529.982.247-25" in drawn
    assert "12:00:00" in drawn
    assert "T12:00" not in drawn


def test_the_totals_of_the_simplified_receipt_add_up_and_its_protocol_is_told() -> None:
    invoice = sale(items=1)
    item = replace(invoice.items[0], freight=Decimal("10.00"), insurance=Decimal("2.00"), discount=Decimal("1.00"))
    away: dict[str, Any] = {
        "contingency_at": invoice.issued_at,
        "contingency_reason": "Sem resposta da autoridade",
        "emission_type": 6,
        "payments": (InvoicePayment(medium="12", amount=Decimal("112.80")),),
    }
    body = signed(replace(invoice, items=(item,), **away)).replace(b"<tpImp>1<", b"<tpImp>6<")
    for told in ("Frete 10,00", "Seguro 2,00", "Desconto 1,00", "Vale-presente 112,80", "pendente"):
        assert told in text(render(body)), told
    printed = text(render(processed(body, PROTOCOL)))
    assert "135260000000001 de 21/11/2026 12:00:05" in printed
    assert "pendente" not in printed


def test_a_receipt_of_the_till_is_printed() -> None:
    assert render(signed(sale(model=65))).startswith(b"%PDF-")


@pytest.mark.parametrize("body", [b"", b"<html/>", b"<!DOCTYPE x [<!ENTITY y 'z'>]><NFe>&y;</NFe>", b"\xff\xfe"])
def test_what_is_no_note_is_refused_in_words(body: bytes) -> None:
    with pytest.raises((NotXml, NotPrintable)):
        render(body)


def test_without_the_extra_the_cure_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "brazilfiscalreport", None)
    with pytest.raises(DanfeUnavailable, match="danfe"):
        render(signed(sale()))


async def test_it_runs_in_a_process_of_its_own() -> None:
    pool = Processes(1)
    try:
        assert (await pool.run(render, signed(sale()))).startswith(b"%PDF-")
        with pytest.raises(NotPrintable):
            await pool.run(render, b"<html/>")
    finally:
        pool.close()


def test_the_command_writes_a_pdf_or_says_why_not(tmp_path: Path) -> None:
    note, out = tmp_path / "nfe.xml", tmp_path / "nfe.pdf"
    note.write_bytes(signed(replace(sale())))
    runner: Any = CliRunner()
    assert runner.invoke(app, ["danfe", str(note), "--out", str(out)]).exit_code == 0
    assert out.read_bytes().startswith(b"%PDF-")
    note.write_bytes(b"<html/>")
    refused = runner.invoke(app, ["danfe", str(note), "--out", str(out)])
    assert (refused.exit_code, "no note" in refused.stderr) == (1, True)
