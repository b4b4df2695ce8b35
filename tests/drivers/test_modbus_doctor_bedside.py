"""The doctor at the bedside of real servers: holes, limits, busy and silent devices, several units behind a port."""

from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from drivers.modbus.doctor.bedside import Bedside, Unreachable
from drivers.modbus.doctor.diagnosis import Expectations
from drivers.modbus.doctor.examination import Examination, Range, examination
from drivers.modbus.doctor.fitting import fits, guesses
from drivers.modbus.doctor.proposal import manual_number, proposal
from drivers.modbus.doctor.quantities import Expected
from drivers.modbus.doctor.scan import Seen, scan
from drivers.modbus.profile import ModbusProfile
from drivers.modbus.settings import ModbusConnection
from drivers.plan import Span, Table
from gateway.core.clock import ManualClock, SystemClock
from gateway.core.library import BUILT_IN, read_profiles
from gateway.core.plugins import discover
from tests.drivers.modbus_images import Bus, ServedUnit, acrel, at, em24, packed, sdm630, serving

ALL: tuple[Table, ...] = ("input", "holding", "discrete", "coil")


def line(port: int, **settings: Any) -> ModbusConnection:
    written = {"driver": "modbus", "url": f"tcp://127.0.0.1:{port}", "timeout": "200ms", **settings}
    return ModbusConnection.model_validate(written)


class Skipping:
    """A clock that lets no time pass for those who wait, and remembers for how long they wanted to."""

    def __init__(self) -> None:
        self.slept: list[float] = []

    def now(self) -> float:
        return sum(self.slept)

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)


async def examined(unit: ServedUnit, *ranges: Range, samples: int = 1, **settings: Any) -> tuple[Examination, Bus]:
    bus = Bus({1: unit})
    async with serving(bus) as port, Bedside(line(port, **settings), 1, Skipping()) as bedside:
        return await examination(bedside, 1, ranges, samples, 1.0, {}, lambda _: None), bus


async def test_a_meter_with_holes_and_a_limit_that_wants_pairs() -> None:
    found, bus = await examined(sdm630(), *(Range(table, 0, 252) for table in ALL))
    extents = {extent.table: extent for extent in found.extents}
    assert extents["input"].spans == (Span("input", 0, 79), Span("input", 200, 251))
    assert (extents["input"].largest, extents["input"].pairs) == (80, True)
    assert [extents[table].exists for table in ALL] == [True, False, False, False]
    assert found.diagnosis.order == "ABCD"
    assert (found.requests, found.latency_s > 0) == (len(bus.asked), True)
    assert {function for _, function, _, _ in bus.asked} <= {1, 2, 3, 4}


async def test_a_meter_that_answers_eleven_registers() -> None:
    found, bus = await examined(em24(), Range("input", 0, 68))
    assert (found.extents[0].spans, found.extents[0].largest) == ((Span("input", 0, 67),), 11)
    assert found.diagnosis.order == "CDAB"
    assert max(count for _, _, _, count in bus.asked[-7:]) == 10  # the samples: an even number


async def test_samples_are_taken_a_second_apart_and_tell_a_counter() -> None:
    unit = ServedUnit({"holding": at(0, packed("I", 12_345_678, 4_301_022))})

    def count(table: dict[int, int]) -> None:
        table[1] += 2
        table[3] += 1

    unit.then = count
    clock, bus = Skipping(), Bus({1: unit})
    async with serving(bus) as port, Bedside(line(port), 1, clock) as bedside:
        found = await examination(bedside, 1, [Range("holding", 0, 4)], 3, 1.0, {}, lambda _: None)
    assert clock.slept == [1.0, 1.0]
    told = [(value.address, str(value.best.candidate), value.conduct) for value in found.diagnosis.values]
    assert told == [(0, "u32 ABCD", "grows"), (2, "u32 ABCD", "grows")]


async def test_a_busy_device_is_asked_again_after_a_while() -> None:
    clock, unit = Skipping(), acrel()
    async with serving(Bus({1: unit})) as port, Bedside(line(port), 1, clock) as bedside:
        await bedside.greet()
        unit.busy = 2
        extent = await bedside.examine("holding", 20, 18, lambda _: None)
    assert extent.spans == (Span("holding", 20, 37),)
    assert clock.slept == [0.2, 0.2]


async def test_a_device_that_is_silent_about_its_holes_is_still_read() -> None:
    unit = ServedUnit({"holding": at(0, [2301, 2298, 2310, 7])}, silent_holes=True)
    found, _ = await examined(unit, Range("holding", 0, 6), timeout="20ms")
    assert found.extents[0].spans == (Span("holding", 0, 3),)


async def test_a_device_that_is_silent_at_its_first_registers_is_found_where_one_looks() -> None:
    unit = ServedUnit({"holding": at(300, [2301, 2298])}, silent_holes=True)
    found, _ = await examined(unit, Range("holding", 300, 9), timeout="20ms")
    assert found.extents[0].spans == (Span("holding", 300, 301),)


async def test_a_device_that_goes_away_is_not_taken_for_holes() -> None:
    unit = ServedUnit({"holding": at(0, [1] * 20)})
    bus = Bus({1: unit}, silent=True)
    async with serving(bus) as port, Bedside(line(port, timeout="20ms"), 1, SystemClock()) as bedside:
        await bedside.greet()
        bus.units = {}
        with pytest.raises(Unreachable, match=r"timed out|closed"):  # pymodbus hangs up after some silence
            await bedside.examine("holding", 0, 20, lambda _: None)


async def test_nobody_there_is_said_with_the_reason() -> None:
    async with serving(Bus({})) as port, Bedside(line(port), 9, SystemClock()) as bedside:
        with pytest.raises(Unreachable, match="exception 11"):
            await bedside.greet()
    async with Bedside(line(port), 9, SystemClock()) as bedside:
        with pytest.raises(Unreachable, match="refused"):
            await bedside.greet()


async def test_a_device_that_mixes_up_its_tables_is_shown_once() -> None:
    words = at(0, packed("f", 229.8, 230.4, 229.1))
    found, _ = await examined(
        ServedUnit({"holding": words, "input": words}), Range("input", 0, 6), Range("holding", 0, 6)
    )
    assert found.mirrored
    assert {value.table for value in found.diagnosis.values} == {"holding"}


async def test_bits_are_read_with_their_addresses() -> None:
    bits = at(3, [1, 0, 0, 1, 1, 0, 0, 0, 1, 0])
    found, _ = await examined(ServedUnit({"discrete": bits, "holding": {}}), Range("discrete", 0, 20))
    assert found.bits == {"discrete": {address: bool(bit) for address, bit in bits.items()}}


async def test_progress_only_grows() -> None:
    told: list[float] = []
    async with serving(Bus({1: acrel()})) as port, Bedside(line(port), 1, Skipping()) as bedside:
        await examination(bedside, 1, [Range("input", 0, 70), Range("holding", 0, 70)], 3, 1.0, {}, told.append)
    assert all(before <= after for before, after in pairwise(told))
    assert told[0] == 0.0
    assert told[-1] == pytest.approx(1.0)


@pytest.mark.parametrize("unit", [sdm630, em24, acrel])
async def test_the_proposed_profile_is_right_and_reads_the_same_values(
    unit: Callable[[], ServedUnit], tmp_path: Path
) -> None:
    (tmp_path / "probed.yaml").touch()
    async with serving(Bus({1: unit()})) as port, Bedside(line(port), 1, Skipping()) as bedside:
        ranges = [Range("input", 0, 70), Range("holding", 0, 70)]
        found = await examination(bedside, 1, ranges, 1, 1.0, {}, lambda _: None)
        (tmp_path / "probed.yaml").write_text(proposal(found, 'a "test"', lambda reason: reason.kind))
        library = read_profiles([tmp_path], discover())
        assert not [finding.show() for finding in library.findings]
        profile = library.profiles["probed"]
        assert isinstance(profile, ModbusProfile)
        read = {fit.point.address: fit for fit in await fits(bedside, profile)}
    assert {fit.verdict for fit in read.values()} == {"fits"}
    values = [value for value in found.diagnosis.values if not value.empty and not value.text]
    assert len(values) == len(read)
    for value in values:
        assert read[value.address].value == pytest.approx(value.best.last * value.scale, rel=1e-6)


async def test_a_profile_that_does_not_fit_says_so_point_by_point() -> None:
    points = [
        {"name": "u", "address": 0, "type": "f32", "high": 500},
        {"name": "gone", "address": 300, "type": "u16"},
        {"name": "absurd", "address": 2, "type": "u32", "low": 0, "high": 10},
        {"name": "none", "address": 4, "type": "u16", "sentinels": [0xFFFF]},
    ]
    profile = ModbusProfile.model_validate({"profile": "p", "driver": "modbus", "points": points})
    unit = ServedUnit({"holding": at(0, [*packed("f", 229.8, 230.0), 0xFFFF])})
    async with serving(Bus({1: unit})) as port, Bedside(line(port), 1, Skipping()) as bedside:
        found = await fits(bedside, profile)
    assert [fit.verdict for fit in found] == ["fits", "refused", "out of range", "no value"]
    assert found[1].reason == "no such address (exception 2)"
    assert found[2].words == (0x4366, 0x0000)
    assert found[2].value == 0x43660000


async def test_a_profile_of_the_library_is_guessed() -> None:
    profiles = [p for p in read_profiles([BUILT_IN], discover()).profiles.values() if isinstance(p, ModbusProfile)]
    image = sdm630()
    image.tables["input"].update(at(0x156, packed("f", 18342.6)))
    units = {1: image, 2: ServedUnit({"input": at(0, [0] * 400), "holding": at(0, [0] * 400)})}
    async with serving(Bus(units)) as port:
        async with Bedside(line(port), 1, Skipping()) as bedside:
            assert "power-meter" in await guesses(bedside, profiles)
        async with Bedside(line(port), 2, Skipping()) as bedside:
            assert await guesses(bedside, profiles) == []


@pytest.mark.parametrize("silent", [False, True])
async def test_units_are_found_by_any_answer_of_their_own(silent: bool) -> None:  # noqa: FBT001 - a parameter
    units = {3: em24(), 4: acrel(), 7: ServedUnit({"coil": {0: 1}}), 8: ServedUnit({"holding": {0: 5}})}
    async with serving(Bus(units, silent=silent)) as port:
        found = [(unit, seen) async for unit, seen in scan(line(port, timeout="50ms"), range(1, 10))]
    assert [unit for unit, _ in found] == list(range(1, 10))
    seen = {each.unit: each.exception for _, each in found if each is not None}
    assert seen == {3: 0, 4: 2, 7: 1, 8: 0}  # 3 has no holding registers but input registers


async def test_a_serial_line_behind_a_converter_is_scanned_and_read() -> None:
    bus = Bus({3: em24(), 4: acrel()}, silent=True, rtu=True)
    async with serving(bus) as port:
        url = f"rtu+tcp://127.0.0.1:{port}"
        found = [seen.unit async for _, seen in scan(line(port, url=url, timeout="50ms"), range(1, 7)) if seen]
        async with Bedside(line(port, url=url), 3, Skipping()) as bedside:
            read = await examination(bedside, 3, [Range("input", 0, 70)], 2, 1.0, {}, lambda _: None)
    assert found == [3, 4]
    assert read.extents[0].spans == (Span("input", 0, 67),)
    assert (read.diagnosis.order, read.extents[0].largest) == ("CDAB", 11)


async def test_a_scan_goes_on_when_the_line_is_dropped() -> None:
    bus = Bus({5: em24()}, hang_up_on=frozenset({2, 4}))
    async with serving(bus) as port:
        found = [seen async for _, seen in scan(line(port), range(1, 6))]
    assert found[:4] == [None] * 4
    assert isinstance(found[4], Seen)


async def test_a_scan_of_no_line_says_why() -> None:
    async with serving(Bus({})) as port:
        pass
    with pytest.raises(Unreachable, match="refused"):
        await anext(aiter(scan(line(port), range(1, 3))))


@pytest.mark.parametrize(
    ("table", "address", "number"),
    [
        ("holding", 0, "40001"),
        ("input", 0x34, "30053"),
        ("coil", 4, "00005"),
        ("discrete", 0, "10001"),
        ("holding", 9998, "49999"),
        ("holding", 9999, "410000"),
        ("input", 65535, "365536"),
        ("coil", 9999, "010000"),
    ],
)
def test_the_numbers_of_manuals(table: Table, address: int, number: str) -> None:
    assert manual_number(table, address) == number


async def test_the_display_and_the_clock_are_the_callers() -> None:
    clock = ManualClock(0.0)
    async with serving(Bus({1: acrel()})) as port, Bedside(line(port), 1, clock) as bedside:
        told: Expectations = {("holding", 22): Expected.of("23.1")}
        found = await examination(bedside, 1, [Range("holding", 20, 18)], 1, 1.0, told, lambda _: None)
    assert [value.scale for value in found.diagnosis.values if value.address == 22] == [pytest.approx(0.01)]
