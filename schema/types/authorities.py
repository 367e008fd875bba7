"""How the authority of each account does, and in which mode its notes are issued."""

from __future__ import annotations

import strawberry

from hub.fiscal.queries import v_fiscal_authority
from schema.plan.bind import Page, bound, key, one
from schema.plan.fields import listing
from schema.plan.scalars import Timestamp
from schema.types.connections import Connection
from schema.types.enums import EmissionMode
from schema.types.parts import Node


@bound(v_fiscal_authority, area="guides", key="fiscal_authority_id", prefix="fau")
@strawberry.type
class FiscalAuthority(Node):
    id: strawberry.ID = key("fiscal_authority_id")
    connection: Connection | None = one("connection_id")
    model: int
    region: str
    environment: int
    mode: EmissionMode
    mode_since: Timestamp | None
    mode_reason: str | None
    mode_by: str | None
    silent_since: Timestamp | None
    code: str | None = strawberry.field(description="cStat of the status service; null: no answer.")
    message: str | None
    checked_at: Timestamp | None
    standby_code: str | None = strawberry.field(description="The same of the authority that stands in.")
    standby_message: str | None
    standby_checked_at: Timestamp | None


ROOTS = {"fiscal_authorities": listing(FiscalAuthority, Page({"REGION": "region"}, descending=False))}
