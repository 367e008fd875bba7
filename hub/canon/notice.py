"""What a customer is told: the message that we owe a medium, and what became of it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Attachment:
    name: str
    media_type: str
    body: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class SendNotice:
    """Tell a customer. `document_id`: the fiscal document whose XML and printed form go along, put in when it leaves."""

    notice_id: str  # hex
    to: str
    subject: str
    text: str
    document_id: str | None = None  # hex
    attachments: tuple[Attachment, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticeReported:
    """`status`: SENT (the medium has taken it) or REFUSED (it never will)."""

    notice_id: str
    status: str
    message: str | None = None
