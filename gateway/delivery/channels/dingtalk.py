"""DingTalk's group robot: at most 20 messages a minute, or it is deaf for ten."""

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
"""The body may have 20 000 bytes, and JSON may double a text that is nothing but quotes."""


class DingTalkSettings(RobotSettings):
    """A robot of a DingTalk group. `secret` is its signing key, which begins with SEC."""

    channel: Literal["dingtalk"] = "dingtalk"
    url: RobotUrl = "https://oapi.dingtalk.com/robot/send"
    secret: SecretStr | None = None


def sign(secret: str, milliseconds: int) -> str:
    """The key is the secret, what is signed are time and secret."""
    digest = hmac.new(secret.encode(), f"{milliseconds}\n{secret}".encode(), hashlib.sha256).digest()
    return base64.b64encode(digest).decode()


def request(settings: DingTalkSettings, text: str, now: float) -> tuple[str, Mapping[str, Any]]:
    """See Dialect.request."""
    address = f"{settings.url}?access_token={quote(settings.token.get_secret_value(), safe='')}"
    if settings.secret is not None:
        milliseconds = round(now * 1000)
        signature = quote(sign(settings.secret.get_secret_value(), milliseconds), safe="")
        address += f"&timestamp={milliseconds}&sign={signature}"
    return address, {"msgtype": "text", "text": {"content": text}}


DIALECT = Dialect(
    Codes(
        "errcode",
        "errmsg",
        too_often=frozenset({130101, 410100, 660026, 90030}),
        # 310000 is one code for four things (signature, time, keyword, address), all of them a person's to put right.
        refused=frozenset({310000, 300001, 300005, 400013, 400101, 400102, 400106}),
        rejected=frozenset({40035, 43004, 400105, 430101, 430102, 430103, 430104, 460101}),
        rest_s=600.0,
    ),
    (Allowance(20, 60.0),),
    lambda _: _TEXT_BYTES,
    request,
)

PLUGIN = ChannelPlugin("dingtalk", DingTalkSettings, lambda settings, sender: Robot(DIALECT, settings, sender))
