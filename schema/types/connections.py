"""Accounts at outside systems, and partners who exchange documents."""

from __future__ import annotations

import strawberry

from hub.connections.queries import (
    v_connection,
    v_connection_port,
    v_partner,
    v_partner_overlay,
    v_partner_step,
    v_partner_transport,
)
from schema.plan.bind import Page, bound, key, many, values
from schema.plan.fields import listing
from schema.plan.scalars import Json, Timestamp
from schema.types import ownership
from schema.types.enums import ConnectionState
from schema.types.parts import Node


@bound(v_connection, area="connections", key="connection_id", prefix="con")
@strawberry.type
class Connection(Node):
    id: strawberry.ID = key("connection_id")
    adapter: str
    account: str
    label: str
    ports: list[str] = values(v_connection_port, "connection_id", "port")
    state: ConnectionState
    shadow: bool
    last_ok_at: Timestamp | None
    last_error: str | None


@bound(v_partner_step, area="partners", rows=ownership.inherited)
@strawberry.type
class OnboardingStep:
    """`done`: as the register knows it; `why`: what it is about."""

    step: str
    done: bool
    why: str


@bound(v_partner_overlay, area="partners", rows=ownership.inherited)
@strawberry.type
class GuideOverlay:
    """The partner's differences from the guide of a set, as YAML; `sha256` is that of its text."""

    set_id: str
    overlay: str
    sha256: str


@bound(v_partner, area="partners", key="connection_id", prefix="prt", rows=ownership.by_connection)
@strawberry.type
class Partner(Node):
    id: strawberry.ID = key("connection_id")
    code: str
    name: str
    qualifier: str
    transports: list[str] = values(v_partner_transport, "connection_id", "transport")
    state: ConnectionState
    last_error: str | None
    last_interchange: str | None
    profile: Json | None
    overlays: list[GuideOverlay] = many("connection_id", "set_id", unique=True)
    onboarding: list[OnboardingStep] = many("connection_id", "position", unique=True)


ROOTS = {
    "connections": listing(Connection, Page({"ACCOUNT": "account"}, descending=False)),
    "partners": listing(Partner, Page({"CODE": "code"}, descending=False)),
}
