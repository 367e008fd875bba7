"""The ledger's door: append facts, read them in commit order, verify the chains."""

from hub.ledger.commands import ChainBroken, append, fact
from hub.ledger.model import PUBLIC_NAMES, Cause, Fact
from hub.ledger.reading import Broken, Cursor, fact_of, horizon, story, tail, verify

__all__ = [
    "PUBLIC_NAMES",
    "Broken",
    "Cause",
    "ChainBroken",
    "Cursor",
    "Fact",
    "append",
    "fact",
    "fact_of",
    "horizon",
    "story",
    "tail",
    "verify",
]
