"""P5: one order by its id."""

from __future__ import annotations

from tests.bench.p4_list import filled, one
from tests.bench.stand import standing


async def main() -> None:
    async with standing() as stand:
        await one(stand, await filled(stand))
