"""Who may ask what, and that nothing that anybody sends is answered with a server's error."""

import json

import pytest
from aiohttp import ClientSession
from prometheus_client import CollectorRegistry

from gateway.web import server
from gateway.web.server import LocalWeb
from tests.needs import absent
from tests.web.conftest import TICKET, TOKEN, Shown, raw

RIGHT = {"Authorization": f"Bearer {TOKEN}"}
CLOSE = f"/api/tickets/{TICKET}/close"


@pytest.mark.parametrize(
    "path",
    [
        *("/health", "/metrics", "/api/status", "/api/why?rule=dry&device=P-1"),
        *("/api/tickets", "/api/tickets?limit=1", f"/api/tickets/{TICKET}", "/api/silences"),
    ],
)
async def test_anybody_on_this_machine_may_read(pages: ClientSession, path: str) -> None:
    async with pages.get(path) as answer:
        assert answer.status == 200
        if "metrics" not in path:
            json.loads(await answer.text())
    async with pages.head(path) as answer:
        assert answer.status == 200


@pytest.mark.parametrize("asked", ["", "?rule=dryer&device=P-1", "?rule=%00&device=%ff"])
async def test_a_rule_that_is_not_there_is_not_found(pages: ClientSession, asked: str) -> None:
    async with pages.get(f"/api/why{asked}") as answer:
        assert answer.status == 404


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Host": "localhost"}, 200),
        ({"Host": "LOCALHOST:8787"}, 200),
        ({"Host": "127.0.0.1:1"}, 200),
        ({"Host": "[::1]:8787"}, 200),
        ({"Host": "[::1]"}, 200),
        ({"Host": "evil.example"}, 403),
        ({"Host": "evil.example:8787"}, 403),
        ({"Host": "127.0.0.1.evil.example"}, 403),
        ({"Host": "localhost:8787:evil"}, 403),
        ({"Host": "user@localhost"}, 403),
        ({"Host": ""}, 403),
        ({"Origin": "http://evil.example"}, 403),
        ({"Origin": "http://127.0.0.1:8787"}, 403),
        ({"Origin": "null"}, 403),
    ],
)
@pytest.mark.parametrize("path", ["/health", "/nowhere"])
async def test_a_browser_that_was_lured_here_sees_nothing(
    pages: ClientSession, headers: dict[str, str], status: int, path: str
) -> None:
    async with pages.get(path, headers=headers) as answer:
        assert answer.status == (404 if status == 200 and path == "/nowhere" else status)


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Authorization": ""},
        {"Authorization": "Bearer"},
        {"Authorization": "Bearer wrong"},
        {"Authorization": TOKEN},
        {"Authorization": f"bearer {TOKEN}"},
        {"Authorization": f"Bearer {TOKEN}x"},
        {"Authorization": "Bearer \udcff\udc80"},
        {"Authorization": "Bearer 令牌"},
    ],
)
@pytest.mark.usefixtures("pages")
async def test_without_the_token_nothing_changes(port: int, shown: Shown, headers: dict[str, str]) -> None:
    lines = [f"POST {CLOSE} HTTP/1.1", f"Host: localhost:{port}", "Content-Length: 0", "Connection: close"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    answer = await raw(port, "\r\n".join([*lines, "", ""]).encode("utf-8", "surrogateescape"))
    assert answer.startswith(b"HTTP/1.1 401 ")
    assert TOKEN.encode() not in answer
    assert shown.asked == []


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS", "POST"])
async def test_other_methods_are_told_so(pages: ClientSession, method: str) -> None:
    async with pages.request(method, "/health") as answer:
        assert answer.status == 401
    async with pages.request(method, "/health", headers=RIGHT) as answer:
        assert answer.status == 405


async def test_what_is_not_there_is_not_there(pages: ClientSession, shown: Shown) -> None:
    for path in ("/", "/api", "/api/tickets/none", f"/api/tickets/{TICKET}/close", "/favicon.ico", "/../etc/passwd"):
        async with pages.get(path) as answer:
            assert answer.status in {404, 405}, path
    for path in ("/api/tickets/none/close", f"/api/tickets/{TICKET}/explode", f"/api/tickets/{TICKET}/"):
        async with pages.post(path, headers=RIGHT) as answer:
            assert answer.status == 404, path
    assert ("ticket", "none") in shown.asked


@pytest.mark.parametrize("ticket", ["%FF", "%ED%A0%80", "%00", "a%2Fb", "%0d%0aX", "x" * 300, "%E2%80%AE"])
async def test_an_id_that_no_ticket_can_have_is_not_looked_for(pages: ClientSession, shown: Shown, ticket: str) -> None:
    from yarl import URL  # noqa: PLC0415

    path = URL(f"http://{pages._base_url.host}:{pages._base_url.port}/api/tickets/{ticket}", encoded=True)  # type: ignore[union-attr]
    async with pages.get(path) as answer:
        assert answer.status == 404
    assert shown.asked == []


@pytest.mark.parametrize(
    ("limit", "status"),
    [("1", 200), ("10000", 200), ("9999", 200)]
    + [(limit, 400) for limit in ("0", "10001", "-1", "1.5", "", "abc", "٣", "1e3", "000010000999", "9" * 5000, " 5")],
)
async def test_limits(pages: ClientSession, shown: Shown, limit: str, status: int) -> None:
    async with pages.get("/api/tickets", params={"limit": limit, "status": "open"}) as answer:
        assert answer.status == status
    assert shown.asked == ([("tickets", "open", int(limit))] if status == 200 else [])


@pytest.mark.parametrize(
    ("body", "by"),
    [
        (b"", "local"),
        (b"{}", "local"),
        (b'{"by": ""}', "local"),
        (b'{"by": "  "}', "local"),
        ('{"by": "李工"}'.encode(), "李工"),
        (b'{"by": "li@pump-room (A)"}', "li@pump-room (A)"),
        (b'{"by": 7}', "7"),
        (b'{"by": "a\\r\\nticket=x\\u001b[31m"}', "aticketx31m"),
        (b'{"by": "\\u202egnol"}', "gnol"),
        (b"[1]", "local"),
        (b'{"by": "' + b"x" * 1000 + b'"}', "x" * 64),
    ],
)
async def test_who_did_it(pages: ClientSession, shown: Shown, body: bytes, by: str) -> None:
    async with pages.post(CLOSE, data=body, headers=RIGHT) as answer:
        assert answer.status == 200
        assert await answer.json() == {"done": "close"}
    assert [asked[:4] for asked in shown.asked] == [("act", TICKET, "closed", by)]


@pytest.mark.parametrize(
    ("action", "body", "status", "verdict"),
    [
        ("close", b'{"by": "li"}', 200, "done"),
        ("close", b'{"verdict": "done"}', 200, "done"),
        ("close", b'{"by": "li", "verdict": "normal"}', 200, "normal"),
        ("close", b'{"verdict": "false"}', 200, "false"),
        ("close", b'{"verdict": false}', 400, None),
        ("close", b'{"verdict": null}', 400, None),
        ("close", b'{"verdict": ["false"]}', 400, None),
        ("close", b'{"verdict": "wrong"}', 400, None),
        ("ack", b'{"verdict": "done"}', 400, None),
        ("resend", b'{"verdict": "false"}', 400, None),
        ("ack", b"{}", 200, "done"),
        ("close", b'{"verdicts": "done"}', 400, None),
    ],
)
async def test_what_it_was(
    pages: ClientSession, shown: Shown, action: str, body: bytes, status: int, verdict: str | None
) -> None:
    async with pages.post(f"/api/tickets/{TICKET}/{action}", data=body, headers=RIGHT) as answer:
        assert answer.status == status
    assert [asked[-1].verdict for asked in shown.asked] == ([] if verdict is None else [verdict])


@pytest.mark.parametrize(
    ("body", "content", "status"),
    [
        (b"by=li", "application/x-www-form-urlencoded", 400),
        (b"{", "application/json", 400),
        (b"\xff\xfe", "application/json", 400),
        (b'{"by": "\\ud800"}', "application/json", 400),
        (b"[" * 60_000, "application/json", 400),
        (b'{"by": ' * 8000, "application/json", 400),
        (b'{"by": "li"}', "application/json; charset=none-such", 200),
        (b" " * 65_536 + b"{}", "application/json", 413),
        (b"x" * 1_000_000, "application/json", 413),
    ],
)
async def test_bodies_that_are_no_good(
    pages: ClientSession, shown: Shown, body: bytes, content: str, status: int
) -> None:
    async with pages.post(CLOSE, data=body, headers={**RIGHT, "Content-Type": content}) as answer:
        assert answer.status == status
    assert len(shown.asked) == (status == 200)


async def test_a_state_file_that_cannot_be_read_is_said(pages: ClientSession, shown: Shown) -> None:
    shown.unavailable = True
    async with pages.get("/api/tickets") as answer:
        assert (answer.status, await answer.text()) == (503, "disk I/O error")
    async with pages.get("/health") as answer:
        assert answer.status == 200


async def test_an_answer_that_does_not_come_is_given_up(
    pages: ClientSession, shown: Shown, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "SLOWEST_ANSWER_S", 0.05)
    shown.slow_s = 5.0
    async with pages.get("/api/tickets") as answer:
        assert (answer.status, await answer.text()) == (503, "this took too long")


async def test_a_taken_port_is_an_os_error_and_stop_is_safe(
    pages: ClientSession, shown: Shown, figures: CollectorRegistry, port: int
) -> None:
    second = LocalWeb(f"127.0.0.1:{port}", TOKEN, shown, figures)
    with pytest.raises(OSError, match=r"(?i)address already in use"):
        await second.start()
    await second.stop()
    async with pages.get("/health") as answer:
        assert answer.status == 200


async def test_it_listens_on_the_six_loopback_too(shown: Shown, figures: CollectorRegistry, port: int) -> None:
    web = LocalWeb(f"[::1]:{port}", TOKEN, shown, figures)
    try:
        await web.start()
    except OSError as error:
        if error.errno in {97, 99}:
            absent("this machine has no IPv6")
        raise
    async with ClientSession() as session, session.get(f"http://[::1]:{port}/health") as answer:
        assert answer.status == 200
    await web.stop()
