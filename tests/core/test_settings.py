"""The gateway's own sections of config.yaml."""

import pytest
from pydantic import ValidationError

from gateway.core.settings import Site, Web


def _site(timezone: str) -> Site:
    return Site(id="x", name="X", timezone=timezone)


@pytest.mark.parametrize("zone", ["Asia/Shanghay", "", "../../etc/passwd", "/etc/passwd"])
def test_a_time_zone_must_exist(zone: str) -> None:
    with pytest.raises(ValidationError, match="time zone"):
        _site(zone)


@pytest.mark.parametrize("bind", ["127.0.0.1:8787", "localhost:1", "[::1]:80", "127.0.0.2:65535"])
def test_local_pages_stay_on_this_machine(bind: str) -> None:
    web = Web(bind=bind)
    assert f"{web.host}:{web.port}" == bind.replace("[", "").replace("]", "")


@pytest.mark.parametrize("bind", ["0.0.0.0:8787", ":8787", "[::]:80", "192.168.1.2:80", "example.org:80"])
def test_an_open_bind_is_refused(bind: str) -> None:
    with pytest.raises(ValidationError, match="other machines"):
        Web(bind=bind)


@pytest.mark.parametrize("bind", ["127.0.0.1", "127.0.0.1:http", "127.0.0.1:0", "127.0.0.1:70000"])
def test_a_bind_needs_a_port(bind: str) -> None:
    with pytest.raises(ValidationError, match="port"):
        Web(bind=bind)
