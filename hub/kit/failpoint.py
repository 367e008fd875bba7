"""Named points between two commits at which a process can be made to die, for the tests that prove that nothing is lost there.
`HUB_FAIL=name:n` kills this process with SIGKILL at the n-th pass of that point; unset, a pass costs one comparison.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Mapping
from typing import ClassVar

from hub.kit.errors import HubError

VARIABLE = "HUB_FAIL"

# name -> what has just been done for good there, and what has not
POINTS: Mapping[str, str] = {
    "hooks.kept": "a message is in the inbox; its sender has no answer",
    "folders.kept": "a file's messages are in the inbox; the file is not archived",
    "intake.claimed": "messages are leased; nothing of them is read",
    "intake.applied": "commands are applied; the messages are not completed, nothing is committed",
    "intake.done": "a batch is committed; nobody was told",
    "deliver.claimed": "a delivery is leased; nothing of it is prepared",
    "deliver.prepared": "signed bytes or numbers are kept; nothing was sent",
    "deliver.marked": "the sending is marked; nothing was sent",
    "deliver.sent": "the other side has it and has answered; the answer is not kept",
    "deliver.finished": "the answer and its news are committed",
    "timers.fired": "timers were answered; nothing is committed",
    "timers.done": "fired timers are committed",
}


class FailpointUnknown(HubError):
    """HUB_FAIL must be a known point and a number, as in `intake.done:1`; it is {given}."""

    code: ClassVar[str] = "FAILPOINT_UNKNOWN"


class _Armed:
    """What is left to pass before the end. Read once: nothing sets the variable of a running process."""

    def __init__(self, text: str | None) -> None:
        self.point, self.left = "", 0
        if text:
            name, _, count = text.partition(":")
            if name not in POINTS or not count.isdigit() or not int(count):
                raise FailpointUnknown(given=text[:80])
            self.point, self.left = name, int(count)


_armed = _Armed(os.environ.get(VARIABLE))


def passing(point: str) -> None:
    """This process passes that point; it may be its last."""
    if point != _armed.point:
        return
    _armed.left -= 1
    if _armed.left == 0:
        os.kill(os.getpid(), signal.SIGKILL)
