"""What the tax of one item depends on, as plain facts, and the ways in which a case can be refused."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import ClassVar

from hub.kit.errors import HubError

ZERO = Decimal(0)
HUNDRED = Decimal(100)

RATES = frozenset(
    {"icms", "icms_interstate", "icms_internal", "fcp", "icms_st", "fcp_st", "mva", "simples_credit"}
    | {"ipi", "pis", "cofins", "is", "ibs_uf", "ibs_mun", "cbs"}
)
REDUCTIONS = frozenset({"icms", "icms_st", "simples_credit", "pis", "cofins", "ibs_uf", "ibs_mun", "cbs"})


class CaseFault(HubError):
    """The tax cannot be computed: look at {field}."""

    code: ClassVar[str] = "BAD_CASE"
    field: str  # a dotted path of the input

    def __init__(self, field: str) -> None:
        super().__init__(field=field)


class BadNumber(CaseFault):
    """{field} is not a plain number that fits there."""

    code: ClassVar[str] = "BAD_NUMBER"


class BadDate(CaseFault):
    """{field} is not a day from 2019 on, written YYYY-MM-DD."""

    code: ClassVar[str] = "BAD_DATE"


class UnknownUf(CaseFault):
    """{field} is not a federative unit."""

    code: ClassVar[str] = "UNKNOWN_UF"


class UnknownRate(CaseFault):
    """{field} is not a tax that we know."""

    code: ClassVar[str] = "UNKNOWN_RATE"


class UnknownMethod(CaseFault):
    """{field} is not a method that we know."""

    code: ClassVar[str] = "UNKNOWN_METHOD"


class MissingField(CaseFault):
    """{field} is missing."""

    code: ClassVar[str] = "MISSING_FIELD"


class MissingRate(CaseFault):
    """{field} is needed and no table gives it."""

    code: ClassVar[str] = "MISSING_RATE"


@dataclass(frozen=True, slots=True, kw_only=True)
class Methods:
    """Disputed choices. `difal` None: by the table, where `rates` is `table`, else single. `ipi_in_icms_base` None: as `final`."""

    difal: str | None = None  # single | double | none
    pis_cofins_base: str = "net_of_icms"  # | gross
    ibs_cbs_base: str = "net"  # | gross
    mva: str = "given"  # | adjusted
    rates: str = "given"  # | table
    ipi_in_icms_base: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TaxCase:
    """One item of one sale. Rates and reductions in percent; `amounts` are values that someone else decided (IPI). `icms_apart`: a Simples
    issuer above the sublimit (CRT 2) owes its ICMS like a normal one (LC 123/2006 art. 20 §1).
    """

    on: date
    issuer_uf: str
    buyer_uf: str
    taxpayer: bool
    final: bool
    quantity: Decimal
    unit_price: Decimal
    crt: int = 3
    icms_apart: bool = False
    regime: str = "noncumulative"  # | cumulative
    freight: Decimal = ZERO
    insurance: Decimal = ZERO
    other: Decimal = ZERO
    discount: Decimal = ZERO
    origin: str = "0"
    rates: Mapping[str, Decimal] = field(default_factory=dict)
    reductions: Mapping[str, Decimal] = field(default_factory=dict)
    deferral: Mapping[str, Decimal] = field(default_factory=dict)
    amounts: Mapping[str, Decimal] = field(default_factory=dict)
    methods: Methods = field(default_factory=Methods)
    only: frozenset[str] | None = None

    @property
    def normal(self) -> bool:
        """CRT 3: taxes are stated item by item."""
        return self.crt == 3

    @property
    def states_icms(self) -> bool:
        return self.normal or self.icms_apart

    @property
    def interstate(self) -> bool:
        return self.issuer_uf != self.buyer_uf

    @property
    def difal_due(self) -> bool:
        """EC 87/2015: another UF, a final consumer who is no taxpayer, an issuer with an ICMS of its own."""
        return (
            self.interstate and self.final and not self.taxpayer and self.states_icms and self.methods.difal != "none"
        )

    def wants(self, *taxes: str) -> bool:
        return self.only is None or not self.only.isdisjoint(taxes)

    def reduction(self, tax: str) -> Decimal:
        return self.reductions.get(tax, ZERO)

    def kept(self, tax: str) -> Decimal:
        """What a reduction leaves, as a factor."""
        return 1 - self.reduction(tax) / HUNDRED
