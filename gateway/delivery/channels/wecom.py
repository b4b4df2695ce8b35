"""WeCom's group robot: its whole credential is the key in its address."""

from collections.abc import Mapping
from typing import Any, Literal
from urllib.parse import quote

from gateway.core.channel import Allowance, ChannelPlugin
from gateway.core.channel_settings import RobotUrl
from gateway.delivery.channels.robot import Codes, Dialect, Robot, RobotSettings

_TEXT_BYTES = {"text": 2048, "markdown": 4096}


class WeComSettings(RobotSettings):
    """A robot of a WeCom group. Messages in `markdown` may be twice as long."""

    channel: Literal["wecom"] = "wecom"
    url: RobotUrl = "https://qyapi.weixin.qq.com/cgi-bin/webhook/send"
    form: Literal["text", "markdown"] = "text"


def request(settings: WeComSettings, text: str, _now: float) -> tuple[str, Mapping[str, Any]]:
    """See Dialect.request."""
    address = f"{settings.url}?key={quote(settings.token.get_secret_value(), safe='')}"
    return address, {"msgtype": settings.form, settings.form: {"content": text}}


DIALECT = Dialect(
    Codes(
        "errcode",
        "errmsg",
        too_often=frozenset({45009, 45033}),
        refused=frozenset({93000, 93004, 93008}),
        rejected=frozenset({40008, 40033, 40058, 44004}),
        rest_s=60.0,
    ),
    (Allowance(20, 60.0),),
    lambda settings: _TEXT_BYTES[settings.form],
    request,
)

PLUGIN = ChannelPlugin("wecom", WeComSettings, lambda settings, sender: Robot(DIALECT, settings, sender))
