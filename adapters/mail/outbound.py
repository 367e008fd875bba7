"""Notices as one SMTP transaction each. A lost answer is followed by the same message again: its Message-ID tells the twins apart from two notices."""

from __future__ import annotations

from datetime import timedelta

from adapters.mail.write import address, message
from hub.canon.commands import OutwardCommand
from hub.canon.notice import NoticeReported, SendNotice
from hub.canon.ports import Account, Call, Done, NeverTry, Outcome, Rejected, Response, Retry
from hub.kit.clock import system_clock

TAKEN = 250
BUSY, SILENCE = timedelta(minutes=5), timedelta(minutes=1)
FROM, TO = "mail-from", "rcpt-to"
TIME = timedelta(seconds=60)


class MailOutbound:
    """`SendNotice` only."""

    def plan(self, command: OutwardCommand, account: Account) -> list[Call]:
        if not isinstance(command, SendNotice):
            raise NeverTry(f"a mail server takes no {type(command).__name__}")
        sender = str(account.config.get("sender") or "")
        name = str(account.config.get("sender_name") or "")
        body = message(command, sender=sender, sender_name=name, at=account.now or system_clock())
        return [
            Call(
                key="mail",
                operation="DATA",
                headers={FROM: str(address(sender, "config.sender").addr_spec), TO: command.to},
                body=body,
                media_type="message/rfc822",
                bucket="mail",
                repeatable=True,
                timeout=TIME,
            )
        ]

    def outcome(self, command: OutwardCommand, call: Call, response: Response | None, account: Account) -> Outcome:
        """By the server's code: 2xx taken, 4xx later, 5xx never."""
        if not isinstance(command, SendNotice):
            raise NeverTry(f"a mail server takes no {type(command).__name__}")
        if response is None:
            return Retry(after=SILENCE, reason="no answer after the message")
        said = response.body.decode("utf-8", "replace")[:300]
        if response.status == TAKEN:
            return Done(results=(NoticeReported(notice_id=command.notice_id, status="SENT"),))
        if 400 <= response.status < 500:
            return Retry(after=BUSY, reason=f"{response.status} {said}")
        refused = NoticeReported(notice_id=command.notice_id, status="REFUSED", message=f"{response.status} {said}")
        return Rejected(code=str(response.status), message=said, results=(refused,))
