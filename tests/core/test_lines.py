"""What is asked on a site's lines, as `gateway check --explain` shows it, and the warning when it cannot fit."""

from typing import Any

import pytest

from drivers.modbus import PLUGIN as MODBUS
from drivers.modbus.profile import ModbusProfile
from drivers.modbus.settings import ModbusConnection, ModbusDevice
from gateway.core.lines import LinePlan, line_plans
from gateway.core.plugins import Plugins

PLUGINS = Plugins(drivers={"modbus": MODBUS}, detectors={})
METER = ModbusProfile.model_validate(
    {
        "profile": "meter",
        "driver": "modbus",
        "points": [
            {"name": "u", "address": 0, "type": "f32"},
            {"name": "i", "address": 6, "type": "f32"},
            {"name": "energy", "address": 72, "type": "f32", "every": "60s"},
        ],
    }
)


def plan(url: str, units: int = 3, every: str = "5s", **connection: Any) -> LinePlan:
    line = ModbusConnection.model_validate({"driver": "modbus", "url": url, **connection})
    devices = [
        ModbusDevice.model_validate({"id": f"M-{unit}", "profile": "meter", "on": "bus", "unit": unit, "every": every})
        for unit in range(1, units + 1)
    ]
    (found,) = line_plans({"bus": line}, devices, {"meter": METER}, PLUGINS)
    return found


def test_devices_that_are_asked_the_same_are_told_once() -> None:
    found = plan("tcp://meter")
    (group,) = found.groups
    assert group.devices == ("M-1", "M-2", "M-3")
    assert [(each.asks, each.points, each.every_s, each.size) for each in group.requests] == [
        ("holding 0-7", ("u", "i"), 5.0, 37),
        ("holding 72-73", ("energy",), 60.0, 25),
    ]
    assert found.per_second == pytest.approx(3 / 5 + 3 / 60)
    assert found.busy == 0


def test_a_serial_line_has_so_much_time_and_no_more() -> None:
    found = plan("rtu:///dev/ttyS0", baud=9600)
    # 8 + 5 + 16 and 8 + 5 + 4 bytes of 11 bits, and the silence before each
    expected = 3 * (29 * 11 / 9600 + 0.00401) / 5 + 3 * (17 * 11 / 9600 + 0.00401) / 60
    assert found.busy == pytest.approx(expected, rel=1e-3)
    assert plan("rtu:///dev/ttyS0", baud=9600, every="50ms").busy > 1
    assert plan("rtu:///dev/ttyS0", baud=9600, gap="100ms").busy == pytest.approx(expected + 3 * 0.096 / 5, rel=0.1)
