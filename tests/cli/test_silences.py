"""`gateway tickets silence`, `silences`, `unsilence`: with a daemon, and on the state file of a stopped one."""

import getpass
import json
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from gateway.cli.main import app
from gateway.cli.screen import FAILED, WRONG_USE
from gateway.core.casework import Silence
from gateway.core.clock import SystemClock
from gateway.core.types import Hold, Level
from gateway.delivery.records import Changes
from gateway.delivery.store import Store
from tests.cli import shop, worked
from tests.cli.shop import QUIET, T0

LONG = ("--for", "4h", "--reason", "pumps are serviced")


@pytest.fixture
def site(tmp_path: Path) -> Path:
    return shop.write_site(tmp_path)


def tickets(site: Path, *words: str) -> Result:
    return CliRunner().invoke(app, ["tickets", *words, "-c", str(site)])


def listed(site: Path) -> list[Silence]:
    return [Silence(**each) for each in json.loads(tickets(site, "silences", "--json").output)]


def test_a_running_daemon_makes_lists_and_ends_them(site: Path) -> None:
    with shop.daemon(site) as window:
        made = tickets(site, "silence", "--class", "pump.*", "--building", "1", "--level", "red", *LONG)
        shown = tickets(site, "silences").output.splitlines()
        ended = tickets(site, "unsilence", QUIET.id)
    assert made.output == "silence 0a1b2c3d holds until 03-16 21:00:00\n"
    by = getpass.getuser()
    asked = Silence("0a1b2c3d", by, "pumps are serviced", T0, T0 + 14_400.0, "", "1", "pump.*", Level.RED)
    assert window.silenced == [asked]
    assert shown[1].split() == [
        *("5f2e9a01", "03-16", "21:00:00", "yellow", "building", "1,", "class", "pump.*"),
        *("li", "pumps", "are", "serviced"),
    ]
    assert (ended.output, window.asked) == (f"silence {QUIET.id} has ended\n", [(QUIET.id, "end", by)])


def test_without_a_daemon_they_are_kept_for_it(site: Path) -> None:
    state = site.parent / "var"
    shop.keep_tickets(state)
    before = SystemClock().now()
    made = tickets(site, "silence", "--device", "P-1", *LONG)
    assert made.exit_code == 0
    (silence,) = listed(site)
    assert (silence.by, silence.reason, silence.device) == (getpass.getuser(), "pumps are serviced", "P-1")
    assert silence.level == "yellow"
    assert silence.until - silence.made_at == 14_400.0
    assert silence.made_at >= before
    with closing(Store(state)) as store:
        assert [each.id for each in store.load().silences] == [silence.id]
        assert store.load().saved_at == T0 + 5.0
    assert tickets(site, "unsilence", silence.id).exit_code == 0
    assert listed(site) == []


def test_what_an_ended_silence_holds_back_need_not_wait_for_its_old_end(site: Path) -> None:
    state, now = site.parent / "var", SystemClock().now()
    silence = Silence("5f2e9a01", "li", "noise", now, now + 86_400.0, "P-3")
    held = replace(worked.HELD, messages=0, held=Hold.SILENCE, held_until=silence.until)
    with closing(Store(state)) as store:
        store.commit(Changes((held,), silences=(silence,), saved_at=now))
    assert tickets(site, "unsilence", silence.id).exit_code == 0
    with closing(Store(state)) as store:
        (waiting,) = store.load().open_tickets
    assert waiting.held_until is None or waiting.held_until < now + 600.0


@pytest.mark.parametrize(
    ("words", "english", "chinese"),
    [
        (
            [*LONG],
            "say what is to be silent with --device, --building or --class",
            "请用 --device、--building 或 --class 指明静默什么",
        ),
        (
            ["--level", "red", *LONG],
            "say what is to be silent with --device, --building or --class",
            "请用 --device、--building 或 --class 指明静默什么",
        ),
        (
            ["--device", "P-1", "--reason", "noise"],
            "say for how long with --for, such as --for 4h",
            "请用 --for 指明多久，如 --for 4h",
        ),
        (
            ["--device", "P-1", "--for", "4h"],
            "say with --reason why it is to be silent",
            "请用 --reason 说明为何静默",
        ),
        (
            ["--device", "P-1", "--for", "soon", "--reason", "noise"],
            "soon is not a duration; write a number and ms, s, m, h, d or w, such as 30s",
            "soon 不是时长；请写数字加 ms、s、m、h、d 或 w，例如 30s",
        ),
    ],
)
def test_wrong_use_is_one_sentence(site: Path, words: list[str], english: str, chinese: str) -> None:
    for language, label, sentence in (("en", "error", english), ("zh", "错误", chinese)):
        result = tickets(site, "silence", *words, "--lang", language)
        assert (result.exit_code, result.stdout, result.stderr) == (WRONG_USE, "", f"{label}: {sentence}\n")


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["silence", "--device", "P-7", *LONG], "there is no device P-7"),
        (["silence", "--building", "9", *LONG], "no device stands in building 9"),
        (["silence", "--class", "lift.*", *LONG], "no rule has the class lift.*; * stands for any characters"),
        (
            ["silence", "--device", "P-1", "--for", "5w", "--reason", "noise"],
            "a silence lasts more than nothing and at most 31 days",
        ),
        (
            ["silence", "--device", "P-1", "--for", "0h", "--reason", "noise"],
            "a silence lasts more than nothing and at most 31 days",
        ),
        (["unsilence", "none"], "there is no silence none in force"),
    ],
)
def test_what_would_hold_nothing_back_is_refused(site: Path, words: list[str], sentence: str) -> None:
    shop.keep_tickets(site.parent / "var")
    result = tickets(site, *words)
    assert (result.exit_code, result.stdout, result.stderr) == (FAILED, "", f"error: {sentence}\n")
    assert listed(site) == []


def test_what_a_daemon_refuses_is_said_in_the_language_of_the_site(site: Path) -> None:
    with shop.daemon(site):
        refused = tickets(site, "silence", "--device", "P-9", *LONG, "--lang", "zh")
        missing = tickets(site, "unsilence", "none", "--lang", "zh")
    assert (refused.exit_code, refused.stderr) == (FAILED, "错误: 没有设备 P-9\n")
    assert (missing.exit_code, missing.stderr) == (FAILED, "错误: 没有生效的静默 none\n")
