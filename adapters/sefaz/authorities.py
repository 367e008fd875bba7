"""Which authority answers for a UF, and where: rows of `mappings/fiscal`, or the one address of a simulator."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from adapters.sefaz.company import Company
from adapters.sefaz.tables import table
from hub.canon.ports import Call, NeverTry
from hub.kit.dated import NoRule

NATIONAL = "AN"  # events of interested parties, EPEC, distribution
CONTINGENCY = {"6": "SVCAN", "7": "SVCRS"}  # tpEmis -> authority
EMISSION_TYPES = {"SVCAN": 6, "SVCRS": 7, "OFFLINE": 9}  # what stands in -> tpEmis
CONNECT_SECONDS, ANSWER_SECONDS = 5.0, 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    url: str
    connect_seconds: float = CONNECT_SECONDS
    answer_seconds: float = ANSWER_SECONDS
    legacy_tls: bool = False


def authority_of(uf: str, model: str, emission: str, on: date) -> str:
    """Who authorizes: the UF's own authority or its virtual one, or the contingency that the emission type names."""
    if emission in CONTINGENCY:
        return CONTINGENCY[emission]
    return table("authorities").find(on, uf=uf, model=model).text("authority")


def contingency_of(uf: str, model: str, on: date) -> tuple[str, int]:
    """(what stands in for the UF's authority, the tpEmis of its notes). Whether it may be used is the authority's word, not ours."""
    name = table("authorities").find(on, uf=uf, model=model).text("contingency")
    return name, EMISSION_TYPES[name]


def endpoint(call: Call, ours: Company, on: date) -> Endpoint:
    """Where a planned call goes on that day. `soap_authority` of the call is `<authority>:<model>`; one address for all gets it in the path."""
    authority, _, model = (call.soap_authority or "").partition(":")
    if ours.base_url is not None:
        return Endpoint(url=f"{ours.base_url}/{authority}/{call.path}")
    try:
        row = table("endpoints").find(on, authority=authority, model=model, environment=ours.environment)
        url = row.text(call.operation)
    except (NoRule, KeyError) as error:
        raise NeverTry(f"no address of {call.operation} at {call.soap_authority}") from error
    if not url:
        raise NeverTry(f"{authority} has no {call.operation}")
    return Endpoint(
        url=url,
        connect_seconds=float(row.number("connect_seconds")),
        answer_seconds=float(row.number("answer_seconds")),
        legacy_tls=row.flag("legacy_tls"),
    )
