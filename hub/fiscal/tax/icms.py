"""The issuer's own ICMS and FCP, and the credit that a Simples issuer passes on."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from hub.canon.invoice import TaxLine
from hub.fiscal.tables import FiscalTables
from hub.fiscal.tax.case import HUNDRED, ZERO, TaxCase
from hub.fiscal.tax.rates import fcp, given, line, own
from hub.kit.money import half_up


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnIcms:
    """`value` is what ST subtracts, also where a Simples issuer states no line; `stated` is what the note shows."""

    base: Decimal
    value: Decimal
    line: TaxLine | None
    fcp: TaxLine | None

    @property
    def stated(self) -> Decimal:
        return self.line.value if self.line else ZERO


def own_icms(case: TaxCase, tables: FiscalTables, operation: Decimal, ipi: Decimal) -> OwnIcms:
    """Base with IPI for a final consumer (CF art. 155 §2 XI), after the reduction; a deferral leaves the value, not the base."""
    with_ipi = case.final if case.methods.ipi_in_icms_base is None else case.methods.ipi_in_icms_base
    base = half_up((operation + (ipi if with_ipi else ZERO)) * case.kept("icms"))
    rate = own(case, tables)
    value = rate.of(base) if rate else ZERO
    deferral = case.deferral.get("icms", ZERO)
    value -= half_up(value * deferral / HUNDRED)
    added = fcp(case, tables) if case.states_icms and not case.interstate else None
    return OwnIcms(
        base=base,
        value=value,
        line=line("icms", base, rate, value, reduction=case.reduction("icms"), deferral=deferral)
        if rate and case.states_icms
        else None,
        fcp=line("fcp", base, added, added.of(base)) if added else None,
    )


def simples_credit(case: TaxCase, operation: Decimal) -> TaxLine | None:
    """What CSOSN 101 and 201 state (LC 123/2006 art. 23)."""
    rate = None if case.states_icms else given(case, "simples_credit")
    base = half_up(operation * case.kept("simples_credit"))
    return (
        line("simples_credit", base, rate, rate.of(base), reduction=case.reduction("simples_credit")) if rate else None
    )
