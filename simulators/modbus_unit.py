"""One simulated Modbus unit: what its device measures at this moment, in registers; read-only.

Answers as equipment does: exception 1 for functions it lacks, 2 for holes, 3 for too many or malformed. A unit that is
silent says nothing at all.
"""

import math
import struct

import numpy as np

from drivers.device import Clock
from simulators.registers import Image, RegisterMap
from simulators.site import SimulatedDevice, SimulatedSite

NO_SUCH_UNIT = 11

_TABLES = {1: "coil", 2: "discrete", 3: "holding", 4: "input"}
_ILLEGAL_FUNCTION, _ILLEGAL_ADDRESS, _ILLEGAL_VALUE = 1, 2, 3


class SimulatedUnit:
    """A device that is asked for its registers."""

    def __init__(self, site: SimulatedSite, device: SimulatedDevice, clock: Clock) -> None:
        self._site, self._device, self._clock = site, device, clock
        self._map = RegisterMap(device.profile, device.id)
        self._second = math.nan
        self._image: Image | None = None

    def answer(self, pdu: bytes) -> bytes | None:
        """The answer to a request without its address header; None if the device is silent."""
        image = self._now()
        if image is None:
            return None
        function = pdu[0]
        if function not in _TABLES:
            return exception(function, _ILLEGAL_FUNCTION)
        limit = self._map.bit_limit if function <= 2 else self._map.limit
        if len(pdu) != 5 or not 1 <= (count := int.from_bytes(pdu[3:5])) <= limit:
            return exception(function, _ILLEGAL_VALUE)
        start = int.from_bytes(pdu[1:3])
        cells = image.get(_TABLES[function], {})
        try:
            values = [cells[address] for address in range(start, start + count)]
        except KeyError:
            return exception(function, _ILLEGAL_ADDRESS)
        data = _packed(values) if function <= 2 else struct.pack(f">{count}H", *values)
        return bytes((function, len(data))) + data

    def _now(self) -> Image | None:
        """The registers of this second; every read within it sees the same moment."""
        second = math.floor(self._clock.now())
        if second != self._second:
            values = self._site.read(self._device.id, np.array([float(second)]))[0]
            self._image = None if np.isnan(values).all() else self._map.image(values.tolist())
            self._second = second
        return self._image


def exception(function: int, code: int) -> bytes:
    """A refusal."""
    return bytes((function | 0x80, code))


def _packed(bits: list[int]) -> bytes:
    """Bits as bytes, the first one lowest."""
    packed = sum(bit << place for place, bit in enumerate(bits))
    return packed.to_bytes(-(-len(bits) // 8), "little")
