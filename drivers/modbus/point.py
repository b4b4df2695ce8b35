"""What a person writes about one value in a device's registers, and every way in which it can be wrong."""

import math
import re
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, model_validator
from pydantic_core import InitErrorDetails, PydanticCustomError

from drivers.device import Point, Seconds, Written
from drivers.encoding import Encoding, How, Kind, Order, Raw, WideOrder, dtype_of, fits, registers, sentinel
from drivers.modbus.findings import finding, raise_all
from drivers.plan import Place, Table, is_bits

Base = Literal[0, 1]
"""What the first address of a table is called: 0 on the wire, 1 in many manuals."""

ADDRESSES = 65536
"""Of one table."""

_HEX = re.compile(r"0[xX][0-9a-fA-F]{1,16}")
_FIELD = re.compile(r"(\d{1,2})-(\d{1,2})")


class Link(Written):
    """Another point of the same device that gives this one's size, and what its value means."""

    point: str
    how: How = Field("factor", alias="as")


def _link(written: Any) -> Any:
    return {"point": written} if isinstance(written, str) else written


def _codes(written: Any) -> Any:
    """The keys of a map are text for YAML; 0xFFFF is a number for everybody."""
    if not isinstance(written, dict):
        return written
    return {
        int(key, 16) if isinstance(key, str) and _HEX.fullmatch(key) else key: value for key, value in written.items()
    }


class ModbusPoint(Point):
    """A value in a device's registers: value = raw * scale + offset. `manual` is the number that the manual prints."""

    table: Table = "holding"
    address: int
    type: Kind
    bit: int | None = None
    bits: str | None = None
    order: Order | None = None
    scale: float = 1.0
    offset: float = 0.0
    fraction_bits: Annotated[int, Field(ge=0, le=63)] = 0
    scale_from: Annotated[Link | None, BeforeValidator(_link, json_schema_input_type=str | Link | None)] = None
    offset_from: str | None = None
    map: Annotated[dict[int, float], BeforeValidator(_codes)] | None = None
    sentinels: tuple[int | float | str, ...] = ()
    every: Seconds | None = None
    manual: str = ""

    @model_validator(mode="after")
    def _fits_its_table(self) -> Self:
        raise_all("ModbusPoint", [*self._placed(), *self._typed(), *self._scaled(), *self._marked()])
        return self

    @property
    def width(self) -> int:
        """Registers, or bits of a table of bits."""
        return 1 if is_bits(self.table) else registers(self.type)

    def place(self, base: Base) -> Place:
        """Where the value lives on the wire."""
        return Place(self.table, self.address - base, self.width)

    def encoding(self, order: WideOrder, columns: Mapping[str, int]) -> Encoding:
        """How the value is written, in a profile whose default is `order` and whose points have these columns."""
        return Encoding(
            self.type,
            self.order or order,
            bit=self.bit or 0,
            bits=self._field(),
            scale=self.scale * 2.0**-self.fraction_bits,
            offset=self.offset,
            sentinels=tuple(raw for mark in self.sentinels if (raw := sentinel(self.type, mark)) is not None),
            codes=tuple((self._raw(code).first, value) for code, value in (self.map or {}).items()),
            factor=(columns[self.scale_from.point], self.scale_from.how) if self.scale_from else None,
            addend=columns[self.offset_from] if self.offset_from else None,
            low=self.low,
            high=self.high,
        )

    def _raw(self, code: int) -> Raw:
        raw = sentinel(self.type, code)
        assert raw is not None, "checked when it was read"  # noqa: S101
        return raw

    def _placed(self) -> Iterator[InitErrorDetails]:
        last = ADDRESSES - self.width
        if not 0 <= self.address <= last + 1:  # one more where the profile counts from one; it looks again
            message = "address {address} is outside 0-{last}"
            yield finding("address_out_of_range", message, ("address",), self.address, address=self.address, last=last)

    def _field(self) -> tuple[int, int] | None:
        match = _FIELD.fullmatch(self.bits or "")
        return (int(match[1]), int(match[2])) if match else None

    def _typed(self) -> Iterator[InitErrorDetails]:
        context = {"table": self.table, "type": self.type, "bit": self.bit}
        if is_bits(self.table):
            if self.type != "bool":
                message = "a {table} holds one bit, so its type is bool, not {type}"
                yield finding("bit_table_type", message, ("type",), self.type, hint="bool", **context)
            elif self.bit is not None:
                message = "a {table} has no bits to choose from; give each its own address"
                yield finding("bit_of_a_bit", message, ("bit",), self.bit, **context)
        elif self.type == "bool" and self.bit is None:
            message = "bool in a {table} register needs bit: 0 to 15, counted from the lowest"
            yield finding("bit_missing", message, ("type",), self.type, hint="bit: 0", **context)
        elif self.type != "bool" and self.bit is not None:
            message = "bit {bit} of a {type} is not a number; write type: bool"
            yield finding("bit_of_a_number", message, ("bit",), self.bit, hint="bool", **context)
        elif self.bit is not None and not 0 <= self.bit <= 15:
            message = "bit {bit} is outside 0-15; a register has 16 bits, the lowest is 0"
            yield finding("bit_out_of_range", message, ("bit",), self.bit, **context)
        if self.order is not None and not fits(self.order, self.type):
            message = "order {order} does not fit a {type}; it takes a letter for each of its {size} bytes"
            size = 2 * registers(self.type)
            yield finding(
                "order_of_another_width", message, ("order",), self.order, order=self.order, size=size, **context
            )
        if self.bits is not None:
            yield from self._fielded()

    def _fielded(self) -> Iterator[InitErrorDetails]:
        size, field = 8 * dtype_of(self.type).itemsize, self._field()
        context = {"bits": self.bits, "type": self.type, "last": size - 1}
        if self.type not in ("u16", "u32", "u64"):
            message = "bits are taken from u16, u32 or u64, not from {type}"
            yield finding("bits_of_no_number", message, ("bits",), self.bits, **context)
        elif field is None or not field[0] <= field[1] < size:
            message = "bits {bits} is no field of a {type}; write its lowest and highest bit, from 0 to {last}, as 4-7"
            yield finding("bad_bits", message, ("bits",), self.bits, **context)

    def _scaled(self) -> Iterator[InitErrorDetails]:
        if self.scale == 0 or not math.isfinite(self.scale):
            message = "scale {scale} would make every value the same or unknown"
            yield finding("bad_scale", message, ("scale",), self.scale, scale=self.scale)
        if not math.isfinite(self.offset):
            message = "offset {offset} would make every value unknown"
            yield finding("bad_offset", message, ("offset",), self.offset, offset=self.offset)
        if not self.low <= self.high:
            message = "low {low} is above high {high}, so no value would be possible"
            yield finding("empty_range", message, ("low",), self.low, low=self.low, high=self.high)

    def _marked(self) -> Iterator[InitErrorDetails]:
        kind = f"{self.type}, bits {self.bits}" if self.bits else self.type
        for i, mark in enumerate(self.sentinels):
            if not self._can_be(mark):
                message = "sentinel {mark} cannot occur in a {type}; write the raw value, before scale and offset"
                yield finding("impossible_sentinel", message, ("sentinels", i), mark, mark=mark, type=kind)
        if self.map is None:
            return
        changed = [k for k in ("scale", "offset", "fraction_bits", "scale_from", "offset_from") if k in self.set_keys]
        if changed:
            raise PydanticCustomError(
                "scaled_map",
                "point {name} has a map and also a scale or offset; write the final numbers into the map",
                {"name": self.name},
            )
        for code in self.map:
            if not self._can_be(code):
                message = "code {mark} cannot occur in a {type}"
                yield finding("impossible_code", message, ("map", str(code)), code, mark=code, type=kind)

    def _can_be(self, mark: float | str) -> bool:
        """Whether the raw number can be what a sentinel or code says; of a field of bits that is the field's number."""
        raw, field = sentinel(self.type, mark), self._field()
        size = 1 if self.type == "bool" else max(0, field[1] - field[0] + 1) if field else math.inf
        return raw is not None and raw.last < 2.0**size

    @property
    def set_keys(self) -> set[str]:
        """What the person wrote."""
        return self.model_fields_set
