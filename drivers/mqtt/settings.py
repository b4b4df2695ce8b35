"""What a person writes about a broker."""

import ipaddress
from typing import Annotated, Literal, Self
from urllib.parse import SplitResult, urlsplit

from pydantic import AfterValidator, Field, FilePath, SecretStr, model_validator
from pydantic_core import InitErrorDetails, PydanticCustomError, ValidationError

from drivers.device import Connection, Seconds, Written

_PORTS = {"mqtt": 1883, "mqtts": 8883}


def _checked_url(url: str) -> str:
    hint = "mqtt://host:port or mqtts://host:port; user and password have keys of their own"
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
        host.encode("idna")
    except ValueError:
        parts, host, port = SplitResult("", "", "", "", ""), "", 0
    extra = parts.username or parts.password or parts.path.strip("/") or parts.query or parts.fragment
    if parts.scheme not in _PORTS or not host or port == 0 or extra:
        # The url is not repeated here: somebody may have written a password into it.
        raise PydanticCustomError("bad_broker_url", "this is not the address of a broker; write {hint}", {"hint": hint})
    return url


class Broker(Written):
    """A broker. `mqtts` checks the broker's certificate and host name, always."""

    url: Annotated[str, AfterValidator(_checked_url)]
    username: str | None = None
    password: SecretStr | None = None
    ca: FilePath | None = None
    certificate: FilePath | None = None
    key: FilePath | None = None
    client_id: Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]{1,64}$")] | None = None
    version: Literal["v3.1.1", "v5"] = "v3.1.1"

    @property
    def host(self) -> str:
        """Host name or address."""
        return urlsplit(self.url).hostname or ""

    @property
    def port(self) -> int:
        """Port, or the usual one of the scheme."""
        parts = urlsplit(self.url)
        return parts.port or _PORTS[parts.scheme]

    @property
    def tls(self) -> bool:
        """Whether the connection is encrypted."""
        return self.url.startswith("mqtts:")

    @model_validator(mode="after")
    def _secrets_are_guarded(self) -> Self:
        found: list[tuple[str, PydanticCustomError]] = []
        if self.password is not None and not self.tls and not _is_this_machine(self.host):
            text = "the password would cross the network in the clear; use mqtts://, or a broker on this machine"
            found.append(("password", PydanticCustomError("credentials_in_clear", text)))
        if self.password is not None and self.username is None:
            found.append(("password", PydanticCustomError("password_without_username", "MQTT has no password alone")))
        if (self.certificate is None) != (self.key is None):
            text = "a client certificate needs both: certificate and key"
            key = "certificate" if self.key is None else "key"
            found.append((key, PydanticCustomError("half_a_client_certificate", text)))
        if not self.tls and (self.ca or self.certificate):
            text = "certificates have no effect without mqtts://"
            found.append(("url", PydanticCustomError("certificate_without_tls", text)))
        if found:
            errors = [InitErrorDetails(type=problem, loc=(key,), input=None) for key, problem in found]
            raise ValidationError.from_exception_data("Broker", errors)
        return self


class MqttConnection(Connection, Broker):
    """A broker from which devices are read."""

    driver: Literal["mqtt"] = "mqtt"
    qos: Literal[0, 1, 2] = 1
    keepalive: Annotated[Seconds, Field(ge=5, le=3600)] = 30.0
    keep_session: bool = False
    """Ask the broker to keep messages while the gateway is away; a convenience, never a guarantee."""


def _is_this_machine(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
