"""A collection guide (GNRE) in our words, every amount decided, and what a UF wants on one. Official tags in comments."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

ZERO = Decimal(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class GuideParty:
    """contribuinteEmitente or contribuinteDestinatario. `municipality_code` has the seven digits of IBGE."""

    name: str  # razaoSocial
    tax_id: str | None = None  # CNPJ | CPF
    state_registration: str | None = None  # IE: that of the favored UF, if there is one
    address: str | None = None  # endereco
    municipality_code: str | None = None
    region: str | None = None  # uf
    postal_code: str | None = None  # cep
    phone: str | None = None  # telefone


@dataclass(frozen=True, slots=True, kw_only=True)
class GuideItem:
    """item. `principal` is the ICMS, `fcp` the poverty fund; extra fields are (code, value)."""

    revenue: str  # receita
    principal: Decimal  # valor tipo 11
    fcp: Decimal = ZERO  # valor tipo 12
    detail: str | None = None  # detalhamentoReceita
    document_type: str | None = None  # documentoOrigem@tipo
    document: str | None = None  # documentoOrigem
    product: str | None = None  # produto
    month: date | None = None  # referencia: its month and year
    period: str | None = None  # referencia/periodo
    due: date | None = None  # dataVencimento
    agreement: str | None = None  # convenio
    recipient: GuideParty | None = None
    extras: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class GnreGuide:
    """One guide to one UF. `identifier` (up to ten digits) is ours and comes back with every answer."""

    identifier: str  # identificadorGuia
    region: str  # ufFavorecida
    environment: int  # ambiente: 1 production, 2 test
    issuer: GuideParty
    items: tuple[GuideItem, ...]
    pay_by: date  # dataPagamento

    @property
    def total(self) -> Decimal:
        return sum((i.principal + i.fcp for i in self.items), ZERO)


@dataclass(frozen=True, slots=True, kw_only=True)
class GuideField:
    """campoAdicional. `kind`: T text, N number, D date."""

    code: str
    title: str
    kind: str
    required: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class GuideRules:
    """What one UF wants for one revenue (GnreConfigUF). Three-valued wishes: N not asked for, S optional, O required."""

    region: str
    revenue: str
    offered: bool = True  # the UF issues guides for this revenue here
    detail: bool = False
    details: tuple[str, ...] = ()
    product: bool = False
    products: tuple[str, ...] = ()
    reference: bool = False
    periods: tuple[str, ...] = ()
    value: str = "P"  # valorExigido
    document: bool = False
    document_types: tuple[str, ...] = ()
    recipient: bool = False
    due: bool = True
    pay_by: bool = True
    agreement: str = "N"
    fcp: str = "N"
    fields: tuple[GuideField, ...] = ()
    pix: bool = False
    most_guides: int | None = None  # qtdMaximas/guiasPorLote
    most_items: int | None = None  # qtdMaximas/itensPorGuia


@dataclass(frozen=True, slots=True, kw_only=True)
class GuidePayment:
    """How a guide is paid. `line` 48 digits, `barcode` 44, `pix` the text of the QR code."""

    line: str | None = None  # linhaDigitavel
    barcode: str | None = None  # codigoBarras
    pix: str | None = None  # qrcodePayload
    control: str | None = None  # nossoNumero
    pay_until: date | None = None  # dataLimitePagamento
    total: Decimal | None = None  # valorGNRE, as the UF computed it
