"""A partner's 824 says what its application made of a document of ours: one that it rejects is an incident against that document, with
the partner's own words. The state of its acknowledgement, which speaks of syntax, is not moved.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from hub import connections
from hub.connections import Advice
from hub.flows.reactor import Deps, Flow
from hub.incidents import NewIncident
from hub.kit.db import Tx
from hub.ledger import Fact

KIND = "application_advice"
REJECTED, NOTED = "rejected", ("with_errors", "in_part", "with_changes")
MOST = 20  # errors that an incident keeps


async def answer(tx: Tx, facts: Sequence[Fact], deps: Deps) -> None:
    advices = [f for f in facts if f.data["kind"] == KIND]
    if not advices:
        return
    by_code = {c.code: c.connection_id for c in await connections.of_tenant(tx, adapter="x12")}
    rows = [(f, item) for f in advices for item in f.data["data"].get("items") or () if _incident_kind(item)]
    asked = [_advice(by_code[f.data["channel"]], item) for f, item in rows]
    meant = await connections.advised(tx, asked)
    await deps.incidents.open(tx, [_incident(f, item, x) for (f, item), x in zip(rows, meant, strict=True)])


def _incident_kind(item: Mapping[str, Any]) -> str | None:
    """None: nothing is said against it."""
    status = str(item.get("status") or "")
    if status.endswith(REJECTED):
        return "document_rejected"
    return "document_noted" if status.endswith(NOTED) or item.get("errors") else None


def _advice(connection: UUID, item: Mapping[str, Any]) -> Advice:
    group, control, set_id, reference = (
        str(item.get(k) or "") for k in ("group_control", "control", "set", "reference")
    )
    return Advice(connection_id=connection, group_control=group, set_control=control, set_id=set_id, number=reference)


def _incident(f: Fact, item: Mapping[str, Any], ours: Any) -> NewIncident:
    """Against our document; against the message where it speaks of nothing that we sent."""
    kind = _incident_kind(item) or ""
    errors = list(item.get("errors") or ())[:MOST]
    words = "; ".join(str(x.get("text") or x.get("code")) for x in errors) or "no reason was given"
    name = f"{ours['set_id']} {ours['number'] or ours['set_control']}" if ours else _named(item)
    verb = "rejected" if kind == "document_rejected" else "took with errors"
    return NewIncident(
        kind=kind,
        summary=f"The partner's application {verb} our {name}: {words}"[:500],
        subject_kind="exchange" if ours else "message",
        subject_id=ours["exchange_id"] if ours else f.subject_id,
        detail=f"{ours['group_control']}/{ours['set_control']}/{KIND}" if ours else str(item.get("reference") or ""),
        order_id=ours["subject_id"] if ours and ours["subject_kind"] == "order" else None,
        cause=f.cause,
        data={"advice": f.data["number"], "status": item.get("status"), "errors": errors},
    )


def _named(item: Mapping[str, Any]) -> str:
    return " ".join(str(item[k]) for k in ("set", "kind", "reference") if item.get(k)) or "document"


FLOW = Flow("advised", frozenset({"document.read"}), answer)
