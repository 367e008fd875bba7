"""One simulator is every authority: which of them is closed or dark, and which one stands in, by the name in the path (`/SVCAN/NFeAutorizacao4`)."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

from adapters.sefaz.simulator.profiles import Behavior

STANDBY = frozenset({"SVCAN", "SVCRS"})
OFF = "114"  # cStat: the authority that stands in is not switched on
ASKED_OF_STANDBY = frozenset({"NFeAutorizacao4", "NFeStatusServico4"})


@dataclass(slots=True)
class Halls:
    """`closed`: authority -> the code that it answers (108, 109). `dark`: cuts every connection. `active`: stands in now."""

    closed: dict[str, str] = field(default_factory=dict)
    dark: set[str] = field(default_factory=set)
    active: set[str] = field(default_factory=set)

    def behavior(self, authority: str, usual: Behavior) -> Behavior:
        """The usual behavior as this authority shows it."""
        stopped = self.closed.get(authority, usual.stopped)
        return replace(usual, stopped=stopped, svc_active=usual.svc_active or authority in self.active)

    def refusal(self, authority: str, service: str, usual: Behavior) -> str | None:
        """114 of one that stands in for nobody at present."""
        on = usual.svc_active or authority in self.active
        return OFF if authority in STANDBY and service in ASKED_OF_STANDBY and not on else None

    def control(self, given: dict[str, Any]) -> None:
        """{"authority", "state": open | closed | dark | active | off, "code"?}"""
        name, state = str(given["authority"]), given["state"]
        self.closed.pop(name, None)
        self.dark.discard(name)
        if state == "closed":
            self.closed[name] = str(given.get("code", "108"))
        elif state == "dark":
            self.dark.add(name)
        elif state == "active":
            self.active.add(name)
        elif state == "off":
            self.active.discard(name)
