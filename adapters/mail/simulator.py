"""A small real mail server: TLS, login, one mailbox in memory. It insists on the order of commands, and refuses, delays and cuts on request."""

from __future__ import annotations

import asyncio
import ssl
from base64 import b64decode
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.parser import BytesParser
from email.policy import SMTP

LARGEST = 10 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Mail:
    """What was taken."""

    sender: str
    recipient: str
    body: bytes

    @property
    def message(self) -> EmailMessage:
        return BytesParser(EmailMessage, policy=SMTP).parsebytes(self.body)


@dataclass(slots=True)
class MailSimulator:
    """`users`: name -> password; empty: nobody has to log in. `refused`: recipient -> code. `busy`: so many messages are answered 451.
    `cut`: so many messages are taken and the connection then ends without an answer.
    """

    context: ssl.SSLContext | None = None
    users: dict[str, str] = field(default_factory=dict)
    refused: dict[str, int] = field(default_factory=dict)
    busy: int = 0
    cut: int = 0
    mails: list[Mail] = field(default_factory=list)
    port: int = 0
    _server: asyncio.Server | None = None
    _open: set[asyncio.Task[None]] = field(default_factory=set)

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._accepted, "127.0.0.1", self.port, limit=LARGEST)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        if self._server is not None:
            self._server.close()
            for task in self._open:
                task.cancel()
            await asyncio.gather(*self._open, return_exceptions=True)
            await self._server.wait_closed()

    async def _accepted(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is not None:
            self._open.add(task)
            task.add_done_callback(self._open.discard)
        try:
            await _Session(self, reader, writer).serve()
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()


class _Session:
    """One connection."""

    def __init__(self, server: MailSimulator, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.server, self.reader, self.writer = server, reader, writer
        self.secure = self.known = False
        self.sender: str | None = None
        self.recipient: str | None = None

    async def say(self, text: str) -> None:
        self.writer.write(text.encode() + b"\r\n")
        await self.writer.drain()

    async def serve(self) -> None:
        await self.say("220 simulador ESMTP")
        while line := (await self.reader.readline()).decode("latin-1").rstrip("\r\n"):
            verb, _, rest = line.partition(" ")
            if verb.upper() == "QUIT":
                await self.say("221 bye")
                return
            act = getattr(self, f"_{verb.lower()}", None)
            if act is None:
                await self.say("500 unknown command")
            elif await act(rest):
                return

    async def _ehlo(self, _rest: str) -> None:
        offers = ["simulador", "8BITMIME", f"SIZE {LARGEST}"]
        if self.server.context is not None and not self.secure:
            offers.append("STARTTLS")
        if self.server.users and (self.secure or self.server.context is None):
            offers.append("AUTH PLAIN")
        for each in offers[:-1]:
            await self.say(f"250-{each}")
        await self.say(f"250 {offers[-1]}")

    async def _starttls(self, _rest: str) -> None:
        if self.server.context is None or self.secure:
            await self.say("502 not offered")
            return
        await self.say("220 go on")
        await self.writer.start_tls(self.server.context)
        self.secure = True

    async def _auth(self, rest: str) -> None:
        kind, _, given = rest.partition(" ")
        if kind.upper() != "PLAIN" or not given:
            await self.say("504 only PLAIN")
            return
        _, user, password = b64decode(given).decode().split("\0")
        self.known = self.server.users.get(user) == password
        await self.say("235 welcome" if self.known else "535 authentication failed")

    async def _mail(self, rest: str) -> None:
        if self.server.users and not self.known:
            await self.say("530 log in first")
            return
        self.sender, self.recipient = rest[rest.find("<") + 1 : rest.find(">")], None
        await self.say("250 ok")

    async def _rcpt(self, rest: str) -> None:
        wanted = rest[rest.find("<") + 1 : rest.find(">")]
        if self.sender is None:
            await self.say("503 MAIL first")
        elif wanted in self.server.refused:
            await self.say(f"{self.server.refused[wanted]} no such mailbox")
        else:
            self.recipient = wanted
            await self.say("250 ok")

    async def _data(self, _rest: str) -> bool:
        if self.sender is None or self.recipient is None:
            await self.say("503 RCPT first")
            return False
        await self.say("354 go on")
        body = (await self.reader.readuntil(b"\r\n.\r\n"))[:-3]
        if self.server.busy:
            self.server.busy -= 1
            await self.say("451 try later")
            return False
        self.server.mails.append(Mail(self.sender, self.recipient, body.replace(b"\r\n..", b"\r\n.")))
        self.sender = self.recipient = None
        if self.server.cut:
            self.server.cut -= 1
            return True
        await self.say("250 taken")
        return False

    async def _rset(self, _rest: str) -> None:
        self.sender = self.recipient = None
        await self.say("250 ok")

    async def _noop(self, _rest: str) -> None:
        await self.say("250 ok")
