"""The search for what can be read: pure, against devices that refuse in every known way."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.modbus.doctor.bedside import parts
from drivers.modbus.doctor.extent import Extent, Reply, search
from drivers.plan import Read, Span, Table

Answers = Callable[[range], bool]


def explored(answers: Answers, first: int = 0, count: int = 125, table: Table = "holding") -> tuple[Extent, list[Read]]:
    """What the search finds in a device that answers these addresses, and what it asked."""
    steps = search(table, first, count)
    asked = [next(steps)]
    while True:
        read = asked[-1]
        reply = Reply.ANSWERED if answers(range(read.address, read.address + read.count)) else Reply.REFUSED
        try:
            asked.append(steps.send(reply))
        except StopIteration as end:
            found: Extent = end.value
            return found, asked


def spans(found: Extent) -> list[tuple[int, int]]:
    return [(span.first, span.last) for span in found.spans]


def test_a_device_that_answers_everything_is_asked_once_for_each_block() -> None:
    found, asked = explored(lambda _: True, count=300)
    assert spans(found) == [(0, 299)]
    assert [(read.address, read.count) for read in asked] == [(0, 125), (125, 125), (250, 50)]
    assert (found.largest, found.limited, found.walls, found.holes, found.pairs) == (125, False, (), (), False)


def test_holes_are_found_and_so_is_what_lies_between_them() -> None:
    there = {*range(20, 38), *range(62, 66)}
    found, asked = explored(lambda block: set(block) <= there, count=80)
    assert spans(found) == [(20, 37), (62, 65)]
    assert found.holes == (Span("holding", 0, 19), Span("holding", 38, 61), Span("holding", 66, 79))
    assert (found.largest, found.limited) == (18, False)
    assert len(asked) <= 100  # one for each hole, a few pairs, some halving


@pytest.mark.parametrize("most", [2, 7, 11, 64, 80])
def test_a_limit_of_length_is_told_from_a_hole(most: int) -> None:
    found, _ = explored(lambda block: len(block) <= most, count=200)
    assert spans(found) == [(0, 199)]
    assert (found.largest, found.limited, found.walls) == (most, True, ())


def test_a_device_that_answers_single_registers_only_is_not_a_device_of_walls() -> None:
    found, asked = explored(lambda block: len(block) == 1, count=40)
    assert spans(found) == [(0, 39)]
    assert (found.largest, found.limited, found.walls) == (1, True, ())
    assert len(asked) < 60


def test_a_wall_parts_what_is_read_but_not_together() -> None:
    found, _ = explored(lambda block: not (block.start < 50 < block.stop), count=100)
    assert spans(found) == [(0, 99)]
    assert (found.walls, found.limited, found.largest) == ((50,), False, 50)


def test_a_device_that_refuses_halves_of_values_is_read_in_pairs() -> None:
    there = {*range(80), *range(200, 252)}
    found, _ = explored(lambda block: set(block) <= there and len(block) % 2 == 0 and len(block) <= 80, count=252)
    assert spans(found) == [(0, 79), (200, 251)]
    assert (found.pairs, found.largest) == (True, 80)


def test_pairs_are_tried_for_a_few_holes_only() -> None:
    found, asked = explored(lambda _: False, count=100)
    assert not found.spans
    assert len(asked) < 110


def test_a_table_that_the_device_does_not_know_costs_one_question() -> None:
    steps = search("input", 0, 125)
    next(steps)
    with pytest.raises(StopIteration) as end:
        steps.send(Reply.NO_TABLE)
    assert end.value.value == Extent("input", (), (), 0, False, (), False, exists=False)  # noqa: FBT003 - a record


def test_bits_come_two_thousand_at_once() -> None:
    found, asked = explored(lambda _: True, count=3000, table="coil")
    assert [read.count for read in asked] == [2000, 1000]
    assert found.largest == 2000


@given(st.sets(st.integers(0, 99)), st.integers(2, 100))
def test_whatever_the_map_and_the_limit_the_truth_is_found(there: set[int], most: int) -> None:
    found, asked = explored(lambda block: set(block) <= there and len(block) <= most, count=100)
    read = {address for span in found.spans for address in range(span.first, span.last + 1)}
    missing = {address for span in found.holes for address in range(span.first, span.last + 1)}
    assert (read, missing) == (there, set(range(100)) - there)
    assert len(asked) <= 350
    for block in parts(found):
        assert set(range(block.address, block.address + block.count)) <= there
        assert block.count <= most


def test_reads_for_the_values_respect_walls_and_halve_no_pair() -> None:
    extent = Extent("input", (Span("input", 0, 29),), (), 11, True, (4,), False)  # noqa: FBT003 - a record
    assert [(read.address, read.count) for read in parts(extent)] == [(0, 4), (4, 10), (14, 10), (24, 6)]
