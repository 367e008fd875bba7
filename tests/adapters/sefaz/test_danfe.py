"""Printed forms come out of their own process; what is no note is refused."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from adapters.sefaz.danfe import DanfePrinter, NotPrintable
from adapters.sefaz.note import build
from tests.adapters.sefaz.notes import identity, sale

pytest.importorskip("brazilfiscalreport", reason="the extra danfe is not installed")


@pytest.fixture(scope="module")
async def printer() -> AsyncIterator[DanfePrinter]:
    printer = DanfePrinter()
    yield printer
    printer.close()


@pytest.mark.parametrize("model", [55, 65])
async def test_a_note_is_printed(printer: DanfePrinter, model: int) -> None:
    note = build(sale(2, model), identity().key)[1]
    pdf = await printer.print(note)
    assert pdf.startswith(b"%PDF-")
    assert await printer.print(note) is pdf


async def test_other_documents_are_refused(printer: DanfePrinter) -> None:
    for other, reason in ((b"<x/>", "x is no note"), (b"no xml", "no XML document")):
        with pytest.raises(NotPrintable, match=reason):
            await printer.print(other)
