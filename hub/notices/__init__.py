"""The door of notices: what customers were told, by which medium, and whether it left."""

from hub.notices.commands import Telling, report, tell
from hub.notices.model import NoticeState, UnknownTemplate, worded

__all__ = ["NoticeState", "Telling", "UnknownTemplate", "report", "tell", "worded"]
