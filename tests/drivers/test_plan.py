from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.plan import Limits, Place, Read, Slice, Span, Table, is_bits, plan


@pytest.mark.parametrize(
    ("places", "limits", "expected"),
    [
        pytest.param([Place("holding", 0, 2), Place("holding", 2, 1)], Limits(), [("holding", 0, 3)], id="neighbours"),
        pytest.param(
            [Place("holding", 0, 1), Place("holding", 9, 1)], Limits(), [("holding", 0, 10)], id="gap of eight"
        ),
        pytest.param(
            [Place("holding", 0, 1), Place("holding", 10, 1)],
            Limits(),
            [("holding", 0, 1), ("holding", 10, 1)],
            id="too far",
        ),
        pytest.param(
            [Place("holding", 0, 1), Place("holding", 2, 1)],
            Limits(gap=0),
            [("holding", 0, 1), ("holding", 2, 1)],
            id="no bridges",
        ),
        pytest.param(
            [Place("holding", 0, 2), Place("holding", 2, 2), Place("holding", 4, 2)],
            Limits(registers=5),
            [("holding", 0, 4), ("holding", 4, 2)],
            id="limit",
        ),
        pytest.param(
            [Place("input", 0, 1), Place("holding", 1, 1)],
            Limits(),
            [("holding", 1, 1), ("input", 0, 1)],
            id="two tables",
        ),
        pytest.param([Place("coil", 0, 1), Place("coil", 100, 1)], Limits(), [("coil", 0, 101)], id="gap in bits"),
        pytest.param(
            [Place("holding", 4, 2), Place("holding", 4, 2)], Limits(), [("holding", 4, 2)], id="same place twice"
        ),
    ],
)
def test_places_are_merged_into_reads(
    places: list[Place], limits: Limits, expected: list[tuple[Table, int, int]]
) -> None:
    assert [(read.table, read.address, read.count) for read in plan(places, limits)] == expected


def test_a_read_knows_its_parts_and_its_size() -> None:
    (read,) = plan([Place("holding", 13, 1), Place("holding", 10, 2)])
    assert read == Read("holding", 10, 4, (Slice(1, 0), Slice(0, 3)))
    assert read.size == 8
    assert str(read) == "holding 10-13"
    assert Read("coil", 0, 9, ()).size == 2


def test_a_place_wider_than_a_read_is_an_error() -> None:
    with pytest.raises(ValueError, match="wider than one read of 1"):
        plan([Place("holding", 0, 2)], Limits(registers=1))


_tables: list[Table] = ["coil", "discrete", "holding", "input"]
_place = st.builds(
    lambda table, address, width: Place(table, address, 1 if is_bits(table) else width),
    st.sampled_from(_tables),
    st.one_of(st.integers(0, 300), st.integers(0, 65000)),
    st.sampled_from([1, 2, 4]),
)


_span = st.builds(
    lambda table, first, size: Span(table, first, first + size),
    st.sampled_from(_tables),
    st.integers(0, 320),
    st.integers(0, 9),
)
_limits = st.builds(
    Limits,
    registers=st.integers(4, 125),
    bits=st.integers(1, 2000),
    gap=st.integers(0, 124),
    forbidden=st.lists(_span, max_size=4).map(tuple),
    cuts=st.frozensets(st.tuples(st.sampled_from(_tables), st.integers(0, 320)), max_size=4),
)


@given(st.lists(_place, min_size=1, max_size=60), _limits)
def test_every_point_is_covered_once_and_no_read_is_over_a_limit(places: list[Place], limits: Limits) -> None:
    reads = plan(places, limits)
    assert sorted(part.point for read in reads for part in read.slices) == list(range(len(places)))
    for read in reads:
        assert 1 <= read.count <= limits.size(read.table)
        asked: set[int] = set()
        for part in read.slices:
            place = places[part.point]
            assert (read.table, read.address + part.offset) == (place.table, place.address)
            assert part.offset + place.width <= read.count
            asked |= set(range(place.address, place.address + place.width))
        longest_gap = max((b - a - 1 for a, b in pairwise(sorted(asked))), default=0)
        assert longest_gap <= limits.bridge(read.table)
        in_vain = set(range(read.address, read.address + read.count)) - asked
        assert not in_vain & _forbidden(limits, read.table)
        for table, cut in limits.cuts:
            spanned = table == read.table and read.address < cut < read.address + read.count
            assert not spanned or {cut - 1, cut} <= asked, "only a point of several registers may lie across a cut"


def _forbidden(limits: Limits, table: Table) -> set[int]:
    return {a for span in limits.forbidden if span.table == table for a in range(span.first, span.last + 1)}
