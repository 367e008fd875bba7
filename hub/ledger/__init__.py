"""The ledger's door: append facts, read them in commit order, verify the chains."""

from hub.ledger.archive import Archived, Heads
from hub.ledger.commands import ChainBroken, append, fact
from hub.ledger.model import PUBLIC_NAMES, Cause, Fact
from hub.ledger.reading import Broken, Cursor, fact_of, horizon, story, tail, verify
from hub.ledger.relay import Relay, Relayed, connected, receiving

__all__ = [
    "PUBLIC_NAMES",
    "Archived",
    "Broken",
    "Cause",
    "ChainBroken",
    "Cursor",
    "Fact",
    "Heads",
    "Relay",
    "Relayed",
    "append",
    "connected",
    "fact",
    "fact_of",
    "horizon",
    "receiving",
    "story",
    "tail",
    "verify",
]
