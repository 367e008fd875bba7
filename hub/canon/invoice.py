"""The canonical invoice: everything that a Brazilian note says, in our words, with every amount decided. Official tags in comments."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

ZERO = Decimal(0)
ROUNDING = "half up to 0.01"


@dataclass(frozen=True, slots=True, kw_only=True)
class InvoiceParty:
    """emit or dest. `tax_regime` is CRT (1 Simples, 2 Simples over the limit, 3 normal, 4 MEI), issuers only."""

    name: str  # xNome
    tax_id: str | None  # CNPJ | CPF
    state_registration: str | None  # IE
    street: str  # xLgr
    number: str  # nro
    district: str  # xBairro
    municipality_code: str  # cMun
    city: str  # xMun
    region: str  # UF
    postal_code: str  # CEP
    country: str = "BR"
    complement: str | None = None  # xCpl
    phone: str | None = None  # fone
    email: str | None = None
    trade_name: str | None = None  # xFant
    tax_regime: int = 3  # CRT
    taxpayer: bool = False  # indIEDest 1


@dataclass(frozen=True, slots=True, kw_only=True)
class TaxLine:
    """One tax of one item: `rate` in percent, nominal; `rule` and `source` say why."""

    tax: str  # ipi icms fcp icms_st fcp_st icms_uf_dest fcp_uf_dest simples_credit pis cofins is ibs_uf ibs_mun cbs
    base: Decimal
    rate: Decimal
    value: Decimal
    rule: str
    source: str
    reduction: Decimal = ZERO  # percent off the base (ICMS, ST: pRedBC, pRedBCST) or off the rate (IBS, CBS: pRedAliq)
    deferral: Decimal = ZERO  # percent of the value that is deferred (pDif); `value` is what remains
    mva: Decimal | None = None  # percent added to the base of ICMS-ST (pMVAST)


@dataclass(frozen=True, slots=True, kw_only=True)
class InvoiceItem:
    """det. Amounts have two decimals; `quantity` up to 4, `unit_price` up to 10."""

    number: int  # nItem
    sku: str  # cProd
    title: str  # xProd
    ncm: str  # NCM
    cfop: str  # CFOP
    origin: str  # orig
    unit: str  # uCom
    quantity: Decimal  # qCom
    unit_price: Decimal  # vUnCom
    total: Decimal  # vProd
    taxes: tuple[TaxLine, ...]
    gtin: str | None = None  # cEAN
    cest: str | None = None
    freight: Decimal = ZERO  # vFrete
    insurance: Decimal = ZERO  # vSeg
    discount: Decimal = ZERO  # vDesc
    other: Decimal = ZERO  # vOutro
    icms_cst: str = "00"  # CST or CSOSN
    pis_cofins_cst: str = "01"
    ipi_cst: str | None = None
    ibs_cbs_cst: str = "000"
    ibs_cbs_class: str = "000001"  # cClassTrib
    order_reference: str | None = None  # xPed
    order_item: str | None = None  # nItemPed


@dataclass(frozen=True, slots=True, kw_only=True)
class InvoicePackage:
    quantity: int  # qVol
    kind: str | None = None  # esp
    net_weight_kg: Decimal | None = None  # pesoL
    gross_weight_kg: Decimal | None = None  # pesoB


@dataclass(frozen=True, slots=True, kw_only=True)
class InvoicePayment:
    medium: str  # tPag
    amount: Decimal  # vPag
    description: str | None = None  # xPag


@dataclass(frozen=True, slots=True, kw_only=True)
class Invoice:
    """One note. `issued_at` carries the offset of the issuer's UF; `environment` 1 production, 2 homologation."""

    invoice_id: str
    model: int  # mod: 55, 65
    series: int  # serie
    number: int  # nNF
    random_code: str  # cNF, 8 digits
    issued_at: datetime  # dhEmi
    environment: int  # tpAmb
    emission_type: int  # tpEmis
    operation: str  # natOp
    purpose: int  # finNFe: 1 normal, 2 complement, 3 adjustment, 4 return
    outgoing: bool  # tpNF
    destination: int  # idDest: 1 same UF, 2 other UF, 3 abroad
    final_consumer: bool  # indFinal
    presence: int  # indPres
    issuer: InvoiceParty
    buyer: InvoiceParty | None
    items: tuple[InvoiceItem, ...]
    payments: tuple[InvoicePayment, ...]
    freight_mode: int = 9  # modFrete
    carrier_name: str | None = None
    packages: tuple[InvoicePackage, ...] = ()
    referenced_keys: tuple[str, ...] = ()  # NFref/refNFe
    intermediary: bool = False  # indIntermed
    intermediary_tax_id: str | None = None  # infIntermed CNPJ
    intermediary_account: str | None = None  # idCadIntTran
    contingency_at: datetime | None = None  # dhCont
    contingency_reason: str | None = None  # xJust
    notes: str | None = None  # infCpl
    delivery: InvoiceParty | None = None  # entrega: where the goods go, when that is not the buyer's address
    reform_groups: bool = True  # IBSCBS groups are due (NT 2025.002, by CRT and date)
