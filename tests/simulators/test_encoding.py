"""What the simulator encodes, the driver decodes with its own code: for profiles of every shape that can be written."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drivers.codec import Decoder
from drivers.modbus import PLUGIN
from drivers.modbus.profile import ModbusProfile
from drivers.plan import plan
from gateway.core.library import BUILT_IN
from gateway.core.yamlfile import read
from simulators.plant.generic import plant_of
from simulators.plant.machine import Floats, Machine
from simulators.registers import RegisterMap
from tests.simulators.conftest import LooseProfile

TIMES = 1_773_446_400.0 + np.arange(0.0, 86_400.0, 7200.0)
PROFILES = [path for path in sorted(BUILT_IN.glob("*.yaml")) if read(path).at(("driver",)) == "modbus"]
ORDERS = {
    1: ["AB", "BA"],
    2: ["ABCD", "DCBA", "BADC", "CDAB"],
    4: ["ABCDEFGH", "HGFEDCBA", "BADCFEHG", "GHEFCDAB", "CDABGHEF", "EFGHABCD", "ABCD", "DCBA", "BADC", "CDAB"],
}
WIDTH = {kind: max(1, int(kind.lstrip("usfbcd")) // 16) for kind in ("u16", "s16", "bcd16", "u32", "s32", "bcd32")}
WIDTH |= {"u64": 4, "s64": 4, "bcd64": 4, "f32": 2, "f64": 4}


def profile(*points: dict[str, Any], **settings: Any) -> ModbusProfile:
    named = [{"name": f"p{i}", "type": "u16", **point} for i, point in enumerate(points)]
    return ModbusProfile.model_validate({"profile": "test", "driver": "modbus", "points": named, **settings})


def decoded(of: ModbusProfile, image: dict[str, dict[int, int]]) -> Floats:
    """What the driver makes of an image, read as the driver plans it."""
    reads = plan(of.places, of.limits)
    answers = []
    for each in reads:
        cells = [image[each.table][address] for address in range(each.address, each.address + each.count)]
        if each.table in ("coil", "discrete"):
            answers.append(np.packbits(cells, bitorder="little").tobytes())
        else:
            answers.append(b"".join(cell.to_bytes(2, "big") for cell in cells))
    return Decoder(of.encodings, reads).decode(answers)


def through(of: ModbusProfile, *values: float) -> list[float]:
    found: list[float] = decoded(of, RegisterMap(of).image(values)).tolist()
    return found


def simulated(of: ModbusProfile | LooseProfile, times: Floats = TIMES, seed: int = 7) -> Floats:
    """Values [T, P] of a machine that goes by names and units."""
    machine, plant = Machine("X-1", seed), plant_of(of)
    measured = plant.measured(machine, times, plant.signal(machine, times))
    return np.stack([measured[name] for name in of.names], axis=1)


@st.composite
def numbers(draw: st.DrawFn, address: int) -> dict[str, Any]:
    """A point of numbers in registers."""
    kind = draw(st.sampled_from(sorted(WIDTH)))
    point: dict[str, Any] = {
        "type": kind,
        "address": address,
        "table": draw(st.sampled_from(["holding", "input"])),
        "order": draw(st.sampled_from(ORDERS[WIDTH[kind]])),
    }
    if kind[0] != "f" and draw(st.booleans()):
        top = 10 ** (4 * WIDTH[kind]) - 1 if kind.startswith("bcd") else (1 << 16 * WIDTH[kind]) - 1
        first = draw(st.integers(0, min(top, 1 << 52)))
        point["sentinels"] = draw(st.sampled_from([[first], [f"{first:#x}-{min(first + 5, top):#x}"], [top]]))
    if kind[0] != "f" and draw(st.booleans()) and draw(st.booleans()):
        codes = st.integers(0, 9999 if kind.startswith("bcd") else 0x7FFF)
        return point | {"map": draw(st.dictionaries(codes, st.integers(-9, 9), min_size=1, max_size=4))}
    point["scale"] = draw(st.sampled_from([1.0, 0.1, 0.01, -0.5, 3.0, 1e-6, 1000.0]))
    point["offset"] = draw(st.sampled_from([0.0, -40.0, 273.15]))
    point["fraction_bits"] = draw(st.sampled_from([0, 0, 4, 7, 16]))
    if draw(st.booleans()):
        low = draw(st.integers(-1000, 900))
        point |= {"low": low, "high": draw(st.integers(low + 1, low + 2000))}
    return point


@st.composite
def fields(draw: st.DrawFn, address: int) -> dict[str, Any]:
    """A bit, or a field of bits."""
    table = draw(st.sampled_from(["holding", "coil", "discrete"]))
    if table != "holding":
        return {"type": "bool", "table": table, "address": address}
    if draw(st.booleans()):
        return {"type": "bool", "bit": draw(st.integers(0, 15)), "address": address}
    kind = draw(st.sampled_from(["u16", "u32", "u64"]))
    low = draw(st.integers(0, 16 * WIDTH[kind] - 1))
    high = draw(st.integers(low, 16 * WIDTH[kind] - 1))
    order = draw(st.sampled_from(ORDERS[WIDTH[kind]]))
    return {"type": kind, "bits": f"{low}-{high}", "order": order, "address": address}


UNITS = ["", "V", "A", "kW", "kWh", "°C", "%", "Hz", "MPa", "h", "m³/h", "°"]
NAMES = ["level", "running", "starts", "power_factor", "u_ab", "alarm", "run_hours", "state", "flow"]


@st.composite
def profiles(draw: st.DrawFn) -> ModbusProfile:
    """Register maps of every kind: numbers apart from each other, bits and fields anywhere, some linked."""
    points: list[dict[str, Any]] = []
    for slot in range(draw(st.integers(1, 6))):
        points.append(draw(numbers(10 + 5 * slot)))
        points += [draw(fields(draw(st.integers(10, 40)))) for _ in range(draw(st.integers(0, 3)))]
    for i, point in enumerate(points):
        point |= {"name": f"{draw(st.sampled_from(NAMES))}_{i}", "unit": draw(st.sampled_from(UNITS))}
    if draw(st.booleans()):
        source = {"name": "source", "type": "u16", "address": 2, "low": 0, "high": 9}
        points.append(source)
        linked = draw(st.sampled_from([point for point in points if "map" not in point]))
        if linked is not source:
            how = draw(st.sampled_from(["factor", "exponent", "decimals"]))
            key = draw(st.sampled_from(["scale_from", "offset_from"]))
            linked[key] = {"point": "source", "as": how} if key == "scale_from" else "source"
    order = draw(st.sampled_from(ORDERS[2]))
    return profile(*points, order=order, address_base=draw(st.sampled_from([0, 1])))


@settings(deadline=None)
@given(of=profiles(), seed=st.integers(0, 9))
def test_a_machine_of_any_profile_shows_only_what_its_registers_can_hold(of: ModbusProfile, seed: int) -> None:
    registers = RegisterMap(of)
    for values in simulated(of, TIMES[:3], seed):
        read_back = decoded(of, registers.image(values.tolist()))
        np.testing.assert_allclose(read_back, values, rtol=1e-12, atol=1e-12)


@settings(deadline=None)
@given(of=profiles())
def test_a_machine_of_any_profile_stays_within_its_limits(of: ModbusProfile) -> None:
    values = simulated(of)
    assert (np.isnan(values) | (values >= of.low) & (values <= of.high)).all()


@settings(deadline=None)
@given(data=st.data(), of=profiles())
def test_any_values_come_back_to_the_nearest_step(data: st.DataObject, of: ModbusProfile) -> None:
    """Without the machine: each number on its own, with values that its raw range and its limits allow."""
    for encoding, point in zip(of.encodings, of.points, strict=True):
        alone = {**point.model_dump(exclude_unset=True, by_alias=True), "scale_from": None, "offset_from": None}
        alone = {key: value for key, value in alone.items() if value is not None}
        (one,) = (profile(alone, order=of.order),)
        value = data.draw(st.floats(-1e5, 1e5), label=point.name)
        (back,) = through(one, value)
        if point.map is not None or point.type == "bool" or math.isnan(back):
            continue
        raw = (back - encoding.offset) / encoding.scale
        top = _largest(encoding.kind, encoding.bits)
        if not 0 < raw < top * (1 - 1e-6):  # what does not fit is shown as the nearest that does
            continue
        step = abs(encoding.scale) if encoding.kind[0] != "f" else 0.0
        assert abs(back - value) <= 0.51 * step + 1e-6 * (abs(value) + abs(encoding.offset))


def _largest(kind: str, bits: tuple[int, int] | None) -> float:
    if kind[0] == "f":
        return 3e38
    if bits:
        return 2.0 ** (bits[1] - bits[0] + 1) - 1
    if kind.startswith("bcd"):
        return 10.0 ** (int(kind[3:]) // 4) - 1
    return 2.0 ** (int(kind[1:]) - (kind[0] == "s")) - 1


@settings(deadline=None)
@given(of=profiles())
def test_yaml_and_the_drivers_own_model_mean_the_same_registers(of: ModbusProfile) -> None:
    loose = LooseProfile.model_validate(of.model_dump(mode="json", by_alias=True, exclude_unset=True))
    (values,) = simulated(of, TIMES[:1]).tolist()
    assert RegisterMap(loose).image(values) == RegisterMap(of).image(values)
    np.testing.assert_array_equal(simulated(loose), simulated(of))


@pytest.mark.parametrize("path", PROFILES, ids=[path.stem for path in PROFILES])
def test_every_profile_that_comes_with_the_drivers(path: Any) -> None:
    of = PLUGIN.profile.model_validate(read(path).data)
    assert isinstance(of, ModbusProfile)
    rows = simulated(of)
    for values in rows:
        np.testing.assert_allclose(decoded(of, RegisterMap(of).image(values.tolist())), values, rtol=1e-12)
    assert not np.isnan(rows).all(axis=0).sum() > len(of.points) / 2


def test_fields_of_one_register_are_joined() -> None:
    of = profile(
        {"address": 3, "bits": "0-3"}, {"address": 3, "bits": "8-11"}, {"address": 3, "type": "bool", "bit": 15}
    )
    assert RegisterMap(of).image([0xA, 0x5, 1.0])["holding"] == {3: 0x850A}


def test_a_word_and_its_bits_say_the_same() -> None:
    of = profile({"address": 3}, {"address": 3, "type": "bool", "bit": 1}, {"address": 3, "bits": "1-3"})
    image = RegisterMap(of).image([0b0110, 0.0, 0.0])
    assert image["holding"] == {3: 0b0110}
    assert decoded(of, image).tolist() == [6.0, 1.0, 3.0]


def test_the_manuals_number_is_one_more_than_the_address() -> None:
    of = profile({"address": 1, "type": "bcd32"}, {"address": 3}, address_base=1)
    assert RegisterMap(of).image([12345678.0, 5.0])["holding"] == {0: 0x1234, 1: 0x5678, 2: 5}


@pytest.mark.parametrize(
    ("how", "source", "raw"),
    [("factor", 10.0, 50), ("exponent", 1.0, 50), ("exponent", -1.0, 5000), ("decimals", 2.0, 50_000)],
)
def test_a_value_is_written_in_the_size_that_another_register_gives(how: str, source: float, raw: int) -> None:
    of = profile(
        {"address": 0, "type": "s16"},
        {"address": 1, "scale_from": {"point": "p0", "as": how}, "offset_from": "p2"},
        {"address": 2},
    )
    image = RegisterMap(of).image([source, 507.0, 7.0])
    assert image["holding"][1] == raw
    assert decoded(of, image)[1] == pytest.approx(507.0)


@pytest.mark.parametrize(
    ("point", "words"),
    [
        ({"sentinels": [0x8000, 0xFFFF], "type": "s16"}, [0x8000]),
        ({"sentinels": ["0xFFF8-0xFFFF"]}, [0xFFF8]),
        ({"sentinels": [9999], "type": "bcd16"}, [0x9999]),
        ({"sentinels": [-1.0], "type": "f32"}, [0xBF80, 0]),
        ({"type": "s32"}, [0x7FFF, 0xFFFF]),
        ({"type": "u64"}, [0xFFFF] * 4),
        ({"type": "f32"}, [0x7FC0, 0]),
        ({"bits": "4-7"}, [0x00F0]),
        ({"map": {0xFFFF: 1, 0xFFFE: 2}}, [0xFFFD]),
        ({"type": "bool", "bit": 3}, [0]),
    ],
)
def test_no_value_is_a_sentinel_or_the_largest_one_without_a_meaning(
    point: dict[str, Any], words: Sequence[int]
) -> None:
    of = profile({"address": 0, **point})
    assert [*RegisterMap(of).image([math.nan])["holding"].values()] == [*words]


def test_what_depends_on_an_unknown_source_is_unknown() -> None:
    of = profile({"address": 0}, {"address": 1, "scale_from": "p0"}, {"address": 2, "offset_from": "p0"})
    assert RegisterMap(of).image([math.nan, 1.0, 1.0])["holding"] == dict.fromkeys(range(3), 0xFFFF)


def test_forbidden_addresses_are_holes_even_in_a_gap_that_may_be_read() -> None:
    forbidden = [{"table": "holding", "from": 3, "to": 4}]
    image = RegisterMap(profile({"address": 1}, {"address": 7}, forbidden=forbidden)).image([1.0, 1.0])
    assert sorted(image["holding"]) == [1, 2, 5, 6, 7]


def test_bits_may_be_read_over_sixteen_times_as_many_addresses() -> None:
    coils = {"type": "bool", "table": "coil"}
    image = RegisterMap(profile(coils | {"address": 0}, coils | {"address": 33}, max_gap=2)).image([1.0, 1.0])
    assert sorted(image["coil"]) == [*range(34)]
    image = RegisterMap(profile(coils | {"address": 0}, coils | {"address": 34}, max_gap=2)).image([1.0, 1.0])
    assert sorted(image["coil"]) == [0, 34]


def test_texts_say_what_the_device_is() -> None:
    texts = [
        {"name": "model", "address": 101, "registers": 3},
        {"name": "serial_number", "address": 110, "registers": 4, "order": "BA"},
    ]
    of = profile({"address": 1}, texts=texts, address_base=1)
    cells = RegisterMap(of, "PM-1").image([1.0])["holding"]
    for text, said in zip(of.texts, ("test", "PM-1"), strict=True):
        place = text.place(1)
        words = [cells[address] for address in range(place.address, place.address + place.width)]
        assert text.read(b"".join(word.to_bytes(2, "big") for word in words)) == said
