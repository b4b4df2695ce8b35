"""Every profile in drivers/profiles, read over a real socket from a simulated device that holds known numbers."""

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

import pytest

from drivers.device import Profile
from drivers.modbus.knowledge import Knowledge, Layout
from drivers.modbus.point import ModbusPoint
from drivers.modbus.profile import ModbusProfile
from drivers.mqtt.profile import MqttProfile
from drivers.parsing import parse
from drivers.payload import Layout as JsonLayout
from gateway.core.library import BUILT_IN, read_profiles
from gateway.core.plugins import discover
from simulators.payload import payload
from tests.drivers.modbus_servers import device, driver, fast, profile, until
from tests.profiles import equipment, scenes
from tests.profiles.picks import above, all_ones, below, first_sentinel, last_sentinel, usual

FILES = sorted(BUILT_IN.glob("*.yaml"))
LIBRARY = read_profiles([BUILT_IN], discover())
EVERYTHING = profile(
    {"address": 0, "type": "bcd16", "high": 9999},
    {"address": 2, "type": "bcd32", "order": "CDAB", "scale": 0.1, "high": 9e6},
    {"address": 4, "type": "bcd64", "high": 1e15},
    {"address": 10, "type": "u16", "order": "BA", "high": 60000, "sentinels": [0xFFFF]},
    {"address": 12, "type": "s32", "order": "BADC", "low": -1e9, "high": 1e9, "sentinels": [0x80000000, -7]},
    {"address": 14, "type": "f64", "order": "GHEFCDAB", "low": -1e6, "high": 1e6},
    {
        "address": 18,
        "type": "u64",
        "order": "DCBA",
        "high": 1e15,
        "sentinels": ["0xFFFFFFFFFFFFFF00-0xFFFFFFFFFFFFFFFF"],
    },
    {"address": 50, "type": "s64", "order": "CDAB", "low": -1e15, "high": 1e15, "offset": -40},
    {"address": 22, "type": "u32", "bits": "4-19", "scale": 0.5, "high": 30000},
    {"address": 22, "type": "u32", "bits": "20-20", "high": 1},
    {"address": 30, "type": "s16", "scale_from": {"point": "p11", "as": "exponent"}, "offset_from": "p12"},
    {"address": 31, "type": "s16", "low": -3, "high": 3},
    {"address": 32, "type": "u16", "map": {0: -40, 7: 12.5}},
    {"address": 40, "table": "coil", "type": "bool"},
    {"address": 9, "table": "discrete", "type": "bool"},
    order="DCBA",
    address_base=0,
    texts=[{"name": "model", "address": 100, "registers": 5, "order": "BA"}],
)
MODBUS = {name: found for name, found in LIBRARY.profiles.items() if isinstance(found, ModbusProfile)}
MQTT = {name: found for name, found in LIBRARY.profiles.items() if isinstance(found, MqttProfile)}
TABLES = {**MODBUS, "everything": EVERYTHING}


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_profile_is_complete(path: Path) -> None:
    assert [finding for finding in LIBRARY.findings if finding.file == path] == []
    found: Profile = LIBRARY.profiles[path.stem]
    assert found.title.keys() == {"zh", "en"}
    assert found.source
    for point in found.points:
        assert point.title.keys() == {"zh", "en"}, point.name
        assert math.isfinite(point.low), point.name
        assert math.isfinite(point.high), point.name
        assert not isinstance(point, ModbusPoint) or point.manual, point.name


def test_there_are_profiles_of_many_makers() -> None:
    checked = [name for name, found in LIBRARY.profiles.items() if found.status == "verified"]
    assert len(checked) >= 16


@pytest.mark.parametrize("name", TABLES)
async def test_known_numbers_are_read_right(name: str) -> None:
    shown: set[str] = set()
    for turn in range(5):
        known = await _check(TABLES[name], scenes.scene(TABLES[name], usual(turn)))
        shown |= {point for point, value in known.items() if math.isfinite(value)}
    assert shown == set(TABLES[name].names)


@pytest.mark.parametrize("name", TABLES)
@pytest.mark.parametrize("pick", [above, below])
async def test_impossible_numbers_are_unknown(pick: scenes.Pick, name: str) -> None:
    known = await _check(TABLES[name], scenes.scene(TABLES[name], pick))
    impossible = [point.name for point in TABLES[name].points if _can_show_the_impossible(point, pick)]
    assert [name for name in impossible if math.isfinite(known[name])] == []


def _can_show_the_impossible(point: ModbusPoint, pick: scenes.Pick) -> bool:
    if point.map is not None:
        return pick is above
    if point.scale_from or point.offset_from:
        return False
    lowest, highest = scenes.span(point)
    end = highest if pick is above else lowest
    return not point.low <= end / 2**point.fraction_bits * point.scale + point.offset <= point.high


@pytest.mark.parametrize("name", [name for name, found in TABLES.items() if any(p.sentinels for p in found.points)])
@pytest.mark.parametrize("pick", [first_sentinel, last_sentinel])
async def test_sentinels_are_unknown(pick: scenes.Pick, name: str) -> None:
    known = await _check(TABLES[name], scenes.scene(TABLES[name], pick))
    assert [point.name for point in TABLES[name].points if point.sentinels and not math.isnan(known[point.name])] == []


@pytest.mark.parametrize("name", MODBUS)
async def test_a_device_that_shows_ones_everywhere_measures_nothing(name: str) -> None:
    known = await _check(MODBUS[name], scenes.scene(MODBUS[name], all_ones))
    measured = [point.name for point in MODBUS[name].points if point.unit and point.type[0] in "uf"]
    assert [name for name in measured if math.isfinite(known[name])] == []


async def _check(found: ModbusProfile, raws: scenes.Raws) -> Mapping[str, float]:
    """Serve the numbers and read them with the real driver; returns what the points are."""
    texts = {text.name: f"{text.name.upper()} 12"[: 2 * text.registers] for text in found.texts}
    served = equipment.Equipment(found, equipment.cells(found, raws, texts))
    known = scenes.expected(found, raws)
    async with equipment.serving(served) as port:
        line = driver(port, found, device("bench", every="1h"), clock=fast(500), timeout="2s")
        batches = await until(line, lambda got: len(got) >= 1)
    assert dict(zip(found.names, batches[0].values.tolist(), strict=True)) == pytest.approx(
        known, rel=1e-9, nan_ok=True
    )
    planned = Layout.of(found, Knowledge()).reads
    assert len(served.asked) == len(planned) + len(found.texts)
    assert (line.counters()["exceptions"], line.counters()["rejected"]) == (0, 0)
    assert all(f"{name} {written}" in line.health()["bench"].about for name, written in texts.items())
    return known


@pytest.mark.parametrize("name", MQTT)
def test_a_message_is_read_right(name: str) -> None:
    found = MQTT[name]
    shown: set[str] = set()
    for turn in range(5):
        known = [_json_value(point, index, turn) for index, point in enumerate(found.points)]
        row = _json_row(found, known)
        assert row == pytest.approx(known, abs=1e-5)
        shown |= {point.name for point, value in zip(found.points, known, strict=True) if value}
    assert shown == set(found.names)


@pytest.mark.parametrize("name", MQTT)
@pytest.mark.parametrize("side", [-1, 1])
def test_an_impossible_message_is_unknown(side: int, name: str) -> None:
    beyond = [(point.high if side > 0 else point.low) + 1000.0 * side for point in MQTT[name].points]
    boolean = [(point.low, point.high, point.unit, point.map) == (0, 1, "", None) for point in MQTT[name].points]
    row = _json_row(MQTT[name], beyond)
    assert [value for value, is_bit in zip(row, boolean, strict=True) if not (is_bit or math.isnan(value))] == []


def _json_value(point: Any, index: int, turn: int) -> float:
    if point.map is not None:
        return float(sorted(point.map.values())[turn % len(point.map)])
    value = point.low + ((0.618 * (index + 1) + turn / 3) % 1.0) * (point.high - point.low)
    return round(value, 4) if point.unit else float(round(value))


def _json_row(found: MqttProfile, values: list[float]) -> list[float]:
    message = json.dumps(payload(found, "EL-1", 1_760_000_000.0, values)).encode()
    return cast("list[float]", JsonLayout(found.points, found.stamp, found.samples).row(parse(message)))
