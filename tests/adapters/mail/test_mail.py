"""Notices leave over real sockets to a mail server that insists: TLS, login, refusals, silence; and the bytes of a message."""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from adapters.mail import ADAPTER
from adapters.mail.simulator import MailSimulator
from adapters.mail.write import message
from hub.canon.notice import Attachment, NoticeReported, SendNotice
from hub.canon.ports import Account, AnswerLost, Done, NeverTry, Outcome, Rejected, Response, Retry, TryAgain
from hub.canon.trialcerts import make_root
from hub.kit.clock import system_clock
from hub.kit.mtls import show

AT = datetime(2026, 11, 20, 12, tzinfo=UTC)
NOTICE = SendNotice(
    notice_id="a" * 32,
    to="maria@example.com",
    subject="Nota fiscal 302 do seu pedido é sua",
    text="Olá, Maria,\n.\nvalor R$ 101,80\n",
    attachments=(Attachment(name="nota.xml", media_type="application/xml", body=b"<nfeProc>\r\n.\r\n</nfeProc>"),),
)


@pytest.fixture(scope="module")
def root() -> Any:
    return make_root(system_clock(), name="AC do correio")


@pytest.fixture
async def server(root: Any) -> AsyncIterator[MailSimulator]:
    made = MailSimulator(context=context_of(root), users={"hub": "secret"})
    await made.start()
    yield made
    await made.stop()


def context_of(root: Any) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    show(context, root.issue_server("127.0.0.1", now=system_clock()))
    return context


def account(server: MailSimulator, root: Any, *passwords: str, **changes: Any) -> Account:
    config = {
        "host": "127.0.0.1",
        "port": server.port,
        "security": "starttls",
        "trust_pem": root.pem.decode(),
        "sender": "loja@example.com.br",
        "sender_name": "Loja Exemplo",
        "user": "hub",
        **changes,
    }
    return Account(
        connection_id="c", code="mail", config=config, secrets={"password": passwords or ("secret",)}, now=AT
    )


async def deliver(ours: Account, notice: SendNotice = NOTICE) -> Outcome:
    assert ADAPTER.outbound is not None
    assert ADAPTER.wire is not None
    (call,) = ADAPTER.outbound.plan(notice, ours)
    response: Response | None
    try:
        response = await ADAPTER.wire.send(call, ours)
    except AnswerLost:
        response = None
    return ADAPTER.outbound.outcome(notice, call, response, ours)


async def test_a_notice_arrives_whole(server: MailSimulator, root: Any) -> None:
    outcome = await deliver(account(server, root))
    assert outcome == Done(results=(NoticeReported(notice_id="a" * 32, status="SENT"),))
    (mail,) = server.mails
    assert (mail.sender, mail.recipient) == ("loja@example.com.br", "maria@example.com")
    seen = mail.message
    assert seen["Subject"] == NOTICE.subject
    assert seen["From"] == "Loja Exemplo <loja@example.com.br>"
    assert seen["Message-ID"] == f"<{'a' * 32}@example.com.br>"
    text = seen.get_body(("plain",))
    assert text is not None
    assert text.get_content().splitlines() == NOTICE.text.splitlines()
    (file,) = seen.iter_attachments()
    assert (file.get_filename(), file.get_content_type()) == ("nota.xml", "application/xml")
    assert file.get_payload(decode=True) == NOTICE.attachments[0].body


async def test_a_refused_recipient_is_final(server: MailSimulator, root: Any) -> None:
    server.refused["maria@example.com"] = 550
    outcome = await deliver(account(server, root))
    assert isinstance(outcome, Rejected)
    assert outcome.code == "550"
    assert outcome.results == (NoticeReported(notice_id="a" * 32, status="REFUSED", message="550 no such mailbox"),)
    assert server.mails == []


async def test_a_busy_server_is_asked_later(server: MailSimulator, root: Any) -> None:
    server.busy = 1
    assert isinstance(await deliver(account(server, root)), Retry)
    assert isinstance(await deliver(account(server, root)), Done)


async def test_a_lost_answer_repeats_the_same_message(server: MailSimulator, root: Any) -> None:
    server.cut = 1
    assert isinstance(await deliver(account(server, root)), Retry)
    assert isinstance(await deliver(account(server, root)), Done)
    first, second = server.mails
    assert first.body == second.body


async def test_a_wrong_password_is_refused_and_the_older_one_still_opens(server: MailSimulator, root: Any) -> None:
    outcome = await deliver(account(server, root, "wrong"))
    assert isinstance(outcome, Rejected)
    assert outcome.code == "535"
    assert isinstance(await deliver(account(server, root, "new", "secret")), Done)


async def test_an_untrusted_or_absent_server_gets_nothing(server: MailSimulator, root: Any) -> None:
    stranger = make_root(system_clock(), name="Outra AC")
    for ours in (account(server, stranger), account(replace(server, port=1), root)):
        with pytest.raises(TryAgain):
            await deliver(ours)
    assert server.mails == []


async def test_no_password_leaves_in_the_clear(server: MailSimulator, root: Any) -> None:
    for changes in (
        {"security": "none"},
        {"security": "none", "user": None, "host": "192.0.2.1"},
        {"security": "plain"},
    ):
        with pytest.raises(NeverTry):
            await deliver(account(server, root, **changes))


@pytest.mark.parametrize(
    "to", ["", "maria", "maria@example", "a b@example.com", "x@example.com\r\nBcc: y@example.com", "é@example.com"]
)
def test_an_address_that_is_none_is_refused(to: str) -> None:
    with pytest.raises(NeverTry):
        message(replace(NOTICE, to=to), sender="loja@example.com.br", sender_name="Loja", at=AT)


def test_no_header_is_smuggled_in() -> None:
    made = message(
        replace(NOTICE, subject="Nota\r\nBcc: y@example.com"), sender="loja@example.com.br", sender_name="L\noja", at=AT
    )
    assert b"\r\nBcc:" not in made
    assert made == message(
        replace(NOTICE, subject="Nota Bcc: y@example.com"), sender="loja@example.com.br", sender_name="L oja", at=AT
    )


def test_files_that_no_server_takes_are_refused(tmp_path: Path) -> None:
    large = Attachment(name="x.pdf", media_type="application/pdf", body=bytes(11 * 1024 * 1024))
    with pytest.raises(NeverTry):
        message(replace(NOTICE, attachments=(large,)), sender="loja@example.com.br", sender_name="L", at=AT)
