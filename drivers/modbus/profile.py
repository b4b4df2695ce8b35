"""What a person writes about a type of Modbus device: its register map, its manners, its texts."""

from collections.abc import Iterator, Sequence
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator
from pydantic_core import InitErrorDetails, PydanticCustomError

from drivers.device import Profile, Seconds, Written
from drivers.encoding import Encoding, WideOrder
from drivers.modbus.findings import finding, raise_all
from drivers.modbus.point import ADDRESSES, Base, ModbusPoint
from drivers.plan import MAX_BITS, Limits, Place, Span, Table, is_bits

_FIRST_PRINTED: dict[Table, int] = {"discrete": 10001, "input": 30001, "holding": 40001}
"""What manuals call the first address of a table, if they put the table's digit in front."""


class Forbidden(Written):
    """Addresses that are never read, not even on the way to others; counted as in the rest of the profile."""

    table: Table = "holding"
    first: int = Field(alias="from", ge=0)
    last: int = Field(alias="to", ge=0)

    def span(self, base: Base) -> Span:
        """The same on the wire."""
        return Span(self.table, self.first - base, self.last - base)


class Text(Written):
    """A fixed string in registers, two characters in each, such as a model or a serial number."""

    name: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,39}$")]
    table: Literal["holding", "input"] = "holding"
    address: Annotated[int, Field(ge=0)]
    registers: Annotated[int, Field(ge=1, le=125)]
    order: Literal["AB", "BA"] = "AB"
    manual: str = ""

    def place(self, base: Base) -> Place:
        """Where it lies on the wire."""
        return Place(self.table, self.address - base, self.registers)

    def read(self, data: bytes) -> str:
        """The text in its registers' bytes, without padding and what cannot be printed."""
        if self.order == "BA":
            data = b"".join(data[i : i + 2][::-1] for i in range(0, len(data), 2))
        text = data.split(b"\0")[0].decode("ascii", "replace")
        return "".join(sign if sign.isprintable() and sign.isascii() else "?" for sign in text.strip())


def _some(points: tuple[ModbusPoint, ...]) -> tuple[ModbusPoint, ...]:
    # pydantic's min_length would also complain of every list in which a point is wrong
    if points:
        return points
    raise PydanticCustomError("no_points", "a profile without points would read nothing")


class ModbusProfile(Profile):
    """A device type: its register map, and how much of it one request may ask for.

    `order` is the word and byte order of values wider than a register. Up to `max_gap` registers may be read in vain
    to merge two reads; write 0 for a device that answers exception 2 to holes. `timeout` is how long the device may
    take at least, `gap` the pause that it needs before each request, `settle` the one after connecting.
    """

    driver: Literal["modbus"]
    order: WideOrder = "ABCD"
    address_base: Base = 0
    max_registers: Annotated[int, Field(ge=1, le=125)] = 125
    max_bits: Annotated[int, Field(ge=1, le=MAX_BITS)] = MAX_BITS
    max_gap: Annotated[int, Field(ge=0, le=124)] = 8
    forbidden: tuple[Forbidden, ...] = ()
    timeout: Seconds = 0.0
    gap: Seconds = 0.0
    settle: Seconds = 0.0
    texts: tuple[Text, ...] = ()
    points: Annotated[tuple[ModbusPoint, ...], AfterValidator(_some)]

    @model_validator(mode="after")
    def _registers_are_claimed_once(self) -> Self:
        raise_all("ModbusProfile", [*self._misplaced(), *self._unlinked(), *self._too_wide(), *self._overlaps()])
        return self

    def doubts(self) -> Iterator[tuple[tuple[str | int, ...], PydanticCustomError]]:
        """Addresses that are the manual's numbers, such as 40101 for register 100 of the holding ones."""
        for i, point in enumerate(self.points):
            first = _FIRST_PRINTED.get(point.table)
            if first is None or self.address_base or point.manual != str(point.address):
                continue
            if first <= point.address < first + 9999:
                message = "{address} looks like the number that the manual prints; on the wire that is {wire}"
                wire = point.address - first
                context = {"address": point.address, "wire": wire, "hint": str(wire)}
                yield ("points", i, "address"), PydanticCustomError("address_as_printed", message, context)

    @property
    def places(self) -> tuple[Place, ...]:
        """Where each point lies on the wire, [P]."""
        return tuple(point.place(self.address_base) for point in self.points)

    @property
    def encodings(self) -> tuple[Encoding, ...]:
        """How each point is written, [P]."""
        columns = {name: column for column, name in enumerate(self.names)}
        return tuple(point.encoding(self.order, columns) for point in self.points)

    @property
    def limits(self) -> Limits:
        """What one read may span."""
        forbidden = tuple(each.span(self.address_base) for each in self.forbidden)
        return Limits(self.max_registers, self.max_bits, self.max_gap, forbidden)

    def _misplaced(self) -> Iterator[InitErrorDetails]:
        for i, each in enumerate(self.forbidden):
            if each.first > each.last:
                message = "from {first} is after to {last}; nothing would be forbidden"
                where = ("forbidden", i, "from")
                yield finding("empty_span", message, where, each.first, first=each.first, last=each.last)
        spans = [each.span(self.address_base) for each in self.forbidden]
        for i, point in enumerate(self.points):
            yield from self._misplaced_one(("points", i, "address"), point, spans)
        for i, text in enumerate(self.texts):
            yield from self._misplaced_one(("texts", i, "address"), text, spans)

    def _misplaced_one(
        self, where: tuple[str | int, ...], it: ModbusPoint | Text, forbidden: Sequence[Span]
    ) -> Iterator[InitErrorDetails]:
        place, base = it.place(self.address_base), self.address_base
        last = ADDRESSES - place.width + base
        if it.address < base:
            message = "address {address} is not possible where address_base is {base}"
            yield finding("address_below_base", message, where, it.address, address=it.address, base=base)
        elif it.address > last:
            message = "address {address} is outside 0-{last}"
            yield finding("address_out_of_range", message, where, it.address, address=it.address, last=last)
        if any(_touch(span, place) for span in forbidden):
            message = "{name} lies in registers that this profile forbids to read"
            yield finding("forbidden_point", message, where, it.address, name=it.name)

    def _unlinked(self) -> Iterator[InitErrorDetails]:
        """Points that are scaled by one that is not there, or that is scaled by another one itself."""
        known = {point.name: point for point in self.points}
        for i, point in enumerate(self.points):
            scaled_by = point.scale_from.point if point.scale_from else None
            for key, name in (("scale_from", scaled_by), ("offset_from", point.offset_from)):
                if name is None:
                    continue
                source = known.get(name)
                if source is None or source.scale_from or source.offset_from:
                    message = "{key} needs the name of a point whose own value depends on no other; {name} is none"
                    yield finding("bad_link", message, ("points", i, key), name, key=key, name=name)

    def _too_wide(self) -> Iterator[InitErrorDetails]:
        message = "a {type} takes {width} registers, but max_registers allows {limit} in one read"
        for i, point in enumerate(self.points):
            if not is_bits(point.table) and point.width > self.max_registers:
                context = {"type": point.type, "width": point.width, "limit": self.max_registers}
                yield finding("wider_than_a_read", message, ("points", i, "type"), point.type, **context)
        for i, text in enumerate(self.texts):
            if (width := text.registers) > self.max_registers:
                where, limit = ("texts", i, "registers"), self.max_registers
                yield finding("wider_than_a_read", message, where, width, type="text", width=width, limit=limit)

    def _overlaps(self) -> Iterator[InitErrorDetails]:
        """Numbers that share a register but are not the same number; bits and fields may lie in any register."""
        numbers = sorted((self.places[i], i) for i, point in enumerate(self.points) if _claims(point))
        furthest: tuple[Place, int] | None = None  # of the numbers so far, the one that reaches furthest
        for place, i in numbers:
            if furthest is not None and _end(furthest[0]) > (place.table, place.address):
                yield from self._overlap(self.points[furthest[1]], i)
            if furthest is None or _end(place) > _end(furthest[0]):
                furthest = place, i

    def _overlap(self, first: ModbusPoint, i: int) -> Iterator[InitErrorDetails]:
        second = self.points[i]
        one, other = ((p.table, p.address, p.type, p.order or self.order) for p in (first, second))
        if one == other:
            return
        yield finding(
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


def _claims(point: ModbusPoint) -> bool:
    return point.type != "bool" and point.bits is None


def _end(place: Place) -> tuple[Table, int]:
    return place.table, place.address + place.width


def _touch(span: Span, place: Place) -> bool:
    return span.table == place.table and span.first < place.address + place.width and place.address <= span.last
