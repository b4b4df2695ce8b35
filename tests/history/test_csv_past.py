"""CSV files as a past: what stands in them comes out as readings, and what cannot be used is told."""

import os
import random
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from drivers.device import Device, Point, Profile
from gateway.core.types import Fleet, Floats
from gateway.core.unfold import stale_after_s
from gateway.history.csv.past import CsvPast
from gateway.history.grid import first_shown
from gateway.history.past import NoPast

NAN = float("nan")
SHANGHAI = ZoneInfo("Asia/Shanghai")
NOON = 1_767_240_000.0  # 2026-01-01 12:00 in Shanghai
Readings = dict[tuple[str, float], list[float]]
Reading = Callable[..., tuple[Readings, list[str]]]


def fleet_of(profile: str, devices: tuple[str, ...], points: tuple[Point, ...]) -> Fleet:
    made = tuple(Device(id=id_, profile=profile, on="wire", every="10s") for id_ in devices)  # type: ignore[arg-type]
    return Fleet(Profile(profile=profile, driver="modbus", points=points), made)


PUMPS = fleet_of("pump-set", ("P-1", "P-2"), (Point(name="pressure", unit="MPa", low=0, high=1.6), Point(name="flow")))
METERS = fleet_of("power-meter", ("M-1",), (Point(name="power"),))
FLEETS = (PUMPS, METERS)


@pytest.fixture
def read(tmp_path: Path) -> Reading:
    """Write these texts as files and read them: values by device and event time, and the notes."""

    def read_them(*texts: str | bytes, fleets: tuple[Fleet, ...] = FLEETS) -> tuple[Readings, list[str]]:
        files = [tmp_path / f"{number}.csv" for number in range(len(texts))]
        for file, text in zip(files, texts, strict=True):
            file.write_bytes(text if isinstance(text, bytes) else text.encode())
        with CsvPast(files, fleets, SHANGHAI, 1.0) as past:
            found = {key: row for fleet in fleets for key, row in readings(past, fleet)}
            return found, [note.sentence("en").replace(f"{tmp_path}/", "") for note in past.notes]

    return read_them


def readings(past: CsvPast, fleet: Fleet) -> Iterator[tuple[tuple[str, float], list[float]]]:
    previous = -np.inf
    for part in past.fresh(fleet, 0.0, 1e12):
        assert part.rows[0] > previous
        previous = float(part.rows[-1])
        for device, time, row, values in zip(part.devices, part.times, part.rows, part.values, strict=True):
            assert time <= row < time + 1.0
            yield (fleet.ids[device], float(time)), values.tolist()


def same(found: Readings, expected: Readings) -> bool:
    assert list(found) == list(expected)
    for key, values in expected.items():
        np.testing.assert_array_equal(found[key], values)
    return True


def refused(read: Reading, *texts: str | bytes) -> str:
    with pytest.raises(NoPast) as caught:
        read(*texts)
    return caught.value.sentence("en")


WIDE = "time,device,pressure,flow\n2026-01-01 12:00:00,P-1,0.5,7\n2026-01-01 12:00:10,P-1,,8\n"


def test_wide_lines_are_readings_and_an_empty_cell_is_unknown(read: Reading) -> None:
    found, notes = read(WIDE)
    assert same(found, {("P-1", NOON): [0.5, 7.0], ("P-1", NOON + 10): [NAN, 8.0]})
    assert notes == []


def test_long_lines_of_one_time_are_one_reading(read: Reading) -> None:
    text = f"time,device,point,value\n{NOON},P-1,pressure,0.5\n{NOON},M-1,power,3\n{NOON},P-1,flow,7\n"
    assert same(read(text)[0], {("P-1", NOON): [0.5, 7.0], ("M-1", NOON): [3.0]})


@pytest.mark.parametrize(
    "stamp",
    [
        "2026-01-01 12:00:00",
        "2026-01-01T12:00:00.000",
        "2026-01-01T04:00:00Z",
        "2026-01-01T05:00:00+01:00",
        "2026/1/1 12:00",
        " 2026/01/01 12:00:00 ",
        "1767240000",
        "1767240000.0",
        "1767240000000",
        "1767240000000000000",
    ],
)
def test_a_time_may_be_written_in_many_ways(read: Reading, stamp: str) -> None:
    assert same(read(f"time,device,flow\n{stamp},P-1,7\n")[0], {("P-1", NOON): [NAN, 7.0]})


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_files_of_all_kinds_of_programs(read: Reading, delimiter: str, encoding: str, end: str) -> None:
    lines = ["时间,设备,flow,备注", '2026-01-01 12:00:00,"P-1","7",泵房', "2026-01-01 12:00:10,P-1,8,"]
    text = end.join(line.replace(",", delimiter) for line in lines)
    found, notes = read(text.encode(encoding))
    assert same(found, {("P-1", NOON): [NAN, 7.0], ("P-1", NOON + 10): [NAN, 8.0]})
    assert notes == ["columns of 0.csv that are no points: 备注; they are not read"]


def test_a_few_bad_cells_are_counted_and_the_rest_is_read(read: Reading) -> None:
    lines = [f"{NOON + second},P-1,{second % 7 / 10},{second}" for second in range(10_000)]
    lines[4709] = f"{NOON + 4709},P-1,0.1,4x"
    lines[5000] = f"{NOON + 5000},P-1,ERR,3"
    lines[6000] = f"{NOON + 6000},P-1,450,3"
    lines[7000] = "yesterday,P-1,0.3,3"
    lines[8000] = f"{NOON},P-1"
    lines[9000] = f"{NOON},X-9,0.3,1"
    found, notes = read("\n".join(["time,device,pressure,flow", *lines, "", "time,device,pressure,flow"]))
    assert len(found) == 9997
    np.testing.assert_array_equal(found["P-1", NOON + 4709], [0.1, NAN])
    np.testing.assert_array_equal(found["P-1", NOON + 6000], [NAN, 3.0])
    assert sorted(notes) == [
        "cells that are no numbers: 2, the first with 4x at 0.csv:4711; they count as unknown",
        "lines of devices that this site does not have: 1 (X-9)",
        "lines that do not have 4 cells: 1, the first at 0.csv:8002; they are left out",
        (
            "lines without a time that can be read: 1, the first with yesterday at 0.csv:7002; they are left out;"
            " write 2026-03-15T08:01:10 or seconds since 1970"
        ),
        "values of pressure outside 0 to 1.6 MPa: 1, the first with 450 at 0.csv:6002; they count as unknown",
    ]


def test_a_quoted_cell_of_several_lines_does_not_shift_the_count(read: Reading) -> None:
    _, notes = read(f'time,device,flow,remark\n{NOON},P-1,1,"two\nlines"\n\n{NOON + 1},P-1,x,\n')
    assert "the first with x at 0.csv:5" in notes[0]


@pytest.mark.parametrize("word", ["", "nan", "NULL", "-", "n/a", "inf"])
def test_words_for_no_value(read: Reading, word: str) -> None:
    found, notes = read(f"time,device,pressure,flow\n{NOON},P-1,1,{word}\n")
    assert same(found, {("P-1", NOON): [1.0, NAN]})
    assert notes == []


def test_lines_may_be_in_any_order_and_in_several_files(read: Reading) -> None:
    days = [NOON + 86400.0 * day for day in range(30)]
    by_device = [f"{time},{device},{index}" for device in ("P-2", "P-1") for index, time in enumerate(days)]
    flows = "\n".join(["time,device,flow", *by_device[::-1]])
    pressures = "\n".join(["time,device,pressure", *(f"{time},P-1,0.3" for time in days)])
    found, _ = read(flows, pressures)
    assert len(found) == 60
    assert [*found][:2] == [("P-1", NOON), ("P-2", NOON)]
    assert found["P-1", days[7]] == [0.3, 7.0]


def test_a_value_in_two_lines_is_the_later_one(read: Reading) -> None:
    found, _ = read(f"time,device,flow\n{NOON},P-1,1\n{NOON},P-1,2\n{NOON},P-1,\n")
    assert same(found, {("P-1", NOON): [NAN, 2.0]})


def test_points_of_different_times_are_held_for_as_long_as_is_usual(read: Reading) -> None:
    minutes = range(0, 3000, 60)
    lines = [f"{NOON + second},P-1,pressure,{second / 10_000}" for second in minutes]
    lines += [f"{NOON + second + 20},P-1,flow,{second}" for second in minutes if second < 1800]
    found, _ = read("\n".join(["time,device,point,value", *lines]))
    assert found["P-1", NOON + 620] == [0.06, 600.0]
    assert found["P-1", NOON + 660] == [0.066, 600.0]
    assert found["P-1", NOON + 1920] == [0.192, 1740.0]  # the last flow was 160 s ago; three minutes may pass
    assert np.isnan(found["P-1", NOON + 1980][1])


def test_what_is_said_to_be_unknown_is_not_held(read: Reading) -> None:
    found, _ = read(f"time,device,point,value\n{NOON},P-1,flow,5\n{NOON + 1},P-1,flow,\n{NOON + 2},P-1,pressure,1\n")
    assert same(found, {("P-1", NOON): [NAN, 5.0], ("P-1", NOON + 1): [NAN, NAN], ("P-1", NOON + 2): [1.0, NAN]})


def test_a_hold_goes_over_the_borders_of_slots(read: Reading) -> None:
    before = stale_after_s(PUMPS.devices[0]) - 1
    found, _ = read(f"time,device,point,value\n{NOON},P-1,flow,5\n{NOON + before},P-1,pressure,1\n")
    assert found["P-1", NOON + before] == [1.0, 5.0]


def test_a_mostly_empty_table_is_told(read: Reading) -> None:
    _, notes = read(f"time,device,pressure,flow\n{NOON},P-1,,1\n{NOON + 1},P-1,,\n")
    assert "75 % of the cells are empty" in notes[0]


def test_points_that_a_profile_does_not_have_are_told(read: Reading) -> None:
    _, notes = read(f"time,device,point,value,unit\n{NOON},P-1,torque,1,Nm\n{NOON},P-1,Flow,1,m3/h\n")
    assert notes == [
        "lines of points that pump-set does not have: 1 (torque)",
        "columns of 0.csv that are no points: unit; they are not read",
    ]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "0.csv is empty"),
        ("a,b\n1,2\n", "there is no column time among a, b"),
        ("time,flow\n1,2\n", "there is no column device among time, flow"),
        ("time,device,torque\n1,P-1,2\n", "none of the columns torque is a point of this site, such as flow, power"),
        ("time,device,flow,FLOW\n", "the column flow is there twice"),
        (b"PK\x03\x04\x00\x00", "is no text file"),
        (f"time,device,flow\n{NOON},X-1,1\n", "is of use: lines of devices that this site does not have: 1 (X-1)"),
        ("time,device,flow\n", "is of use"),
        ('time,device,flow\n1,"P-1,2\n' + "x" * 200_000, "cannot be read: field larger"),
        (
            'time,device,flow\n1,P-1,2\n2,"P-1,2\n' + "3,P-1,2\n" * 50,
            ":3: a quotation mark is opened here and not closed",
        ),
    ],
)
def test_what_no_table_can_be_made_of(read: Reading, text: str | bytes, sentence: str) -> None:
    assert sentence in refused(read, text)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(NoPast, match=r"nowhere\.csv cannot be read: No such file"):
        CsvPast([tmp_path / "nowhere.csv"], FLEETS, SHANGHAI, 1.0)


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.csv")
    with pytest.raises(NoPast, match=r"pipe\.csv cannot be read: Not a regular file"):
        CsvPast([tmp_path / "pipe.csv"], FLEETS, SHANGHAI, 1.0)


def test_nothing_is_left_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    scratch, file = tmp_path / "scratch", tmp_path / "a.csv"
    scratch.mkdir()
    monkeypatch.setattr("gateway.history.csv.past._scratch", lambda: scratch)
    file.write_text(WIDE)
    shares: list[float] = []
    with CsvPast([file, file], FLEETS, SHANGHAI, 1.0, shares.append) as past:
        assert [*scratch.iterdir()]
        assert past.profiles() == {"pump-set": (NOON, NOON + 10)}
    assert shares == [0.5, 1.0]
    file.write_text("nothing")
    with pytest.raises(NoPast):
        CsvPast([file], FLEETS, SHANGHAI, 1.0)
    assert not [*scratch.iterdir()]


VALUES = st.one_of(st.just(NAN), st.floats(-1e9, 1e9).map(lambda value: round(value, 6) + 0.0))
TABLES = st.dictionaries(
    st.tuples(st.sampled_from(("P-1", "P-2")), st.integers(0, 4_000_000)),  # times in ms
    st.tuples(st.floats(0, 1.6), VALUES).map(list),
    min_size=1,
    max_size=40,
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(TABLES, st.randoms(use_true_random=False), st.sampled_from(("long", "wide")), st.sampled_from(("ISO", "s")))
def test_what_is_written_is_read_back(
    read: Reading, table: dict[tuple[str, int], list[float]], order: random.Random, shape: str, stamps: str
) -> None:
    long, iso = shape == "long", stamps == "ISO"
    expected = {(device, round(NOON * 1000 + ms) / 1000): values for (device, ms), values in table.items()}
    lines = [line for key, values in expected.items() for line in _lines(*key, values, long=long, iso=iso)]
    order.shuffle(lines)
    found, _ = read("\n".join(["time,device,point,value" if long else "time,device,pressure,flow", *lines]))
    assert same(dict(sorted(found.items())), dict(sorted(expected.items())))


def _lines(device: str, time: float, values: list[float], *, long: bool, iso: bool) -> list[str]:
    stamp = datetime.fromtimestamp(time, UTC).isoformat() if iso else repr(time)
    texts = ["" if np.isnan(value) else repr(value) for value in values]
    if not long:
        return [",".join([stamp, device, *texts])]
    return [f"{stamp},{device},{point},{text}" for point, text in zip(("pressure", "flow"), texts, strict=True)]


def test_the_live_rows_of_a_recording_are_found_again() -> None:
    times: Floats = np.array([0.2, 0.9, 1.0, 2.5, 0.1])
    rows = first_shown(np.array([0, 0, 0, 0, 1]), times, 1.0)
    np.testing.assert_array_equal(rows, [0.2, 0.9, 1.0, 3.0, 1.0])
