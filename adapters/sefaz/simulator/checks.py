"""What an authority looks at before it authorizes a note, in the official order; the first fault is the answer."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from functools import cache

from lxml import etree

from adapters.sefaz.check import key_of_fields
from adapters.sefaz.imposto import REFORM_TAXES
from adapters.sefaz.sign import Signed, verify
from adapters.sefaz.simulator.messages import SUM_CODES
from adapters.sefaz.simulator.profiles import Behavior
from adapters.sefaz.simulator.store import Store
from adapters.sefaz.sums import wrong_total
from adapters.sefaz.tables import table
from adapters.sefaz.write import HOMOLOGATION_BUYER, HOMOLOGATION_TITLE, NFE
from hub.canon.certificates import BASE, cnpj_of
from hub.canon.taxids import cnpj_valid, cpf_valid, key_digit
from hub.canon.taxids.ufs import UF_BY_CODE

_N = f"{{{NFE}}}"
_PREFIX = re.compile(rb"</?[A-Za-z_][\w.-]*:")
_BLANK = re.compile(rb">\s+<")
CENT = Decimal("0.01")
SIMPLES = frozenset({"1", "4"})  # CRT whose items have a CSOSN
CLOCK_TOLERANCE = timedelta(minutes=5)
RATE_CODES = {"ibs_uf": ("pIBSUF", "1026"), "ibs_mun": ("pIBSMun", "1036"), "cbs": ("pCBS", "1037")}


@cache
def _steps(path: str) -> str:
    return "/".join(_N + step for step in path.split("/"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """One note as it came, with what the checks need around it."""

    note: etree._Element
    info: etree._Element
    identifier: str  # Id without its prefix
    signed: Signed
    now: datetime
    behavior: Behavior
    store: Store

    fields: Mapping[str, str]  # of ide, emit and dest: `ide/nNF`

    def text(self, path: str) -> str:
        return self.fields[path] if path in self.fields else (self.info.findtext(_steps(path)) or "").strip()

    @property
    def issuer(self) -> str:
        return self.text("emit/CNPJ") or self.text("emit/CPF").rjust(14, "0")

    @property
    def emitted(self) -> datetime:
        return datetime.fromisoformat(self.text("ide/dhEmi"))


Check = Callable[[Sent], str | None]


def raw_fault(message: bytes, behavior: Behavior) -> str | None:
    """404 for prefixes, 588 for blanks between tags; before anything is parsed."""
    if behavior.strict_prefixes and _PREFIX.search(message):
        return "404"
    return "588" if behavior.strict_blanks and _BLANK.search(message) else None


def sent(note: etree._Element, now: datetime, behavior: Behavior, store: Store) -> Sent:
    info = note.find(f"{_N}infNFe")
    if info is None:
        raise ValueError("a note that is valid by the schema has its infNFe")
    identifier = (info.get("Id") or "").removeprefix("NFe")
    return Sent(
        note=note,
        info=info,
        identifier=identifier,
        signed=verify(note),
        now=now,
        behavior=behavior,
        store=store,
        fields={
            f"{group}/{each.tag[len(_N) :]}": (each.text or "").strip()
            for group in ("ide", "emit", "dest")
            for each in info.iterfind(f"{_N}{group}/*")
        },
    )


def fault_of(one: Sent) -> tuple[str, str] | None:
    """(cStat, what is added to xMotivo) of the first check that fails."""
    for check in CHECKS:
        code = check(one)
        if code is not None:
            code, _, more = code.partition(" ")
            return code, more
    return None


def _environment(one: Sent) -> str | None:
    return None if one.text("ide/tpAmb") == one.behavior.environment else "252"


def _signature(one: Sent) -> str | None:
    if not one.signed.form:
        return "298"
    return None if one.signed.verdict == "valid" else "297"


def _signer(one: Sent) -> str | None:
    holder = cnpj_of(one.signed.certificate) if one.signed.certificate else None
    return None if holder is not None and holder[:BASE] == one.issuer[:BASE] else "213"


def _key(one: Sent) -> str | None:
    key = one.identifier
    if key != key_of_fields(one.info):
        return "502"
    if key_digit(key[:43]) != int(key[43]):
        return "236"
    if key[:2] not in UF_BY_CODE or UF_BY_CODE[key[:2]] != one.text("emit/enderEmit/UF"):
        return "614"
    if int(key[2:4]) > one.now.year % 100:
        return "615"
    if not 1 <= int(key[4:6]) <= 12:
        return "616"
    if not (cnpj_valid(key[6:20]) or cpf_valid(key[9:20])):
        return "617"
    return "619" if int(key[25:34]) == 0 else None


def _date(one: Sent) -> str | None:
    if one.emitted > one.now + CLOCK_TOLERANCE:
        return "703"
    late = one.now - one.emitted > one.behavior.late_emission
    return "228" if late and one.text("ide/tpEmis") not in {"4", "5", "9"} else None


def _contingency(one: Sent) -> str | None:
    emission = one.text("ide/tpEmis")
    if emission in {"6", "7"} and not one.behavior.svc_active:
        return "114"
    epec = (one.identifier, "110140", 1)
    return "468" if emission == "4" and epec not in one.store.events else None


def _duplicate(one: Sent) -> str | None:
    series, number, model = int(one.text("ide/serie")), int(one.text("ide/nNF")), one.text("ide/mod")
    known = one.store.notes.get(one.identifier)
    if known is not None:
        return "218" if known.code == "101" else f"204 [nProt:{known.protocol}]"
    other = one.store.numbers.get((one.issuer, model, series, number))
    if other is not None:
        return f"539 [chNFe:{other}]"
    taken = one.store.voided_numbers(one.issuer, model, series)
    return "206" if any(v.first <= number <= v.last for v in taken) else None


def _parties(one: Sent) -> str | None:
    issuer, buyer = one.text("emit/CNPJ"), one.text("dest/CNPJ")
    if issuer and not cnpj_valid(issuer):
        return "207"
    if buyer and not cnpj_valid(buyer):
        return "208"
    if one.text("dest/CPF") and not cpf_valid(one.text("dest/CPF")):
        return "237"
    if one.behavior.environment == "2":
        if one.text("dest/xNome") and one.text("dest/xNome") != HOMOLOGATION_BUYER:
            return "598"
        if one.text("ide/mod") == "65" and one.text("det/prod/xProd") != HOMOLOGATION_TITLE:
            return "373"
    return None


def _items(one: Sent) -> str | None:
    place = one.text("ide/idDest")
    for item in one.info.iterfind(f"{_N}det"):
        at = f"[nItem:{item.get('nItem')}]"
        cfop = item.findtext(f"{_N}prod/{_N}CFOP") or ""
        if cfop[0] in "26" and place != "2":
            return f"732 {at}"
        if cfop[0] in "15" and place != "1":
            return f"733 {at}"
        simples, group = one.text("emit/CRT") in SIMPLES, item.find(f"{_N}imposto/{_N}ICMS")
        if group is not None and simples != (group.find(f".//{_N}CSOSN") is not None):
            return f"{'590' if simples else '591'} {at}"
        amounts = [Decimal(item.findtext(f"{_N}prod/{_N}{tag}") or "0") for tag in ("qCom", "vUnCom", "vProd")]
        product = (amounts[0] * amounts[1]).quantize(CENT, ROUND_HALF_UP)
        if abs(product - amounts[2]) > CENT:
            return f"629 {at}"
    return None


def _totals(one: Sent) -> str | None:
    wrong = wrong_total(one.note)
    return SUM_CODES.get(wrong, "610") if wrong else None


def _reform(one: Sent) -> str | None:
    on = one.emitted.date()
    groups = one.info.findall(f".//{_N}imposto/{_N}IBSCBS")
    rejected = table("reform_due").find(on, crt=one.text("emit/CRT")).flag("rejected")
    if rejected and len(groups) < len(one.info.findall(f"{_N}det")):
        return "1115"
    for tax in REFORM_TAXES:
        tag, code = RATE_CODES[tax]
        row = table("ibs_cbs_rates").get(on, tax=tax)
        if row is not None and any(Decimal(each.text or "0") != row.number("rate") for each in one.info.iter(_N + tag)):
            return code
    valued = any(group.find(f"{_N}gIBSCBS") is not None for group in groups)
    return "1118" if one.info.find(f".//{_N}IBSCBSTot") is not None and not valued else None


CHECKS: Sequence[Check] = (
    _environment,
    _signature,
    _signer,
    _key,
    _date,
    _contingency,
    _duplicate,
    _parties,
    _items,
    _totals,
    _reform,
)
