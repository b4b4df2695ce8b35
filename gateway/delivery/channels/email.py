"""E-mail: one mail per notice, whose Message-ID comes from the notice, so that a second delivery is the same mail."""

import asyncio
import hashlib
import re
import smtplib
import socket
import ssl
from collections.abc import Sequence
from contextlib import suppress
from email.message import EmailMessage
from email.policy import SMTP as WIRE
from email.utils import formatdate
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, FilePath, SecretStr, model_validator
from pydantic_core import InitErrorDetails, PydanticCustomError, ValidationError

from drivers.tls import UselessFiles, client_context
from gateway.core.casework import Notice
from gateway.core.channel import (
    Allowance,
    ChannelPlugin,
    ChannelSettings,
    Delivered,
    Outcome,
    Refused,
    Rejected,
    Retry,
    Sender,
)
from gateway.core.channel_settings import is_loopback
from gateway.delivery.channels.aside import aside
from gateway.delivery.channels.text import clean, cut, one_line

DEADLINE_S = 30.0
_ADDRESS = re.compile(r"[!-?A-~]+@[A-Za-z0-9.-]+")
_SUBJECT_BYTES = 400
_TEXT_BYTES = 100_000
_PORTS = {"starttls": 587, "implicit": 465, "none": 25}


def _one_address(text: str) -> str:
    if not _ADDRESS.fullmatch(text):
        raise PydanticCustomError("bad_mail_address", "this is not one mail address", {"hint": "duty@lakeside.example"})
    return text


Address = Annotated[str, AfterValidator(_one_address)]


class EmailSettings(ChannelSettings):
    """A mail server that takes our mail. Its certificate and name are checked, always."""

    channel: Literal["email"] = "email"
    host: Annotated[str, Field(pattern=r"^[A-Za-z0-9.:-]+$")]
    port: Annotated[int, Field(ge=1, le=65535)] | None = None
    tls: Literal["starttls", "implicit", "none"] = "starttls"
    username: str | None = None
    password: SecretStr | None = None
    ca: FilePath | None = None
    sender: Annotated[Address, Field(alias="from")]
    to: Annotated[tuple[Address, ...], Field(min_length=1, max_length=50)]

    @model_validator(mode="after")
    def _nothing_goes_in_the_clear(self) -> Self:
        found: list[tuple[str, PydanticCustomError]] = []
        if self.tls == "none" and not is_loopback(self.host):
            text = "mail and password would cross the network in the clear"
            found.append(("tls", PydanticCustomError("mail_in_clear", text, {"choices": ["starttls", "implicit"]})))
        if (self.username is None) != (self.password is None):
            text = "a login has both: username and password"
            key = "username" if self.password is None else "password"
            found.append((key, PydanticCustomError("half_a_login", text)))
        if found:
            errors = [InitErrorDetails(type=problem, loc=(key,), input=None) for key, problem in found]
            raise ValidationError.from_exception_data("EmailSettings", errors)
        return self


class EmailChannel:
    """One mail server. Every mail has a connection of its own, in a thread that the deadline cuts off."""

    digests = False
    allowances: Sequence[Allowance] = (Allowance(60, 60.0),)

    def __init__(self, settings: EmailSettings, sender: Sender, deadline_s: float = DEADLINE_S) -> None:
        self._settings = settings
        self._sender = sender
        self._deadline_s = deadline_s

    async def send(self, notices: Sequence[Notice]) -> Outcome:
        """See Channel.send."""
        mail = message(notices[0], self._settings, self._sender.site).as_bytes(policy=WIRE)
        try:
            line = _line(self._settings, self._deadline_s)
        except UselessFiles as error:
            return Refused(str(error))
        try:
            async with asyncio.timeout(self._deadline_s):
                return await aside(lambda: _deliver(line, self._settings, mail))
        except TimeoutError:
            return Retry(f"the mail server took longer than {self._deadline_s:g} s")
        finally:
            line.cut()


class _Line:
    """A connection that another thread may cut: smtplib's own timeout is per packet, and packets may drip."""

    def __init__(self, smtp: smtplib.SMTP, context: ssl.SSLContext | None, settings: EmailSettings) -> None:
        self.smtp = smtp
        self.smtp._host = settings.host  # type: ignore[attr-defined]  # noqa: SLF001 - smtplib sets the name that TLS checks only where it connects in its constructor
        self.starttls = context if settings.tls == "starttls" else None
        self.port = settings.port or _PORTS[settings.tls]
        self.was_cut = False

    def cut(self) -> None:
        """End whatever is going on."""
        self.was_cut = True
        if (wire := getattr(self.smtp, "sock", None)) is not None:
            with suppress(OSError):
                wire.shutdown(socket.SHUT_RDWR)


def _line(settings: EmailSettings, deadline_s: float) -> _Line:
    ourselves = socket.gethostname()  # smtplib would ask the network for a longer name
    if settings.tls == "none":
        return _Line(smtplib.SMTP(local_hostname=ourselves, timeout=deadline_s), None, settings)
    context = client_context(settings.ca, None, None)
    if settings.tls == "implicit":
        return _Line(smtplib.SMTP_SSL(local_hostname=ourselves, timeout=deadline_s, context=context), None, settings)
    return _Line(smtplib.SMTP(local_hostname=ourselves, timeout=deadline_s), context, settings)


def _deliver(line: _Line, settings: EmailSettings, mail: bytes) -> Outcome:
    """The whole conversation, in a thread; the server's answer to the mail is the receipt."""
    try:
        line.smtp.connect(settings.host, line.port)
        if line.was_cut:
            return Retry("cut off")
        if line.starttls is not None:
            line.smtp.starttls(context=line.starttls)
        if settings.username is not None and settings.password is not None:
            line.smtp.login(settings.username, settings.password.get_secret_value())
        return _hand_over(line.smtp, settings, mail)
    except smtplib.SMTPNotSupportedError as error:
        return Refused(f"the mail server cannot do what is configured: {one_line(str(error))}")
    except smtplib.SMTPResponseException as error:  # of the greeting, STARTTLS or the login
        return _outcome(error.smtp_code, error.smtp_error, Refused)
    except ssl.SSLCertVerificationError as error:
        return Refused(f"the mail server's certificate is not accepted: {error.verify_message}")
    except (smtplib.SMTPException, OSError, ValueError) as error:
        return Retry(f"the mail server cannot be talked to: {_words(error)}")
    finally:
        with suppress(smtplib.SMTPException, OSError):
            line.smtp.putcmd("QUIT")  # whoever waited for its answer could lose the receipt
        line.smtp.close()


def _hand_over(smtp: smtplib.SMTP, settings: EmailSettings, mail: bytes) -> Outcome:
    smtp.ehlo_or_helo_if_needed()
    code, said = smtp.mail(settings.sender)
    if code != 250:
        return _outcome(code, said, Refused)
    answers = {address: smtp.rcpt(address) for address in settings.to}
    refused = {address: answer for address, answer in answers.items() if answer[0] not in {250, 251}}
    if len(refused) == len(answers):
        return _outcome(*next(iter(refused.values())), Refused)
    code, said = smtp.data(mail)
    if code != 250:
        return _outcome(code, said, Rejected)
    missing = f"; not to {len(refused)} of {len(answers)} addresses" if refused else ""
    return Delivered(f"{code} {_shown(said)}{missing}")


def _outcome(code: int, said: bytes | str, for_good: type[Refused | Rejected]) -> Outcome:
    """4xx is for now, 5xx for good."""
    reason = f"{code} {_shown(said)}"
    return for_good(reason) if 500 <= code <= 599 else Retry(reason, 15.0)


def message(notice: Notice, settings: EmailSettings, site: str) -> EmailMessage:
    """The mail about a notice; the same bytes whenever it is made."""
    mail = EmailMessage()
    mail["From"] = settings.sender
    mail["To"] = ", ".join(settings.to)
    mail["Subject"] = cut(one_line(notice.title), _SUBJECT_BYTES)
    mail["Date"] = formatdate(notice.created_at)
    mail["Message-ID"] = _id(site, settings.channel, notice.key)
    mail["References"] = _id(site, "ticket", notice.ticket)
    mail["Auto-Submitted"] = "auto-generated"
    text = cut(clean(notice.text), _TEXT_BYTES)
    mail.set_content(f"{text}\n\n{one_line(notice.ticket)}\n", charset="utf-8", cte="base64")
    return mail


def _id(site: str, *parts: str) -> str:
    digest = hashlib.sha256("\x1f".join([site, *parts]).encode("utf-8", "replace")).hexdigest()
    return f"<{digest[:40]}@{site.lower()}.gateway>"


def _shown(said: bytes | str) -> str:
    text = said.decode("utf-8", "replace") if isinstance(said, bytes) else said
    return cut(one_line(text), 200)


def _words(error: Exception) -> str:
    if isinstance(error, ssl.SSLError):
        return (error.reason or "TLS").lower().replace("_", " ")
    return (error.strerror or type(error).__name__) if isinstance(error, OSError) else type(error).__name__


PLUGIN = ChannelPlugin("email", EmailSettings, EmailChannel)
