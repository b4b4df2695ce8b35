"""Sets of numbers and statements about them, held against trying every value, and conditions against the real ones."""

import itertools
import math
from collections.abc import Mapping

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rules.language.expression import compile_condition
from rules.lint.logic import FALSE, MAX_TERMS, TRUE, All, Is, Some, Statement, World, opposite
from rules.lint.meaning import Reader, tree_of
from rules.lint.spans import EVERYTHING, KNOWN, UNKNOWN, Spans, above, below, exactly, from_to
from rules.lint.spelling import spelled
from rules.vocabulary import Bools, Frame, Vocabulary
from tests.rules.wall import UTC

LIMITS = [0.0, 1.0, 2.0, 3.0]
TRIED = [-math.inf, *(x / 2 for x in range(-2, 9)), math.inf, math.nan]

basic = st.one_of(
    st.sampled_from([EVERYTHING, KNOWN, UNKNOWN, Spans()]),
    st.builds(above, st.sampled_from(LIMITS), strict=st.booleans()),
    st.builds(below, st.sampled_from(LIMITS), strict=st.booleans()),
    st.builds(exactly, st.sampled_from(LIMITS), st.sampled_from(LIMITS)),
    st.builds(from_to, st.sampled_from(LIMITS), st.sampled_from(LIMITS)),
)
spans = st.recursive(
    basic,
    lambda inner: st.one_of(
        st.builds(lambda a, b: a & b, inner, inner),
        st.builds(lambda a, b: a | b, inner, inner),
        inner.map(lambda a: ~a),
    ),
    max_leaves=6,
)


def members(within: Spans) -> list[bool]:
    return [x in within for x in TRIED]


@given(spans, spans)
def test_sets_are_what_their_members_are(one: Spans, other: Spans) -> None:
    a, b = members(one), members(other)
    assert members(one & other) == [x and y for x, y in zip(a, b, strict=True)]
    assert members(one | other) == [x or y for x, y in zip(a, b, strict=True)]
    assert members(~one) == [not x for x in a]
    assert bool(one) == any(a)
    assert (one == other) == (a == b)


@given(spans, st.sampled_from([-2.0, -0.5, 0.5, 4.0]), st.sampled_from([-1.0, 0.0, 1.5]))
def test_a_set_behind_a_sum(within: Spans, factor: float, offset: float) -> None:
    behind = within.behind(factor, offset)
    assert [x in behind for x in TRIED] == [factor * x + offset in within for x in TRIED]
    assert [x in within.behind_abs() for x in TRIED] == [abs(x) in within for x in TRIED]


@given(spans)
def test_an_example_is_a_member(within: Spans) -> None:
    if within.cuts:
        assert within.example() in within
    else:
        with pytest.raises(ValueError, match="no number"):
            within.example()


@pytest.mark.parametrize(
    ("within", "example"),
    [
        (above(70.0), 80.0),
        (above(70.0) & below(80.0), 75.0),
        (above(0.0) & below(1.0, strict=False), 1.0),
        (below(-5.0), -6.0),
        (KNOWN, 0.0),
        (exactly(3.0), 3.0),
        (from_to(0.1234, 0.1235), 0.12345),
    ],
)
def test_examples_are_short(within: Spans, example: float) -> None:
    assert within.example() == example


NAMES = ["x", "y", "z"]
claims = st.builds(Is, st.sampled_from(NAMES), spans)
statements: st.SearchStrategy[Statement] = st.recursive(
    claims,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3).map(lambda parts: All(tuple(parts))),
        st.lists(inner, max_size=3).map(lambda parts: Some(tuple(parts))),
        inner.map(opposite),
    ),
    max_leaves=8,
)


def holds(statement: Statement, values: Mapping[str, float]) -> bool:
    match statement:
        case Is(quantity, within):
            return values[quantity] in within
        case All(parts):
            return all(holds(part, values) for part in parts)
        case Some(parts):
            return any(holds(part, values) for part in parts)


def everywhere(domains: Mapping[str, Spans]) -> list[dict[str, float]]:
    tried = [[x for x in TRIED if x in domains.get(name, EVERYTHING)] for name in NAMES]
    return [dict(zip(NAMES, values, strict=True)) for values in itertools.product(*tried)]


@settings(max_examples=60, deadline=None)
@given(statements, statements, st.dictionaries(st.sampled_from(NAMES), spans.filter(bool)))
def test_answers_are_those_of_trying_every_value(one: Statement, other: Statement, domains: dict[str, Spans]) -> None:
    world = World(dict(domains))
    tried = everywhere(domains)
    truth = [(holds(one, values), holds(other, values)) for values in tried]
    assert world.can_be_both(one, other) == any(a and b for a, b in truth)
    assert world.implies(one, other) == all(b for a, b in truth if a)
    assert world.satisfiable(All((one, opposite(one)))) is False


def test_too_many_terms_are_not_counted() -> None:
    either = [Some((Is(f"a{i}", exactly(0.0)), Is(f"b{i}", exactly(0.0)))) for i in range(10)]
    world = World()
    assert world.satisfiable(All(tuple(either[:8]))) is True
    assert MAX_TERMS == 2**8
    assert world.satisfiable(All(tuple(either))) is None
    assert world.implies(All(tuple(either)), FALSE) is None
    assert world.can_be_both(All(tuple(either)), TRUE) is None


@pytest.mark.parametrize(
    ("x", "total", "possible"),
    [
        (above(5.0), above(10.0), True),
        (above(5.0), below(4.0), False),
        (below(1.0), above(5.0), False),
        (UNKNOWN, above(1.0), False),
        (UNKNOWN, UNKNOWN, True),
    ],
)
def test_sums_are_what_their_summands_allow(x: Spans, total: Spans, possible: bool) -> None:  # noqa: FBT001
    domains = {"x": from_to(0.0, 10.0) | UNKNOWN, "y": from_to(0.0, 3.0) | UNKNOWN}
    world = World(domains, {"x + y": {"x": 1.0, "y": 1.0}}, {"x + y": frozenset({"x", "y"})})
    assert world.satisfiable(All((Is("x", x), Is("x + y", total)))) is possible


RANGES = {"a": (0.0, 3.0), "b": (-2.0, 2.0)}
WORDS = Vocabulary(("a", "b", "c"), {}, {"r": np.array([2.0])}, (), 1, UTC, RANGES)
POINTS = {
    "a": [0.0, 0.5, 1.0, 2.0, 3.0, math.nan],
    "b": [-2.0, -1.0, 0.0, 2.0, math.nan],
    "c": [-4.0, 0.0, 1.5, math.nan],
}

numbers = st.recursive(
    st.sampled_from(["a", "b", "c", "r", "1", "2.5", "0"]),
    lambda inner: st.one_of(
        st.builds("({} {} {})".format, inner, st.sampled_from("+-*/"), inner),
        st.builds("{}({}, {})".format, st.sampled_from(["min", "max", "mean", "median", "spread"]), inner, inner),
        st.builds("abs({})".format, inner),
        st.builds("during({}, a > 1)".format, inner),
        st.builds("clip({}, 0, 1)".format, inner),
        st.builds("-{}".format, inner),
        st.sampled_from(["missing(a)", "missing(c)", "offline", "(a > 1)", "(not b)"]),
    ),
    max_leaves=4,
)
signs = st.sampled_from(["<", "<=", ">", ">=", "==", "!="])
conditions = st.recursive(
    st.one_of(
        st.builds("{} {} {}".format, numbers, signs, numbers),
        st.builds(
            "{} {} {} {} {}".format, st.sampled_from(["0", "1"]), signs, numbers, signs, st.sampled_from(["1", "3"])
        ),
        st.sampled_from(["a", "missing(b)", "offline"]),
    ),
    lambda inner: st.one_of(
        st.builds("({} and {})".format, inner, inner),
        st.builds("({} or {})".format, inner, inner),
        st.builds("(not ({}))".format, inner),
    ),
    max_leaves=4,
)


def really(text: str) -> tuple[Bools, Bools] | None:
    """Where the condition is true and false, at every combination of values; None if it does not compile."""
    condition, _ = compile_condition(text, WORDS, {})
    if condition is None:
        return None
    values = np.array(list(itertools.product(*POINTS.values())))[:, None, :]
    frame = Frame(np.arange(len(values), dtype=float), values, np.zeros_like(values), {}, UTC)
    with np.errstate(all="ignore"):
        return frame.full(condition.truth.true(frame)), frame.full(condition.truth.false(frame))


@settings(max_examples=200, deadline=None)
@given(conditions, conditions, st.sampled_from([{}, {"r": 2.0}]))
def test_what_is_said_of_conditions_is_so_when_they_are_evaluated(
    one: str, other: str, ratings: dict[str, float]
) -> None:
    really_one, really_other = really(one), really(other)
    if really_one is None or really_other is None:
        return
    reader = Reader(WORDS, ratings)
    for text, (true, false) in ((one, really_one), (other, really_other)):
        tree = tree_of(text, WORDS)
        assert not (reader.world.satisfiable(reader.says(tree)) is False and true.any())
        assert not (reader.world.satisfiable(reader.says(tree, true=False)) is False and false.any())
    if reader.world.implies(reader.says(tree_of(one, WORDS)), reader.says(tree_of(other, WORDS))):
        assert not (really_one[0] & ~really_other[0]).any()


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("a > 1", "1 < a"),
        ("2 * a > 3", "a > 1.5"),
        ("a + 1 > b", "b - a < 1"),
        ("a < 0.5 * r", "a < 1"),
        ("r * a < 1", "a < 0.5"),
        ("max(a, b) > 1", "a > 1 and not missing(b) or b > 1 and not missing(a)"),
        ("abs(b) > 1", "b > 1 or b < -1"),
        ("mean(a, b) > 1", "a + b > 2"),
        ("0 < a < 2", "a > 0 and a < 2"),
        ("avg(a, 60m) > 1", "avg(a, 1h) > 1"),
        ("min(a, b) + c > 0", "c > -min(b, a)"),
        ("age(a) > 5m", "age(a) > 300"),
        ("not (a > 1 or b > 1)", "a <= 1 and b <= 1"),
        ("hour >= 22 or hour < 6", "not 6 <= hour <= 21"),
        ("(a > 1) == 1", "a > 1"),
    ],
)
def test_two_ways_to_write_the_same(one: str, other: str) -> None:
    reader = Reader(WORDS, {"r": 2.0})
    a, b = reader.says(tree_of(one, WORDS)), reader.says(tree_of(other, WORDS))
    assert reader.world.implies(a, b)
    assert reader.world.implies(b, a)


def test_a_quantity_has_one_spelling() -> None:
    tree = tree_of("min(b,  a) + held(a > 5m, 60m)", WORDS)
    assert spelled(tree) == "min(a, b) + held(a > 5m, 1h)"
