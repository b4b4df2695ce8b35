"""E-mail against a real SMTP server: TLS, login, what its answers mean, and a second delivery that is the same mail."""

import asyncio
import email
import gc
import ssl
import threading
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from email import policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from pydantic import SecretStr

from gateway.core.channel import Delivered, Outcome, Refused, Rejected, Retry
from gateway.core.types import Level
from gateway.delivery.channels.email import EmailChannel, EmailSettings
from tests.certificates import Authority
from tests.delivery.bench import raw_server, speaking_server
from tests.delivery.told import SENDER, make_notice

pytestmark = [
    pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS"),  # of a wholly encrypted line
    # The mail server's library loses hold of its socket in STARTTLS; when that is collected is chance.
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning", "ignore::ResourceWarning"),
]

PASSWORD = "a-password-of-the-tests"


@pytest.fixture(scope="module", autouse=True)
def collected() -> Iterator[None]:
    """What the library has lost is collected here, and not in some later test."""
    yield
    gc.collect()


class Mailbox:
    """What a mail server got, and what it says to the next mails."""

    def __init__(self) -> None:
        self.mails: list[EmailMessage] = []
        self.answer = "250 OK queued as 5A1F"
        self.unknown: set[str] = set()

    async def handle_RCPT(  # noqa: N802 - the library's name
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if address in self.unknown:
            return "550 5.1.1 no such mailbox"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        if self.answer.startswith("250"):
            assert isinstance(envelope.content, bytes)
            mail = email.message_from_bytes(envelope.content, policy=policy.default)
            assert isinstance(mail, EmailMessage)
            self.mails.append(mail)
        return self.answer


@asynccontextmanager
async def mail_server(
    box: Mailbox, context: ssl.SSLContext | None, *, implicit: bool, login: bool
) -> AsyncIterator[int]:
    conversations: list[SMTP] = []

    def is_right(*given: Any) -> AuthResult:
        data = given[-1]
        right = isinstance(data, LoginPassword) and (data.login, data.password) == (b"gw", PASSWORD.encode())
        return AuthResult(success=right, handled=False)

    def serve() -> SMTP:
        starttls = None if implicit else context
        conversation = SMTP(
            box,
            tls_context=starttls,
            require_starttls=starttls is not None,
            auth_required=login,
            auth_require_tls=not implicit and context is not None,
            authenticator=is_right,
            hostname="mail.lan",
        )
        conversations.append(conversation)
        return conversation

    server = await asyncio.get_running_loop().create_server(serve, "127.0.0.1", 0, ssl=context if implicit else None)
    async with server:
        yield server.sockets[0].getsockname()[1]
        for conversation in conversations:  # the library forgets those that ended during STARTTLS
            for wire in (conversation.transport, conversation._original_transport):
                if wire is not None:
                    wire.close()
        await asyncio.sleep(0)


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


@pytest.fixture
def context(authority: Authority) -> ssl.SSLContext:
    signed = authority.sign("mail", "IP:127.0.0.1")
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(signed.certificate, signed.key)
    return context


def opened(port: int, deadline_s: float = 10.0, **keys: Any) -> EmailChannel:
    written = {"channel": "email", "host": "127.0.0.1", "port": port, "tls": "none", "from": "gw@lakeside.example"}
    settings = EmailSettings.model_validate({**written, "to": ("duty@lakeside.example",), **keys})
    return EmailChannel(settings, SENDER, deadline_s)


async def sent(box: Mailbox, **keys: Any) -> Outcome:
    async with mail_server(box, None, implicit=False, login=False) as port:
        return await opened(port, **keys).send([make_notice(1, Level.RED)])


@pytest.mark.parametrize("tls", ["starttls", "implicit"])
async def test_a_mail_arrives_encrypted_after_a_login(tls: str, authority: Authority, context: ssl.SSLContext) -> None:
    box, notice = Mailbox(), make_notice(1, Level.RED)
    keys: dict[str, Any] = {"tls": tls, "ca": authority.certificate, "username": "gw", "password": SecretStr(PASSWORD)}
    async with mail_server(box, context, implicit=tls == "implicit", login=True) as port:
        outcome = await opened(port, **keys).send([notice])
        assert outcome == Delivered("250 OK queued as 5A1F")
        wrong = await opened(port, **{**keys, "password": SecretStr("wrong-password")}).send([notice])
        assert isinstance(wrong, Refused)
        assert "535" in wrong.reason
        assert "wrong-password" not in wrong.reason
        stranger = await opened(port, **{**keys, "ca": None}).send([notice])
        assert isinstance(stranger, Refused)
        assert "certificate is not accepted" in stranger.reason
    (mail,) = box.mails
    assert mail["Subject"] == notice.title
    assert mail["To"] == "duty@lakeside.example"
    assert notice.text in mail.get_content()
    assert notice.ticket in mail.get_content()


async def test_a_second_delivery_is_the_same_mail() -> None:
    box = Mailbox()
    notices = [make_notice(1), make_notice(1, key="another"), make_notice(2)]
    async with mail_server(box, None, implicit=False, login=False) as port:
        for notice in (*notices, notices[0]):
            assert isinstance(await opened(port).send([notice]), Delivered)
    first, other, foreign, again = box.mails
    assert first["Message-ID"] == again["Message-ID"]
    assert first.as_bytes() == again.as_bytes()
    assert len({mail["Message-ID"] for mail in box.mails}) == 3
    assert first["References"] == other["References"] != foreign["References"]


async def test_a_title_cannot_add_headers_and_emoji_survive() -> None:
    box = Mailbox()
    evil = make_notice(1, title="困人🛗\r\nBcc: everyone@lakeside.example", text="一\n.\n二", ticket="t\r\nX: y")
    async with mail_server(box, None, implicit=False, login=False) as port:
        assert isinstance(await opened(port).send([evil]), Delivered)
    (mail,) = box.mails
    assert mail["Bcc"] is None
    assert mail["Subject"] == "困人🛗 Bcc: everyone@lakeside.example"
    assert "一\n.\n二" in mail.get_content()


async def test_encryption_that_the_server_cannot_do_is_never_left_out() -> None:
    box = Mailbox()
    outcome = await sent(box, tls="starttls")
    assert isinstance(outcome, Refused)
    assert not box.mails


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ("451 4.3.0 try later", Retry),
        ("421 4.7.0 too many", Retry),
        ("554 5.7.1 looks like spam", Rejected),
        ("552 5.3.4 too big", Rejected),
    ],
)
async def test_what_the_server_says_to_the_mail(answer: str, expected: type) -> None:
    box = Mailbox()
    box.answer = answer
    outcome = await sent(box)
    assert type(outcome) is expected
    assert answer in getattr(outcome, "reason", "")


async def test_one_wrong_address_does_not_keep_the_mail_from_the_others() -> None:
    box = Mailbox()
    box.unknown = {"gone@lakeside.example"}
    outcome = await sent(box, to=("gone@lakeside.example", "duty@lakeside.example"))
    assert isinstance(outcome, Delivered)
    assert outcome.receipt.endswith("not to 1 of 2 addresses")
    nobody = await sent(box, to=("gone@lakeside.example",))
    assert isinstance(nobody, Refused)
    assert len(box.mails) == 1


@pytest.mark.parametrize(
    ("text", "drip_s"),
    [(b"220-mail.lan\r\n" * 1000, 0.02), (b"", 0.0), (b"HTTP/1.1 400 no\r\n\r\n", 0.0)],
    ids=["drips", "closes", "no SMTP"],
)
async def test_a_server_that_misbehaves_is_cut_off(text: bytes, drip_s: float) -> None:
    async with speaking_server(text, drip_s) as port, asyncio.timeout(5):
        outcome = await opened(port, deadline_s=0.5).send([make_notice(1)])
        while any(thread.name == "channel" for thread in threading.enumerate()):  # noqa: ASYNC110 - it is no task
            await asyncio.sleep(0.01)
    assert isinstance(outcome, Retry)


async def test_a_mail_needs_none_of_the_threads_in_which_names_are_resolved() -> None:
    box, busy = Mailbox(), threading.Event()
    with ThreadPoolExecutor(1) as few:
        asyncio.get_running_loop().set_default_executor(few)
        few.submit(busy.wait)
        try:
            assert isinstance(await sent(box), Delivered)
        finally:
            busy.set()


async def test_a_server_that_is_away_is_tried_again() -> None:
    async with raw_server(lambda _: b"") as (url, _):
        port = int(url.rpartition(":")[2])
    outcome = await opened(port).send([make_notice(1)])
    assert outcome == Retry("the mail server cannot be talked to: Connection refused")
