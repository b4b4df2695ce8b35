"""A rule explains itself part by part, with the book's own closures, and looking changes nothing."""

import numpy as np
import pytest

from gateway.core.almanac import UTC_ALMANAC
from rules.book import Book
from rules.rule import Rule
from rules.vocabulary import SAID, Vocabulary
from rules.why import Part, Why, needs

N = float("nan")
POINTS = ("flow", "power", "running")
WORDS = Vocabulary(
    POINTS, {"flow": "m³/h", "power": "kW"}, {"rated_power": np.array([7.5, N])}, ("usual",), 2, UTC_ALMANAC
)


def _book(**keys: object) -> Book:
    return Book([Rule.model_validate({"id": "r", **keys})], WORDS)


def _show(book: Book, *rows: tuple[float, float, float], row: int = 0, score: float = N, age: float = 0.0) -> Why:
    """Show both devices the same rows, a minute apart; then ask about one of them."""
    times = 60.0 * (1 + np.arange(len(rows), dtype=np.float64))
    values = np.repeat(np.array(rows, np.float64)[:, None], 2, axis=1)
    book.update(
        times, values, np.full(values.shape, age), {f"{what}.usual": np.full(values.shape[:2], score) for what in SAID}
    )
    found = book.explain("r", row)
    assert found is not None
    return found


def _lacking(text: str, *rows: tuple[float, float, float], row: int = 0) -> list[tuple[str, bool]]:
    found = _show(_book(yellow={"when": text}), *rows, row=row)
    return [(need.part.text, need.wanted) for need in needs(found.levels[0].condition)]


def _drawn(part: Part) -> object:
    return (part.text, part.truth) if part.kind == "plain" else (part.kind, part.truth, [*map(_drawn, part.parts)])


def test_each_part_has_its_own_truth() -> None:
    found = _show(_book(red={"when": "running and not (flow > 1 or power < 0.45 * rated_power)"}), (0.2, N, 1.0))
    (level,) = found.levels
    assert _drawn(level.condition) == (
        "all",
        None,
        [
            ("running", True),
            ("not", None, [("any", None, [("flow > 1", False), ("power < 0.45 * rated_power", None)])]),
        ],
    )


def test_a_part_shows_what_it_names() -> None:
    found = _show(_book(red={"when": "avg(flow, 2m) * rated_power > 5 and score.usual > 0.9"}), *[(3.0, N, 1.0)] * 4)
    first, second = found.levels[0].condition.parts
    assert [(seen.text, seen.kind, seen.value, seen.unit) for seen in first.seen] == [
        ("avg(flow, 2m)", "function", 3.0, "m³/h"),
        ("flow", "point", 3.0, "m³/h"),
        ("rated_power", "rating", 7.5, ""),
    ]
    assert first.comparison is not None
    assert (first.comparison.left_value, first.comparison.operator, first.comparison.right_value) == (22.5, ">", 5.0)
    assert [(seen.text, seen.kind) for seen in second.seen] == [("score.usual", "score")]
    (level,) = _show(_book(red={"when": "health.usual < 60"}), (3.0, N, 1.0), score=55.0).levels
    assert [(seen.text, seen.kind, seen.value) for seen in level.condition.seen] == [("health.usual", "score", 55.0)]


def test_the_unit_of_a_limit_is_that_of_what_it_stands_beside() -> None:
    (level,) = _show(_book(red={"when": "age(flow) > 5m and flow < 2 m³/h"}), (N, 1.0, 1.0), age=90.0).levels
    by_age, by_flow = level.condition.parts
    assert by_age.comparison is not None
    assert (by_age.comparison.left_value, by_age.comparison.right_value) == (90.0, 300.0)
    assert by_age.seen[-1].age_s == 90.0
    assert (by_flow.truth, by_flow.comparison is not None and by_flow.comparison.right_value) == (None, 2.0)


@pytest.mark.parametrize(
    ("text", "lacking"),
    [
        ("flow < 1", []),
        ("flow > 1", [("flow > 1", True)]),
        ("running and flow > 1", [("running", True), ("flow > 1", True)]),
        ("not (flow < 1)", [("flow < 1", False)]),
        ("flow > 1 or (running and power > 5)", [("flow > 1", True)]),  # the shorter way
        ("not (flow < 1 or power < 5)", [("flow < 1", False), ("power < 5", False)]),
        ("not (flow < 1 and power < 5)", [("flow < 1", False)]),
        ("power > rated_power", [("power > rated_power", True)]),
        ("0.1 < flow < 0.2", [("0.1 < flow < 0.2", True)]),
        ("offline", [("offline", True)]),
    ],
)
def test_what_stands_in_the_way(text: str, lacking: list[tuple[str, bool]]) -> None:
    assert _lacking(text, (0.5, 2.0, 0.0)) == lacking


def test_a_rating_that_one_device_lacks() -> None:
    assert _lacking("power < rated_power", (0.5, 2.0, 0.0), row=0) == []
    assert _lacking("power < rated_power", (0.5, 2.0, 0.0), row=1) == [("power < rated_power", True)]


def test_how_long_it_has_held_whether_it_fires_and_what_clears_it() -> None:
    keys = {
        "yellow": {"when": "flow < 1", "for": "2m"},
        "red": {"when": "flow < 0.1"},
        "clear": "flow > 2",
        "keep": "9m",
    }
    waiting = _show(_book(**keys), (0.5, 1.0, 1.0), (0.5, 1.0, 1.0))
    assert [(level.level, level.held_s, level.for_s) for level in waiting.levels] == [
        ("yellow", 60, 120),
        ("red", 0, 0),
    ]
    assert (waiting.time, waiting.firing) == (120.0, None)
    firing = _show(_book(**keys), *[(0.5, 1.0, 1.0)] * 3, (3.0, 1.0, 1.0), (3.0, 1.0, 1.0))
    assert (firing.firing, firing.clear_held_s, firing.keep_s) == ("yellow", 60.0, 540.0)
    assert firing.clear is not None
    assert firing.clear.truth is True


def test_hours_are_told_apart_from_the_condition() -> None:
    found = _show(_book(yellow={"when": "flow < 1", "between": "06:00-23:00"}), (0.5, 1.0, 1.0))
    (level,) = found.levels
    assert (level.condition.truth, level.inside, level.between) == (True, False, (21600.0, 82800.0))


def test_a_rule_that_rests_says_so() -> None:
    winter, always = {"from": "11-15", "to": "03-15"}, {"from": "01-01", "to": "12-31"}
    row, first = (0.5, 1.0, 1.0), {"yellow": {"when": "flow < 1"}}
    assert not _show(_book(**first, season={"from": "05-01", "to": "05-01"}), row).counts
    assert _show(_book(**first, season=winter), row).counts
    assert _show(_book(**first, season=always, per="site"), row).counts
    assert not _show(_book(**first, per="site"), row, row=1).counts


def test_a_negative_limit_has_its_unit_too() -> None:
    (level,) = _show(_book(yellow={"when": "delta(flow, 2m) < -0.5 m³/h"}), *[(3.0, 1.0, 1.0)] * 4).levels
    assert level.condition.comparison is not None
    assert (level.condition.comparison.left_value, level.condition.comparison.right_value) == (0.0, -0.5)


def test_before_the_first_row_nothing_is_known_and_another_rule_is_an_error() -> None:
    book = _book(yellow={"when": "flow < 1"})
    assert book.explain("r", 0) is None
    with pytest.raises(KeyError):
        book.explain("no-such-rule", 0)


def test_looking_feeds_no_window() -> None:
    watched, alone = (_book(yellow={"when": "avg(flow, 5m) > 3 and rises(running, 1h) > 2"}) for _ in range(2))
    for i in range(60):
        row = np.array([[[i % 7, 1.0, i % 2]] * 2], np.float64)
        given = np.array([60.0 * i]), row, np.zeros(row.shape), {"score.usual": np.full((1, 2), N)}
        assert watched.update(*given) == alone.update(*given)
        watched.explain("r", 0)
    assert watched.windows == alone.windows
    assert watched.explain("r", 1) == alone.explain("r", 1)


def test_spaces_in_a_condition_hide_no_window() -> None:
    found = _show(_book(yellow={"when": "held(flow >  1   m³/h, 1m) > 0.5"}), *[(9.0, 1.0, 1.0)] * 5)
    assert found.levels[0].condition.truth is True
