"""The three robots against a server that behaves as theirs do."""

import asyncio
import json
import logging
import ssl
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from pydantic import SecretStr

from gateway.core.channel import Delivered, Refused, Rejected, Retry, TooOften
from gateway.core.plugins import discover
from gateway.delivery.channels.robot import LONGEST_ANSWER_BYTES, Robot
from simulators.robots import Robots
from tests.certificates import Authority
from tests.delivery.bench import http, raw_server
from tests.delivery.made import T0
from tests.delivery.told import SECRET, SENDER, TOKEN, make_notice
from tests.listening import listening

KINDS = ["dingtalk", "wecom", "feishu"]
LONG = "电流过大，轴承温度持续上升🛗" * 3000


@pytest.fixture
async def robots() -> AsyncIterator[Robots]:
    async with Robots(token=TOKEN, secret=SECRET, now=lambda: T0 + 60) as server:
        yield server


def opened(kind: str, url: str, deadline_s: float = 5.0, **keys: Any) -> Robot:
    plugin = discover().channels[kind]
    written = {"channel": kind, "url": url, "token": SecretStr(TOKEN), **keys}
    if kind != "wecom":
        written.setdefault("secret", SecretStr(SECRET))
    channel = plugin.open(plugin.settings.model_validate(written), SENDER)
    assert isinstance(channel, Robot)
    channel._deadline_s = deadline_s
    return channel


@pytest.mark.parametrize("kind", KINDS)
async def test_a_notice_reaches_the_group_with_its_ticket(robots: Robots, kind: str) -> None:
    notice = make_notice(1)
    outcome = await opened(kind, robots.url(kind)).send([notice])
    assert isinstance(outcome, Delivered)
    assert outcome.count == 1
    assert "0" in outcome.receipt
    assert robots.groups[kind].texts == [f"{notice.title}\n{notice.text}\n{notice.ticket}"]


@pytest.mark.parametrize("kind", KINDS)
async def test_several_notices_are_one_message(robots: Robots, kind: str) -> None:
    outcome = await opened(kind, robots.url(kind)).send([make_notice(number) for number in range(100)])
    assert isinstance(outcome, Delivered)
    (text,) = robots.groups[kind].texts
    assert 1 < outcome.count <= 100
    assert text.splitlines()[0] == f"{outcome.count} 张黄色工单："
    assert text.count("干转") == outcome.count


@pytest.mark.parametrize(
    ("kind", "keys"), [("dingtalk", {}), ("wecom", {}), ("wecom", {"form": "markdown"}), ("feishu", {})]
)
@pytest.mark.parametrize("text", [LONG, '"\\\n' * 20_000, "\x01" * 40_000], ids=["chinese", "escapes", "control"])
async def test_no_text_is_too_long_for_the_provider(robots: Robots, kind: str, keys: dict[str, Any], text: str) -> None:
    notice = make_notice(1, text=text)
    outcome = await opened(kind, robots.url(kind), **keys).send([notice])
    assert isinstance(outcome, Delivered), outcome
    assert notice.ticket in robots.groups[kind].texts[0]


def test_the_simulator_counts_bytes_not_characters() -> None:
    assert len(LONG[:700]) < 2048 < len(LONG[:700].encode())


@pytest.mark.parametrize("kind", KINDS)
async def test_the_simulated_robots_refuse_what_is_too_long(robots: Robots, kind: str) -> None:
    robot = opened(kind, robots.url(kind))
    address, body = robot._dialect.request(robot._settings, LONG, T0)
    status, answer = await robot._post(address, json.dumps(body, ensure_ascii=False).encode())
    assert status == 200
    assert json.loads(answer)[robot._dialect.codes.code] != 0
    assert not robots.groups[kind].texts


@pytest.mark.parametrize(
    ("kind", "keys", "code"),
    [
        ("dingtalk", {"secret": SecretStr("another")}, "310000"),
        ("dingtalk", {"secret": None}, "310000"),
        ("dingtalk", {"token": SecretStr("another")}, "300005"),
        ("wecom", {"token": SecretStr("another")}, "93000"),
        ("feishu", {"secret": SecretStr("another")}, "19021"),
        ("feishu", {"token": SecretStr("another")}, "19001"),
    ],
)
async def test_a_wrong_key_needs_a_person(robots: Robots, kind: str, keys: dict[str, Any], code: str) -> None:
    outcome = await opened(kind, robots.url(kind), **keys).send([make_notice(1)])
    assert isinstance(outcome, Refused)
    assert code in outcome.reason
    assert not robots.groups[kind].texts


@pytest.mark.parametrize("kind", ["dingtalk", "feishu"])
async def test_a_signature_of_another_hour_needs_a_person(kind: str) -> None:
    async with Robots(token=TOKEN, secret=SECRET, now=lambda: T0 + 3700) as robots:
        assert isinstance(await opened(kind, robots.url(kind)).send([make_notice(1)]), Refused)


@pytest.mark.parametrize(
    ("kind", "code", "expected", "at_least_s"),
    [
        ("dingtalk", 130101, TooOften, 600.0),
        ("dingtalk", 660026, TooOften, 600.0),
        ("dingtalk", 460101, Rejected, None),
        ("dingtalk", 310000, Refused, None),
        ("dingtalk", -1, Retry, 30.0),
        ("dingtalk", 987654, Retry, 30.0),
        ("wecom", 45009, TooOften, 60.0),
        ("wecom", 40058, Rejected, None),
        ("wecom", 93000, Refused, None),
        ("feishu", 11232, TooOften, 10.0),
        ("feishu", 9499, Rejected, None),
        ("feishu", 19024, Refused, None),
    ],
)
async def test_the_code_in_the_body_decides_though_http_says_200(
    robots: Robots, kind: str, code: int, expected: type, at_least_s: float | None
) -> None:
    robots.script(kind, code)
    outcome = await opened(kind, robots.url(kind)).send([make_notice(1)])
    assert type(outcome) is expected
    assert getattr(outcome, "at_least_s", None) == at_least_s


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        (200, '{"code": 9499, "msg": "too many request"}', TooOften),
        (400, '{"code": 9499, "msg": "Bad Request"}', Rejected),
        (200, '{"code": "0", "msg": "ok"}', Delivered),
        (200, '{"code": false, "msg": "ok"}', Retry),
        (200, '{"code": 0.0, "msg": "ok"}', Retry),
        (500, '{"code": 0, "msg": "ok"}', Retry),
        (200, '{"StatusCode": 0}', Retry),
        (200, "<html>log in</html>", Retry),
        (200, "", Retry),
        (200, "[0]", Retry),
        (200, '{"code": 0', Retry),
        (429, "", TooOften),
        (404, "", Refused),
        (403, "", Refused),
        (302, "", Refused),
        (502, "bad gateway", Retry),
        (200, "[" * 5000, Retry),
        (200, '{"code": 0, "msg": "' + "x" * LONGEST_ANSWER_BYTES + '"}', Retry),
    ],
)
async def test_only_a_proper_answer_is_a_delivery(robots: Robots, status: int, body: str, expected: type) -> None:
    headers = {"Location": "http://127.0.0.1:1/"} if status == 302 else {}
    robots.script("feishu", web.Response(status=status, text=body, headers=headers))
    assert type(await opened("feishu", robots.url("feishu")).send([make_notice(1)])) is expected
    assert robots.groups["feishu"].calls == 1


@pytest.mark.parametrize("drip_s", [0.0, 0.05])
async def test_a_robot_that_never_ends_its_answer_is_cut_off(drip_s: float) -> None:
    answer = http("200 OK", b'{"errcode":0}') if drip_s else b""
    async with raw_server(lambda _: answer or b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n", drip_s) as (url, _):
        outcome = await opened("wecom", f"{url}/send", deadline_s=0.3).send([make_notice(1)])
    assert isinstance(outcome, Retry)


@pytest.mark.parametrize("kind", KINDS)
async def test_what_is_secret_is_in_no_reason_and_no_log(
    robots: Robots, kind: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    secrets = [TOKEN] if kind == "wecom" else [TOKEN, SECRET]
    echo = f"who is {' with '.join(secrets)}?"
    reasons = []
    for answer in (f'{{"errcode": 310000, "code": 19021, "errmsg": "{echo}", "msg": "{echo}"}}', echo):
        robots.script(kind, web.Response(text=answer))
        reasons.append(str(await opened(kind, robots.url(kind)).send([make_notice(1)])))
    reasons.append(str(await opened(kind, "http://127.0.0.1:1/x").send([make_notice(1)])))
    reasons.append(repr(opened(kind, robots.url(kind))._settings))
    assert "***" in reasons[0]
    assert "cannot connect to 127.0.0.1:1: connection refused" in reasons[2]
    for secret in secrets:
        assert secret not in " ".join(reasons)
        assert secret not in caplog.text


async def test_a_key_that_occurs_in_every_answer_changes_no_verdict(robots: Robots) -> None:
    robots.script("wecom", 0)
    outcome = await opened("wecom", robots.url("wecom"), token=SecretStr("0")).send([make_notice(1)])
    assert isinstance(outcome, Delivered)


@pytest.mark.parametrize(("kind", "most"), [("dingtalk", 20), ("wecom", 20), ("feishu", 5)])
async def test_the_simulated_robots_limit_their_rate(kind: str, most: int) -> None:
    now = T0
    async with Robots(token=TOKEN, secret=SECRET, now=lambda: now) as robots:
        robot = opened(kind, robots.url(kind))
        outcomes = [await robot.send([make_notice(number)]) for number in range(most + 1)]
        assert all(isinstance(outcome, Delivered) for outcome in outcomes[:-1])
        assert isinstance(outcomes[-1], TooOften)
        now = T0 + 70
        later = await robot.send([make_notice(1)])
        assert isinstance(later, TooOften if kind == "dingtalk" else Delivered)
        now = T0 + 700
        assert isinstance(await robot.send([make_notice(1)]), Delivered)


async def test_the_certificate_is_checked(tmp_path: Path) -> None:
    signed = Authority(tmp_path).sign("robot", "IP:127.0.0.1")
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(signed.certificate, signed.key)
    async with listening(lambda *_: asyncio.sleep(0), tls=context) as port:
        outcome = await opened("wecom", f"https://127.0.0.1:{port}/send").send([make_notice(1)])
    assert isinstance(outcome, Retry)
    assert "the certificate of 127.0.0.1 is not accepted: unable to get local issuer" in outcome.reason
