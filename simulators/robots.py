"""The chat robots of DingTalk, WeCom and Feishu as their manuals and their users describe them.

They check signature and time, count bytes, limit rates, and answer HTTP 200 whatever happens; the code in the body
tells. In process: `async with Robots() as robots: ...`; `robots.script("dingtalk", 310000)` makes the next answer a
refusal. As a process of its own: `python -m simulators.robots --port 18300 --token T --secret S`.
"""

import argparse
import asyncio
import base64
import hashlib
import hmac
import json
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self

from aiohttp import web

WORDS = {
    "dingtalk": {
        0: "ok",
        -1: "system busy",
        130101: "send too fast, exceed 20 times per minute",
        300005: "token is not exist",
        310000: "sign not match",
        460101: "body size",
        660026: "sending too many messages per minute",
    },
    "wecom": {
        0: "ok",
        -1: "system busy",
        40008: "invalid message type",
        40058: "text.content exceed max length",
        45009: "api freq out of limit",
        93000: "invalid webhook url",
    },
    "feishu": {
        0: "success",
        9499: "Bad Request",
        11232: "frequency limited psm[lark.oapi.app_platform_runtime]appID[1500]",
        19001: "param invalid: incoming webhook access token invalid",
        19021: "sign match fail or timestamp is not within one hour from current time",
        19024: "Key Words Not Found",
    },
}
LIMITS: Mapping[str, Sequence[tuple[int, float]]] = {
    "dingtalk": ((20, 60.0),),
    "wecom": ((20, 60.0),),
    "feishu": ((100, 60.0), (5, 1.0)),
}
"""Messages within seconds."""

_TOO_OFTEN = {"dingtalk": 130101, "wecom": 45009, "feishu": 11232}
_CODE = {"dingtalk": ("errcode", "errmsg"), "wecom": ("errcode", "errmsg"), "feishu": ("code", "msg")}
_BODY_BYTES = {"dingtalk": (20_000, 460101), "feishu": (20 * 1024, 9499)}
_WECOM_BYTES = {"text": 2048, "markdown": 4096}
_CLOCK_S = 3600.0
_DEAF_S = 600.0


@dataclass(slots=True)
class Group:
    """One chat group: the texts that people saw, how often the robot was called, and what it will answer next."""

    texts: list[str] = field(default_factory=list)
    calls: int = 0
    script: deque[int | web.Response] = field(default_factory=deque)
    _times: list[float] = field(default_factory=list)
    _deaf_until: float = 0.0

    def is_too_often(self, kind: str, now: float) -> bool:
        """Count a call; DingTalk hears nothing for ten minutes after one too many."""
        if now < self._deaf_until:
            return True
        self._times = [at for at in self._times if now - at < 60.0] + [now]
        for most, within_s in LIMITS[kind]:
            if sum(now - at < within_s for at in self._times) > most:
                self._deaf_until = now + _DEAF_S if kind == "dingtalk" else 0.0
                return True
        return False


class Robots:
    """All three robots on one port; each group takes the same token and secret."""

    def __init__(
        self,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        token: str = "robot-token",  # noqa: S107 - a simulator's
        secret: str = "",
        now: Callable[[], float] = time.time,
    ) -> None:
        self.groups = {kind: Group() for kind in WORDS}
        self.port = port
        self._host = host
        self._token = token
        self._secret = secret
        self._now = now
        self._runner: web.AppRunner | None = None

    def url(self, kind: str) -> str:
        """The address of a robot, without its key."""
        paths = {"dingtalk": "robot/send", "wecom": "cgi-bin/webhook/send", "feishu": "open-apis/bot/v2/hook"}
        return f"http://{self._host}:{self.port}/{paths[kind]}"

    def script(self, kind: str, *answers: int | web.Response) -> None:
        """What the next calls are answered: codes, or whole HTTP answers. Nothing of theirs reaches the group."""
        self.groups[kind].script.extend(answers)

    async def __aenter__(self) -> Self:
        """Listen; `port` 0 becomes a free one."""
        app = web.Application()
        app.router.add_post("/robot/send", self._dingtalk)
        app.router.add_post("/cgi-bin/webhook/send", self._wecom)
        app.router.add_post("/open-apis/bot/v2/hook/{token}", self._feishu)
        app.router.add_get("/texts/{kind}", self._get_texts)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, self._host, self.port, reuse_address=True).start()
        self.port = self._runner.addresses[0][1]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop listening and drop open connections."""
        if self._runner is not None:
            await self._runner.cleanup()

    async def _dingtalk(self, request: web.Request) -> web.Response:
        return await self._answered("dingtalk", request, self._judge_dingtalk)

    async def _wecom(self, request: web.Request) -> web.Response:
        return await self._answered("wecom", request, self._judge_wecom)

    async def _feishu(self, request: web.Request) -> web.Response:
        return await self._answered("feishu", request, self._judge_feishu)

    async def _get_texts(self, request: web.Request) -> web.Response:
        group = self.groups.get(request.match_info["kind"])
        return web.json_response(group.texts if group else [], status=200 if group else 404)

    async def _answered(
        self, kind: str, request: web.Request, judge: Callable[[web.Request, Any], tuple[int, str]]
    ) -> web.Response:
        group = self.groups[kind]
        group.calls += 1
        raw = await request.read()
        if group.script:
            scripted = group.script.popleft()
            return scripted if isinstance(scripted, web.Response) else _said(kind, scripted)
        most, too_large = _BODY_BYTES.get(kind, (1 << 20, 0))
        if len(raw) > most:
            return _said(kind, too_large)
        try:
            code, text = judge(request, json.loads(raw))
        except (ValueError, KeyError, TypeError, AttributeError):
            return _said(kind, {"dingtalk": -1, "wecom": 40008, "feishu": 9499}[kind])
        if code == 0 and group.is_too_often(kind, self._now()):
            code = _TOO_OFTEN[kind]
        if code == 0:
            group.texts.append(text)
        return _said(kind, code)

    def _judge_dingtalk(self, request: web.Request, body: Any) -> tuple[int, str]:
        if request.query.get("access_token") != self._token:
            return 300005, ""
        if self._secret:
            stamp, sign = request.query.get("timestamp", "0"), request.query.get("sign", "")
            right = _mac(self._secret, f"{stamp}\n{self._secret}")
            if abs(int(stamp) / 1000 - self._now()) > _CLOCK_S or not hmac.compare_digest(sign, right):
                return 310000, ""
        return 0, str(body[body["msgtype"]]["content"])

    def _judge_wecom(self, request: web.Request, body: Any) -> tuple[int, str]:
        if request.query.get("key") != self._token:
            return 93000, ""
        text = str(body[body["msgtype"]]["content"])
        return (40058 if len(text.encode()) > _WECOM_BYTES[body["msgtype"]] else 0), text

    def _judge_feishu(self, request: web.Request, body: Any) -> tuple[int, str]:
        if request.match_info["token"] != self._token:
            return 19001, ""
        if self._secret:
            stamp, sign = str(body.get("timestamp", "0")), str(body.get("sign", ""))
            right = _mac(f"{stamp}\n{self._secret}", "")
            if abs(int(stamp) - self._now()) > _CLOCK_S or not hmac.compare_digest(sign, right):
                return 19021, ""
        return 0, str(body["content"]["text"])


def _mac(key: str, message: str) -> str:
    return base64.b64encode(hmac.new(key.encode(), message.encode(), hashlib.sha256).digest()).decode()


def _said(kind: str, code: int) -> web.Response:
    code_key, words_key = _CODE[kind]
    return web.json_response({code_key: code, words_key: WORDS[kind].get(code, "unknown")})


async def _serve(arguments: argparse.Namespace) -> None:
    async with Robots(port=arguments.port, token=arguments.token, secret=arguments.secret) as robots:
        for kind in WORDS:
            print(robots.url(kind), flush=True)  # noqa: T201 - a program for people
        await asyncio.Event().wait()


def main() -> None:
    """Serve until stopped."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--port", type=int, default=18300)
    parser.add_argument("--token", default="robot-token")
    parser.add_argument("--secret", default="")
    try:
        asyncio.run(_serve(parser.parse_args()))
    except KeyboardInterrupt:
        return


if __name__ == "__main__":
    main()
