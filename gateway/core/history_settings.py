"""Settings of the history: how much to keep on this machine, and the InfluxDB to copy it to."""

import re
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr
from pydantic_core import PydanticCustomError

from drivers.device import Seconds, Written

_UNITS = {"B": 1, "kB": 10**3, "MB": 10**6, "GB": 10**9, "KiB": 2**10, "MiB": 2**20, "GiB": 2**30, "TiB": 2**40}
_SIZE = re.compile(rf"(\d+(?:\.\d+)?)\s*({'|'.join(_UNITS)})")
_URL = re.compile(r"https?://[^\s/@]+(/[^\s@]*)?")


def size_bytes(text: Any) -> Any:
    """Turn "500MB" or "2GiB" into bytes; a number without a unit is an error that says so."""
    if isinstance(text, str) and (match := _SIZE.fullmatch(text.strip())):
        return int(float(match[1]) * _UNITS[match[2]])
    if isinstance(text, (int, float)) and not isinstance(text, bool):
        raise PydanticCustomError(
            "size_without_unit", "{value} has no unit; did you mean {value}MiB or {value}GiB?", {"value": text}
        )
    raise PydanticCustomError(
        "bad_size",
        "{value!r} is not a size; write a number and kB, MB, GB, KiB, MiB or GiB, such as 2GiB",
        {"value": text},
    )


def _plain_url(url: str) -> str:
    if "@" in url:
        raise PydanticCustomError("credentials_in_url", "a URL must not carry credentials; use token: !secret …", {})
    if not _URL.fullmatch(url):
        raise PydanticCustomError("bad_url", "{value!r} is not an http:// or https:// address", {"value": url})
    return url.rstrip("/")


_Size = Annotated[
    str,
    Field(
        pattern=rf"^\s*\d+(\.\d+)?\s*({'|'.join(_UNITS)})\s*$",
        examples=["500MB", "2GiB"],
        json_schema_extra={"patternErrorMessage": "a number and kB, MB, GB, KiB, MiB or GiB, such as 2GiB"},
    ),
]

Bytes = Annotated[int, BeforeValidator(size_bytes, json_schema_input_type=_Size)]
"""Bytes in the program; "500MB", "2GiB" in YAML. The unit is required."""

Url = Annotated[str, AfterValidator(_plain_url)]
"""Scheme, host and perhaps a path; no credentials, no slash at the end."""


class LocalSettings(Written):
    """The history file on this machine, bounded by age and by size; whichever comes first."""

    keep: Annotated[Seconds, Field(gt=0)] = 30 * 86400.0
    max_size: Annotated[Bytes, Field(ge=32 * 2**20)] = 2 * 2**30


class InfluxSettings(Written):
    """An InfluxDB (or VictoriaMetrics) that gets every reading; `buffer_size` may wait on disk while it is down.

    `api: v1` is for InfluxDB before 1.8: `bucket` is then the database, and `token` is "user:password" or empty.
    """

    url: Url
    org: str = ""
    bucket: Annotated[str, Field(min_length=1)]
    token: SecretStr = SecretStr("")
    api: Literal["v2", "v1"] = "v2"
    buffer_size: Annotated[Bytes, Field(ge=2**20)] = 2**30


class HistorySettings(Written):
    """Where readings are kept."""

    local: LocalSettings = LocalSettings()
    influxdb: InfluxSettings | None = None
