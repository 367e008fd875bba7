"""A note that owes a tax to another UF is followed by a collection guide once it is authorized, or, where the UF stops unpaid cargo, legal
in contingency; goods to those UFs wait until it is paid.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from hub import connections, fiscal, outbox
from hub.canon.codec import dump
from hub.canon.commands import ReadGnreRules
from hub.flows.authority import to_authority
from hub.flows.reactor import Deps, Flow
from hub.incidents import NewIncident
from hub.kit.db import Tx
from hub.kit.parked import Chosen
from hub.ledger import Cause, Fact

ADAPTER = "gnre"


async def answer(tx: Tx, facts: Sequence[Fact], deps: Deps) -> None:
    """Notes make guides; rules that were read let waiting guides go; a refused guide is somebody's business."""
    authorized = {f.subject_id: f.cause for f in facts if f.type == "invoice.authorized"}
    legal = {f.subject_id: f.cause for f in facts if f.type == "invoice.contingency_entered"}  # these goods leave now
    noted = legal | authorized
    read = [f for f in facts if f.type == "gnre_rules.read"]
    if noted or read:
        profiles = await profiles_of(tx)
        if noted and profiles:
            unconfirmed = legal.keys() - authorized.keys()
            owing = await fiscal.owe_guides(tx, noted, profiles, deps.tables, unconfirmed=unconfirmed)
            await _owe(tx, owing, deps, noted)
        if read:
            asked = [(f.data["environment"], f.data["region"], f.data["revenue"]) for f in read]
            guides = await fiscal.waiting_guides(tx, asked)
            await _owe(tx, await fiscal.advance(tx, guides, profiles, deps.tables, {}), deps, {})
    if again := [f for f in facts if f.type == "gnre_guide.asked_again"]:
        await _begin_again(tx, again, deps)
    if refused := [f for f in facts if f.type == "gnre_guide.rejected"]:
        await deps.incidents.open(tx, [_refused(f) for f in refused])
    issued = [UUID(f.data["order_id"]) for f in facts if f.type == "gnre_guide.issued" and f.data.get("order_id")]
    if issued:
        await deps.incidents.resolve_for_orders(tx, ["guide_refused"], issued, "the guide is issued")
    paid = [UUID(f.data["order_id"]) for f in facts if f.type == "gnre_guide.paid" and f.data.get("order_id")]
    if paid:
        await deps.incidents.resolve_for_orders(tx, ["guide_by_own_document"], paid, "it is paid")


async def _begin_again(tx: Tx, facts: Sequence[Fact], deps: Deps) -> None:
    """The deliveries that were refused are given up; the guides are written by the rules and the settings of now."""
    guides = [f.subject_id for f in facts]
    stale = await outbox.owed_about(tx, guides)
    if stale:
        await outbox.ignore(tx, Chosen(ids=stale), "the guide is asked for again")
    causes = {UUID(f.data["fiscal_document_id"]): f.cause for f in facts}
    await _owe(tx, await fiscal.advance(tx, guides, await profiles_of(tx), deps.tables, causes), deps, causes)


async def profiles_of(tx: Tx) -> dict[str, fiscal.GuideProfile]:
    """How each issuer that is connected to the portal pays, by its tax id."""
    return {
        str(c.config["cnpj"]): profile(c.connection_id, c.config)
        for c in await connections.of_tenant(tx, adapter=ADAPTER)
        if c.state != "PAUSED" and c.config.get("cnpj")
    }


def profile(connection_id: UUID, config: Mapping[str, Any]) -> fiscal.GuideProfile:
    return fiscal.GuideProfile(
        connection_id=connection_id,
        registrations=frozenset(config.get("registrations") or ()),
        before_dispatch=frozenset(config.get("guide_before_dispatch") or ()),
        payment_days=int(config.get("payment_days", 0)),
        details=config.get("details"),
        products=config.get("products"),
        extras=config.get("extras"),
    )


async def _owe(tx: Tx, owing: fiscal.Owing, deps: Deps, causes: Mapping[UUID, Cause]) -> None:
    await outbox.owe(tx, [_rules_delivery(tx, *each) for each in owing.unknown])
    await outbox.owe(tx, [guide_delivery(r) for r in owing.ready])
    await deps.incidents.open(tx, [_own(due, causes[due.document_id]) for due in owing.own])


def _rules_delivery(tx: Tx, connection_id: UUID, environment: int, region: str, revenue: str) -> outbox.Delivery:
    return outbox.Delivery(
        destination=f"{connection_id.hex}:outbound",
        kind="ReadGnreRules",
        subject_kind="connection",
        subject_id=connection_id,
        payload=dump(ReadGnreRules(region=region, revenue=revenue, environment=environment)),
        causation_id=tx.correlation_id,
        dedupe_key=f"ReadGnreRules:{environment}:{region}:{revenue}",
    )


def guide_delivery(ready: fiscal.Ready) -> outbox.Delivery:
    key = f"{ready.guide_id.hex}:{ready.version}"
    return to_authority(ready.connection_id, ready.command, ("gnre_guide", ready.guide_id), ready.cause, key)


def _refused(f: Fact) -> NewIncident:
    wanted = "; ".join(f"{at}: {words}" for at, _code, words in f.data.get("fields") or ())
    return NewIncident(
        kind="guide_refused",
        summary=f"The guide to {f.data['region']} was refused: {f.data.get('message')}. {wanted}"[:500],
        subject_kind="gnre_guide",
        subject_id=f.subject_id,
        order_id=UUID(f.data["order_id"]) if f.data.get("order_id") else None,
        cause=f.cause,
        data={"code": f.data.get("code"), "fields": f.data.get("fields") or []},
    )


def _own(due: fiscal.Due, cause: Cause) -> NewIncident:
    return NewIncident(
        kind="guide_by_own_document",
        summary=f"{due.region} collects {due.principal + due.fcp} by a document of its own: make it at the UF's portal.",
        subject_kind="fiscal_document",
        subject_id=due.document_id,
        order_id=due.order_id,
        cause=cause,
        data={"region": due.region, "revenue": due.revenue},
    )


FLOW = Flow(
    "guides",
    frozenset(
        {
            "invoice.authorized",
            "invoice.contingency_entered",
            "gnre_rules.read",
            "gnre_guide.rejected",
            "gnre_guide.issued",
            "gnre_guide.paid",
            "gnre_guide.asked_again",
        }
    ),
    answer,
)
