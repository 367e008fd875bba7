"""Tenants: who shares this hub. A tenant's number leads every key of every table."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import asyncpg

from hub.kit.db import Database
from hub.kit.errors import HubError
from hub.kit.sqlfile import statements

SQL = statements(__file__, "access.sql")


class TenantExists(HubError):
    """There is a tenant {tenant_code} already."""

    code: ClassVar[str] = "TENANT_EXISTS"


@dataclass(frozen=True, slots=True, kw_only=True)
class Tenant:
    tenant_id: int
    code: str
    name: str


async def create_tenant(db: Database, code: str, name: str) -> Tenant:
    """A new tenant with the next free number, in a unit of its own."""
    while True:
        if await find_tenant(db, code):
            raise TenantExists(tenant_code=code)
        number = int(await db.worker.fetchval(SQL["next_tenant"]))
        try:
            async with db.unit(tenant=number, actor="system:access") as tx:
                await tx.conn.execute(SQL["create_tenant"], number, code, name)
        except asyncpg.UniqueViolationError:
            continue  # another process took the number or the code just now
        return Tenant(tenant_id=number, code=code, name=name)


async def find_tenant(db: Database, code: str) -> Tenant | None:
    row = await db.worker.fetchrow(SQL["find_tenant"], code)
    return Tenant(**dict(row.items())) if row else None


async def tenants(db: Database) -> list[Tenant]:
    return [Tenant(**dict(r.items())) for r in await db.worker.fetch(SQL["tenants"])]
