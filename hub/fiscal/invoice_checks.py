"""What a request must say before tax can be thought of: every missing or malformed field at once. Nothing is invented."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from decimal import Decimal

from hub.canon import taxids
from hub.canon.invoice import InvoiceParty
from hub.fiscal.invoice_items import CHARGES
from hub.fiscal.invoice_request import Fault, InvoiceRequest, RequestLine, fault
from hub.fiscal.tables import FiscalTables

EXEMPT = "ISENTO"
_PLACE = ("name", "street", "number", "district", "city")
_SMALLEST = Decimal("0.0001")  # qCom has four decimals
_MAX_SERIES, _MAX_NUMBER = 999, 999_999_999


def tidy(request: InvoiceRequest) -> InvoiceRequest:
    """The request with tax ids, registrations and postal codes without separators."""
    return replace(
        request,
        issuer=_tidy_party(request.issuer),
        buyer=_tidy_party(request.buyer) if request.buyer else None,
        ship_to=_tidy_party(request.ship_to) if request.ship_to else None,
        intermediary_tax_id=_tidy(request.intermediary_tax_id),
    )


def _tidy_party(party: InvoiceParty) -> InvoiceParty:
    return replace(
        party,
        tax_id=_tidy(party.tax_id),
        state_registration=_tidy(party.state_registration),
        postal_code=_tidy(party.postal_code) or "",
    )


def _tidy(text: str | None) -> str | None:
    return taxids.without_separators(text).upper() or None if text else None


def check(request: InvoiceRequest, tables: FiscalTables, day: date) -> list[Fault]:
    """Faults of the note, its parties, its lines and its payments; `request` is tidy."""
    faults = [*_head(request), *_issuer(request.issuer), *_buyer(request), *_intermediary(request, tables, day)]
    if request.ship_to:
        faults += _address(request.ship_to, "ship_to")
    if not request.lines:
        faults.append(fault(None, "lines", "MISSING"))
    for line in request.lines:
        faults += _line(line)
    faults += _free_area(request, tables, day)
    return faults + list(_payments(request, tables, day)) + list(_references(request, tables, day))


def _head(request: InvoiceRequest) -> Iterator[Fault]:
    if request.model not in {55, 65}:
        yield fault(None, "model", "UNKNOWN_CODE", str(request.model))
    if request.environment not in {1, 2}:
        yield fault(None, "environment", "UNKNOWN_CODE", str(request.environment))
    if not 0 <= request.series <= _MAX_SERIES:
        yield fault(None, "series", "MALFORMED", str(request.series))
    if not 1 <= request.number <= _MAX_NUMBER:
        yield fault(None, "number", "MALFORMED", str(request.number))
    for name in CHARGES:
        amount: Decimal = getattr(request, name)
        if not amount.is_finite() or amount < 0:
            yield fault(None, name, "MALFORMED", str(amount))
    if not taxids.random_code_valid(request.random_code, request.number):
        yield fault(None, "random_code", "MALFORMED", "eight digits, no repetition, no run, not the number")


def _issuer(party: InvoiceParty) -> Iterator[Fault]:
    yield from _address(party, "issuer")
    yield from _tax_id(party.tax_id, "issuer.tax_id")
    if party.tax_regime not in {1, 2, 3, 4}:
        yield fault(None, "issuer.tax_regime", "UNKNOWN_CODE", str(party.tax_regime))
    yield from _registration(party, "issuer")


def _buyer(request: InvoiceRequest) -> Iterator[Fault]:
    buyer = request.buyer
    if buyer is None:
        if request.model != 65:
            yield fault(None, "buyer", "MISSING")
        return
    yield from _tax_id(buyer.tax_id, "buyer.tax_id")
    if request.model != 65:
        yield from _address(buyer, "buyer")
    if buyer.taxpayer:
        yield from _registration(buyer, "buyer")


def _tax_id(value: str | None, field: str) -> Iterator[Fault]:
    if not value:
        yield fault(None, field, "MISSING")
    elif not (taxids.cnpj_valid(value) or taxids.cpf_valid(value)):
        yield fault(None, field, "MALFORMED", value)


def _registration(party: InvoiceParty, path: str) -> Iterator[Fault]:
    """The IE of a taxpayer, good for its UF; "ISENTO" is none."""
    value, field = party.state_registration, f"{path}.state_registration"
    if not value or value == EXEMPT:
        yield fault(None, field, "MISSING")
    elif party.region in taxids.UF_CODES and not taxids.registration_valid(party.region, value):
        yield fault(None, field, "MALFORMED", value)


def _address(party: InvoiceParty, path: str) -> Iterator[Fault]:
    for name in _PLACE:
        if not getattr(party, name).strip():
            yield fault(None, f"{path}.{name}", "MISSING")
    if party.country != "BR":
        yield fault(None, f"{path}.country", "NOT_OFFERED", party.country)
        return
    if party.region not in taxids.UF_CODES:
        yield fault(None, f"{path}.region", "UNKNOWN_CODE" if party.region else "MISSING", party.region)
    if not party.municipality_code:
        yield fault(None, f"{path}.municipality_code", "MISSING", party.city)
    elif not taxids.municipality_valid(party.municipality_code):
        yield fault(None, f"{path}.municipality_code", "MALFORMED", party.municipality_code)
    elif party.municipality_code[:2] != taxids.UF_CODES.get(party.region):
        yield fault(
            None, f"{path}.municipality_code", "CONTRADICTION", f"{party.municipality_code} is not in {party.region}"
        )
    if not (len(party.postal_code) == 8 and party.postal_code.isdecimal()):
        yield fault(None, f"{path}.postal_code", "MALFORMED" if party.postal_code else "MISSING", party.postal_code)


def _free_area(request: InvoiceRequest, tables: FiscalTables, day: date) -> Iterator[Fault]:
    """A sale to a company inside the Zona Franca de Manaus or a free trade area, from outside of it: its relief is not computed here."""
    operation, buyer = tables["operations"].get(day, operation=request.operation), request.buyer
    if operation is None or not operation.flag("paid") or buyer is None or not taxids.cnpj_valid(buyer.tax_id or ""):
        return
    areas = tables["free_areas"]
    if areas.get(day, municipality=request.issuer.municipality_code):
        return
    for path, party in (("buyer", buyer), ("ship_to", request.ship_to)):
        row = areas.get(day, municipality=party.municipality_code) if party else None
        if row is not None:
            yield fault(
                None, f"{path}.municipality_code", "NOT_OFFERED", f"a sale with the relief of {row.text('area')}"
            )
            return


def _line(line: RequestLine) -> Iterator[Fault]:
    at = line.external_id
    needed = (
        ("ncm", taxids.ncm_valid),
        ("origin", lambda text: text in set("012345678")),
        ("unit", lambda text: len(text) <= 6),
    )
    for name, good in needed:
        value = getattr(line, name)
        if not value:
            yield fault(at, name, "MISSING")
        elif not good(value):
            yield fault(at, name, "MALFORMED", value)
    if line.gtin and not taxids.gtin_valid(line.gtin):
        yield fault(at, "gtin", "MALFORMED", line.gtin)
    if line.cest and not taxids.cest_valid(line.cest):
        yield fault(at, "cest", "MALFORMED", line.cest)
    if line.st != "none" and not line.cest:
        yield fault(at, "cest", "MISSING", "goods under substitution name their CEST")
    if (line.st == "charged") != ("icms_st" in line.rates):
        yield fault(at, "rates.icms_st", "MISSING" if line.st == "charged" else "CONTRADICTION", f"st is {line.st}")
    for name in ("sku", "title"):
        if not getattr(line, name).strip():
            yield fault(at, name, "MISSING")
    for name, least, places in (("quantity", _SMALLEST, 4), ("unit_price", Decimal(0), 10)):
        number: Decimal = getattr(line, name)
        if not number.is_finite() or number < least or number != round(number, places):
            yield fault(at, name, "MALFORMED", str(number))


def _intermediary(request: InvoiceRequest, tables: FiscalTables, day: date) -> Iterator[Fault]:
    row = tables["sales_channels"].get(day, channel=request.channel)
    if row is None:
        yield fault(None, "channel", "UNKNOWN_CODE", request.channel)
    elif row.flag("intermediary"):
        if not request.intermediary_tax_id:
            yield fault(None, "intermediary_tax_id", "MISSING", "the marketplace's CNPJ")
        elif not taxids.cnpj_valid(request.intermediary_tax_id):
            yield fault(None, "intermediary_tax_id", "MALFORMED", request.intermediary_tax_id)
        if not request.intermediary_account:
            yield fault(None, "intermediary_account", "MISSING", "our name in the marketplace")


def _payments(request: InvoiceRequest, tables: FiscalTables, day: date) -> Iterator[Fault]:
    operation = tables["operations"].get(day, operation=request.operation)
    if operation is None:
        yield fault(None, "operation", "UNKNOWN_CODE", request.operation)
        return
    if not operation.flag("paid"):
        return
    if not request.payments:
        yield fault(None, "payments", "MISSING")
    for payment in request.payments:
        row = tables["payment_media"].get(day, medium=payment.medium)
        if row is None:
            yield fault(None, "payments.medium", "UNKNOWN_CODE", payment.medium)
        elif row.text("code") == "99" and not payment.description:
            yield fault(None, "payments.description", "MISSING", payment.medium)
        if payment.amount < 0:
            yield fault(None, "payments.amount", "MALFORMED", str(payment.amount))


def _references(request: InvoiceRequest, tables: FiscalTables, day: date) -> Iterator[Fault]:
    for key in request.referenced_keys:
        if not taxids.key_valid(key):
            yield fault(None, "referenced_keys", "MALFORMED", key[:60])
    operation = tables["operations"].get(day, operation=request.operation)
    if operation is None:
        return
    if operation.flag("referenced") and not request.referenced_keys:
        yield fault(None, "referenced_keys", "MISSING", f"{request.operation} names the note that it undoes")
    if operation.flag("rates_given"):
        for line in request.lines:
            if (
                request.issuer.tax_regime == 3
                and line.st != "paid"
                and line.icms == "taxed"
                and "icms" not in line.rates
            ):
                yield fault(line.external_id, "rates.icms", "MISSING", "the rate of the note that is undone")
