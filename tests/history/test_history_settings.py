from typing import Any

import pytest
from pydantic import ValidationError

from gateway.core.history_settings import HistorySettings, size_bytes

INFLUX = {"url": "http://db.lan:8086/", "bucket": "site"}


@pytest.mark.parametrize(
    ("text", "size"), [("2GiB", 2**31), ("500 MB", 500_000_000), ("1.5kB", 1500), ("64KiB", 65536), ("7B", 7)]
)
def test_sizes(text: str, size: int) -> None:
    assert size_bytes(text) == size


def test_defaults_and_a_full_example() -> None:
    assert HistorySettings().local.max_size == 2 * 2**30
    written = HistorySettings.model_validate(
        {"local": {"keep": "30d"}, "influxdb": {**INFLUX, "org": "o", "token": "s3cret", "buffer_size": "500MB"}}
    )
    assert written.local.keep == 30 * 86400
    assert written.influxdb is not None
    assert written.influxdb.url == "http://db.lan:8086"
    assert "s3cret" not in repr(written)


@pytest.mark.parametrize(
    ("settings", "kind"),
    [
        ({"local": {"max_size": 2048}}, "size_without_unit"),
        ({"local": {"max_size": "big"}}, "bad_size"),
        ({"local": {"max_size": "1MiB"}}, "greater_than_equal"),
        ({"local": {"keep": 30}}, "duration_without_unit"),
        ({"influxdb": {**INFLUX, "url": "db.lan:8086"}}, "bad_url"),
        ({"influxdb": {**INFLUX, "url": "http://me:pw@db.lan"}}, "credentials_in_url"),
        ({"influxdb": {**INFLUX, "api": "v3"}}, "literal_error"),
        ({"influxdb": {**INFLUX, "tokn": "x"}}, "extra_forbidden"),
    ],
)
def test_findings(settings: dict[str, Any], kind: str) -> None:
    with pytest.raises(ValidationError) as error:
        HistorySettings.model_validate(settings)
    assert [finding["type"] for finding in error.value.errors()] == [kind]
