"""From received to "pick order owed" the number of statements does not depend on how many orders come together."""

from __future__ import annotations

from asyncpg.connection import LoggedQuery

from hub import inventory, network
from hub.flows import Incoming, capture
from hub.kit.db import Database
from hub.kit.ids import new_id
from tests.depot import Depot, default_rules, new_depot


async def statements(depot: Depot, count: int) -> list[str]:
    """The statements of a unit that captures, approves, routes, reserves and owes `count` orders of three lines."""
    drafts = [depot.draft(new_id().hex, {"A": 1, "B": 2, "C": 1}) for _ in range(count)]
    seen: list[str] = []

    def see(query: LoggedQuery) -> None:
        seen.append(query.query)

    incoming: list[Incoming] = [depot.incoming(d) for d in drafts]
    async with depot.unit() as tx:
        await network.load(tx)  # these three are kept for two seconds, whoever asks first
        await inventory.buffers(tx)
        await inventory.keeps_lots(tx)
        with tx.conn.query_logger(see):
            outcomes = await capture(tx, incoming, depot.reactor.deps)
            await depot.reactor.react(tx)
            for hook in tx.before_commit:
                await hook(tx)
            tx.before_commit.clear()
    assert all(o.captured for o in outcomes)
    owed = await depot.rows("SELECT count(*) AS n FROM outbox WHERE kind = 'RequestPick'")
    planned = await depot.rows("SELECT count(*) AS n FROM fulfillments")
    assert owed[0]["n"] == planned[0]["n"] > 0
    return seen


async def test_statements_do_not_grow_with_the_batch(db: Database) -> None:
    depot = await new_depot(db, rules=default_rules())
    await depot.stock({(n, s): 10_000 for n in depot.nodes for s in ("A", "B", "C")})
    await statements(depot, 1)  # the first unit also keeps the rules
    found = {n: await statements(depot, n) for n in (1, 10, 100)}
    assert {n: len(s) for n, s in found.items()} == dict.fromkeys(found, len(found[1]))
    assert found[1] == found[10] == found[100]
    assert len(found[1]) <= 24, [s.split("\n")[0] for s in found[1]]


async def test_shadow_rules_add_a_fixed_number(db: Database) -> None:
    depot = await new_depot(db, rules=default_rules(), shadow=default_rules())
    await depot.stock({(n, s): 10_000 for n in depot.nodes for s in ("A", "B", "C")})
    await statements(depot, 1)
    assert len(await statements(depot, 2)) == len(await statements(depot, 20))
