"""A notice as a message (RFC 5322). Pure: the same notice and moment give the same bytes, so that a repeated one is recognized by its Message-ID."""

from __future__ import annotations

import re
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime

from hub.canon.notice import SendNotice
from hub.canon.ports import NeverTry

_ADDRESS = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@(?:[A-Za-z0-9-]{1,63}\.)+[A-Za-z]{2,63}")
LARGEST = 10 * 1024 * 1024  # bytes of all files together
BOUNDARY = "=_{notice}"


def address(text: str, at: str) -> Address:
    """Raises `NeverTry` for what no server would take, or what would smuggle in a header."""
    if not _ADDRESS.fullmatch(text) or len(text) > 254:
        raise NeverTry(
            "an address of e-mail is malformed", faults=({"at": at, "code": "MALFORMED", "message": text[:60]},)
        )
    user, _, domain = text.rpartition("@")
    return Address(username=user, domain=domain)


def message(notice: SendNotice, *, sender: str, sender_name: str, at: datetime) -> bytes:
    """The whole message, lines ended by CR LF."""
    if sum(len(a.body) for a in notice.attachments) > LARGEST:
        raise NeverTry("the files are larger than 10 MB")
    who = address(sender, "config.sender")
    made = EmailMessage(policy=SMTP)
    made["From"] = Address(display_name=_plain(sender_name), username=who.username, domain=who.domain)
    made["To"] = address(notice.to, "to")
    made["Subject"] = _plain(notice.subject)
    made["Date"] = format_datetime(at)
    made["Message-ID"] = f"<{notice.notice_id}@{who.domain}>"
    made["Auto-Submitted"] = "auto-generated"  # RFC 3834: no holiday answers, please
    made.set_content(notice.text)
    for each in notice.attachments:
        main, _, sub = each.media_type.partition("/")
        made.add_attachment(each.body, maintype=main, subtype=sub, filename=_plain(each.name))
    if notice.attachments:
        made.set_boundary(BOUNDARY.format(notice=notice.notice_id))
    return made.as_bytes()


def _plain(text: str) -> str:
    """Without line breaks and other control characters: they would end the header."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())
