"""The accountants' month and single documents: nfeProc byte for byte, every number explained, months by the clock of Brasília."""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import Any, cast
from uuid import UUID

import pytest
from typer.testing import CliRunner

from adapters.sefaz import ADAPTER
from adapters.sefaz.danfe import render
from hub import fiscal
from hub.canon.commands import InvoiceReported
from hub.canon.invoice_json import invoice_from_json
from hub.cli.fiscal import app
from hub.connections import Directory
from hub.fiscal.export import CLOCK, bounds
from hub.fiscal.tables import fiscal_tables
from hub.flows.paper import NoDocumentYet, Paper
from hub.flows.reactor import Reactor
from hub.kit.db import Database
from hub.kit.ids import new_id
from hub.ledger import Cause
from tests.adapters.sefaz.notes import identity
from tests.fiscal.notes import LOCAL, request

PROTOCOL = b'<protNFe xmlns="http://www.portalfiscal.inf.br/nfe" versao="4.00"><infProt><nProt>135260000000001</nProt></infProt></protNFe>'
NOVEMBER = datetime(2026, 11, 10, 12, tzinfo=CLOCK)


async def note(
    db: Database | Reactor, at: datetime, states: Sequence[str] = ("AUTHORIZED",), order_id: UUID | None = None
) -> UUID:
    """A note of that day that has gone through these states; flows answer where a reactor is given."""
    from adapters.sefaz.sign import sign
    from adapters.sefaz.write import write_invoice

    ask = fiscal.InvoiceAsk(
        request=replace(request(), buyer=LOCAL, issued_at=at),
        order_id=order_id or new_id(),
        fulfillment_id=new_id(),
        node_id=new_id(),
        connection_id=new_id(),
        cause=Cause(new_id(), None),
    )
    async with db.unit(tenant=1, actor="test") as tx:
        (made,) = await fiscal.request(tx, [ask], fiscal_tables())
        written = write_invoice(invoice_from_json(made.invoice))
        signed = sign(written.xml, identity().key)
        for state in states:
            good = state == "AUTHORIZED"
            said = InvoiceReported(
                invoice_id=made.document_id.hex,
                status=state,
                access_key=written.key,
                authority_message="=1+1 isn't a formula" if state == "REJECTED" else None,
                signed_xml=signed,
                protocol="135260000000001" if good else None,
                protocol_xml=PROTOCOL if good else None,
            )
            await fiscal.report(tx, [(said, ask.cause)])
    return made.document_id


async def month(db: Database, name: str = "2026-11") -> zipfile.ZipFile:
    pieces = [piece async for piece in fiscal.export_month(db, 1, name, environment=2)]
    return zipfile.ZipFile(io.BytesIO(b"".join(pieces)))


async def test_the_month_has_every_note_and_explains_every_number(db: Database) -> None:
    for _ in range(3):
        await note(db, NOVEMBER)
    await note(db, NOVEMBER, ("AUTHORIZED", "CANCELLED"))
    await note(db, NOVEMBER, ("REJECTED",))
    await note(db, NOVEMBER - timedelta(days=30))
    found = await month(db)
    assert found.testzip() is None
    names = [n for n in found.namelist() if n.endswith("-procNFe.xml")]
    assert len(names) == 4
    body = found.read(names[0])
    assert body.startswith(b"<nfeProc ")
    assert body.endswith(PROTOCOL + b"</nfeProc>")
    rows = list(csv.DictReader(io.StringIO(found.read("index.csv").decode())))
    assert [(r["number"], r["state"]) for r in rows] == [
        ("1", "AUTHORIZED"),
        ("2", "AUTHORIZED"),
        ("3", "AUTHORIZED"),
        ("4", "CANCELLED"),
        ("5", "REJECTED"),
    ]
    assert rows[4]["message"].startswith("'=")
    assert {r["file"] for r in rows} == {*names, ""}


async def test_a_month_begins_by_the_clock_of_brasilia(db: Database) -> None:
    start, end = bounds("2026-12")
    assert (start.utcoffset(), end.month) == (timedelta(hours=-3), 1)
    await note(db, start - timedelta(seconds=1))
    await note(db, start)
    assert len((await month(db)).namelist()) == len((await month(db, "2026-12")).namelist()) == 2


async def test_the_same_month_gives_the_same_bytes_over_many_pages(
    db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(7):
        await note(db, NOVEMBER)
    whole = (await month(db)).namelist()
    monkeypatch.setattr("hub.fiscal.export.PAGE", 2)
    assert (await month(db)).namelist() == whole
    assert len(whole) == 8


@pytest.mark.parametrize("name", ["2026-13", "2026-1", "november", "2026-11-01", "٢٠٢٦-11"])
def test_what_is_no_month_is_refused(name: str) -> None:
    with pytest.raises(fiscal.BadMonth):
        bounds(name)
    refused: Any = CliRunner().invoke(app, ["export", "--month", name, "--out", "x.zip"])
    assert refused.exit_code == 1


async def test_documents_are_handed_over_and_printed_once(db: Database) -> None:
    pytest.importorskip("brazilfiscalreport")
    good = await note(db, NOVEMBER)
    waiting = await note(db, NOVEMBER, ())
    printed: list[bytes] = []

    class Here:
        async def of(self, _connection_id: UUID) -> tuple[Any, None]:
            return SimpleNamespace(adapter="sefaz"), None

    paper = Paper(cast("Directory", Here()), {"sefaz": replace(ADAPTER, printed=render)})
    try:
        async with db.unit(tenant=1, actor="test") as tx:
            sheet = await paper.sheet(tx, good)
            assert (await paper.xml(tx, good)).startswith(b"<nfeProc ")
            with pytest.raises(NoDocumentYet):
                await paper.xml(tx, waiting)
        printed += [await paper.pdf(sheet), await paper.pdf(sheet)]
    finally:
        paper.close()
    assert printed[0].startswith(b"%PDF-")
    assert printed[0] is printed[1]
