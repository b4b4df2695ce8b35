from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from drivers.mqtt import PLUGIN, MqttConnection


def connection(**fields: Any) -> MqttConnection:
    return MqttConnection.model_validate({"driver": "mqtt", **fields})


def kinds(caught: pytest.ExceptionInfo[ValidationError]) -> list[tuple[str, tuple[int | str, ...]]]:
    return [(error["type"], error["loc"]) for error in caught.value.errors()]


def test_ports_are_the_usual_ones_unless_written() -> None:
    assert (connection(url="mqtt://10.0.0.5").host, connection(url="mqtt://10.0.0.5").port) == ("10.0.0.5", 1883)
    assert connection(url="mqtts://broker.site").port == 8883
    assert connection(url="mqtt://[::1]:1884").host == "::1"


@pytest.mark.parametrize(
    "url",
    ["broker", "http://broker", "mqtt://", "mqtt://:1883", "mqtt://b:99999", "mqtt://u:secret@b", "mqtt://b/path"],
)
def test_a_bad_url_is_a_finding_that_does_not_repeat_it(url: str) -> None:
    with pytest.raises(ValidationError) as caught:
        connection(url=url)
    assert kinds(caught) == [("bad_broker_url", ("url",))]
    assert "secret" not in caught.value.errors()[0]["msg"]


def test_a_password_in_the_clear_is_refused_except_on_this_machine() -> None:
    for host in ("127.0.0.1", "localhost", "[::1]"):
        connection(url=f"mqtt://{host}", username="u", password="p")
    connection(url="mqtts://broker.site", username="u", password="p")
    with pytest.raises(ValidationError) as caught:
        connection(url="mqtt://broker.site", username="u", password="hunter2")
    assert kinds(caught) == [("credentials_in_clear", ("password",))]
    assert "hunter2" not in str(caught.value)


def test_several_faults_of_one_connection_are_told_at_once(tmp_path: Path) -> None:
    (tmp_path / "c.pem").touch()
    with pytest.raises(ValidationError) as caught:
        connection(url="mqtt://127.0.0.1", password="p", certificate=tmp_path / "c.pem")
    assert {kind for kind, _ in kinds(caught)} == {
        "password_without_username",
        "half_a_client_certificate",
        "certificate_without_tls",
    }


def test_a_password_never_shows() -> None:
    settings = connection(url="mqtt://127.0.0.1", username="u", password="hunter2")
    assert "hunter2" not in repr(settings) + settings.model_dump_json()


@pytest.mark.parametrize("topic", ["site/+/x", "site/#", "$SYS/x", "", "a\x00b", "a\nb", "x" * 2000, "a\ud800"])
def test_a_device_has_one_plain_topic(topic: str) -> None:
    with pytest.raises(ValidationError) as caught:
        PLUGIN.device.model_validate({"id": "EL-1", "profile": "elevator", "on": "broker", "topic": topic})
    assert caught.value.errors()[0]["loc"] == ("topic",)


def test_samples_need_stamps() -> None:
    with pytest.raises(ValidationError) as caught:
        PLUGIN.profile.model_validate(
            {"profile": "p", "driver": "mqtt", "samples": "data", "points": [{"name": "speed"}]}
        )
    assert kinds(caught)[0][0] == "samples_without_stamp"
