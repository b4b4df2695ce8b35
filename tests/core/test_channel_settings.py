"""The section `channels` of config.yaml: what is right, and what a person reads where it is wrong."""

from pathlib import Path

import pytest

from gateway.core.config import Loaded, load
from gateway.core.plugins import discover

SITE = """\
site: {id: demo, name: Demo, timezone: Asia/Shanghai}
connections: {bus: {driver: modbus, url: "tcp://127.0.0.1:502"}}
devices: [{id: P-1, profile: pump-set, on: bus}]
dispatch: {url: "http://127.0.0.1:18080"}
channels:
"""
SECRETS = {f"GATEWAY_SECRET_{name.upper()}": f"value-of-{name}" for name in ("ding", "sign", "mail")}
MAIL = "host: mail.lan, from: gw@lakeside.example, to: [a@lakeside.example]"


def check(folder: Path, channels: str) -> Loaded:
    (folder / "config.yaml").write_text(SITE + channels)
    return load(folder / "config.yaml", plugins=discover(), environment=SECRETS)


def test_all_kinds_are_read_as_their_own_models(tmp_path: Path) -> None:
    loaded = check(
        tmp_path,
        """\
  duty: {channel: dingtalk, token: !secret ding, secret: !secret sign}
  office: {channel: wecom, token: !secret ding, form: markdown}
  heads: {channel: feishu, token: !secret ding, url: "http://127.0.0.1:18300/open-apis/bot/v2/hook/"}
  mail: {channel: email, host: mail.lan, username: gw, password: !secret mail, from: gw@a.example, to: [b@a.example]}
  programs: {channel: mqtt, url: "mqtt://broker.lan"}
""",
    )
    assert loaded.config is not None, [finding.show() for finding in loaded.findings]
    kinds = {name: settings.channel for name, settings in loaded.config.channels.items()}
    assert kinds == {"duty": "dingtalk", "office": "wecom", "heads": "feishu", "mail": "email", "programs": "mqtt"}
    assert "value-of" not in repr(loaded.config.channels)


def test_a_site_needs_no_channel(tmp_path: Path) -> None:
    loaded = check(tmp_path, "  {}\n")
    assert loaded.config is not None
    assert loaded.config.channels == {}


@pytest.mark.parametrize(
    ("written", "kind", "hint"),
    [
        ("channel: dingtok, token: !secret ding", "unknown_channel_kind", "dingtalk"),
        ("token: !secret ding", "missing_key", None),
        ("channel: dingtalk, tokn: !secret ding", "unknown_key", "token"),
        ("channel: dingtalk, token: abc", "inline_secret", "!secret token"),
        ("channel: wecom, token: !secret ding, form: html", "not_a_choice", None),
        ('channel: wecom, token: !secret ding, url: "http://robot.lan/send"', "url_in_clear", "https://robot.lan/send"),
        ('channel: wecom, token: !secret ding, url: "ftp://robot.lan"', "bad_robot_url", None),
        ('channel: wecom, token: !secret ding, url: "https://robot.lan/send?key=5a1f"', "secret_in_url", None),
        ('channel: wecom, token: !secret ding, url: "https://me:5a1f@robot.lan/"', "secret_in_url", None),
        ('channel: feishu, token: !secret ding, url: "https://robot.lan/v2/hook/5a1f"', "secret_in_url", None),
        (f"channel: email, {MAIL}, tls: none", "mail_in_clear", None),
        (f"channel: email, {MAIL}, username: gw", "half_a_login", None),
        (f"channel: email, {MAIL}, password: !secret mail", "half_a_login", None),
        (MAIL.replace("a@lakeside.example", '"A <a@b>"') + ", channel: email", "bad_mail_address", None),
        (MAIL.replace("[a@lakeside.example]", "[]") + ", channel: email", "too_few", None),
        ('channel: mqtt, url: "mqtt://b.lan", topic: "a/#"', "bad_notice_topic", None),
        ('channel: mqtt, url: "mqtt://b.lan", username: u, password: !secret mail', "credentials_in_clear", None),
    ],
)
def test_what_is_wrong_is_shown_where_it_is(tmp_path: Path, written: str, kind: str, hint: str | None) -> None:
    loaded = check(tmp_path, f"  duty: {{{written}}}\n")
    assert loaded.config is None
    (finding,) = [finding for finding in loaded.findings if finding.severity == "error" and finding.kind == kind]
    assert finding.line == 6
    assert finding.column > 1
    assert hint is None or finding.context["hint"] == hint
    for language in ("en", "zh"):
        shown = finding.show(language="zh" if language == "zh" else "en")
        assert "5a1f" not in shown
        assert "value-of" not in shown


def test_a_secret_that_is_not_on_this_machine_is_a_warning_for_check(tmp_path: Path) -> None:
    (tmp_path / "config.yaml").write_text(SITE + "  duty: {channel: dingtalk, token: !secret ding}\n")
    loaded = load(tmp_path / "config.yaml", plugins=discover(), need_secrets=False, environment={})
    assert loaded.config is not None
