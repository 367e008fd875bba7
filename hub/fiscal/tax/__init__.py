"""The tax of one item of a note: a case in, lines with base, rate, value, rule and source out."""

from hub.fiscal.tax.case import CaseFault, Methods, TaxCase
from hub.fiscal.tax.plan import TAXES, plan

__all__ = ["TAXES", "CaseFault", "Methods", "TaxCase", "plan"]
