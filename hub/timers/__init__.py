"""The door of `timers`: something to look at again at a given time."""

from __future__ import annotations

from hub.timers.commands import Fired, Timer, cancel, complete, fired, ignore, retry, set_timers
from hub.timers.store import QUEUE

__all__ = ["QUEUE", "Fired", "Timer", "cancel", "complete", "fired", "ignore", "retry", "set_timers"]
