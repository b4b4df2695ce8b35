"""What a person writes about Modbus lines and the devices on them, and every way in which it can be wrong."""

from collections.abc import Iterator
from typing import Annotated, Literal, NamedTuple, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, FilePath, model_validator
from pydantic_core import InitErrorDetails, PydanticCustomError

from drivers.device import Connection, Device, Seconds
from drivers.modbus.findings import finding, raise_all

Scheme = Literal["tcp", "tls", "rtu", "rtu+tcp"]

_PORTS = {"tcp": 502, "tls": 802, "rtu+tcp": 502}
_CHARACTER_BITS = 11  # start, eight data bits, parity or second stop, stop; Modbus over serial line 1.02, section 2.5.1
_FASTEST_S = 0.00175  # the silence above 19,200 baud, the same section
_HINT = "tcp://192.168.1.20:502, tls://host:802, rtu+tcp://host:port or rtu:///dev/serial/by-id/..."


class Where(NamedTuple):
    """The parts of an address: host and port, or the path of a serial port."""

    scheme: Scheme
    host: str
    port: int
    path: str


def where(url: str) -> Where | None:
    """Take an address apart; None if it is none."""
    try:
        parts = urlsplit(url)
        port = parts.port
        (parts.hostname or "").encode("idna")  # as it will be looked up; the error is a ValueError, too
    except ValueError:
        return None
    if not url.isprintable() or parts.query or parts.fragment or parts.username or port == 0:
        return None
    if parts.scheme == "rtu":
        return Where("rtu", "", 0, parts.path) if parts.path.strip("/") and not parts.netloc else None
    if parts.scheme not in _PORTS or not parts.hostname or parts.path.strip("/"):
        return None
    scheme: Scheme = "tcp" if parts.scheme == "tcp" else "tls" if parts.scheme == "tls" else "rtu+tcp"
    return Where(scheme, parts.hostname, port or _PORTS[scheme], "")


def _address(url: str) -> str:
    if where(url) is not None:
        return url
    raise PydanticCustomError(
        "bad_modbus_url", "{url!r} is no address of Modbus equipment", {"url": url, "hint": _HINT}
    )


def _unit(number: int) -> int:
    if 0 <= number <= 247 or number == 255:
        return number
    raise PydanticCustomError(
        "unit_out_of_range",
        "unit {unit} is outside 1-247; a device with an address of its own also takes 0 or 255",
        {"unit": number},
    )


def _positive(seconds: float) -> float:
    if seconds > 0:
        return seconds
    raise PydanticCustomError("not_positive", "{value} s is not a time to wait", {"value": seconds})


Positive = Annotated[Seconds, AfterValidator(_positive)]


class ModbusDevice(Device):
    """A unit on a connection: `unit` is its Modbus address, `every` the time between two polls.

    `timeout` replaces the connection's for a slow device, `gap` and `settle` its profile's.
    """

    unit: Annotated[int, AfterValidator(_unit)] = 1
    every: Positive = 5.0
    timeout: Positive | None = None
    gap: Seconds | None = None
    settle: Seconds | None = None


class ModbusConnection(Connection):
    """One line; every device on it shares it, one question at a time.

    `timeout` is how long an answer may take, `gap` the pause that a slow line needs between two requests, `settle` the
    one after connecting, `retries` how often a question is repeated before the poll has failed. Serial ports have
    `baud`, `parity` and `stop_bits`; `tls` checks the other side's certificate and host name, always.
    """

    driver: Literal["modbus"]
    url: Annotated[str, AfterValidator(_address)]
    timeout: Positive = 1.0
    gap: Seconds = 0.0
    settle: Seconds = 0.0
    retries: Literal[0, 1] = 0
    baud: Annotated[int, Field(ge=300, le=921_600)] = 9600
    parity: Literal["none", "even", "odd"] = "none"
    stop_bits: Literal[1, 2] = 1
    ca: FilePath | None = None
    certificate: FilePath | None = None
    key: FilePath | None = None

    @model_validator(mode="after")
    def _keys_fit_the_line(self) -> Self:
        raise_all("ModbusConnection", [*self._misplaced(), *self._half_secured()])
        return self

    @property
    def where(self) -> Where:
        """The address in parts."""
        found = where(self.url)
        assert found is not None, "checked when it was read"  # noqa: S101
        return found

    @property
    def host(self) -> str:
        """Name or address of the other side; empty for a serial port."""
        return self.where.host

    @property
    def port(self) -> int:
        """TCP port, the usual one unless the url says otherwise; 0 for a serial port."""
        return self.where.port

    @property
    def name(self) -> str:
        """What people call the other side."""
        host, port = self.where.host, self.where.port
        return self.where.path or (f"[{host}]:{port}" if ":" in host else f"{host}:{port}")

    @property
    def is_rtu(self) -> bool:
        """Whether frames are those of a serial line, with a checksum and without a number."""
        return self.where.scheme in ("rtu", "rtu+tcp")

    @property
    def silence_s(self) -> float:
        """What the line needs between two frames: 3.5 characters on a serial port, nothing elsewhere."""
        if self.where.scheme != "rtu":
            return 0.0
        return max(_FASTEST_S, 3.5 * _CHARACTER_BITS / self.baud)

    def wire_s(self, size: int) -> float:
        """How long so many bytes take on the line; 0 where that is not known."""
        return size * _CHARACTER_BITS / self.baud if self.is_rtu else 0.0

    def _misplaced(self) -> Iterator[InitErrorDetails]:
        scheme, written = self.where.scheme, self.model_fields_set
        for key in ("baud", "parity", "stop_bits"):
            if key in written and not (scheme == "rtu" or (scheme == "rtu+tcp" and key == "baud")):
                message = "{key} is for serial ports, and {url} is none; write rtu:///dev/... or leave it out"
                yield finding("serial_without_port", message, (key,), None, key=key, url=self.url)
        for key in ("ca", "certificate", "key"):
            if key in written and scheme != "tls":
                message = "{key} has no effect without tls://"
                yield finding("certificate_needs_tls", message, (key,), None, key=key)

    def _half_secured(self) -> Iterator[InitErrorDetails]:
        if (self.certificate is None) != (self.key is None):
            key = "certificate" if self.key is None else "key"
            yield finding(
                "half_a_client_certificate", "a client certificate needs both: certificate and key", (key,), None
            )
