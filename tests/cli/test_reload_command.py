"""`gateway reload`, and what `gateway status` says of the last one; in both languages."""

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from gateway.app.ticket_view import whole
from gateway.cli.main import app
from gateway.cli.screen import FAILED
from gateway.cli.ticket_view import ticket_page
from gateway.cli.view import reload_lines
from gateway.core.settings import Site
from tests.cli import shop

ZONE = Site(id="shop", name="The Shop", timezone="Asia/Shanghai").zone


@pytest.fixture
def site(tmp_path: Path) -> Path:
    return shop.write_site(tmp_path)


def gateway(command: str, site: Path, *words: str) -> Result:
    return CliRunner().invoke(app, [command, "-c", str(site), *words])


def test_a_reload_says_what_changed(site: Path) -> None:
    with shop.daemon(site) as window:
        result = gateway("reload", site)
    assert (result.exit_code, window.asked) == (0, [("", "reload", "")])
    lines = result.output.splitlines()
    assert lines[0] == "03-16 17:00:00  accepted"
    assert lines[1:3] == ["    1 added: pump-noise", "    1 removed: pump-old"]
    assert lines[3].startswith("    40 changed, which start anew: pump-0, pump-1")
    assert lines[3].endswith("…")
    assert lines[4:] == [
        "    1 with other words or another policy only: pump-dry-run",
        "    1 policies changed: soon",
        "    1 alerts ended with their rule: pump-old P-1",
        "    1 wait until their windows have filled: pump-noise",
    ]


def test_a_refused_reload_says_where_the_mistake_is(site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shop, "ACCEPTED", shop.REFUSED)
    with shop.daemon(site):
        result, for_machines = gateway("reload", site, "--lang", "zh"), gateway("reload", site, "--json")
    assert (result.exit_code, for_machines.exit_code) == (FAILED, FAILED)
    assert json.loads(for_machines.output) == shop.REFUSED
    assert result.output.splitlines() == [
        "03-16 17:00:00  拒绝加载",
        "    packs/pumps.yaml:3: presure is neither a point nor a rating",
    ]


def test_without_a_daemon_there_is_nobody_to_reload(site: Path) -> None:
    result = gateway("reload", site, "--lang", "en")
    assert result.exit_code == FAILED
    assert f"no daemon of this site answers at {shop.bind_of(site)}" in result.stderr


def test_a_wrong_site_is_shown_before_anybody_is_asked(site: Path) -> None:
    with shop.daemon(site) as window:
        site.write_text(site.read_text().replace("site:", "sight:"))
        result = gateway("reload", site)
    assert (result.exit_code, window.asked) == (FAILED, [])
    assert "config.yaml:1:1" in result.stderr


@pytest.mark.parametrize("last", [None, shop.REFUSED, shop.ACCEPTED])
def test_the_status_tells_of_the_last_reload(site: Path, monkeypatch: pytest.MonkeyPatch, last: Any) -> None:
    configuration = {"since": shop.T0 - 60.0, "rules": 8, "reload": last}
    monkeypatch.setattr(shop, "HEALTH", {**shop.HEALTH, "configuration": configuration})
    with shop.daemon(site):
        lines = gateway("status", site).output.splitlines()
    at = lines.index("rules: 8, in force since 03-16 16:59:00")
    assert lines[at + 1] == (f"  03-16 17:00:00  {last['outcome']}" if last else "")


def test_every_word_of_a_reload_is_there_in_chinese() -> None:
    for line in reload_lines(shop.ACCEPTED, ZONE, "zh"):
        assert not line.plain.isascii()


def test_a_ticket_whose_rule_was_removed_says_so() -> None:
    gone = {"event": "condition_cleared", "created_at": shop.T0, "body": {"reason": "rule_removed"}}
    ticket = {
        **whole(shop.RED, [], [], [], shop.TERMS, shop.T0),
        "deliveries": [{"message": gone, "state": "sent", "last_answer": ""}],
    }
    assert "condition cleared (rule removed)  sent" in [*ticket_page(ticket, ZONE, "en")][-1].plain
    assert "恢复 (规则已删除)" in [*ticket_page(ticket, ZONE, "zh")][-1].plain
