"""What we send as the register of exchanges keeps it: who to whom, the numbers, and until when each set must be acknowledged."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from adapters.x12.profile import Profile
from adapters.x12.write import Written
from hub.canon.ports import Sent, SentSet

# minutes in which a partner acknowledges; a ship notice must be there before the truck
_MINUTES: Mapping[str, int] = {"856": 60, "204": 60, "940": 120, "943": 120, "810": 1440, "855": 1440, "850": 1440, "860": 1440, "846": 1440, "832": 1440, "852": 1440}  # fmt: skip
_OTHERS = 2880


def sent_document(written: Written, profile: Profile, *, isa: int, gs: int, st: int) -> Sent:
    partner = (profile.test_ids or profile.ids) if profile.usage == "T" else profile.ids
    one = SentSet(
        set_id=written.set.set,
        version=written.version,
        group_control=str(gs),
        set_control=f"{st:0{profile.st_digits}d}",
        ack_within=_within(written.set.set, profile),
    )
    return Sent(
        sender="/".join(profile.ours),
        receiver="/".join(partner[0]) if partner else profile.partner,
        usage="T" if profile.usage == "T" else "P",
        control=f"{isa:09d}",
        sets=(one,),
        resend=profile.settings.get("resend_overdue") in ("true", "yes"),
        hours=profile.calendar,
    )


def sent_ack(ack: Mapping[str, Any], isa: int) -> Sent:
    """Nobody answers an ack."""
    return Sent(
        sender="/".join(ack["sender"]),
        receiver="/".join(ack["receiver"]),
        usage="T" if ack["test"] else "P",
        control=f"{isa:09d}",
    )


def _within(set_id: str, profile: Profile) -> timedelta | None:
    if set_id in profile.ack_within:
        return profile.ack_within[set_id]
    return timedelta(minutes=_MINUTES.get(set_id, _OTHERS))
