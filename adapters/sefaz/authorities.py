"""Which authority answers for a UF, and where: rows of `mappings/fiscal`, or the one address of a simulator."""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import cache
from pathlib import Path

from adapters.sefaz.company import Company
from hub.canon.ports import Call, NeverTry
from hub.kit.dated import NoRule, Table, load

NATIONAL = "AN"  # events of interested parties, EPEC, distribution
CONTINGENCY = {"6": "SVCAN", "7": "SVCRS"}  # tpEmis -> authority
CONNECT_SECONDS, ANSWER_SECONDS = 5.0, 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    url: str
    connect_seconds: float = CONNECT_SECONDS
    answer_seconds: float = ANSWER_SECONDS
    legacy_tls: bool = False


@cache
def table(name: str) -> Table:
    """A table of `mappings/fiscal`, or of the folder that `HUB_FISCAL_TABLES` names; read once a process."""
    own = os.environ.get("HUB_FISCAL_TABLES")
    folder = Path(own) if own else Path(__file__).resolve().parents[2] / "mappings" / "fiscal"
    return load(folder / f"{name}.yaml")


def authority_of(uf: str, model: str, emission: str, on: date) -> str:
    """Who authorizes: the UF's own authority or its virtual one, or the contingency that the emission type names."""
    if emission in CONTINGENCY:
        return CONTINGENCY[emission]
    return table("authorities").find(on, uf=uf, model=model).text("authority")


def endpoint(call: Call, ours: Company) -> Endpoint:
    """Where a planned call goes. `soap_authority` of the call is `<authority>:<model>`."""
    if ours.base_url is not None:
        return Endpoint(url=f"{ours.base_url}/{call.path}")
    authority, _, model = (call.soap_authority or "").partition(":")
    today = datetime.now(UTC).date()
    try:
        row = table("endpoints").find(today, authority=authority, model=model, environment=ours.environment)
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
