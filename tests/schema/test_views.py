"""Views stay inlineable and hold only what the reader's tenant owns."""

from __future__ import annotations

import re

import asyncpg
import pytest

from hub.kit.views import VIEWS, create_sql
from hub.migrations import load_tables

load_tables()


@pytest.mark.parametrize("name", sorted(VIEWS))
def test_a_view_is_invoker_and_inlineable(name: str) -> None:
    sql = create_sql(name)
    assert "security_invoker = true" in sql
    assert not re.search(r"\b(DISTINCT|GROUP BY|OVER)\b", sql)


@pytest.mark.parametrize("name", sorted(VIEWS))
async def test_without_a_tenant_a_view_is_empty(filled: str, name: str) -> None:
    conn = await asyncpg.connect(filled)
    try:
        await conn.execute("SET hub.tenant = '1'")
        assert await conn.fetchval(f"SELECT count(*) FROM {name}") > 0  # noqa: S608 - our views; as the owner, who is bound by no policy
        await conn.execute("SET ROLE hub_read; RESET hub.tenant")
        assert await conn.fetchval(f"SELECT count(*) FROM {name}") == 0  # noqa: S608 - our views
    finally:
        await conn.close()
