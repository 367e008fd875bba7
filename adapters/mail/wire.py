"""One SMTP transaction over TLS, in a thread of its own. Moves bytes; decides nothing but that a password never leaves in the clear."""

from __future__ import annotations

import asyncio
import smtplib
import ssl
from dataclasses import dataclass
from datetime import timedelta
from ipaddress import ip_address

from adapters.mail.outbound import FROM, TO
from hub.canon.ports import Account, AnswerLost, Call, NeverTry, Response, TryAgain

PAUSE = timedelta(minutes=1)
PORTS = {"starttls": 587, "tls": 465, "none": 25}


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    host: str
    port: int
    security: str  # starttls | tls | none
    trust_pem: str | None
    user: str | None
    passwords: tuple[str, ...]  # newest first
    timeout: float


class MailWire:
    """Sends planned calls, a connection each."""

    async def send(self, call: Call, account: Account) -> Response:
        """`TryAgain` or `NeverTry` when no message left; `AnswerLost` when it may have."""
        server = server_of(call, account)
        return await asyncio.to_thread(_send, server, call.headers[FROM], call.headers[TO], call.body)

    async def aclose(self) -> None:
        """Nothing is kept."""


def server_of(call: Call, account: Account) -> Server:
    config = account.config
    security = str(config.get("security") or "starttls")
    host, user = str(config.get("host") or ""), config.get("user")
    if security not in PORTS:
        raise NeverTry(f"security is {', '.join(PORTS)}, not {security}")
    if not host:
        raise NeverTry("the connection has no host")
    if security == "none" and (user or not _own_machine(host)):
        raise NeverTry("without TLS only to a relay on this machine, and without a password")
    return Server(
        host=host,
        port=int(config.get("port") or PORTS[security]),
        security=security,
        trust_pem=config.get("trust_pem"),
        user=str(user) if user else None,
        passwords=tuple(account.secrets.get("password", ())),
        timeout=call.timeout.total_seconds(),
    )


def _own_machine(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _send(server: Server, sender: str, to: str, body: bytes) -> Response:
    try:
        client = _connected(server, sender.rpartition("@")[2])
    except (OSError, smtplib.SMTPException) as error:
        raise TryAgain(after=PAUSE, reason=f"{type(error).__name__} at {server.host}") from error
    try:
        refused = _login(client, server)
        return refused or _transaction(client, sender, to, body)
    finally:
        client.close()


def _connected(server: Server, name: str) -> smtplib.SMTP:
    if server.security == "tls":
        context = _context(server)
        return smtplib.SMTP_SSL(server.host, server.port, name, timeout=server.timeout, context=context)
    client = smtplib.SMTP(server.host, server.port, name, timeout=server.timeout)
    if server.security == "starttls":
        try:
            client.starttls(context=_context(server))
        except (OSError, smtplib.SMTPException):
            client.close()
            raise
    return client


def _context(server: Server) -> ssl.SSLContext:
    context = ssl.create_default_context(cadata=server.trust_pem)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


def _login(client: smtplib.SMTP, server: Server) -> Response | None:
    """None when we are in. During a rotation the older password is tried too."""
    if server.user is None:
        return None
    last: Response | None = Response(status=535, headers={}, body=b"the connection has no password")
    for password in server.passwords:
        try:
            client.login(server.user, password)
        except smtplib.SMTPAuthenticationError as error:
            last = _response(error.smtp_code, error.smtp_error)
        except (OSError, smtplib.SMTPException) as error:
            raise TryAgain(after=PAUSE, reason=f"{type(error).__name__} at login") from error
        else:
            return None
    return last


def _transaction(client: smtplib.SMTP, sender: str, to: str, body: bytes) -> Response:
    try:
        client.ehlo_or_helo_if_needed()
        for code, said in (
            client.mail(sender, ("body=8bitmime",) if client.has_extn("8bitmime") else ()),
            client.rcpt(to),
        ):
            if code not in (250, 251):
                return _response(code, said)
    except (OSError, smtplib.SMTPException) as error:
        raise TryAgain(after=PAUSE, reason=f"{type(error).__name__} before the message") from error
    try:
        code, said = client.data(body)
    except smtplib.SMTPDataError as error:  # 354 did not come: the message was not sent
        return _response(error.smtp_code, error.smtp_error)
    except (OSError, smtplib.SMTPException) as error:
        raise AnswerLost(reason=type(error).__name__) from error
    return _response(code, said)


def _response(code: int, said: bytes | str) -> Response:
    return Response(status=code, headers={}, body=said if isinstance(said, bytes) else said.encode())
