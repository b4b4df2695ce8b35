"""What a person writes about Modbus equipment, and every way in which it can be wrong; opens nothing."""

import math
from typing import Annotated, Any, Literal, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, model_validator
from pydantic_core import InitErrorDetails, PydanticCustomError, ValidationError

from drivers.codec import Encoding, Kind, Order, registers, sentinel
from drivers.device import Connection, Device, Point, Profile, Seconds
from drivers.plan import Place, Table, is_bits

_ADDRESSES = 65536
_DEFAULT_PORT = 502


class ModbusPoint(Point):
    """A value in a device's registers: value = raw * scale + offset. `manual` is the number that the manual prints."""

    table: Table = "holding"
    address: int
    type: Kind
    bit: int | None = None
    order: Order | None = None
    scale: float = 1.0
    offset: float = 0.0
    sentinels: tuple[int | float, ...] = ()
    manual: str = ""

    @model_validator(mode="after")
    def _fits_its_table(self) -> Self:
        _raise_all("ModbusPoint", [*self._placed(), *self._typed(), *self._scaled()])
        return self

    @property
    def place(self) -> Place:
        """Where the value lives on the wire."""
        return Place(self.table, self.address, 1 if is_bits(self.table) else registers(self.type))

    def encoding(self, order: Order) -> Encoding:
        """How the value is written, in a profile whose default is `order`."""
        marks = tuple(raw for mark in self.sentinels if (raw := sentinel(self.type, mark)) is not None)
        bounds = {"low": self.low, "high": self.high}
        return Encoding(self.type, self.order or order, self.bit or 0, self.scale, self.offset, marks, **bounds)

    def _placed(self) -> list[InitErrorDetails]:
        last = _ADDRESSES - self.place.width
        if 0 <= self.address <= last:
            return []
        message = "address {address} is outside 0-{last}; addresses are zero-based, as on the wire"
        return [_finding("address_out_of_range", message, ("address",), self.address, address=self.address, last=last)]

    def _typed(self) -> list[InitErrorDetails]:
        context = {"table": self.table, "type": self.type, "bit": self.bit}
        if is_bits(self.table):
            if self.type != "bool":
                message = "a {table} holds one bit, so its type is bool, not {type}"
                return [_finding("bit_table_type", message, ("type",), self.type, hint="bool", **context)]
            if self.bit is not None:
                message = "a {table} has no bits to choose from; give each its own address"
                return [_finding("bit_of_a_bit", message, ("bit",), self.bit, **context)]
        elif self.type == "bool" and self.bit is None:
            message = "bool in a {table} register needs bit: 0 to 15, counted from the lowest"
            return [_finding("bit_missing", message, ("type",), self.type, hint="bit: 0", **context)]
        elif self.type != "bool" and self.bit is not None:
            message = "bit {bit} of a {type} is not a number; write type: bool"
            return [_finding("bit_of_a_number", message, ("bit",), self.bit, hint="bool", **context)]
        elif self.bit is not None and not 0 <= self.bit <= 15:
            message = "bit {bit} is outside 0-15; a register has 16 bits, the lowest is 0"
            return [_finding("bit_out_of_range", message, ("bit",), self.bit, **context)]
        return []

    def _scaled(self) -> list[InitErrorDetails]:
        found = []
        if self.scale == 0 or not math.isfinite(self.scale):
            message = "scale {scale} would make every value the same or unknown"
            found.append(_finding("bad_scale", message, ("scale",), self.scale, scale=self.scale))
        if not math.isfinite(self.offset):
            message = "offset {offset} would make every value unknown"
            found.append(_finding("bad_offset", message, ("offset",), self.offset, offset=self.offset))
        if not self.low <= self.high:
            message = "low {low} is above high {high}, so no value would be possible"
            found.append(_finding("empty_range", message, ("low",), self.low, low=self.low, high=self.high))
        for i, mark in enumerate(self.sentinels):
            if sentinel(self.type, mark) is None:
                message = "sentinel {mark} cannot occur in a {type}; write the raw value, before scale and offset"
                where = ("sentinels", i)
                found.append(_finding("impossible_sentinel", message, where, mark, mark=mark, type=self.type))
        return found


def _some(points: tuple[ModbusPoint, ...]) -> tuple[ModbusPoint, ...]:
    # pydantic's min_length would also complain of every list in which a point is wrong
    if points:
        return points
    raise PydanticCustomError("no_points", "a profile without points would read nothing")


class ModbusProfile(Profile):
    """A device type: its register map, and how much of it one request may ask for.

    `order` is the word and byte order of values wider than a register. Up to `max_gap` registers may be read in vain
    to merge two reads; write 0 for a device that answers exception 2 to holes.
    """

    driver: Literal["modbus"]
    order: Order = "ABCD"
    max_registers: Annotated[int, Field(ge=1, le=125)] = 125
    max_gap: Annotated[int, Field(ge=0, le=124)] = 8
    points: Annotated[tuple[ModbusPoint, ...], AfterValidator(_some)]

    @model_validator(mode="after")
    def _registers_are_claimed_once(self) -> Self:
        _raise_all("ModbusProfile", [*self._too_wide(), *self._overlaps()])
        return self

    def _too_wide(self) -> list[InitErrorDetails]:
        message = "a {type} takes {width} registers, but max_registers allows {limit} in one read"
        return [
            _finding(
                "wider_than_a_read",
                message,
                ("points", i, "type"),
                point.type,
                type=point.type,
                width=point.place.width,
                limit=self.max_registers,
            )
            for i, point in enumerate(self.points)
            if not is_bits(point.table) and point.place.width > self.max_registers
        ]

    def _overlaps(self) -> list[InitErrorDetails]:
        """Numbers that share a register but are not the same number; bits may lie in any register."""
        numbers = sorted((point.place, i) for i, point in enumerate(self.points) if point.type != "bool")
        found: list[InitErrorDetails] = []
        furthest: tuple[Place, int] | None = None  # of the numbers so far, the one that reaches furthest
        for place, i in numbers:
            if furthest is not None and _end(furthest[0]) > (place.table, place.address):
                found += self._overlap(self.points[furthest[1]], i)
            if furthest is None or _end(place) > _end(furthest[0]):
                furthest = place, i
        return found

    def _overlap(self, first: ModbusPoint, i: int) -> list[InitErrorDetails]:
        second = self.points[i]
        one, other = ((p.place, p.type, p.order or self.order) for p in (first, second))
        if one == other:
            return []
        return [
            _finding(
                "overlapping_points",
                "{name} ({type}) and {other} ({other_type}) both claim {table} register {address}",
                ("points", i, "address"),
                second.address,
                name=second.name,
                type=second.type,
                other=first.name,
                other_type=first.type,
                table=second.table,
                address=second.address,
            )
        ]


def _end(place: Place) -> tuple[Table, int]:
    return place.table, place.address + place.width


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


def _address(url: str) -> str:
    try:
        parts = urlsplit(url)
        bare = not (parts.path.strip("/") or parts.query or parts.fragment or parts.username)
        good = parts.scheme == "tcp" and bool(parts.hostname) and bare and parts.port != 0
    except ValueError:
        good = False
    if good:
        return url
    hint = "tcp://192.168.1.20:502"
    raise PydanticCustomError("bad_modbus_url", "{url!r} is not tcp://host:port", {"url": url, "hint": hint})


class ModbusDevice(Device):
    """A unit on a connection: `unit` is its Modbus address, `every` the time between two polls."""

    unit: Annotated[int, AfterValidator(_unit)] = 1
    every: Annotated[Seconds, AfterValidator(_positive)] = 5.0


class ModbusConnection(Connection):
    """One TCP connection; every device behind it shares it, one question at a time.

    `timeout` is how long an answer may take, `gap` the pause that a slow line needs between two requests, `retries`
    how often a question is repeated before the poll has failed.
    """

    driver: Literal["modbus"]
    url: Annotated[str, AfterValidator(_address)]
    timeout: Annotated[Seconds, AfterValidator(_positive)] = 1.0
    gap: Seconds = 0.0
    retries: Literal[0, 1] = 0

    @property
    def host(self) -> str:
        """Name or address of the other side."""
        return urlsplit(self.url).hostname or ""

    @property
    def port(self) -> int:
        """TCP port, 502 unless the url says otherwise."""
        return urlsplit(self.url).port or _DEFAULT_PORT


def _finding(kind: Any, message: Any, loc: tuple[str | int, ...], value: object, **context: object) -> InitErrorDetails:
    return InitErrorDetails(type=PydanticCustomError(kind, message, context), loc=loc, input=value)


def _raise_all(title: str, findings: list[InitErrorDetails]) -> None:
    if findings:
        raise ValidationError.from_exception_data(title, findings)
