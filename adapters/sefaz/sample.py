"""A fictional sale for `hub nfe sample`, the demo and tests: valid in homologation, with reform groups, totals that add up."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from decimal import ROUND_HALF_UP, Decimal

from cryptography.hazmat.primitives.serialization import Encoding

from adapters.sefaz.note import build
from hub.canon.invoice import Invoice, InvoiceItem, InvoiceParty, InvoicePayment, TaxLine
from hub.canon.trialcerts import self_made

CENT = Decimal("0.01")
BRASILIA = timezone(timedelta(hours=-3))
ISSUER_CNPJ, BUYER_CPF = "11222333000181", "52998224725"
SOURCE = "sample"

ISSUER = InvoiceParty(
    name="Loja Exemplo Comercio Ltda",
    tax_id=ISSUER_CNPJ,
    state_registration="110042490114",
    street="Rua das Amostras",
    number="100",
    district="Centro",
    municipality_code="3550308",
    city="Sao Paulo",
    region="SP",
    postal_code="01001000",
    phone="1130000000",
    trade_name="Loja Exemplo",
)
BUYER = InvoiceParty(
    name="Maria de Exemplo",
    tax_id=BUYER_CPF,
    state_registration=None,
    street="Avenida dos Testes",
    number="200",
    complement="Apto 12",
    district="Jardim",
    municipality_code="3509502",
    city="Campinas",
    region="SP",
    postal_code="13010000",
    email="maria@example.com",
)


def sample_invoice(
    *,
    items: int,
    model: int,
    at: datetime,
    number: int = 1,
    series: int = 1,
    random_code: str = "30211490",
    issuer: InvoiceParty = ISSUER,
) -> Invoice:
    """A sale of `items` items within SP to a consumer: ICMS 18 %, PIS/COFINS on the base less ICMS, IBS and CBS of 2026."""
    lines = tuple(_item(n) for n in range(1, items + 1))
    counter = model == 65
    return Invoice(
        invoice_id=f"{number:032x}",
        model=model,
        series=series,
        number=number,
        random_code=random_code,
        issued_at=at.astimezone(BRASILIA).replace(microsecond=0),
        environment=2,
        emission_type=1,
        operation="Venda de mercadoria",
        purpose=1,
        outgoing=True,
        destination=1,
        final_consumer=True,
        presence=1 if counter else 2,
        issuer=issuer,
        buyer=None if counter else BUYER,
        items=lines,
        payments=(InvoicePayment(medium="17", amount=sum((line.total for line in lines), Decimal(0))),),
        freight_mode=9 if counter else 0,
    )


def _item(number: int) -> InvoiceItem:
    quantity, price = Decimal(1 + number % 3), Decimal("49.90") + number
    total = (quantity * price).quantize(CENT, ROUND_HALF_UP)
    return InvoiceItem(
        number=number,
        sku=f"EX-{number:03d}",
        title=f"Camiseta de algodão nº {number}",
        ncm="61091000",
        cfop="5102",
        origin="0",
        unit="UN",
        quantity=quantity,
        unit_price=price,
        total=total,
        taxes=_taxes(total),
    )


def _taxes(total: Decimal) -> tuple[TaxLine, ...]:
    icms = _line("icms", total, "18")
    net = total - icms.value
    pis, cofins = _line("pis", net, "1.65"), _line("cofins", net, "7.60")
    base = net - pis.value - cofins.value
    return (icms, pis, cofins, _line("ibs_uf", base, "0.10"), _line("ibs_mun", base, "0"), _line("cbs", base, "0.90"))


def _line(tax: str, base: Decimal, rate: str) -> TaxLine:
    value = (base * Decimal(rate) / 100).quantize(CENT, ROUND_HALF_UP)
    return TaxLine(tax=tax, base=base, rate=Decimal(rate), value=value, rule=f"{tax}.sample", source=SOURCE)


def signed_sample(*, items: int, model: int, at: datetime) -> tuple[bytes, bytes]:
    """(signed `<NFe>`, PEM of the certificate that verifies it). The key is thrown away."""
    identity = self_made(ISSUER_CNPJ, ISSUER.name, now=at)
    _, signed = build(sample_invoice(items=items, model=model, at=at), identity.key)
    return signed, identity.certificate.public_bytes(Encoding.PEM)
