"""The ledger cursor `epoch.xid.position` in base64url; where one fact has several events, `.n` says how many were delivered."""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass

from schema.errors import BadCursor

_FORM = re.compile(r"([0-9A-Za-z_-]{1,40})\.([0-9]{1,19})\.([0-9]{1,18})(?:\.([0-9]{1,6}))?\Z")
ALL = 1 << 30


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """A place in the ledger. `done`: how many events of that fact have been delivered. `xid` -1: only the position counts,
    because the cursor is of another epoch.
    """

    xid: int
    position: int
    done: int = ALL

    def text(self, epoch: str) -> str:
        raw = f"{epoch}.{max(self.xid, 0)}.{self.position}" + ("" if self.done == ALL else f".{self.done}")
        return base64.b64encode(raw.encode(), b"-_").decode().rstrip("=")


def read_place(cursor: str, epoch: str) -> Place:
    """The place of a cursor, or `BadCursor`."""
    try:
        raw = base64.b64decode(cursor + "=" * (-len(cursor) % 4), b"-_", validate=True).decode("ascii")
    except (ValueError, binascii.Error) as error:
        raise BadCursor from error
    found = _FORM.match(raw)
    if not found or int(found[2]) >= 1 << 63:
        raise BadCursor
    return Place(int(found[2]) if found[1] == epoch else -1, int(found[3]), int(found[4]) if found[4] else ALL)
