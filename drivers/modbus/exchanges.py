"""Every request of a round over a Modbus line, for people who plan or tune it; the same plan that is polled."""

from collections.abc import Mapping, Sequence

from drivers.device import Exchange
from drivers.modbus.knowledge import Knowledge, Layout
from drivers.modbus.profile import ModbusProfile
from drivers.modbus.settings import ModbusConnection, ModbusDevice
from drivers.plan import Read

_TCP_FRAMES = 12 + 9
_RTU_FRAMES = 8 + 5


def exchanges(
    connection: ModbusConnection, devices: Sequence[ModbusDevice], profiles: Mapping[str, ModbusProfile]
) -> list[Exchange]:
    """What each device is asked, in the order in which a poll asks it."""
    layouts = {name: Layout.of(profiles[name], Knowledge()) for name in {device.profile for device in devices}}
    return [
        _exchange(connection, device, profiles[device.profile], read, every_s)
        for device in devices
        for read, every_s in zip(layouts[device.profile].reads, layouts[device.profile].every_s, strict=True)
    ]


def _exchange(
    connection: ModbusConnection, device: ModbusDevice, profile: ModbusProfile, read: Read, every_s: float
) -> Exchange:
    size = read.size + (_RTU_FRAMES if connection.is_rtu else _TCP_FRAMES)
    gap_s = max(connection.gap, profile.gap if device.gap is None else device.gap, connection.silence_s)
    wire_s = connection.wire_s(size)
    return Exchange(
        device=device.id,
        asks=str(read),
        points=tuple(profile.names[part.point] for part in read.slices),
        every_s=max(every_s, device.every),
        size=size,
        line_s=wire_s + gap_s if wire_s else 0.0,
    )
