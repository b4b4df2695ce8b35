"""Registers as captured frames, manuals and public readers show them, and what the profiles make of them."""

import math
from dataclasses import dataclass

import pytest

from drivers.modbus.profile import ModbusProfile
from gateway.core.library import BUILT_IN, read_profiles
from gateway.core.plugins import discover
from tests.drivers.modbus_servers import device, driver, fast, until
from tests.profiles import equipment, scenes
from tests.profiles.picks import usual

UNKNOWN = math.nan
LIBRARY = read_profiles([BUILT_IN], discover()).profiles


@dataclass(frozen=True)
class Case:
    profile: str
    table: str
    first: int
    """The address on the wire."""
    words: str
    values: dict[str, float]


CASES = [
    Case("eastron-sdm630", "input", 0x0000, "4366 0000 4367 0000", {"u_a": 230.0, "u_b": 231.0}),
    Case("eastron-sdm630", "input", 0x0034, "4591 6000", {"power": 4.652}),
    Case("schneider-pm5000", "holding", 0x0BD3, "4366 0000", {"u_a": 230.0}),
    Case("schneider-pm5000", "holding", 0x0BF3, "FFC0 0000", {"power": UNKNOWN}),
    Case("schneider-pm5000", "holding", 0x0C0B, "3F8C CCCD", {"power_factor": UNKNOWN}),  # 1.1: leading, 0.9
    Case("schneider-pm5000", "holding", 0x0C83, "0000 0000 0001 E240", {"energy": 123.456}),
    Case("acrel-adw300", "holding", 20, "08FC", {"u_a": 230.0}),
    Case("acrel-adw300", "holding", 36, "FFFF FC18", {"power": -1.0}),
    Case("chint-dtsu666", "holding", 0x2006, "4509 8000", {"u_a": 220.0}),
    Case("chint-dtsu666", "holding", 0x2044, "459C 4000", {"frequency": 50.0}),
    Case("carlo-gavazzi-em24", "input", 0x0000, "08FC 0000", {"u_a": 230.0}),
    Case("carlo-gavazzi-em24", "input", 0x0037, "01F4", {"frequency": 50.0}),
    Case("carlo-gavazzi-em340", "input", 0x0028, "FC18 FFFF", {"power": -0.1}),
    Case("carlo-gavazzi-em340", "input", 0x0032, "FFFF 01F4", {"phase_reversed": 1.0, "frequency": 50.0}),
    Case("abb-b23", "holding", 0x5B00, "0000 08FC FFFF FFFF", {"u_a": 230.0, "u_b": UNKNOWN}),
    Case("abb-b23", "holding", 0x5B14, "7FFF FFFF 0001 86A0", {"power": UNKNOWN, "power_a": 1.0}),
    Case(
        "abb-b23", "holding", 0x5000, "0000 0000 0000 3039" + " FFFF" * 4, {"energy": 123.45, "energy_export": UNKNOWN}
    ),
    Case("siemens-pac2200", "input", 801, "40FE 2400 0000 0000", {"energy": 123.456}),
    Case("danfoss-vlt", "holding", 16129, "01F4", {"speed_hz": 50.0}),
    Case("danfoss-vlt", "holding", 50199, "0803", {"running": 1, "control_ready": 1, "drive_ready": 1, "fault": 0}),
    Case("inovance-md", "holding", 0x3000, "0002", {"running": 1, "reverse": 1}),
    Case("inovance-md", "holding", 0x1001, "1388", {"speed_hz": 50.0}),
    Case("delta-vfd", "holding", 0x2103, "1388 0032", {"speed_hz": 50.0, "current": 5.0}),
    Case("vacon-10", "input", 20, "0258", {"pi_feedback": 60.0}),
    Case("veda-vf51", "holding", 0x210C, "FF9C", {"drive_temp": -10.0}),
    Case("qdy30-level", "holding", 2, "0010 0002 0155", {"level": 3.41, "pressure": UNKNOWN}),
    Case("qdy30-level", "holding", 2, "0001 0001 03E8", {"level": UNKNOWN, "pressure": 0.1}),
    Case("qdy30-level", "holding", 2, "0011 0000 0155", {"level": UNKNOWN, "pressure": UNKNOWN}),  # cm
    Case("qdy30-level", "holding", 2, "0010 FFFF 0155", {"level": UNKNOWN, "decimals": UNKNOWN}),
    Case("tuf-2000m", "holding", 4, "806B 4012", {"velocity": 2.289086}),
    Case("witmotion-wtvb01", "holding", 0x36, "0800", {"acceleration_z": 1.0}),
    Case("witmotion-wtvb01", "holding", 0x3A, "82DC", {"vibration_x": 335.0}),
    Case(
        "banner-qm42vt2",
        "holding",
        0x1450,
        "002E 006C 0625 0206 0047 00B6",
        {"vibration_z": 0.108, "temperature": 25.9, "vibration_x": 0.182},
    ),
    Case("xy-md02", "input", 1, "FFCE 0226", {"ambient_temp": -5.0, "humidity": 55.0}),
    Case("apc-smart-ups", "holding", 0, "0020 0002", {"online": 1, "on_battery": 0, "overload": 1}),
    Case(
        "apc-smart-ups",
        "holding",
        128,
        "0000 0708 C800 0360",
        {"runtime": 1800, "battery_charge": 100, "battery_voltage": 27},
    ),
    Case("apc-smart-ups", "holding", 151, "FFFF", {"input_voltage": UNKNOWN}),
    Case("apc-smart-ups", "holding", 154, "FFFC", {"efficiency": UNKNOWN}),  # the code for: on battery
    Case("apc-nmc2", "holding", 3, "0010", {"online": 0, "on_battery": 1}),
    Case("apc-nmc2", "holding", 6, "001E", {"runtime": 1800}),
    Case("dse-gencomm", "holding", 1024, "FFFC 7FF9 0050 FFFF", dict.fromkeys(("oil_pressure", "fuel_level"), UNKNOWN)),
    Case("dse-gencomm", "holding", 1032, "0000 08FC FFFF FFFA", {"u_a": 230.0, "u_b": UNKNOWN}),
    Case("dse-gencomm", "holding", 1408, "0003", {"running": 1, "status": 3}),
    Case("dse-gencomm", "holding", 39425, "032F", {"alarm_1": 0, "alarm_2": 3, "alarm_3": 2, "alarm_4": UNKNOWN}),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.profile}-{case.first:04X}")
async def test_registers_mean_what_the_source_says(case: Case) -> None:
    found = LIBRARY[case.profile]
    assert isinstance(found, ModbusProfile)
    raws = scenes.scene(found, usual(0))
    held = equipment.cells(found, raws, {text.name: "" for text in found.texts})
    held[case.table].update(enumerate((int(word, 16) for word in case.words.split()), case.first))
    async with equipment.serving(equipment.Equipment(found, held)) as port:
        line = driver(port, found, device("bench", every="1h"), clock=fast(500), timeout="2s")
        batches = await until(line, lambda got: len(got) >= 1)
    read = dict(zip(found.names, batches[0].values.tolist(), strict=True))
    assert {name: read[name] for name in case.values} == pytest.approx(case.values, rel=1e-5, nan_ok=True)
