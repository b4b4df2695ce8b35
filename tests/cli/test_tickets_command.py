"""`gateway tickets`: the same words and effects whether the daemon runs or only its state file is there."""

import http.server
import json
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from gateway.cli.main import app
from gateway.cli.screen import FAILED, WRONG_USE
from gateway.core.types import Status
from gateway.delivery.store import Store
from tests.cli import shop
from tests.cli.shop import CLOSED, RED, YELLOW


@pytest.fixture
def site(tmp_path: Path) -> Path:
    return shop.write_site(tmp_path)


def tickets(site: Path, *words: str) -> Result:
    return CliRunner().invoke(app, ["tickets", *words, "-c", str(site)])


def keep(site: Path) -> Path:
    state = site.parent / "var"
    shop.keep_tickets(state)
    return state


def test_a_running_daemon_is_asked(site: Path) -> None:
    with shop.daemon(site):
        result = tickets(site, "list")
    assert result.exit_code == 0
    assert [line for line in result.output.splitlines() if "shop:" in line] == [
        f"    {ticket.id}" for ticket in (RED, YELLOW, CLOSED)
    ]


def test_without_a_daemon_the_state_file_is_read(site: Path) -> None:
    keep(site)
    running_or_not = tickets(site, "list")
    with shop.daemon(site):
        assert tickets(site, "list").output == running_or_not.output


@pytest.mark.parametrize("runs", [True, False], ids=["online", "offline"])
def test_the_list_can_be_cut_and_read_by_machines(site: Path, runs: bool) -> None:  # noqa: FBT001 - a table
    keep(site)
    with shop.daemon(site) if runs else _nobody():
        found = json.loads(tickets(site, "list", "--json", "--status", "open", "--limit", "1").output)
        closed = json.loads(tickets(site, "list", "--json", "--status", "closed").output)
    assert [ticket["id"] for ticket in found] == [RED.id]
    assert found[0]["delivery"] == {"sent": 0, "pending": 1, "parked": 0}
    assert [ticket["id"] for ticket in closed] == [CLOSED.id]


@pytest.mark.parametrize("runs", [True, False], ids=["online", "offline"])
def test_one_ticket_is_shown(site: Path, runs: bool) -> None:  # noqa: FBT001 - a table
    keep(site)
    with shop.daemon(site) if runs else _nobody():
        page = tickets(site, "show", RED.id)
        found = json.loads(tickets(site, "show", RED.id, "--json").output)
    assert (page.exit_code, found["id"]) == (0, RED.id)
    assert "P-1 水泵干转" in page.output


@pytest.mark.parametrize("runs", [True, False], ids=["online", "offline"])
@pytest.mark.parametrize(
    ("action", "sentence"),
    [
        ("show", "error: there is no ticket shop:nothing"),
        ("ack", "error: there is no open ticket shop:nothing"),
        ("close", "error: there is no open ticket shop:nothing"),
        ("resend", "error: no message of ticket shop:nothing waits or was refused"),
    ],
)
def test_a_wrong_id_fails_with_one_sentence(site: Path, runs: bool, action: str, sentence: str) -> None:  # noqa: FBT001
    keep(site)
    with shop.daemon(site) if runs else _nobody():
        result = tickets(site, action, "shop:nothing")
    assert (result.exit_code, result.stdout, result.stderr.strip()) == (FAILED, "", sentence)


def test_a_running_daemon_is_asked_to_send_again(site: Path) -> None:
    with shop.daemon(site) as window:
        result = tickets(site, "resend", RED.id)
    assert (result.exit_code, window.asked) == (0, [(RED.id, "resend", "")])
    assert "when the daemon runs" not in result.output


def test_acknowledging_and_closing_without_a_daemon_is_kept_for_it(site: Path) -> None:
    state = keep(site)
    assert tickets(site, "ack", RED.id).output == (
        f"{RED.id}: acknowledged\nthe dispatch API learns of it when the daemon runs\n"
    )
    assert tickets(site, "close", YELLOW.id).exit_code == 0
    with closing(Store(state)) as store:
        kept = {ticket.id: ticket.status for ticket, _ in store.tickets()}
        events = [out.message.event for out in (*store.messages(RED.id), *store.messages(YELLOW.id))]
        saved_at = store.load().saved_at
    assert kept == {RED.id: Status.ACKNOWLEDGED, YELLOW.id: Status.CLOSED, CLOSED.id: Status.CLOSED}
    assert events == ["created", "acknowledged", "created", "occurred_again", "closed"]
    assert saved_at == shop.T0 + 5.0, "the state must not look younger: downtime is not evidence"


def test_what_was_refused_is_sent_again(site: Path) -> None:
    state = keep(site)
    assert tickets(site, "resend", YELLOW.id).exit_code == 0
    with closing(Store(state)) as store:
        assert [out.state for out in store.messages(YELLOW.id)] == ["sent", "pending"]
    assert tickets(site, "resend", CLOSED.id).exit_code == FAILED


def test_a_state_that_never_was(site: Path) -> None:
    result = tickets(site, "list")
    assert (result.exit_code, result.stdout) == (FAILED, "")
    assert result.stderr == f"error: no daemon has run with the state folder {site.parent / 'var'}\n"


def test_a_daemon_that_does_not_answer_keeps_its_state(site: Path) -> None:
    with closing(Store(site.parent / "var")):
        result = tickets(site, "list")
    assert result.exit_code == FAILED
    assert result.stderr.startswith("error: a gateway works with the state folder ")
    assert shop.bind_of(site) in result.stderr


def test_another_daemons_pages_are_not_taken_for_ours(site: Path) -> None:
    with shop.daemon(site) as window:
        (site.parent / "var" / "control.token").write_text("another one")
        result = tickets(site, "ack", RED.id)
    assert (result.exit_code, window.asked) == (FAILED, [])
    assert "no daemon has run with the state folder" in result.stderr


def test_another_program_at_the_address(site: Path) -> None:
    with _some_web_server(shop.bind_of(site)):
        result = tickets(site, "list")
    assert result.exit_code == FAILED
    assert "no daemon has run with the state folder" in result.stderr


def test_errors_speak_the_language_of_the_site_or_the_one_asked_for(tmp_path: Path) -> None:
    chinese = shop.write_site(tmp_path, "zh")
    assert tickets(chinese, "list").stderr.startswith("错误: 还没有网关使用过状态目录")
    assert tickets(chinese, "list", "--lang", "en").stderr.startswith("error: no daemon has run")


@pytest.mark.parametrize(
    "words",
    [
        ["list", "--status", "lost"],
        ["list", "--limit", "0"],
        ["list", "--lang", "fr"],
        ["ack"],
        ["show", "a", "b"],
        ["burn", "a"],
    ],
)
def test_wrong_use_ends_with_two(words: list[str]) -> None:
    assert CliRunner().invoke(app, ["tickets", *words]).exit_code == WRONG_USE


@contextmanager
def _nobody() -> Iterator[None]:
    yield


@contextmanager
def _some_web_server(bind: str) -> Iterator[None]:
    class Hello(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"<html>hello</html>")

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
            pass

    with http.server.HTTPServer(("127.0.0.1", int(bind.rpartition(":")[2])), Hello) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        yield
        server.shutdown()
        thread.join(5)
