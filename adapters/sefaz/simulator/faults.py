"""Misbehavior on request: which fault strikes the next call is decided by a seeded draw, so that a drill can be repeated."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from random import Random


class FaultKind(StrEnum):
    ANSWER_LOST = "answer_lost"  # processed, then the connection is cut
    CUT_BEFORE = "cut_before"  # the connection is cut, nothing is processed
    CUT_INSIDE = "cut_inside"  # processed, half of the answer leaves
    HTML = "html"  # processed, an HTML page is answered
    HTTP_500 = "http_500"  # not processed
    TRUNCATED = "truncated"  # processed, the XML ends early
    OTHER_NOTE = "other_note"  # processed, the answer speaks of another note
    STOPPED = "stopped"  # 108
    STOPPED_LONG = "stopped_long"  # 109
    PACING = "pacing"  # 656
    DELAY = "delay"  # answers after `seconds`
    TWICE = "twice"  # the message is processed twice, the second answer is sent


@dataclass(slots=True, kw_only=True)
class Fault:
    """`rate`: share of the calls that it strikes; `times`: how often it still may, None without end; `service` None: all."""

    kind: FaultKind
    service: str | None = None
    rate: float = 1.0
    times: int | None = None
    seconds: float = 0.0
    spread: float = 0.0  # up to so many seconds more, drawn


@dataclass(slots=True)
class Faults:
    random: Random
    active: list[Fault] = field(default_factory=list)

    def add(self, fault: Fault) -> None:
        self.active.append(fault)

    def clear(self) -> None:
        self.active.clear()

    def wait(self, fault: Fault | None) -> float:
        """Seconds before the answer."""
        return 0.0 if fault is None else fault.seconds + (self.random.random() * fault.spread if fault.spread else 0.0)

    def strike(self, service: str) -> Fault | None:
        """The fault of this call, used up by one; None mostly."""
        for fault in self.active:
            if fault.service not in {None, service} or self.random.random() >= fault.rate:
                continue
            if fault.times is not None:
                fault.times -= 1
                if fault.times <= 0:
                    self.active.remove(fault)
            return fault
        return None
