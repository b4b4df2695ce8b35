from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.plan import Place, Read, Slice, Table, is_bits, plan


@pytest.mark.parametrize(
    ("places", "limits", "expected"),
    [
        pytest.param([Place("holding", 0, 2), Place("holding", 2, 1)], {}, [("holding", 0, 3)], id="neighbours"),
        pytest.param([Place("holding", 0, 1), Place("holding", 9, 1)], {}, [("holding", 0, 10)], id="gap of eight"),
        pytest.param(
            [Place("holding", 0, 1), Place("holding", 10, 1)], {}, [("holding", 0, 1), ("holding", 10, 1)], id="too far"
        ),
        pytest.param(
            [Place("holding", 0, 1), Place("holding", 2, 1)],
            {"max_gap": 0},
            [("holding", 0, 1), ("holding", 2, 1)],
            id="no bridges",
        ),
        pytest.param(
            [Place("holding", 0, 2), Place("holding", 2, 2), Place("holding", 4, 2)],
            {"max_registers": 5},
            [("holding", 0, 4), ("holding", 4, 2)],
            id="limit",
        ),
        pytest.param(
            [Place("input", 0, 1), Place("holding", 1, 1)], {}, [("holding", 1, 1), ("input", 0, 1)], id="two tables"
        ),
        pytest.param([Place("coil", 0, 1), Place("coil", 100, 1)], {}, [("coil", 0, 101)], id="gap in bits"),
        pytest.param([Place("holding", 4, 2), Place("holding", 4, 2)], {}, [("holding", 4, 2)], id="same place twice"),
    ],
)
def test_places_are_merged_into_reads(
    places: list[Place], limits: dict[str, int], expected: list[tuple[Table, int, int]]
) -> None:
    assert [(read.table, read.address, read.count) for read in plan(places, **limits)] == expected


def test_a_read_knows_its_parts_and_its_size() -> None:
    (read,) = plan([Place("holding", 13, 1), Place("holding", 10, 2)])
    assert read == Read("holding", 10, 4, (Slice(1, 0), Slice(0, 3)), bridged=True)
    assert read.size == 8
    assert str(read) == "holding 10-13"
    assert Read("coil", 0, 9, ()).size == 2


def test_a_place_wider_than_a_read_is_an_error() -> None:
    with pytest.raises(ValueError, match="wider than one read of 1"):
        plan([Place("holding", 0, 2)], max_registers=1)


_tables: list[Table] = ["coil", "discrete", "holding", "input"]
_place = st.builds(
    lambda table, address, width: Place(table, address, 1 if is_bits(table) else width),
    st.sampled_from(_tables),
    st.one_of(st.integers(0, 300), st.integers(0, 65000)),
    st.sampled_from([1, 2, 4]),
)


@given(st.lists(_place, min_size=1, max_size=60), st.integers(4, 125), st.integers(0, 124))
def test_every_point_is_covered_once_and_no_read_is_over_the_limit(
    places: list[Place], max_registers: int, max_gap: int
) -> None:
    reads = plan(places, max_registers, max_gap)
    assert sorted(part.point for read in reads for part in read.slices) == list(range(len(places)))
    for read in reads:
        limit = min(2000, 16 * max_registers) if is_bits(read.table) else max_registers
        assert 1 <= read.count <= limit
        asked: set[int] = set()
        for part in read.slices:
            place = places[part.point]
            assert (read.table, read.address + part.offset) == (place.table, place.address)
            assert part.offset + place.width <= read.count
            asked |= set(range(part.offset, part.offset + place.width))
        longest_gap = max((b - a - 1 for a, b in pairwise(sorted(asked))), default=0)
        assert longest_gap <= max_gap * (16 if is_bits(read.table) else 1)
        assert read.bridged == (len(asked) < read.count)
