"""`gateway status`: a running daemon, a stopped one, one that never ran; in both languages."""

import json
from contextlib import closing, nullcontext
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from gateway.cli.main import app
from gateway.cli.screen import FAILED
from gateway.delivery.records import Changes
from gateway.delivery.store import Store
from tests.cli import shop, worked
from tests.cli.shop import RED, YELLOW


@pytest.fixture
def site(tmp_path: Path) -> Path:
    return shop.write_site(tmp_path)


def status(site: Path, *words: str) -> Result:
    return CliRunner().invoke(app, ["status", "-c", str(site), *words])


def test_a_degraded_daemon(site: Path) -> None:
    with shop.daemon(site):
        result = status(site)
    assert result.exit_code == FAILED
    assert result.output.splitlines() == [
        "shop  degraded",
        "",
        "  degraded  connection pump-room  since 03-16 16:58:30",
        "    P-2 offline: no answer within 1 s",
        "  ok        dispatch",
        "",
        "devices: 1 good, 1 offline",
        "  offline  P-2  since 03-16 16:58:30",
        "    no answer within 1 s",
        "",
        "open tickets: 2",
        "  red     open  P-1 水泵干转",
        "  yellow  open  P-2 runs \ufffd[31mstrangely\ufffd[0m",
    ]


def test_a_healthy_daemon(site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    well = {**shop.HEALTH, "status": "ok", "parts": [], "devices": {}, "open_tickets": []}
    monkeypatch.setattr(shop, "HEALTH", well)
    with shop.daemon(site):
        result = status(site)
    assert (result.exit_code, result.output) == (0, "shop  ok\n\nopen tickets: 0\n")


def test_the_report_for_machines_is_the_daemons_own(site: Path) -> None:
    with shop.daemon(site):
        result = status(site, "--json")
    assert (result.exit_code, json.loads(result.output)) == (FAILED, json.loads(json.dumps(shop.HEALTH)))


def test_a_stopped_daemon_left_its_tickets(site: Path) -> None:
    shop.keep_tickets(site.parent / "var")
    report = json.loads(status(site, "--json").output)
    assert (report["status"], report["reason"]) == ("stopped", "")
    assert report["outbox"] == {"sent": 2, "pending": 1, "parked": 1, "damaged": 0, "oldest_pending": int(shop.T0)}
    assert [ticket["id"] for ticket in report["open_tickets"]] == [YELLOW.id, RED.id], (
        "oldest first, as the daemon has them"
    )
    assert status(site).exit_code == FAILED


def test_a_daemon_that_never_ran(site: Path) -> None:
    result = status(site)
    assert (result.exit_code, result.stderr) == (FAILED, "")
    assert f"no daemon has run with the state folder {site.parent / 'var'}" in result.output


def test_a_daemon_that_does_not_answer(site: Path) -> None:
    with closing(Store(site.parent / "var")):
        report = json.loads(status(site, "--json", "--lang", "zh").output)
    assert report["reason"].startswith("有网关正在使用状态目录")


@pytest.mark.parametrize("runs", [True, False], ids=["online", "offline"])
def test_what_is_held_back_is_counted_and_members_stand_with_their_parent(
    site: Path,
    runs: bool,  # noqa: FBT001 - a table
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(shop, "HEALTH", {**shop.HEALTH, "open_tickets": worked.open_tickets()})
    with closing(Store(site.parent / "var")) as store:
        store.commit(Changes((worked.PARENT, *worked.FOLLOWED, worked.HELD), saved_at=shop.T0))
    with shop.daemon(site) if runs else nullcontext():
        lines = status(site).output.splitlines()
    after = lines[lines.index("open tickets: 4, held back: 1") + 1 :]
    assert sorted([after[:2], after[2:]]) == [
        [
            f"  red     in progress  {worked.PARENT.title}",
            "    members: 2; missed: on site; raised to department head",
        ],
        ["  yellow  open         P-3 噪声", "    held back until 03-17 07:00:00: quiet hours"],
    ]


def test_another_folder_can_be_named(site: Path, tmp_path: Path) -> None:
    shop.keep_tickets(tmp_path / "elsewhere")
    report = json.loads(status(site, "--json", "--state", str(tmp_path / "elsewhere")).output)
    assert len(report["open_tickets"]) == 2


def test_the_sites_language(tmp_path: Path) -> None:
    chinese = shop.write_site(tmp_path, "zh")
    with shop.daemon(chinese):
        output = status(chinese).output
    assert "shop  有故障" in output
    assert "连接 pump-room" in output
    assert "未关闭的工单：2" in output


def test_a_wrong_site_is_explained_as_by_check(tmp_path: Path) -> None:
    file = tmp_path / "config.yaml"
    file.write_text("site: {id: shop\n", encoding="utf-8")
    result = status(file, "--lang", "en")
    assert (result.exit_code, result.stdout) == (FAILED, "")
    assert "config.yaml:1:" in result.stderr
    assert "1 error" in result.stderr
