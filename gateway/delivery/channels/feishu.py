"""Feishu's group robot: the signature's key is time and secret, and what is signed is nothing."""

import base64
import hashlib
import hmac
from collections.abc import Mapping
from typing import Any, Literal
from urllib.parse import quote

from pydantic import SecretStr

from gateway.core.channel import Allowance, ChannelPlugin
from gateway.core.channel_settings import RobotUrl
from gateway.delivery.channels.robot import Codes, Dialect, Robot, RobotSettings

_TEXT_BYTES = 9_000
"""The body may have 20 KiB, and JSON may double a text that is nothing but quotes."""


class FeishuSettings(RobotSettings):
    """A robot of a Feishu group. `token` is the last part of its address."""

    channel: Literal["feishu"] = "feishu"
    url: RobotUrl = "https://open.feishu.cn/open-apis/bot/v2/hook"
    secret: SecretStr | None = None


def sign(secret: str, seconds: int) -> str:
    """The key is time and secret, the message is empty."""
    digest = hmac.new(f"{seconds}\n{secret}".encode(), b"", hashlib.sha256).digest()
    return base64.b64encode(digest).decode()


def request(settings: FeishuSettings, text: str, now: float) -> tuple[str, Mapping[str, Any]]:
    """See Dialect.request."""
    address = f"{settings.url}/{quote(settings.token.get_secret_value(), safe='')}"
    body: dict[str, Any] = {"msg_type": "text", "content": {"text": text}}
    if settings.secret is not None:
        seconds = int(now)
        body |= {"timestamp": str(seconds), "sign": sign(settings.secret.get_secret_value(), seconds)}
    return address, body


DIALECT = Dialect(
    Codes(
        "code",
        "msg",
        # 9499 means "bad request" or "too many request"; the words decide.
        too_often=frozenset({11232}),
        refused=frozenset({19001, 19021, 19022, 19024}),
        rejected=frozenset({9499, 19002}),
        rest_s=10.0,
    ),
    (Allowance(100, 60.0), Allowance(5, 1.0)),
    lambda _: _TEXT_BYTES,
    request,
)

PLUGIN = ChannelPlugin("feishu", FeishuSettings, lambda settings, sender: Robot(DIALECT, settings, sender))
